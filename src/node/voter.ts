/**
 * Votes once a slot, in our validator key's name: for the leader's block when it is timely and at
 * least as good as what we had seen a third of a slot before it was due; else, at the deadline, for
 * the head. Makes the block durable, then asks the signer, whose floor is durable before its
 * signature exists. Holds no key; decides no validity. protocol-spec/06-validation §8.
 *
 *   0                1/3               2/3                          0
 *   | timely block   | late: the head  | frozen: what was seen by   |  slot s+1
 *   | of s, at once  | as it is now    | now binds the vote in s+1  |
 */
import type { ChainManager } from "../chain/chain-manager.ts";
import type { Imported } from "../chain/imported.ts";
import type { TreeNode } from "../chain/tree-node.ts";
import type { Job, Ticket } from "../edge/conn.ts";
import type { Env } from "../edge/env.ts";
import type { SignerFloors } from "../edge/signer-floors.ts";
import type { PublicKey } from "../model/ids.ts";
import { type NetworkFile, slotAt, slotStartMs } from "../model/network-file.ts";
import { encodeVote, encodeVoteData, type Vote, type VoteData } from "../model/vote.ts";
import type { EffectQueue } from "./effect-queue.ts";
import type { ValidatorGuard } from "./validator-guard.ts";

/** What a block must be at least as good as. */
interface FrozenView {
  readonly justifiedSlot: number;
  readonly height: number;
}

/** A vote on its way: its block becomes durable, then it is signed. */
interface Ballot {
  readonly data: VoteData;
  readonly ticket: Ticket;
  readonly job: Job | undefined;
}

export interface VoterOptions {
  readonly file: NetworkFile;
  readonly key: PublicKey;
  readonly floors: SignerFloors;
  readonly guard: ValidatorGuard;
  /** In step with the network. */
  readonly isSynced: () => boolean;
}

export class Voter {
  private readonly env: Env;
  private readonly effects: EffectQueue;
  private readonly chain: ChainManager;
  private readonly options: VoterOptions;
  private sourceFloor: number;
  private targetFloor: number;
  private slot: number;
  private phase: "timely" | "late" | "frozen" = "timely";
  private votedSlot = -1;
  private frozen: FrozenView = { justifiedSlot: 0, height: 0 };
  private ballot: Ballot | undefined;
  private durable = 0 as Ticket;

  constructor(env: Env, effects: EffectQueue, chain: ChainManager, options: VoterOptions) {
    this.env = env;
    this.effects = effects;
    this.chain = chain;
    this.options = options;
    this.sourceFloor = options.floors.sourceSlot;
    this.targetFloor = options.floors.targetSlot;
    this.slot = slotAt(options.file, env.clock.wallMs);
  }

  /** The next instant at which something is due whatever comes in. */
  get deadline(): number {
    const { monotonicMs, wallMs } = this.env.clock;
    const { file } = this.options;
    const part = this.phase === "timely" ? 1 : this.phase === "late" ? 2 : 3;
    const atMs = slotStartMs(file, this.slot) + Math.ceil((part * file.slotMs) / 3);
    return monotonicMs + Math.max(0, atMs - wallMs);
  }

  /** Called after every step: cheap unless a phase has begun or a block has come. */
  tick(): Imported[] {
    const { file } = this.options;
    const { wallMs } = this.env.clock;
    const slot = slotAt(file, wallMs);
    // A clock that went back brings silence: those slots had their votes.
    if (slot > this.slot) {
      this.slot = slot;
      this.phase = "timely";
    }
    if (slot < this.slot) return [];
    const sinceMs = wallMs - slotStartMs(file, slot);
    const results: Imported[] = [];
    if (this.phase === "timely" && 3 * sinceMs < file.slotMs) results.push(...this.tryTimely());
    if (this.phase === "timely" && 3 * sinceMs >= file.slotMs) {
      this.phase = "late";
      results.push(...this.chain.thaw());
    }
    // Up to the freeze: where blocks are slow, a late vote is better than none.
    if (this.phase === "late" && this.votedSlot !== slot) this.tryVote(this.chain.head);
    if (this.phase === "late" && 3 * sinceMs >= 2 * file.slotMs) {
      this.phase = "frozen";
      this.freeze();
    }
    return results;
  }

  onDurable(through: Ticket): void {
    this.durable = through;
    this.askSigner();
  }

  /** Our vote; undefined when `job` is no ballot's, or the signer refused. */
  onSigned(job: Job, signature: Uint8Array | undefined, reason: string): Vote | undefined {
    const { ballot } = this;
    if (ballot?.job !== job) return undefined;
    this.ballot = undefined;
    const { targetSlot: slot, targetHash: hash } = ballot.data;
    if (signature === undefined) {
      this.effects.notify({ type: "vote-refused", slot, reason });
      return undefined;
    }
    this.effects.notify({ type: "voted", slot, hash });
    return encodeVote(ballot.data, this.options.key, signature);
  }

  private freeze(): void {
    const { justified, head } = this.chain;
    this.frozen = { justifiedSlot: justified.slot, height: head.height };
    if (this.options.isSynced()) this.chain.duties.freeze(this.slot);
  }

  private tryTimely(): Imported[] {
    if (this.votedSlot === this.slot) return [];
    const { duties } = this.chain;
    const block = duties.timely(this.slot);
    if (block === undefined || !block.ready || !this.isWanted(block)) return [];
    const { justifiedSlot } = block.header;
    const { frozen } = this;
    const isWorse =
      justifiedSlot < frozen.justifiedSlot ||
      (justifiedSlot === frozen.justifiedSlot && block.height < frozen.height);
    if (isWorse) return [];
    const { isValid, results } = duties.prove(block);
    if (isValid) this.tryVote(block);
    return results;
  }

  private tryVote(block: TreeNode): void {
    if (!block.isProven || !this.isWanted(block) || this.ballot !== undefined) return;
    const { slot: targetSlot, hash: targetHash } = block;
    const { justifiedSlot: sourceSlot, justifiedHash: sourceHash } = block.header;
    this.votedSlot = this.slot;
    this.targetFloor = targetSlot;
    this.sourceFloor = sourceSlot;
    const data = { sourceSlot, sourceHash, targetSlot, targetHash };
    this.ballot = { data, ticket: this.chain.duties.makeDurable(), job: undefined };
    this.askSigner();
  }

  /** Everything that does not depend on the signer's record, and what it would refuse. */
  private isWanted(block: TreeNode): boolean {
    const { guard, isSynced, key } = this.options;
    const { chain } = this;
    return (
      block.slot > this.targetFloor &&
      block.slot <= this.slot &&
      block.header.justifiedSlot >= this.sourceFloor &&
      chain.halted === undefined &&
      guard.maySign &&
      chain.duties.validatorsOf(block).includes(key) &&
      chain.duties.standsOnFinal(block) &&
      isSynced()
    );
  }

  private askSigner(): void {
    const { ballot } = this;
    if (ballot === undefined || ballot.job !== undefined || ballot.ticket > this.durable) return;
    this.options.guard.onSigned(`vote ${ballot.data.targetHash}`);
    const job = this.effects.sign({
      type: "vote",
      data: encodeVoteData(ballot.data),
      genesisHash: this.chain.duties.domainAt(ballot.data.targetSlot),
    });
    this.ballot = { ...ballot, job };
  }
}
