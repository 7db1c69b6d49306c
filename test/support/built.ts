/** A block that a test made, with what follows from where it stands. NOT how it is made. */
import type { BlockContext, StateChange } from "../../src/chain/state-machine.ts";
import type { Certificate } from "../../src/model/certificate.ts";
import type { HeaderFields, SealedHeader } from "../../src/model/header.ts";
import type { BlockHash } from "../../src/model/ids.ts";
import { type Transaction, transactionTypes } from "../../src/model/transaction.ts";
import type { ValidatorSet } from "../../src/model/validator-set.ts";
import type { VoteData } from "../../src/model/vote.ts";

export interface Built {
  readonly sealed: SealedHeader;
  readonly body: Uint8Array;
  readonly hash: BlockHash;
  readonly height: number;
  readonly slot: number;
  readonly transactions: readonly Transaction[];
  readonly parent: Built | undefined;
  /** Who seals it and votes for it. */
  readonly validators: ValidatorSet;
  /** What its header names as justified; undefined: genesis, which no header names. */
  readonly justified: Built | undefined;
  /** The highest block that its branch proves final. */
  readonly final: Built;
  readonly context: BlockContext;
  /** Undefined: it breaks a rule, so there is no state after it. */
  readonly changes: readonly StateChange[] | undefined;
}

export interface BlockPlan {
  /** Default: the parent's plus one. */
  readonly slot?: number;
  readonly transactions?: readonly Transaction[];
  /** Carried; the header names its target as justified. */
  readonly certificate?: Certificate | undefined;
  /** Header fields that lie; the header is sealed all the same. */
  readonly lie?: Partial<HeaderFields>;
  /** Not the leader's. */
  readonly seal?: Uint8Array;
  readonly body?: Uint8Array;
}

/** The only data that a vote for `block` may have. */
export function dataFor({ sealed: { header } }: Built): VoteData {
  return {
    sourceSlot: header.justifiedSlot,
    sourceHash: header.justifiedHash,
    targetSlot: header.slot,
    targetHash: header.hash,
  };
}

export function ancestorNamed(block: Built, hash: BlockHash): Built | undefined {
  let at: Built | undefined = block;
  while (at !== undefined && at.hash !== hash) at = at.parent;
  return at;
}

/** By a certificate for `target`. */
export function finalizedBy({ justified, slot }: Built): Built | undefined {
  return justified !== undefined && slot === justified.slot + 1 ? justified : undefined;
}

export function isForged({ type, signature }: Transaction): boolean {
  return type !== transactionTypes.evidence && signature[0] === 0;
}
