/** The primitives of 05-objects §0, 02-handshake §2 and 03-frames §3, on node:crypto alone. */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  sign as nodeSign,
  verify as nodeVerify,
} from "node:crypto";
import { ascii, join, same, unhex, zeros } from "./bytes.ts";

const plain = (bytes: Uint8Array): Uint8Array => Uint8Array.from(bytes);

export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return plain(hash.digest());
}

export function tag16(text: string): Uint8Array {
  return join(ascii(text), zeros(16 - text.length));
}

/** H(tag, ...). */
export function tagged(tag: string, ...parts: readonly Uint8Array[]): Uint8Array {
  return sha256(tag16(tag), ...parts);
}

const edSeedPrefix = unhex("302e020100300506032b657004220420");
const edKeyPrefix = unhex("302a300506032b6570032100");
const xSeedPrefix = unhex("302e020100300506032b656e04220420");
const xKeyPrefix = unhex("302a300506032b656e032100");

const secretKey = (prefix: Uint8Array, seed: Uint8Array) =>
  createPrivateKey({ key: Buffer.from(join(prefix, seed)), format: "der", type: "pkcs8" });
const publicKey = (prefix: Uint8Array, key: Uint8Array) =>
  createPublicKey({ key: Buffer.from(join(prefix, key)), format: "der", type: "spki" });

function publicBytes(prefix: Uint8Array, seed: Uint8Array): Uint8Array {
  const spki = createPublicKey(secretKey(prefix, seed)).export({ format: "der", type: "spki" });
  return plain(spki.subarray(-32));
}

export const edPublic = (seed: Uint8Array): Uint8Array => publicBytes(edSeedPrefix, seed);
export const xPublic = (secret: Uint8Array): Uint8Array => publicBytes(xSeedPrefix, secret);

export function edSign(seed: Uint8Array, message: Uint8Array): Uint8Array {
  return plain(nodeSign(null, message, secretKey(edSeedPrefix, seed)));
}

/** Undefined: the shared secret would be zeros, or the key cannot be used. */
export function x25519(secret: Uint8Array, other: Uint8Array): Uint8Array | undefined {
  try {
    const keys = {
      privateKey: secretKey(xSeedPrefix, secret),
      publicKey: publicKey(xKeyPrefix, other),
    };
    const shared = plain(diffieHellman(keys));
    return same(shared, zeros(32)) ? undefined : shared;
  } catch {
    return undefined;
  }
}

const littleEndian = (bytes: Uint8Array): bigint =>
  BigInt(`0x${Buffer.from(bytes).reverse().toString("hex")}`);

const order = 2n ** 252n + 27742317777372353535851937790883648493n;
const prime = 2n ** 255n - 19n;
const smallOrderY = new Set([
  0n,
  1n,
  prime - 1n,
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n,
  0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
]);

function isAcceptable(point: Uint8Array): boolean {
  const y = littleEndian(point) & (2n ** 255n - 1n);
  return y < prime && !smallOrderY.has(y);
}

/** The rule of 05-objects §0: four conditions, the last by OpenSSL, which is cofactorless. */
export function edVerify(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== 64 || key.length !== 32) return false;
  if (littleEndian(signature.subarray(32)) >= order) return false;
  if (!isAcceptable(key) || !isAcceptable(signature.subarray(0, 32))) return false;
  try {
    return nodeVerify(null, message, publicKey(edKeyPrefix, key), signature);
  } catch {
    return false;
  }
}

const cipher = "chacha20-poly1305";

export function aeadSeal(
  key: Uint8Array,
  nonce: Uint8Array,
  ad: Uint8Array,
  text: Uint8Array,
): Uint8Array {
  const sealing = createCipheriv(cipher, key, nonce, { authTagLength: 16 });
  sealing.setAAD(ad, { plaintextLength: text.length });
  return join(sealing.update(text), sealing.final(), sealing.getAuthTag());
}

/** Undefined when it is not authentic. */
export function aeadOpen(
  key: Uint8Array,
  nonce: Uint8Array,
  ad: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | undefined {
  if (sealed.length < 16) return undefined;
  const opening = createDecipheriv(cipher, key, nonce, { authTagLength: 16 });
  opening.setAAD(ad, { plaintextLength: sealed.length - 16 });
  opening.setAuthTag(sealed.subarray(-16));
  const text = opening.update(sealed.subarray(0, -16));
  try {
    return join(text, opening.final());
  } catch {
    return undefined;
  }
}

/** HKDF of Noise: two outputs. */
export function hkdf2(chainingKey: Uint8Array, input: Uint8Array): [Uint8Array, Uint8Array] {
  const hmac = (key: Uint8Array, data: Uint8Array) =>
    plain(createHmac("sha256", key).update(data).digest());
  const temp = hmac(chainingKey, input);
  const first = hmac(temp, Uint8Array.of(1));
  return [first, hmac(temp, join(first, Uint8Array.of(2)))];
}
