/**
 * A seed under a passphrase: scrypt makes a key of it, ChaCha20-Poly1305 seals the seed, and all
 * other fields of the file are its associated data, so none of them can be changed unnoticed.
 */
import { createCipheriv, createDecipheriv, scryptSync } from "node:crypto";
import { fromHex, toHex } from "../base/bytes.ts";
import { wipe } from "../crypto/secret.ts";

export interface SealedSeed {
  readonly kdf: "scrypt";
  readonly n: number;
  readonly r: number;
  readonly p: number;
  readonly salt: string;
  readonly cipher: "chacha20-poly1305";
  readonly nonce: string;
  /** Ciphertext 32 | tag 16, in hex. */
  readonly sealed: string;
}

/** 128 MiB and 0.4 s a guess. */
const cost = { n: 131_072, r: 8, p: 1 } as const;
const sealedBytes = 32 + 16;

/** `header` is whatever else the file says; give the same to `openSeed`. */
export function sealSeed(
  seed: Uint8Array,
  passphrase: string,
  header: string,
  randomBytes: (count: number) => Uint8Array,
): SealedSeed {
  const salt = toHex(randomBytes(16));
  const nonce = toHex(randomBytes(12));
  const fields = { kdf: "scrypt", ...cost, salt, cipher: "chacha20-poly1305", nonce } as const;
  const key = deriveKey(passphrase, fields);
  const cipher = createCipheriv("chacha20-poly1305", key, bytesOf(nonce), { authTagLength: 16 });
  cipher.setAAD(associatedData(header, fields), { plaintextLength: seed.length });
  const body = Buffer.concat([cipher.update(seed), cipher.final(), cipher.getAuthTag()]);
  wipe(key);
  return { ...fields, sealed: toHex(body) };
}

/** Undefined for a wrong passphrase or a changed file, which look alike. */
export function openSeed(
  file: SealedSeed,
  passphrase: string,
  header: string,
): Uint8Array | undefined {
  const { sealed, ...fields } = file;
  const bytes = fromHex(sealed);
  if (bytes?.length !== sealedBytes) return undefined;
  const key = deriveKey(passphrase, fields);
  const options = { authTagLength: 16 };
  const decipher = createDecipheriv("chacha20-poly1305", key, bytesOf(fields.nonce), options);
  wipe(key);
  decipher.setAuthTag(bytes.subarray(32));
  decipher.setAAD(associatedData(header, fields), { plaintextLength: 32 });
  const seed = decipher.update(bytes.subarray(0, 32));
  try {
    decipher.final();
    return new Uint8Array(seed);
  } catch {
    wipe(seed);
    return undefined;
  }
}

type Fields = Omit<SealedSeed, "sealed">;

function deriveKey(passphrase: string, { n, r, p, salt }: Fields): Uint8Array {
  // Node refuses more than 32 MiB unless told.
  const maxmem = 256 * n * r;
  return scryptSync(passphrase.normalize("NFKC"), bytesOf(salt), 32, { N: n, r, p, maxmem });
}

function associatedData(header: string, { kdf, n, r, p, salt, cipher, nonce }: Fields): Buffer {
  return Buffer.from(JSON.stringify([header, kdf, n, r, p, salt, cipher, nonce]));
}

function bytesOf(hex: string): Uint8Array {
  return fromHex(hex) ?? new Uint8Array(0);
}
