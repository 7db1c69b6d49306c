/**
 * A stand-in for Ed25519 that costs two hashes, for most seeds of the simulator. A signature binds
 * key and message and nobody in the simulation forges one; it is worthless anywhere else.
 */
import { concatBytes, equalBytes, toHex } from "../base/bytes.ts";
import { tagged } from "../crypto/hash.ts";
import type { SignatureScheme } from "../crypto/signature-scheme.ts";

const keyHash = tagged("sim/key");
const firstHalf = tagged("sim/sig/1");
const secondHalf = tagged("sim/sig/2");

export class CheapSignatures implements SignatureScheme {
  private readonly keys = new Map<string, Uint8Array>();

  publicKey(seed: Uint8Array): Uint8Array {
    const name = toHex(seed);
    let key = this.keys.get(name);
    if (key === undefined) {
      key = keyHash(seed);
      this.keys.set(name, key);
    }
    return key;
  }

  sign(seed: Uint8Array, message: Uint8Array): Uint8Array {
    return signature(this.publicKey(seed), message);
  }

  verify(claimed: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
    return equalBytes(claimed, signature(publicKey, message));
  }
}

function signature(publicKey: Uint8Array, message: Uint8Array): Uint8Array {
  const first = firstHalf(publicKey, message);
  return concatBytes(first, secondHalf(first));
}
