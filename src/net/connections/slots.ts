/**
 * How many connections of which kind we keep: policy only, it holds nothing but its limits.
 * Manual peers are outside the slots, since the operator named and thereby bounded them.
 *
 *     peersMax = full + block-only + 1 for an extra one + inbound
 *
 * protocol-spec/09-connections §1
 */
import { connectionLimits } from "../../params/limits.ts";
import type { DialKind } from "./dialer.ts";

export interface SlotOptions {
  readonly peersMax: number;
  readonly outboundTarget: number;
}

/** What the connection table counts. Manual connections are counted as such only. */
export interface SlotUse {
  readonly manualReady: number;
  readonly inboundReady: number;
  readonly fullReady: number;
  readonly blockOnlyReady: number;
  /** Dialling or handshaking, dialled by us. */
  readonly fullPending: number;
  readonly blockOnlyPending: number;
  readonly feelerPending: number;
  /** Handshaking, dialled by others. */
  readonly inboundPending: number;
}

/** Kinds that rotation wants beyond the slots for a while. */
export interface Extras {
  readonly full: boolean;
  readonly blockOnly: boolean;
}

export class Slots {
  readonly peersMax: number;
  readonly fullMax: number;
  readonly blockOnlyMax: number;
  private readonly inboundRoom: number;
  /** Of all connections, by the load of the machine (load-limit.ts). */
  private limit: number;

  constructor(options: SlotOptions) {
    const { peersMax, outboundTarget } = options;
    // A node with few slots still leaves half of them for those who dial it, or no network forms.
    const half = Math.ceil(peersMax / 2);
    this.peersMax = peersMax;
    this.fullMax = Math.min(outboundTarget, half);
    const most = this.fullMax === 0 ? 0 : connectionLimits.blockOnlyTarget;
    this.blockOnlyMax = Math.min(most, Math.max(0, Math.floor(peersMax / 2) - this.fullMax));
    const extra = this.blockOnlyMax > 0 ? 1 : 0;
    this.inboundRoom = peersMax - this.fullMax - this.blockOnlyMax - extra;
    this.limit = peersMax;
  }

  /** `limit` of all connections: what inbound peers lose, outbound ones never do. */
  setLimit(limit: number): void {
    this.limit = Math.min(limit, this.peersMax);
  }

  get limitNow(): number {
    return this.limit;
  }

  get inboundMax(): number {
    return Math.max(0, this.inboundRoom - (this.peersMax - this.limit));
  }

  /** Of the inbound slots, for one IPv4 address or IPv6 /64. */
  get perAddressMax(): number {
    return Math.max(4, Math.floor(this.inboundMax / connectionLimits.inboundAddressShare));
  }

  get perGroupMax(): number {
    return Math.max(8, Math.floor(this.inboundMax / connectionLimits.inboundGroupShare));
  }

  /** Full slots that nobody has or is dialled for; below 0 when there are more peers than slots. */
  freeFull({ fullReady, fullPending, manualReady }: SlotUse): number {
    // Manual peers serve the same end, so the book fills up only what they leave.
    return this.fullMax - fullReady - fullPending - manualReady;
  }

  /** How many dials of a kind may be begun now. Block-only ones wait until no full slot is free. */
  dialsWanted(kind: DialKind, use: SlotUse, extras: Extras, hasAnchors: boolean): number {
    const pending = use.fullPending + use.blockOnlyPending;
    const room = Math.min(
      this.peersMax - use.inboundReady - use.fullReady - use.blockOnlyReady - pending,
      connectionLimits.dialsPendingMax - pending - use.feelerPending,
    );
    const fullFree = this.freeFull(use);
    switch (kind) {
      case "manual":
        return 1;
      case "full":
        return Math.min(fullFree + (extras.full ? 1 : 0), room);
      case "block-only": {
        const free = this.blockOnlyMax - use.blockOnlyReady - use.blockOnlyPending;
        const isTurn = hasAnchors || (fullFree <= 0 && use.fullPending === 0);
        return isTurn ? Math.min(free + (extras.blockOnly ? 1 : 0), room) : 0;
      }
      case "feeler":
        return Math.min(1 - use.feelerPending, this.fullMax);
    }
  }

  /** Is there a slot for an authenticated newcomer whom we dialled, or who dialled us? */
  hasRoom(use: SlotUse, inbound: boolean): boolean {
    if (use.inboundReady + use.fullReady + use.blockOnlyReady >= this.peersMax) return false;
    return !inbound || use.inboundReady < this.inboundMax;
  }
}
