/**
 * ChaCha20-Poly1305 (RFC 8439) into memory of the caller: libsodium for small pieces, Node's
 * OpenSSL for large ones, one result. Nonces are the caller's concern (`noise/cipher-state.ts`).
 * protocol-spec/03-frames §3.
 *
 *   ciphertext = encrypted plaintext n | tag 16
 */
import { assert } from "../base/assert.ts";
import { portableOpen, portableSeal } from "./portable-aead.ts";
import { wipe } from "./secret.ts";
import { type Sodium, sodium } from "./sodium.ts";

export const aeadKeyBytes = 32;
export const aeadNonceBytes = 12;
export const aeadTagBytes = 16;

/** From here on OpenSSL's AVX-512 outweighs the cost of its cipher objects. */
const opensslBytesMin = 8_192;

function nativeFor(bytes: number): Sodium | undefined {
  return bytes < opensslBytesMin ? sodium : undefined;
}

function assertSizes(key: Uint8Array, nonce: Uint8Array, room: number, needed: number): void {
  assert(key.length === aeadKeyBytes, `key of 32 bytes, got ${key.length}`);
  assert(nonce.length === aeadNonceBytes, `nonce of 12 bytes, got ${nonce.length}`);
  assert(room >= needed, `room for ${needed} bytes, got ${room}`);
}

/**
 * Writes `plaintext.length + 16` bytes at the start of `out`. `plaintext` may begin at the same
 * byte as `out`, but must not overlap it otherwise.
 */
export function aeadSeal(
  out: Uint8Array,
  key: Uint8Array,
  nonce: Uint8Array,
  ad: Uint8Array,
  plaintext: Uint8Array,
): void {
  const sealedBytes = plaintext.length + aeadTagBytes;
  assertSizes(key, nonce, out.length, sealedBytes);
  const native = nativeFor(plaintext.length);
  if (native === undefined) {
    portableSeal(out, key, nonce, ad, plaintext);
    return;
  }
  const target = out.length === sealedBytes ? out : out.subarray(0, sealedBytes);
  native.crypto_aead_chacha20poly1305_ietf_encrypt(target, plaintext, ad, null, nonce, key);
}

/**
 * True: authentic, and `ciphertext.length - 16` bytes were written at the start of `out`. False:
 * not authentic, or shorter than a tag; those bytes of `out` are zeros. Overlap as in `aeadSeal`.
 */
export function aeadOpen(
  out: Uint8Array,
  key: Uint8Array,
  nonce: Uint8Array,
  ad: Uint8Array,
  ciphertext: Uint8Array,
): boolean {
  const plaintextBytes = ciphertext.length - aeadTagBytes;
  if (plaintextBytes < 0) return false;
  assertSizes(key, nonce, out.length, plaintextBytes);
  const target = out.length === plaintextBytes ? out : out.subarray(0, plaintextBytes);
  const native = nativeFor(plaintextBytes);
  if (native === undefined) {
    const authentic = portableOpen(target, key, nonce, ad, ciphertext);
    if (!authentic) wipe(target);
    return authentic;
  }
  try {
    native.crypto_aead_chacha20poly1305_ietf_decrypt(target, null, ciphertext, ad, nonce, key);
    return true;
  } catch {
    // With the lengths right, libsodium throws on a wrong tag only.
    wipe(target);
    return false;
  }
}
