/**
 * Does the network look partitioned from here? It does when more than a third of the validators
 * have not been heard of for `reachSlots`, or fewer than half of the peers that we knew have been
 * connected for as long. An alarm for the operator: nothing in the node acts on it, for whoever can
 * cut our lines must not be able to make us do more than wait. protocol-spec/09-connections §9.
 *
 * Invariant: peers that we let go, or that said they let us go, are not missing, nor anybody who
 * dialled us; bounded; nothing is said before the node has followed its network once.
 */
import { BoundedMap } from "../base/bounded.ts";
import type { Env } from "../edge/env.ts";
import type { CloseCode, NodeEvent } from "../edge/event.ts";
import type { NodeId, PublicKey } from "../model/ids.ts";
import { type NetworkFile, slotAt, slotStartMs } from "../model/network-file.ts";
import { connectionLimits } from "../params/limits.ts";

export interface ReachView {
  readonly isPartitioned: boolean;
  readonly peers: { readonly known: number; readonly reached: number };
  readonly validators: { readonly count: number; readonly silent: number };
}

export interface ReachParts {
  readonly file: NetworkFile;
  readonly state: () => "synced" | "syncing" | "lonely";
  /** In charge at our head. */
  readonly validators: () => readonly PublicKey[];
  /** Those of whom a vote for a block of `slot` or later is known. */
  readonly votersSince: (slot: number) => ReadonlySet<PublicKey>;
  readonly notify: (event: NodeEvent) => void;
}

const { reachMs, reachPeersMax, reachPeersMin, reachSlots } = connectionLimits;
const here = Number.POSITIVE_INFINITY;
/** Ends that nobody chose: the peer, or the line to it, is gone. */
const losses: ReadonlySet<CloseCode> = new Set([
  "closed",
  "truncated",
  "shutdown",
  "idle",
  "timeout-pong",
  "timeout-idle",
  "timeout-frame",
]);

export class Reach {
  private readonly env: Env;
  private readonly parts: ReachParts;
  /** Until when a peer counts as missing; Infinity while it is connected. */
  private readonly peers = new BoundedMap<NodeId, number>(reachPeersMax);
  private slot: number;
  /** The slot in which this node first followed its network. */
  private followedSince: number | undefined;
  private slotsWithoutPeers = 0;
  private silent = 0;
  private isPartitioned = false;

  constructor(env: Env, parts: ReachParts) {
    this.env = env;
    this.parts = parts;
    this.slot = slotAt(parts.file, env.clock.wallMs);
  }

  /** The start of the next slot. */
  get deadline(): number {
    const { monotonicMs, wallMs } = this.env.clock;
    return monotonicMs + Math.max(0, slotStartMs(this.parts.file, this.slot + 1) - wallMs);
  }

  /** A peer that we chose to dial: strangers who come and go must not be able to raise an alarm. */
  onReady(nodeId: NodeId): void {
    if (this.peers.size >= reachPeersMax && !this.peers.has(nodeId)) this.forgetOneMissing();
    this.peers.set(nodeId, here);
  }

  onClosed(nodeId: NodeId, code: CloseCode): void {
    // Another connection to it stays.
    if (code === "duplicate" || !this.peers.has(nodeId)) return;
    if (losses.has(code)) this.peers.set(nodeId, this.env.clock.monotonicMs + reachMs);
    else this.peers.delete(nodeId);
  }

  /** Looks around once in a slot. */
  tick(): void {
    const { file, state } = this.parts;
    const slot = slotAt(file, this.env.clock.wallMs);
    if (slot === this.slot) return;
    this.slot = slot;
    if (state() === "synced") this.followedSince ??= slot;
    if (this.followedSince === undefined || state() === "syncing") return;
    const view = this.view();
    const { known, reached } = view.peers;
    const isLonely = known >= reachPeersMin && 2 * reached < known;
    this.slotsWithoutPeers = isLonely ? this.slotsWithoutPeers + 1 : 0;
    const isPartitioned =
      this.slotsWithoutPeers >= reachSlots || 3 * this.countSilent(slot) > view.validators.count;
    if (isPartitioned === this.isPartitioned) return;
    this.isPartitioned = isPartitioned;
    this.parts.notify({ type: "reach-changed", ...this.view() });
  }

  view(): ReachView {
    const now = this.env.clock.monotonicMs;
    let reached = 0;
    for (const [nodeId, until] of [...this.peers.entries()]) {
      if (until === here) reached++;
      else if (until <= now) this.peers.delete(nodeId);
    }
    const { size: known } = this.peers;
    const count = this.parts.validators().length;
    return {
      isPartitioned: this.isPartitioned,
      peers: { known, reached },
      validators: { count, silent: Math.min(this.silent, count) },
    };
  }

  private forgetOneMissing(): void {
    for (const [nodeId, until] of this.peers.entries()) {
      if (until === here) continue;
      this.peers.delete(nodeId);
      return;
    }
  }

  private countSilent(slot: number): number {
    this.silent = 0;
    const since = slot - reachSlots;
    if (this.followedSince === undefined || this.followedSince > since) return 0;
    const voters = this.parts.votersSince(since);
    for (const key of this.parts.validators()) if (!voters.has(key)) this.silent++;
    return this.silent;
  }
}
