/**
 * ChaCha20-Poly1305 by Node's OpenSSL: the fast path for large pieces and the only one without a
 * native library. Lengths are checked in `aead.ts`. protocol-spec/03-frames §3.
 */
import { createCipheriv, createDecipheriv } from "node:crypto";
import { wipe } from "./secret.ts";

const algorithm = "chacha20-poly1305";
const tagBytes = 16;
const options = { authTagLength: tagBytes };

/** Writes the ciphertext and the tag: `plaintext.length + 16` bytes. */
export function portableSeal(
  out: Uint8Array,
  key: Uint8Array,
  nonce: Uint8Array,
  ad: Uint8Array,
  plaintext: Uint8Array,
): void {
  const cipher = createCipheriv(algorithm, key, nonce, options);
  cipher.setAAD(ad, { plaintextLength: plaintext.length });
  const ciphertext = cipher.update(plaintext);
  cipher.final();
  out.set(ciphertext);
  out.set(cipher.getAuthTag(), plaintext.length);
}

/** Writes `ciphertext.length - 16` bytes when true, nothing when false. */
export function portableOpen(
  out: Uint8Array,
  key: Uint8Array,
  nonce: Uint8Array,
  ad: Uint8Array,
  ciphertext: Uint8Array,
): boolean {
  const plaintextBytes = ciphertext.length - tagBytes;
  const decipher = createDecipheriv(algorithm, key, nonce, options);
  decipher.setAAD(ad, { plaintextLength: plaintextBytes });
  decipher.setAuthTag(ciphertext.subarray(plaintextBytes));
  // Decrypted but not yet authentic: it leaves this function only after `final`.
  const plaintext = decipher.update(ciphertext.subarray(0, plaintextBytes));
  try {
    decipher.final();
  } catch {
    wipe(plaintext);
    return false;
  }
  out.set(plaintext);
  return true;
}
