/**
 * SymmetricState of the Noise Protocol Framework (revision 34 §5.2), SHA-256: the chaining key ck
 * and the handshake hash h, and the cipher that follows from them. Knows no tokens.
 * Invariant: h covers every byte sent or received so far. protocol-spec/02-handshake §2.
 */
import { assert } from "../base/assert.ts";
import { asciiBytes, copyBytes } from "../base/bytes.ts";
import { aeadTagBytes } from "../crypto/aead.ts";
import { sha256Joined } from "../crypto/hash.ts";
import { noiseHkdf } from "../crypto/hkdf.ts";
import { wipe } from "../crypto/secret.ts";
import { CipherState } from "./cipher-state.ts";

const noBytes = new Uint8Array(0);

export class SymmetricState {
  /** h: never changed in place, so a reader may keep it. */
  private h: Uint8Array;
  private readonly ck: Uint8Array;
  private cipher: CipherState | undefined;

  /** `protocolName` has exactly 32 characters, so that it is its own first hash. */
  constructor(protocolName: string) {
    this.h = asciiBytes(protocolName);
    assert(this.h.length === 32, "a shorter name would be padded, a longer one hashed");
    this.ck = copyBytes(this.h);
  }

  get handshakeHash(): Uint8Array {
    return this.h;
  }

  /** True once a key is mixed in: then payloads and static keys travel encrypted. */
  get hasKey(): boolean {
    return this.cipher !== undefined;
  }

  /** MixHash. */
  mixHash(bytes: Uint8Array): void {
    this.h = sha256Joined(this.h, bytes);
  }

  /** MixKey. Erases `secret`. */
  mixKey(secret: Uint8Array): void {
    const [ck, tempKey] = noiseHkdf(this.ck, secret, 2) as [Uint8Array, Uint8Array];
    this.ck.set(ck);
    this.cipher?.wipe();
    this.cipher = new CipherState(tempKey);
    wipe(ck);
    wipe(tempKey);
    wipe(secret);
  }

  /** EncryptAndHash: 16 bytes more than `plaintext` once a key is mixed in, a copy before. */
  encryptAndHash(plaintext: Uint8Array): Uint8Array {
    const out = new Uint8Array(plaintext.length + (this.hasKey ? aeadTagBytes : 0));
    if (this.cipher === undefined) out.set(plaintext);
    else this.cipher.encrypt(out, this.h, plaintext);
    this.mixHash(out);
    return out;
  }

  /** DecryptAndHash. Undefined: not authentic; then h is as before. */
  decryptAndHash(ciphertext: Uint8Array): Uint8Array | undefined {
    const plaintext = this.decrypt(ciphertext);
    if (plaintext !== undefined) this.mixHash(ciphertext);
    return plaintext;
  }

  private decrypt(ciphertext: Uint8Array): Uint8Array | undefined {
    if (this.cipher === undefined) return copyBytes(ciphertext);
    if (ciphertext.length < aeadTagBytes) return undefined;
    const out = new Uint8Array(ciphertext.length - aeadTagBytes);
    return this.cipher.decrypt(out, this.h, ciphertext) ? out : undefined;
  }

  /** Split: the initiator's sending key first. Erases everything secret here. */
  split(): readonly [CipherState, CipherState] {
    const [first, second] = noiseHkdf(this.ck, noBytes, 2) as [Uint8Array, Uint8Array];
    const states = [new CipherState(first), new CipherState(second)] as const;
    wipe(first);
    wipe(second);
    this.wipe();
    return states;
  }

  /** Erases ck and the key; h is public and stays. */
  wipe(): void {
    wipe(this.ck);
    this.cipher?.wipe();
  }
}
