/**
 * Votes heard, and what they add up to: a certificate once a quorum is there, evidence when two of
 * one validator contradict each other. Bounded by validator (`vote-record.ts`): who signs thousands
 * of votes pushes out nobody else's. NOT a tree: the caller says what a target stands on, and
 * judges whether a slot is too old or too new for the chain. protocol-spec/06-validation §6, §8.
 *
 *   target known:    add ───────────────────────────────────> tally of its target ─> certificate
 *   target unknown:  keep ─> kept ──takeKept, add (no second signature check)──┘
 *
 * Invariants: a stranger's vote is never held; every vote held has a good signature; a vote is held
 * once by its data, so a repetition costs no signature check; the certificates that form do not
 * depend on the order of the votes, as long as none was pushed out.
 */
import { equalBytes, readSafeU64 } from "../base/bytes.ts";
import type { SignatureScheme } from "../crypto/signature-scheme.ts";
import type { Certificate } from "../model/certificate.ts";
import type { Evidence } from "../model/evidence.ts";
import { type BlockHash, idBytes, type PublicKey } from "../model/ids.ts";
import { type Rejection, rejection } from "../model/rule-code.ts";
import { domainAt, type SigningDomain } from "../model/signing-domain.ts";
import { rankOf, type ValidatorSet } from "../model/validator-set.ts";
import { type Vote, voteDataBytes, votePreimage } from "../model/vote.ts";
import { chainLimits } from "../params/limits.ts";
import { VoteRecord } from "./vote-record.ts";
import { checkTarget, stranger, type Target, VoteTally } from "./vote-tally.ts";

export type { Target };

export interface VoteAdded {
  /** A quorum is there now and was not before. */
  readonly certificate: Certificate | undefined;
  readonly evidence: Evidence | undefined;
}

export class VotePool {
  private readonly domain: SigningDomain;
  private readonly signatures: SignatureScheme;
  private readonly records = new Map<PublicKey, VoteRecord>();
  private readonly tallies = new Map<BlockHash, VoteTally>();
  /** By target hash, for blocks that are not here. */
  private readonly kept = new Map<BlockHash, Set<Vote>>();
  private lowestSlot = 0;

  constructor(domain: SigningDomain, signatures: SignatureScheme) {
    this.domain = domain;
    this.signatures = signatures;
  }

  get size(): number {
    let size = 0;
    for (const record of this.records.values()) size += record.size;
    return size;
  }

  /** Blocks that votes held are for, here or not: never more than votes. */
  get targetCount(): number {
    return this.tallies.size + this.kept.size;
  }

  /** A vote for a block that is here; the pool keeps its bytes. A refused one is not held. */
  add(vote: Vote, target: Target): VoteAdded | "duplicate" | Rejection {
    const held = this.records.get(vote.validator)?.find(vote);
    if (held !== undefined && this.isCounted(held)) return "duplicate";
    const wrong = checkTarget(vote, target);
    if (wrong !== undefined) {
      // It was kept before anybody could know.
      if (held !== undefined) this.drop(held);
      return wrong;
    }
    const record = held === undefined ? this.hold(vote) : this.records.get(vote.validator)!;
    if ("code" in record) return record;
    const counted = held ?? vote;
    this.forgetKept(counted);
    return { certificate: this.count(counted, target), evidence: record.faultOf(counted) };
  }

  /**
   * A vote for a block that is not here, of a member of `set`: held until it is. Who is a stranger
   * to this set may belong to the block's, so that verdict is no fault of the sender's.
   */
  keep(vote: Vote, set: ValidatorSet): "kept" | "duplicate" | Rejection {
    if (rankOf(set, vote.validator) === undefined) return stranger(vote.validator);
    if (this.records.get(vote.validator)?.find(vote) !== undefined) return "duplicate";
    const record = this.hold(vote);
    if ("code" in record) return record;
    const others = this.kept.get(vote.targetHash);
    if (others === undefined) this.kept.set(vote.targetHash, new Set([vote]));
    else others.add(vote);
    return "kept";
  }

  /** What a vote that was kept proves together with another; `add` says it by itself. */
  faultOf(vote: Vote): Evidence | undefined {
    return this.records.get(vote.validator)?.faultOf(vote);
  }

