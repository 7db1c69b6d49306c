/**
 * HMAC-SHA256 (RFC 2104) with a key of 32 bytes over a short message: two hashes of libsodium, or
 * Node's OpenSSL, whose objects cost more than the hashes. NOT a MAC to compare: only HKDF uses it.
 * Invariant: what it kept of key and message is erased when it returns. 02-handshake §2.
 */
import { createHmac } from "node:crypto";
import { assert } from "../base/assert.ts";
import { copyBytes } from "../base/bytes.ts";
import { wipe } from "./secret.ts";
import { type Sodium, sodium } from "./sodium.ts";

const keyBytes = 32;
const digestBytes = 32;
const blockBytes = 64;
const messageBytesMax = 128;
const innerPad = 0x36;
const outerPad = 0x5c;

/** Padded key, then what is hashed after it. */
const scratch = new Uint8Array(blockBytes + messageBytesMax);
const outer = scratch.subarray(0, blockBytes + digestBytes);
const digest = new Uint8Array(digestBytes);

/** 32 bytes of the joined `parts`, secret: the caller wipes them. */
export function hmacSha256(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  assert(key.length === keyBytes, `key of 32 bytes, got ${key.length}`);
  return sodium === undefined
    ? portableHmacSha256(key, ...parts)
    : nativeHmacSha256(sodium, key, parts);
}

export function portableHmacSha256(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const hmac = createHmac("sha256", key);
  for (const part of parts) hmac.update(part);
  const made = hmac.digest();
  const out = new Uint8Array(made);
  wipe(made);
  return out;
}

function nativeHmacSha256(
  native: Sodium,
  key: Uint8Array,
  parts: readonly Uint8Array[],
): Uint8Array {
  let end = blockBytes;
  for (const part of parts) {
    assert(end + part.length <= scratch.length, "a short message");
    scratch.set(part, end);
    end += part.length;
  }
  putKey(key, innerPad);
  native.crypto_hash_sha256(digest, scratch.subarray(0, end));
  putKey(key, outerPad);
  scratch.set(digest, blockBytes);
  native.crypto_hash_sha256(digest, outer);
  const out = copyBytes(digest);
  wipe(scratch);
  wipe(digest);
  return out;
}

function putKey(key: Uint8Array, pad: number): void {
  for (let i = 0; i < keyBytes; i++) scratch[i] = key[i]! ^ pad;
  scratch.fill(pad, keyBytes, blockBytes);
}
