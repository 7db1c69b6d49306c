/**
 * The votes for one block, and the certificate that they are once a quorum is there. What a vote
 * must say to be one of them. NOT signatures: who adds a vote has checked it (`vote-pool.ts`).
 * protocol-spec/06-validation §6, §8.
 *
 * Invariants: all votes have the same data; a certificate is given out by `add` once, with the vote
 * that makes it; its signatures stand in rank order, whatever the order of the votes.
 */
import { type Certificate, encodeCertificate } from "../model/certificate.ts";
import type { BlockHash, PublicKey } from "../model/ids.ts";
import { type Rejection, rejection } from "../model/rule-code.ts";
import { quorum, rankOf, type ValidatorSet, validatorsHash } from "../model/validator-set.ts";
import type { Vote, VoteData } from "../model/vote.ts";

/** What the block voted for says: functions of its hash. */
export interface Target {
  readonly slot: number;
  /** In charge of the block: who may vote for it. */
  readonly set: ValidatorSet;
  /** What its header names as justified: the only source that a vote for it has. */
  readonly source: { readonly slot: number; readonly hash: BlockHash };
}

export class VoteTally {
  private readonly target: Target;
  private readonly votes = new Map<PublicKey, Vote>();
  private hasFormed = false;

  constructor(target: Target) {
    this.target = target;
  }

  get size(): number {
    return this.votes.size;
  }

  has(vote: Vote): boolean {
    return this.votes.get(vote.validator) === vote;
  }

  /** The certificate, if a quorum is there now and was not before. */
  add(vote: Vote): Certificate | undefined {
    this.votes.set(vote.validator, vote);
    if (this.hasFormed) return undefined;
    const certificate = this.certificate();
    this.hasFormed = certificate !== undefined;
    return certificate;
  }

  /** True when it was there. */
  delete(vote: Vote): boolean {
    return this.has(vote) && this.votes.delete(vote.validator);
  }

  /** Of all votes that are here, if they are a quorum. */
  private certificate(): Certificate | undefined {
    const { set } = this.target;
    const [first] = this.votes.values();
    if (first === undefined || this.votes.size < quorum(set.length)) return undefined;
    const signers = set.flatMap((key, rank) => {
      const vote = this.votes.get(key);
      return vote === undefined ? [] : [{ rank, signature: vote.signature }];
    });
    const { sourceSlot, sourceHash, targetSlot, targetHash } = first;
    const data: VoteData = { sourceSlot, sourceHash, targetSlot, targetHash };
    const hash = validatorsHash(set);
    return encodeCertificate({ data, validatorsHash: hash, validatorCount: set.length, signers });
  }
}

/** What is wrong with a vote for this target, whoever signed it. */
export function checkTarget(vote: Vote, { set, slot, source }: Target): Rejection | undefined {
  if (rankOf(set, vote.validator) === undefined) return stranger(vote.validator);
  if (vote.targetSlot !== slot) {
    return rejection("vote-source", `the target is of slot ${slot}, not ${vote.targetSlot}`);
  }
  if (vote.sourceSlot === source.slot && vote.sourceHash === source.hash) return undefined;
  const detail = `the target names ${source.hash} of slot ${source.slot}, not ${vote.sourceSlot}`;
  return rejection("vote-source", detail);
}

export function stranger(validator: PublicKey): Rejection {
  return rejection("vote-stranger", `${validator} is not in the set`);
}
