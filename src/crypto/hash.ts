/**
 * SHA-256, plain and under a tag. `H(tag, x) = SHA-256(tag16 || x)`, the tag as ASCII zero-padded
 * to 16 bytes, keeps a digest made for one purpose from ever standing for another.
 * protocol-spec/05-objects §0.
 */
import { hash as oneShot } from "node:crypto";
import { assert } from "../base/assert.ts";
import { asciiBytes } from "../base/bytes.ts";
import { sodium } from "./sodium.ts";

/** Up to here libsodium beats the one-shot of Node, which wins on SHA-NI beyond. */
const sodiumBytesMax = 192;

/** By OpenSSL whatever the size: the portable path. */
export function opensslSha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(oneShot("sha256", bytes, "buffer"));
}

/** 32 bytes. */
export function sha256(bytes: Uint8Array): Uint8Array {
  if (sodium === undefined || bytes.length > sodiumBytesMax) return opensslSha256(bytes);
  const out = new Uint8Array(32);
  sodium.crypto_hash_sha256(out, bytes);
  return out;
}

/** `text` as ASCII, zero-padded to the 16 bytes of a tag. */
export function tag16(text: string): Uint8Array {
  const ascii = asciiBytes(text);
  assert(ascii.length > 0 && ascii.length <= 16, `a tag has 1 to 16 characters: ${text}`);
  const out = new Uint8Array(16);
  out.set(ascii);
  return out;
}

/** Memory above 64 bytes costs V8 as much as the hash: short inputs are joined in this. No secrets. */
const joint = new Uint8Array(512);

/** A hash function for one purpose: `tagged("hdr/1")(bytes)`. Several parts are joined. */
export function tagged(tag: string): (...parts: readonly Uint8Array[]) => Uint8Array {
  const prefix = tag16(tag);
  return (...parts) => {
    let length = 16;
    for (const part of parts) length += part.length;
    const input = length <= joint.length ? joint.subarray(0, length) : new Uint8Array(length);
    input.set(prefix);
    let at = 16;
    for (const part of parts) {
      input.set(part, at);
      at += part.length;
    }
    return sha256(input);
  };
}
