/**
 * SHA-256, plain and under a tag. `H(tag, x) = SHA-256(tag16 || x)`, the tag as ASCII zero-padded
 * to 16 bytes, keeps a digest made for one purpose from ever standing for another.
 * protocol-spec/05-objects §0.
 */
import { hash as oneShot } from "node:crypto";
import { assert } from "../base/assert.ts";
import { asciiBytes } from "../base/bytes.ts";

/**
 * 32 bytes. As a string of 32 characters out of OpenSSL: at all lengths that costs a third of
 * libsodium or of a Buffer, whose memory lies outside of V8. So NOT for secrets.
 */
export function sha256(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(32);
  sha256To(out, 0, bytes);
  return out;
}

/** Writes the 32 bytes of `sha256(bytes)` into `out` at `at`. */
export function sha256To(out: Uint8Array, at: number, bytes: Uint8Array): void {
  const digest = oneShot("sha256", bytes, "binary");
  for (let i = 0; i < 32; i++) out[at + i] = digest.charCodeAt(i);
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
const jointOf: (Uint8Array | undefined)[] = [];

/** `prefix` and `parts` in one piece, valid until the next call. */
function joined(prefix: Uint8Array, parts: readonly Uint8Array[]): Uint8Array {
  let { length } = prefix;
  for (const part of parts) length += part.length;
  const input = length > joint.length ? new Uint8Array(length) : shortJoint(length);
  input.set(prefix);
  let at = prefix.length;
  for (const part of parts) {
    input.set(part, at);
    at += part.length;
  }
  return input;
}

function shortJoint(length: number): Uint8Array {
  jointOf[length] ??= joint.subarray(0, length);
  return jointOf[length];
}

/** `sha256` of public `parts` joined. */
export function sha256Joined(first: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  return sha256(joined(first, parts));
}

/** A hash function for one purpose: `tagged("hdr/1")(bytes)`. Several parts are joined. */
export function tagged(tag: string): (...parts: readonly Uint8Array[]) => Uint8Array {
  const prefix = tag16(tag);
  return (...parts) => sha256(joined(prefix, parts));
}

/** `tagged`, as lower-case hex: for ids, which are hex, at half the price. */
export function taggedHex(tag: string): (...parts: readonly Uint8Array[]) => string {
  const prefix = tag16(tag);
  return (...parts) => oneShot("sha256", joined(prefix, parts), "hex");
}
