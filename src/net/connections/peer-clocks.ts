/**
 * How far our wall clock is from those of our peers: the median over the newest 16 outbound peers
 * that answered a ping, whom nobody but us chose. NOT a source of time: it never moves our clock,
 * and keeps nobody from sealing or voting, for then whoever we are connected to could. A warning
 * for the operator. protocol-spec/09-connections §6.
 *
 *   offset = peer's clock in its pong + half of the round trip - our clock
 *
 * Invariant: one voice for each identity, `clockPeersMax` of them; what a peer says weighs one
 * place in the order, however large it is. Our own clock may be set meanwhile: what is kept is how
 * theirs stand to our monotonic clock.
 */
import { BoundedMap } from "../../base/bounded.ts";
import type { Clock } from "../../edge/env.ts";
import type { NodeId } from "../../model/ids.ts";
import { connectionLimits } from "../../params/limits.ts";

export interface ClockView {
  /** Median of peers' clocks minus ours; undefined while fewer than `clockPeersMin` are known. */
  readonly offsetMs: number | undefined;
  /** Peers that it is of. */
  readonly peers: number;
  /** It was more than half a slot, and has not been less than a quarter since. */
  readonly isOff: boolean;
}

interface Heard {
  /** The peer's wall clock minus our monotonic clock. */
  readonly leadMs: number;
  readonly at: number;
}

export class PeerClocks {
  private readonly clock: Clock;
  private readonly slotMs: number;
  private readonly heard = new BoundedMap<NodeId, Heard>(connectionLimits.clockPeersMax);
  private isOff = false;

  constructor(clock: Clock, slotMs: number) {
    this.clock = clock;
    this.slotMs = slotMs;
  }

  /** An outbound peer answered a ping. Tells what is to be said when that turned. */
  onPong(
    peer: NodeId,
    { sentAtMs, pingMs }: { readonly sentAtMs: number; readonly pingMs: number },
  ): ClockView | undefined {
    const at = this.clock.monotonicMs;
    this.heard.set(peer, { leadMs: sentAtMs + pingMs / 2 - at, at });
    const { offsetMs } = this.view();
    if (offsetMs === undefined) return undefined;
    const limitMs = this.slotMs / (this.isOff ? 4 : 2);
    const wasOff = this.isOff;
    this.isOff = Math.abs(offsetMs) > limitMs;
    return this.isOff === wasOff ? undefined : this.view();
  }

  view(): ClockView {
    const { isOff } = this;
    const { monotonicMs, wallMs } = this.clock;
    // Two clocks drift apart by as much as is looked for, in hours.
    const since = monotonicMs - connectionLimits.clockAgeMs;
    const fresh = [...this.heard.values()].filter(({ at }) => at >= since);
    const peers = fresh.length;
    if (peers < connectionLimits.clockPeersMin) return { offsetMs: undefined, peers, isOff };
    const leads = fresh.map(({ leadMs }) => leadMs).sort((a, b) => a - b);
    // The lower of two in the middle: one that a peer really has.
    // Never the -0 that rounding makes of a little less than nothing.
    const offsetMs = Math.round(leads[(peers - 1) >> 1]! + monotonicMs - wallMs) || 0;
    return { offsetMs, peers, isOff };
  }
}
