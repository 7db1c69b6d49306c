/** The keys, signatures and networks of chain tests: cheap, and the same in every run. */
import { concatBytes, toHex } from "../../src/base/bytes.ts";
import { sha256 } from "../../src/crypto/hash.ts";
import type { SignatureScheme } from "../../src/crypto/signature-scheme.ts";
import { type PublicKey, publicKeyOf } from "../../src/model/ids.ts";
import type { NetworkFile } from "../../src/model/network-file.ts";
import { addressOfKey } from "../../src/model/transaction.ts";

/** A signature is two hashes: deterministic and cheap; forged by anybody, but not by accident. */
export const cheapSignatures: SignatureScheme = {
  publicKey: (seed) => sha256(concatBytes(Uint8Array.of(1), seed)),
  sign: (seed, message) => cheapSignature(cheapSignatures.publicKey(seed), message),
  verify: (signature, message, publicKey) =>
    toHex(signature) === toHex(cheapSignature(publicKey, message)),
};

function cheapSignature(publicKey: Uint8Array, message: Uint8Array): Uint8Array {
  const half = sha256(concatBytes(publicKey, message));
  return concatBytes(half, sha256(half));
}

export const seedOf = (number: number): Uint8Array =>
  sha256(Uint8Array.of(7, number >> 8, number & 255));
export const keyOf = (seed: Uint8Array): PublicKey => publicKeyOf(cheapSignatures.publicKey(seed));

export const slotMs = 1000;
export const genesisTimeMs = 1_000_000;

/** Validators are seeds 0 …, accounts seeds 1000 …; each account has a million. */
export function networkOf(validatorCount: number, accountCount = 4): NetworkFile {
  return {
    name: "test",
    genesisTimeMs,
    slotMs,
    engine: "poa",
    validators: Array.from({ length: validatorCount }, (_, i) => keyOf(seedOf(i))),
    accounts: Array.from({ length: accountCount }, (_, i) => ({
      address: addressOfKey(keyOf(seedOf(1000 + i))),
      balance: 1_000_000n,
    })),
    blockReward: 5n,
    minFee: 1n,
  };
}
