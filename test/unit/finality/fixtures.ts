/** Validators with cheap signatures, blocks, votes and certificates that these tests share. */
import { asciiBytes } from "../../../src/base/bytes.ts";
import { sha256 } from "../../../src/crypto/hash.ts";
import type { SignatureScheme } from "../../../src/crypto/signature-scheme.ts";
import type { Target } from "../../../src/finality/vote-pool.ts";
import { type Certificate, encodeCertificate } from "../../../src/model/certificate.ts";
import {
  type BlockHash,
  blockHashOf,
  type PublicKey,
  publicKeyOf,
} from "../../../src/model/ids.ts";
import { type ValidatorSet, validatorsHash } from "../../../src/model/validator-set.ts";
import {
  encodeVote,
  encodeVoteData,
  type Vote,
  type VoteData,
  votePreimage,
} from "../../../src/model/vote.ts";
import { CheapSignatures } from "../../../src/sim/cheap-signatures.ts";

export interface Checkpoint {
  readonly slot: number;
  readonly hash: BlockHash;
}

const hashOf = (text: string) => sha256(asciiBytes(text));
const cheap = new CheapSignatures();
const seedOf = (rank: number) => hashOf(`validator ${rank}`);

export const genesisHash = hashOf("genesis");
/** What stands for genesis in a header and in a vote. */
export const zeros: Checkpoint = { slot: 0, hash: blockHashOf(new Uint8Array(32)) };
export const signatures: SignatureScheme = cheap;
export const keyOf = (rank: number): PublicKey => publicKeyOf(cheap.publicKey(seedOf(rank)));
export const keysOf = (count: number): PublicKey[] =>
  Array.from({ length: count }, (_, rank) => keyOf(rank));
export const at = (slot: number, name = "block"): Checkpoint => ({
  slot,
  hash: blockHashOf(hashOf(`${name} of slot ${slot}`)),
});

export function dataOf(source: Checkpoint, target: Checkpoint): VoteData {
  return {
    sourceSlot: source.slot,
    sourceHash: source.hash,
    targetSlot: target.slot,
    targetHash: target.hash,
  };
}

export function signatureOf(data: VoteData, rank: number): Uint8Array {
  return cheap.sign(seedOf(rank), votePreimage(genesisHash, encodeVoteData(data)));
}

export function vote(rank: number, source: Checkpoint, target: Checkpoint): Vote {
  const data = dataOf(source, target);
  return encodeVote(data, keyOf(rank), signatureOf(data, rank));
}

/** The same vote under a signature that is none. */
export function resigned(good: Vote): Vote {
  return encodeVote(good, good.validator, new Uint8Array(64).fill(7));
}

export function targetOf(source: Checkpoint, target: Checkpoint, set: ValidatorSet): Target {
  return { slot: target.slot, set, source };
}

/** By the members of `set` with these keys. */
export function certificate(
  source: Checkpoint,
  target: Checkpoint,
  set: ValidatorSet,
  signers: readonly number[],
): Certificate {
  const data = dataOf(source, target);
  const byKey = new Map(signers.map((rank) => [keyOf(rank), signatureOf(data, rank)]));
  return encodeCertificate({
    data,
    validatorsHash: validatorsHash(set),
    validatorCount: set.length,
    signers: set.flatMap((key, rank) => {
      const signature = byKey.get(key);
      return signature === undefined ? [] : [{ rank, signature }];
    }),
  });
}

/** Counts the checks that are asked of it. */
export class CountedSignatures implements SignatureScheme {
  checks = 0;

  publicKey(seed: Uint8Array): Uint8Array {
    return cheap.publicKey(seed);
  }

  sign(seed: Uint8Array, message: Uint8Array): Uint8Array {
    return cheap.sign(seed, message);
  }

  verify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
    this.checks++;
    return cheap.verify(signature, message, publicKey);
  }
}
