/**
 * How many connections of which kind we keep: policy only, it holds nothing.
 * Manual peers are outside the slots, since the operator named and thereby bounded them.
 * protocol-spec/09-connections §1
 */
import { connectionLimits } from "../params/limits.ts";

export interface SlotOptions {
  readonly peersMax: number;
  readonly outboundTarget: number;
}

/** What the connection table counts. Manual connections are counted as such only. */
export interface SlotUse {
  readonly manualReady: number;
  readonly inboundReady: number;
  readonly outboundReady: number;
  /** Dialling or handshaking, dialled by us. */
  readonly outboundPending: number;
  /** Handshaking, dialled by others. */
  readonly inboundPending: number;
}

export class Slots {
  readonly peersMax: number;
  readonly outboundMax: number;
  readonly inboundMax: number;

  constructor(options: SlotOptions) {
    this.peersMax = options.peersMax;
    // A node with few slots still leaves half of them for those who dial it, or no network forms.
    this.outboundMax = Math.min(options.outboundTarget, Math.ceil(options.peersMax / 2));
    this.inboundMax = options.peersMax - this.outboundMax;
  }

  /** How many dials may be begun now. */
  dialsWanted(use: SlotUse): number {
    const outbound = use.outboundReady + use.outboundPending;
    const all = use.inboundReady + outbound;
    return Math.min(
      // Manual peers serve the same end, so the book fills up only what they leave.
      this.outboundMax - outbound - use.manualReady,
      this.peersMax - all,
      connectionLimits.dialsPendingMax - use.outboundPending,
    );
  }

  /** May an authenticated newcomer, unknown so far, take a slot? */
  admits(use: SlotUse, inbound: boolean): boolean {
    if (use.inboundReady + use.outboundReady >= this.peersMax) return false;
    return !inbound || use.inboundReady < this.inboundMax;
  }
}
