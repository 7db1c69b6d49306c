/**
 * Ed25519 by libsodium, whose own rule is ours: S < L; A and R canonical, not of small order;
 * cofactorless. protocol-spec/05-objects §0.
 */
import { assert } from "../base/assert.ts";
import { hexBytes } from "../base/bytes.ts";
import { publicKeyBytes, seedBytes, signatureBytes } from "./ed25519-rule.ts";
import { portableEd25519 } from "./portable-ed25519.ts";
import { equalSecret, wipe } from "./secret.ts";
import type { SignatureScheme } from "./signature-scheme.ts";
import type { Sodium } from "./sodium.ts";

/** One signature of the empty message, and the same with a point of order 8 added to R. */
const probe = {
  publicKey: hexBytes("f1ebfbd901a7283437aa7ec10e177cbb2c6f35b82865384e39460d63f6fa5f30"),
  good: hexBytes(
    "b755dc1363407d7ec4d7e142e5812a1193d3827bdb65ea0f0f8e4cd2b52d3536" +
      "2fc4bcd54bc68c971672ee3624e300796a8233f1cf7d13bf82d219a11c94f805",
  ),
  mixedOrder: hexBytes(
    "562b50695ff3e15b515aa5707c82be1dbe2b28e077a67dab59dbdf4c00554c9a" +
      "1983714b3ad144fca29dac56a7dfe34c590f53b32407ae7ec1b67c2a99ee810b",
  ),
};

/** libsodium's secret key (seed 32 | public key 32) per seed object: making one costs a signature. */
const expanded = new WeakMap<Uint8Array, Uint8Array>();

function expand(sodium: Sodium, seed: Uint8Array): Uint8Array {
  assert(seed.length === seedBytes, `a seed has ${seedBytes} bytes, got ${seed.length}`);
  const known = expanded.get(seed);
  if (known !== undefined) {
    // The caller may have overwritten the seed since.
    if (equalSecret(known.subarray(0, seedBytes), seed)) return known;
    wipe(known);
  }
  const secretKey = new Uint8Array(64);
  sodium.crypto_sign_seed_keypair(new Uint8Array(publicKeyBytes), secretKey, seed);
  expanded.set(seed, secretKey);
  return secretKey;
}

/**
 * The scheme over `sodium`; undefined when this libsodium judges differently from the rule (a
 * cofactored build would): then the portable path must be used, or the chain would split.
 */
export function nativeEd25519(sodium: Sodium): SignatureScheme | undefined {
  const scheme: SignatureScheme = {
    publicKey(seed) {
      return expand(sodium, seed).slice(seedBytes);
    },
    sign(seed, message) {
      const signature = new Uint8Array(signatureBytes);
      sodium.crypto_sign_detached(signature, message, expand(sodium, seed));
      return signature;
    },
    verify(signature, message, publicKey) {
      // libsodium ignores what follows the 64 bytes, and throws on a wrong key length.
      if (signature.length !== signatureBytes || publicKey.length !== publicKeyBytes) return false;
      const verdict = sodium.crypto_sign_verify_detached(signature, message, publicKey);
      // No verdict is given on shared memory.
      if (verdict === undefined) return portableEd25519.verify(signature, message, publicKey);
      return verdict === true;
    },
  };
  const empty = new Uint8Array(0);
  const agrees =
    scheme.verify(probe.good, empty, probe.publicKey) &&
    !scheme.verify(probe.mixedOrder, empty, probe.publicKey);
  return agrees ? scheme : undefined;
}
