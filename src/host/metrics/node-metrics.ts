/**
 * Figures about a running node, from its events and from what it answers then: how fast it votes,
 * how fast blocks become final, who missed slots, how deep reorgs went. Counted since the start of
 * the program; nothing is stored. An onlooker: nothing in the node hears of it.
 *
 * Invariant: bounded, whatever happens: 1,000 slots, 1,000 values of each figure, and what is known
 * of the validators in charge.
 */
import type { NodeEvent } from "../../edge/event.ts";
import type { PublicKey } from "../../model/ids.ts";
import { slotStartMs } from "../../model/network-file.ts";
import type { Queries, ValidatorView } from "../../node/queries.ts";
import { Exposition } from "./exposition.ts";
import type { MetricsView } from "./metrics-view.ts";
import { Samples } from "./samples.ts";
import { SlotLog, slotsMax } from "./slot-log.ts";

export type ObservedNode = Pick<
  Queries,
  | "block"
  | "clocks"
  | "conduct"
  | "finalized"
  | "head"
  | "info"
  | "isSynced"
  | "justified"
  | "mempool"
  | "networkFile"
  | "slotAt"
  | "traffic"
  | "validators"
  | "validatorsOf"
  | "voteSlotOf"
>;

export interface ValidatorActivity extends ValidatorView {
  /** Undefined: none in the window, or none seen. */
  readonly lastSealSlot: number | undefined;
  readonly lastVoteSlot: number | undefined;
  /** Of the newest 1,000 slots, as far as the node saw them. */
  readonly missedSlots: number;
}

type Counted = Extract<
  NodeEvent["type"],
  | "sealed"
  | "seal-refused"
  | "voted"
  | "vote-refused"
  | "justified"
  | "finalized"
  | "block-rejected"
  | "safety-halt"
>;

export class NodeMetrics {
  /** The same for Prometheus. */
  readonly exposition: Exposition;
  private readonly node: ObservedNode;
  private readonly wallMs: () => number;
  private readonly sinceMs: number;
  private readonly slots: SlotLog;
  private readonly voteLatencyMs = new Samples();
  private readonly timeToFinalityMs = new Samples();
  private readonly reorgDepth = new Samples();
  private voteSlots: ReadonlyMap<PublicKey, number> = new Map();
  /** Slot of the newest block that is final and measured. */
  private finalSlot: number;
  private readonly counts: Record<Counted, number> = {
    sealed: 0,
    "seal-refused": 0,
    voted: 0,
    "vote-refused": 0,
    justified: 0,
    finalized: 0,
    "block-rejected": 0,
    "safety-halt": 0,
  };
  /** Empty slots below final blocks: no reorg fills them. */
  private missedFinal = 0;
  private readonly evidence = { "double-seal": 0, "double-vote": 0, surround: 0 };

  constructor(node: ObservedNode, wallMs: () => number) {
    this.node = node;
    this.wallMs = wallMs;
    this.sinceMs = wallMs();
    this.exposition = new Exposition(node);
    this.slots = new SlotLog(node);
    this.slots.follow(node.head(), false, false);
    this.finalSlot = node.finalized().slot;
    this.noteVotes();
  }

  onEvent(event: NodeEvent): void {
    this.exposition.onEvent(event);
    switch (event.type) {
      case "head-moved":
        this.onHead(event.disconnected);
        break;
      case "voted":
        this.onVoted(this.sinceSlot(event.slot));
        break;
      case "justified":
        if (this.node.isSynced) this.noteVotes();
        break;
      case "finalized":
        this.onFinalized(event.slot);
        break;
      case "evidence-found":
        this.evidence[event.kind]++;
        return;
    }
    if (event.type in this.counts) this.counts[event.type as Counted]++;
  }

  /** Those in charge of the next block, in rank order. */
  validators(): readonly ValidatorActivity[] {
    this.noteVotes();
    const missed = this.slots.missed();
    const sealed = this.slots.sealed();
    return this.node.validators().map((validator) => ({
      ...validator,
      lastSealSlot: sealed.get(validator.key),
      lastVoteSlot: this.voteSlots.get(validator.key),
      missedSlots: missed.get(validator.key) ?? 0,
    }));
  }

  /** The answer of `/api/metrics`. */
  view(): MetricsView {
    const { node, counts } = this;
    const { slot } = node.slotAt(this.wallMs());
    const [head, justified, final] = [node.head(), node.justified(), node.finalized()];
    const missed = [...this.slots.missed().values()].reduce((sum, count) => sum + count, 0);
    return {
      sinceMs: this.sinceMs,
      slot,
      height: head.height,
      voteLatencyMs: this.voteLatencyMs.summary(),
      timeToFinalityMs: this.timeToFinalityMs.summary(),
      reorgDepth: this.reorgDepth.summary(),
      missedSlots: { count: missed, window: slotsMax, final: this.missedFinal },
      justifiedLag: { slots: slot - justified.slot, blocks: head.height - justified.height },
      finalizedLag: { slots: slot - final.slot, blocks: head.height - final.height },
      sealed: counts.sealed,
      sealsRefused: counts["seal-refused"],
      votes: counts.voted,
      votesRefused: counts["vote-refused"],
      justified: counts.justified,
      finalized: counts.finalized,
      blocksRejected: counts["block-rejected"],
      safetyHalts: counts["safety-halt"],
      evidence: {
        doubleSeal: this.evidence["double-seal"],
        doubleVote: this.evidence["double-vote"],
        surround: this.evidence.surround,
      },
    };
  }

  private onHead(disconnected: number): void {
    const { node } = this;
    const { isSynced } = node;
    if (disconnected > 0) {
      this.reorgDepth.add(disconnected);
      this.exposition.onReorg(disconnected);
    }
    this.slots.follow(node.head(), disconnected > 0, isSynced);
    if (isSynced) this.noteVotes();
  }

  private onVoted(ms: number): void {
    this.voteLatencyMs.add(ms);
    this.exposition.onVoted(ms);
  }

  /** With a block its ancestors are final. */
  private onFinalized(slot: number): void {
    for (const live of this.slots.liveSlots(this.finalSlot + 1, slot)) {
      const ms = this.sinceSlot(live);
      this.timeToFinalityMs.add(ms);
      this.exposition.onFinal(ms);
    }
    if (this.node.isSynced) this.missedFinal += this.slots.emptySlots(this.finalSlot + 1, slot);
    this.finalSlot = Math.max(this.finalSlot, slot);
  }

  /** At every block: the node forgets votes once a later block is final. */
  private noteVotes(): void {
    const slots = new Map<PublicKey, number>();
    for (const { key } of this.node.validators()) {
      const newest = Math.max(this.voteSlots.get(key) ?? -1, this.node.voteSlotOf(key) ?? -1);
      if (newest >= 0) slots.set(key, newest);
    }
    this.voteSlots = slots;
  }

  private sinceSlot(slot: number): number {
    return Math.max(0, this.wallMs() - slotStartMs(this.node.networkFile(), slot));
  }
}