  /** The block is here now: its votes, each to be given to `add`. None of them has a sender. */
  takeKept(hash: BlockHash): readonly Vote[] {
    const votes = [...(this.kept.get(hash) ?? [])];
    this.kept.delete(hash);
    return votes;
  }

  /** Was this very signature over these 80 bytes found good? */
  knows(data: Uint8Array, validator: PublicKey, signature: Uint8Array): boolean {
    const slot = data.length === voteDataBytes ? readSafeU64(data, 40) : undefined;
    if (slot === undefined) return false;
    const votes = this.records.get(validator)?.votesFor(slot) ?? [];
    return votes.some(
      (vote) =>
        equalBytes(vote.signature, signature) &&
        equalBytes(vote.bytes.subarray(0, voteDataBytes), data),
    );
  }

  /** Target slot of the newest vote of `validator` that is held. */
  newestSlotOf(validator: PublicKey): number | undefined {
    const slot = this.records.get(validator)?.newestSlot ?? -1;
    return slot < 0 ? undefined : slot;
  }

  /** Forgets target slots below `slot`, for good. */
  prune(slot: number): void {
    this.lowestSlot = Math.max(this.lowestSlot, slot);
    for (const record of this.records.values()) {
      for (const vote of record.dropBelow(this.lowestSlot)) this.release(vote);
    }
  }

  /** Cheap checks, then the signature, then room: the record that holds it now, or why not. */
  private hold(vote: Vote): VoteRecord | Rejection {
    const { targetSlot, validator } = vote;
    if (targetSlot < this.lowestSlot) {
      return rejection("vote-slot", `slot ${this.lowestSlot} or later expected, got ${targetSlot}`);
    }
    const known = this.records.get(validator);
    const idlest = known === undefined ? this.idlest() : undefined;
    const refusal = known?.refusalOf(targetSlot);
    if (refusal !== undefined) return refusal;
    if (idlest !== undefined && idlest[1].newestSlot >= targetSlot) {
      return rejection("vote-slot", `all ${this.records.size} validators heard voted since`);
    }
    const signedFor = domainAt(this.domain, targetSlot);
    const preimage = votePreimage(signedFor, vote.bytes.subarray(0, voteDataBytes));
    if (!this.signatures.verify(vote.signature, preimage, idBytes(validator))) {
      return rejection("vote-signature", `not that of ${validator}`);
    }
    if (idlest !== undefined) this.forget(...idlest);
    const record = known ?? new VoteRecord();
    this.records.set(validator, record);
    for (const old of record.add(vote)) this.release(old);
    return record;
  }

  /** When no further validator has room: who voted last the longest ago, for it left all sets. */
  private idlest(): readonly [PublicKey, VoteRecord] | undefined {
    if (this.records.size < chainLimits.validatorsMax) return undefined;
    return [...this.records].reduce((a, b) => (b[1].newestSlot < a[1].newestSlot ? b : a));
  }

  private forget(validator: PublicKey, record: VoteRecord): void {
    this.records.delete(validator);
    for (const vote of record.all()) this.release(vote);
  }

  private isCounted(vote: Vote): boolean {
    return this.tallies.get(vote.targetHash)?.has(vote) ?? false;
  }

  private count(vote: Vote, target: Target): Certificate | undefined {
    let tally = this.tallies.get(vote.targetHash);
    if (tally === undefined) {
      tally = new VoteTally(target);
      this.tallies.set(vote.targetHash, tally);
    }
    return tally.add(vote);
  }

  private drop(vote: Vote): void {
    this.records.get(vote.validator)?.delete(vote);
    this.release(vote);
  }

  /** No record holds it any more: it counts and waits no longer. */
  private release(vote: Vote): void {
    this.forgetKept(vote);
    const tally = this.tallies.get(vote.targetHash);
    if (tally?.delete(vote) && tally.size === 0) this.tallies.delete(vote.targetHash);
  }

  private forgetKept(vote: Vote): void {
    const votes = this.kept.get(vote.targetHash);
    if (votes?.delete(vote) && votes.size === 0) this.kept.delete(vote.targetHash);
  }
}
