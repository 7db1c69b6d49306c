/**
 * Key files of a node and of a validator: made on the first run, readable by their owner only (a
 * file that others may read is refused, as ssh does), optionally sealed under a passphrase. Never
 * overwritten: a key that exists is the key.
 *
 *   {"version":1,"kind":"node","publicKey":"…","seed":"…"}                      in clear
 *   {"version":1,"kind":"node","publicKey":"…","sealed":{"kdf":"scrypt",…}}     with a passphrase
 */
import { readFileSync, statSync } from "node:fs";
import { z } from "zod";
import { equalBytes, hexBytes, toHex } from "../base/bytes.ts";
import type { SignatureScheme } from "../crypto/signature-scheme.ts";
import type { Random } from "../edge/env.ts";
import { isHex32, type PublicKey, publicKeyOf } from "../model/ids.ts";
import { createFileSync } from "./durable-file.ts";
import { HostError, reasonOf, systemCode } from "./host-error.ts";
import { parseJson } from "./loose-json.ts";
import { openSeed, sealSeed } from "./sealed-seed.ts";

export type KeyKind = "node" | "validator" | "account";

export interface Key {
  readonly publicKey: PublicKey;
  /** 32 bytes, secret. */
  readonly seed: Uint8Array;
}

export interface KeyOptions {
  readonly kind: KeyKind;
  readonly signatures: SignatureScheme;
  readonly random: Random;
  readonly passphrase: string | undefined;
}

const hex32 = z.string().refine(isHex32, "64 lower-case hex digits expected");
const hex = (digits: number) => z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`));
const head = {
  version: z.literal(1),
  kind: z.enum(["node", "validator", "account"]),
  publicKey: hex32,
};
const schema = z.union([
  z.strictObject({ ...head, seed: hex32 }),
  z.strictObject({
    ...head,
    sealed: z.strictObject({
      kdf: z.literal("scrypt"),
      // Powers of two up to 2^20: a file must not make us allocate without bound.
      n: z
        .int()
        .min(1024)
        .max(1 << 20)
        .refine((n) => (n & (n - 1)) === 0),
      r: z.int().min(1).max(16),
      p: z.int().min(1).max(4),
      salt: hex(32),
      cipher: z.literal("chacha20-poly1305"),
      nonce: hex(24),
      sealed: hex(96),
    }),
  }),
]);

/** The key at `path`, made and stored when there is none. `HostError` when it cannot be used. */
export function openOrCreateKey(path: string, options: KeyOptions): Key {
  return openKey(path, options) ?? createKey(path, options);
}

/** The key at `path`; undefined when there is no file. */
export function openKey(path: string, options: KeyOptions): Key | undefined {
  const text = readPrivate(path);
  if (text === undefined) return undefined;
  const parsed = schema.safeParse(parseJson(text));
  if (!parsed.success) throw unusable(path, "it is not a key file");
  const file = parsed.data;
  if (file.kind !== options.kind) throw unusable(path, `it is a ${file.kind} key`);
  const seed = "seed" in file ? hexBytes(file.seed) : unseal(path, file, options.passphrase);
  if (!equalBytes(options.signatures.publicKey(seed), hexBytes(file.publicKey))) {
    throw unusable(path, "its public key does not belong to its seed");
  }
  return { publicKey: file.publicKey as PublicKey, seed };
}

/** Makes a key and stores it; throws EEXIST when the file is there already. */
export function createKey(path: string, options: KeyOptions): Key {
  const { kind, signatures, random, passphrase } = options;
  const seed = random.bytes(32);
  const publicKey = publicKeyOf(signatures.publicKey(seed));
  const secret =
    passphrase === undefined
      ? { seed: toHex(seed) }
      : { sealed: sealSeed(seed, passphrase, headerOf(kind, publicKey), random.bytes) };
  const text = `${JSON.stringify({ version: 1, kind, publicKey, ...secret }, undefined, 2)}\n`;
  createFileSync(path, text, { mode: 0o600 });
  return { publicKey, seed };
}

/** Reads a secret file; `HostError` when others than its owner may read it too. */
export function readPrivate(path: string): string | undefined {
  try {
    const { mode } = statSync(path);
    if (process.platform !== "win32" && (mode & 0o077) !== 0) {
      const bits = (mode & 0o777).toString(8).padStart(4, "0");
      throw new HostError(
        "usage",
        `${path} holds a secret and others may read it (mode ${bits})`,
        `run: chmod 600 ${path}`,
      );
    }
    return readFileSync(path, "utf8");
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    if (error instanceof HostError) throw error;
    throw unusable(path, reasonOf(error));
  }
}

function unseal(
  path: string,
  file: Extract<z.infer<typeof schema>, { sealed: unknown }>,
  passphrase: string | undefined,
): Uint8Array {
  if (passphrase === undefined) {
    throw new HostError(
      "usage",
      `the key ${path} is under a passphrase`,
      "name the file that holds it with --passphrase-file",
    );
  }
  const seed = openSeed(file.sealed, passphrase, headerOf(file.kind, file.publicKey));
  if (seed !== undefined) return seed;
  throw new HostError(
    "usage",
    `the key ${path} does not open: wrong passphrase, or the file was changed`,
    "check the content of --passphrase-file, or restore the key from a backup",
  );
}

const headerOf = (kind: KeyKind, publicKey: string) => `windlass key 1 ${kind} ${publicKey}`;

function unusable(path: string, why: string): HostError {
  return new HostError(
    "usage",
    `the key file ${path} cannot be used: ${why}`,
    "restore it from a backup, or move it away to get a new key",
  );
}
