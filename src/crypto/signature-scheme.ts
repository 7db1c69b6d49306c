/** Ed25519 by the rule of protocol-spec/05-objects §0; the simulator may put a cheap one here. */
export interface SignatureScheme {
  /** The 32-byte public key of a 32-byte seed. */
  publicKey(seed: Uint8Array): Uint8Array;
  /** 64 bytes. */
  sign(seed: Uint8Array, message: Uint8Array): Uint8Array;
  /** False for wrong lengths as for wrong content; never throws. */
  verify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean;
}
