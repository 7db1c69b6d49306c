/**
 * HKDF as Noise defines it (revision 34 §4.3), over HMAC-SHA256; equal to RFC 5869 with the
 * chaining key as salt and empty info. protocol-spec/02-handshake §2.
 */
import { assert } from "../base/assert.ts";
import { emptyBytes } from "../base/bytes.ts";
import { hmacSha256 } from "./hmac.ts";
import { wipe } from "./secret.ts";

/** 2 or 3 outputs of 32 bytes, all secret: the caller wipes them. */
export function noiseHkdf(
  chainingKey: Uint8Array,
  input: Uint8Array,
  outputs: 2 | 3,
): Uint8Array[] {
  assert(chainingKey.length === 32, `chaining key of 32 bytes, got ${chainingKey.length}`);
  const tempKey = hmacSha256(chainingKey, input);
  const out: Uint8Array[] = [];
  for (let i = 1; i <= outputs; i++) {
    out.push(hmacSha256(tempKey, out[i - 2] ?? emptyBytes, Uint8Array.of(i)));
  }
  wipe(tempKey);
  return out;
}
