/**
 * X25519 by Node's OpenSSL, for where no native library exists: three times slower, the same
 * results. Lengths are checked in `x25519.ts`. protocol-spec/02-handshake §2.
 */
import { createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from "node:crypto";
import { concatBytes, hexBytes } from "../base/bytes.ts";
import { wipe } from "./secret.ts";

/** PKCS #8 before the secret. Bytes, not a JWK, whose text could not be erased. */
const privateKeyPrefix = hexBytes("302e020100300506032b656e04220420");
/** SubjectPublicKeyInfo before the public key. */
const publicKeyPrefix = hexBytes("302a300506032b656e032100");

function importSecret(secret: Uint8Array): KeyObject {
  const der = concatBytes(privateKeyPrefix, secret);
  const key = createPrivateKey({ key: Buffer.from(der.buffer), format: "der", type: "pkcs8" });
  wipe(der);
  return key;
}

export function portableX25519PublicKey(secret: Uint8Array): Uint8Array {
  const der = createPublicKey(importSecret(secret)).export({ format: "der", type: "spki" });
  return new Uint8Array(der.subarray(der.length - 32));
}

/** Undefined: the result is all zeros. */
export function portableX25519(secret: Uint8Array, publicKey: Uint8Array): Uint8Array | undefined {
  const der = concatBytes(publicKeyPrefix, publicKey);
  const theirs = createPublicKey({ key: Buffer.from(der.buffer), format: "der", type: "spki" });
  const ours = importSecret(secret);
  try {
    const shared = diffieHellman({ privateKey: ours, publicKey: theirs });
    const out = new Uint8Array(shared);
    wipe(shared);
    return out;
  } catch {
    // OpenSSL refuses exactly the all-zero result.
    return undefined;
  }
}
