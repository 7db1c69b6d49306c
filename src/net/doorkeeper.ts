/**
 * Who may stay: policy over the table, the slots and the list of offenders. It changes nothing but
 * its own count of strangers; the connection manager does what is decided here.
 *
 * Invariant: a stranger is turned away cheaply or admitted to a handshake; only who is
 * authenticated takes a slot or another's place. protocol-spec/09-connections §1
 */
import { toHex } from "../base/bytes.ts";
import { KeyedBuckets } from "../base/keyed-buckets.ts";
import type { Clock } from "../edge/env.ts";
import type { NodeId } from "../model/ids.ts";
import { connectionLimits } from "../params/limits.ts";
import type { DisconnectCode } from "../wire/messages.ts";
import type { Penalty } from "./connection-port.ts";
import {
  type Connection,
  type ConnectionTable,
  type Handshaking,
  originOf,
  type Ready,
} from "./connection-table.ts";
import { survivor } from "./duplicate.ts";
import { type Misconduct, ofIdentity, ofOrigin, type Subject } from "./misconduct.ts";
import type { Slots } from "./slots.ts";

export type Admission =
  | { readonly type: "admitted" }
  /** In the place of an older connection to the same identity. */
  | { readonly type: "displaces"; readonly loser: Ready }
  | { readonly type: "refused"; readonly code: DisconnectCode; readonly text: string };

export interface OwnIdentity {
  readonly self: NodeId;
  readonly bootId: Uint8Array;
}

export class Doorkeeper {
  private readonly own: OwnIdentity;
  private readonly table: ConnectionTable;
  private readonly slots: Slots;
  private readonly misconduct: Misconduct;
  private readonly clock: Clock;
  private readonly handshakes = new KeyedBuckets(
    connectionLimits.handshakesPerAddressPerSecond,
    connectionLimits.handshakesPerAddressBurst,
    connectionLimits.handshakeAddressesMax,
  );

  constructor(
    clock: Clock,
    own: OwnIdentity,
    table: ConnectionTable,
    slots: Slots,
    misconduct: Misconduct,
  ) {
    this.clock = clock;
    this.own = own;
    this.table = table;
    this.slots = slots;
    this.misconduct = misconduct;
  }

  /** Why a stranger is turned away before a byte is read; undefined: let it try, and count that. */
  refusal(from: Handshaking): { readonly code: DisconnectCode; detail: string } | undefined {
    const origin = originOf(from);
    if (!isLocal(from) && this.misconduct.isDiscouraged(ofOrigin(origin))) {
      return { code: "banned", detail: "discouraged address" };
    }
    if (this.table.use.inboundPending >= connectionLimits.pendingHandshakesMax) {
      return { code: "too-many-peers", detail: "too many handshakes" };
    }
    if (this.table.pendingFrom(origin) >= connectionLimits.pendingHandshakesPerIpMax) {
      return { code: "too-many-peers", detail: "too many handshakes from this address" };
    }
    if (isLocal(from)) return undefined;
    const now = this.clock.monotonicMs;
    if (!this.handshakes.has(origin, now)) {
      return { code: "too-many-peers", detail: "handshakes too often from this address" };
    }
    this.handshakes.charge(origin, now);
    return undefined;
  }

  /** May an authenticated newcomer stay? */
  judge(peer: Ready): Admission {
    if (peer.nodeId === this.own.self) {
      return refused("self", this.isThisProcess(peer) ? "" : "another process has this key");
    }
    const inbound = peer.target === undefined;
    if (inbound && this.misconduct.isDiscouraged(ofIdentity(peer.nodeId))) {
      return refused("banned", "discouraged identity");
    }
    const standing = this.table.ready(peer.nodeId);
    if (standing === undefined) {
      if (peer.manual || this.slots.admits(this.table.use, inbound)) return { type: "admitted" };
      return refused("too-many-peers", "all slots are taken");
    }
    const standingLink = { inbound: standing.target === undefined, bootId: standing.bootId };
    const newLink = { inbound, bootId: peer.bootId };
    return survivor(this.own.self, peer.nodeId, standingLink, newLink) === "newcomer"
      ? { type: "displaces", loser: standing }
      : refused("duplicate", "another connection to this identity stays");
  }

  isThisProcess(peer: Ready): boolean {
    return peer.nodeId === this.own.self && peer.bootId === toHex(this.own.bootId);
  }

  /** What a fault leads to, its points added to the peer's score already. */
  sentence(peer: Connection, penalty: Penalty): { addedUp: boolean; discourage: boolean } {
    const manual = peer.type === "ready" ? peer.manual : peer.target?.manual === true;
    const score = this.misconduct.scoreOf(subjectOf(peer));
    const addedUp = !manual && score >= connectionLimits.scoreMax;
    // Where we dialled on somebody's word, another program may answer: that address is not at
    // fault, and an offence there must not be a way to make us shun whoever else lives there.
    const stranger = peer.type === "handshaking" && peer.target === undefined && !isLocal(peer);
    const proven = peer.type === "ready" || stranger;
    return { addedUp, discourage: (penalty.discourage || addedUp) && proven };
  }
}

/** Whom a fault of this connection is held against: an identity once it is proven. */
export function subjectOf(connection: Connection): Subject {
  if (connection.type === "ready") return ofIdentity(connection.nodeId);
  return ofOrigin(originOf(connection));
}

function refused(code: DisconnectCode, text: string): Admission {
  return { type: "refused", code, text };
}

/** Programs on this machine are the operator's own, or he has other worries. */
function isLocal(connection: Handshaking): boolean {
  return connection.endpoint?.loopback === true;
}
