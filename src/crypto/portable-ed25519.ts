/**
 * Ed25519 where no native library exists: the byte rule, then the cofactorless equation of Node's
 * OpenSSL. Half the speed of libsodium, the same verdicts. protocol-spec/05-objects §0.
 */
import {
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign as nodeSign,
  verify as nodeVerify,
} from "node:crypto";
import { assert } from "../base/assert.ts";
import { concatBytes, copyBytes, hexBytes } from "../base/bytes.ts";
import { passesByteRule, seedBytes } from "./ed25519-rule.ts";
import { equalSecret, wipe } from "./secret.ts";
import type { SignatureScheme } from "./signature-scheme.ts";

/** PKCS #8 before the seed. Bytes, not a JWK, whose text could not be erased. */
const privateKeyPrefix = hexBytes("302e020100300506032b657004220420");

interface ImportedSeed {
  readonly seed: Uint8Array;
  readonly key: KeyObject;
}

/** Importing costs as much as signing. The copy notices a seed overwritten since. */
const imported = new WeakMap<Uint8Array, ImportedSeed>();

function importSeed(seed: Uint8Array): KeyObject {
  assert(seed.length === seedBytes, `a seed has ${seedBytes} bytes, got ${seed.length}`);
  const known = imported.get(seed);
  if (known !== undefined) {
    if (equalSecret(known.seed, seed)) return known.key;
    wipe(known.seed);
  }
  const der = concatBytes(privateKeyPrefix, seed);
  const key = createPrivateKey({ key: Buffer.from(der.buffer), format: "der", type: "pkcs8" });
  wipe(der);
  imported.set(seed, { seed: copyBytes(seed), key });
  return key;
}

function verifyEquation(
  signature: Uint8Array,
  message: Uint8Array,
  publicKey: Uint8Array,
): boolean {
  const { buffer, byteOffset, length } = publicKey;
  const x = Buffer.from(buffer, byteOffset, length).toString("base64url");
  try {
    // As DER the import alone would halve the speed.
    const key = createPublicKey({ format: "jwk", key: { kty: "OKP", crv: "Ed25519", x } });
    return nodeVerify(null, message, key, signature);
  } catch {
    return false;
  }
}

export const portableEd25519: SignatureScheme = {
  publicKey(seed) {
    const der = createPublicKey(importSeed(seed)).export({ format: "der", type: "spki" });
    return new Uint8Array(der.subarray(der.length - 32));
  },
  sign(seed, message) {
    return new Uint8Array(nodeSign(null, message, importSeed(seed)));
  },
  verify(signature, message, publicKey) {
    return passesByteRule(signature, publicKey) && verifyEquation(signature, message, publicKey);
  },
};
