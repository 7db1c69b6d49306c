/**
 * CipherState of the Noise Protocol Framework (revision 34 §5.1), ChaChaPoly: one key, one
 * direction, a nonce that never repeats. NOT a connection: the order of messages and when to rekey are the
 * channel's. Invariant: a failed decrypt changes nothing. protocol-spec/03-frames §3.
 *
 *   nonce 12 = 0 0 0 0 | n u64 little-endian
 */
import { assert } from "../base/assert.ts";
import { copyBytes } from "../base/bytes.ts";
import { aeadKeyBytes, aeadNonceBytes, aeadOpen, aeadSeal, aeadTagBytes } from "../crypto/aead.ts";
import { wipe } from "../crypto/secret.ts";

/** Exact in a JavaScript number; at a million messages a second nine years away. */
export const nonceMax = 2 ** 48;

const noBytes = new Uint8Array(0);
/** Written before each use; of none of its own, for a state lives as long as a connection. */
const nonceBytes = new Uint8Array(aeadNonceBytes);
const zeros32 = new Uint8Array(aeadKeyBytes);
/** Nonce 2^64 - 1, which Noise reserves for REKEY. */
const rekeyNonce = new Uint8Array(aeadNonceBytes).fill(0xff, 4);

export class CipherState {
  /** n: the nonce of the next message, below 2^48. */
  nonce = 0;
  private readonly key: Uint8Array;
  private wiped = false;

  /** Copies `key` (32 bytes). */
  constructor(key: Uint8Array) {
    assert(key.length === aeadKeyBytes, `key of 32 bytes, got ${key.length}`);
    this.key = copyBytes(key);
  }

  /** EncryptWithAd: writes `plaintext.length + 16` bytes at the start of `out`. */
  encrypt(out: Uint8Array, ad: Uint8Array, plaintext: Uint8Array): void {
    assert(!this.wiped, "no encryption after wipe");
    assert(this.nonce < nonceMax, "the connection ends before its nonces do");
    aeadSeal(out, this.key, this.writeNonce(), ad, plaintext);
    this.nonce++;
  }

  /**
   * DecryptWithAd: writes `ciphertext.length - 16` bytes at the start of `out`. False: not
   * authentic, or nonces used up; `out` holds no plaintext, and the connection must end.
   */
  decrypt(out: Uint8Array, ad: Uint8Array, ciphertext: Uint8Array): boolean {
    assert(!this.wiped, "no decryption after wipe");
    if (this.nonce >= nonceMax) return false;
    if (!aeadOpen(out, this.key, this.writeNonce(), ad, ciphertext)) return false;
    this.nonce++;
    return true;
  }

  /** REKEY: replaces the key by a one-way function of it; the nonce goes on. */
  rekey(): void {
    assert(!this.wiped, "no rekey after wipe");
    const sealed = new Uint8Array(aeadKeyBytes + aeadTagBytes);
    aeadSeal(sealed, this.key, rekeyNonce, noBytes, zeros32);
    this.key.set(sealed.subarray(0, aeadKeyBytes));
    wipe(sealed);
  }

  /** Erases the key; nothing may be encrypted or decrypted afterwards. */
  wipe(): void {
    wipe(this.key);
    this.wiped = true;
  }

  private writeNonce(): Uint8Array {
    const bytes = nonceBytes;
    let rest = this.nonce;
    for (let i = 4; i < 10; i++) {
      bytes[i] = rest % 0x100;
      rest = Math.floor(rest / 0x100);
    }
    return bytes;
  }
}
