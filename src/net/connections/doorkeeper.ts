/**
 * May a peer that proved who it is stay, who goes for it, and what does a fault of its lead to?
 * It decides by asking the table, the slots, the admission and the record of misconduct, and
 * changes none but the last. Strangers are not its business (handshake-gate.ts).
 * protocol-spec/09-connections §1
 */
import { toHex } from "../../base/bytes.ts";
import type { EvictionCode, RefusalCode } from "../../edge/event.ts";
import type { NodeId } from "../../model/ids.ts";
import { connectionLimits } from "../../params/limits.ts";
import { hasFeature } from "../../wire/hello.ts";
import type { DisconnectCode } from "../../wire/messages.ts";
import { isExempt } from "../addresses/netgroup.ts";
import type { Admission } from "../conduct/admission.ts";
import { type Misconduct, ofIdentity, ofOrigin, type Subject } from "../conduct/misconduct.ts";
import type { Penalty } from "./connection-port.ts";
import { type Connection, type ConnectionTable, originOf, type Ready } from "./connection-table.ts";
import { survivor } from "./duplicate.ts";
import { type EvictionCandidate, victimOf } from "./eviction.ts";
import { helloFeatures } from "./link-features.ts";
import type { Slots } from "./slots.ts";

export type Verdict =
  | { readonly type: "admitted" }
  /** In the place of an older connection to the same identity. */
  | { readonly type: "displaces"; readonly loser: Ready }
  /** In the place of another peer. */
  | { readonly type: "evicts"; readonly victim: Ready; readonly code: EvictionCode }
  | Refused;

export interface Refused {
  readonly type: "refused";
  readonly code: DisconnectCode;
  readonly reason: RefusalCode;
  readonly text: string;
}

export interface DoorkeeperParts {
  readonly self: NodeId;
  readonly bootId: Uint8Array;
  readonly table: ConnectionTable;
  readonly slots: Slots;
  readonly misconduct: Misconduct;
  readonly admission: Admission;
  /** Of netgroups, for eviction; known to nobody else. */
  readonly secret: Uint8Array;
}

/** Half way to being turned away. */
const suspectScore = connectionLimits.scoreMax / 2;

export class Doorkeeper {
  private readonly parts: DoorkeeperParts;

  constructor(parts: DoorkeeperParts) {
    this.parts = parts;
  }

  /** May an authenticated newcomer stay? */
  judge(peer: Ready): Verdict {
    const { self, table, slots, admission } = this.parts;
    const { nodeId, manual } = peer;
    if (nodeId === self) {
      const text = this.isThisProcess(peer) ? "" : "another process has this key";
      return refused("self", "self", text);
    }
    const inbound = peer.target === undefined;
    const refusal = admission.refusalOf({ nodeId, endpoint: peer.endpoint, inbound, manual });
    if (refusal !== undefined) return refused("banned", "banned", refusal);
    if (peer.target?.kind === "feeler" || (inbound && isFeeler(peer))) {
      return refused("requested", "feeler", "only asked who is here");
    }
    const standing = table.ready(nodeId);
    if (standing !== undefined) {
      return survivor(self, nodeId, linkOf(standing), linkOf(peer)) === "newcomer"
        ? { type: "displaces", loser: standing }
        : refused("duplicate", "duplicate", "another connection to this identity stays");
    }
    if (manual) return { type: "admitted" };
    if (!inbound) {
      if (slots.hasRoom(table.use, false)) return { type: "admitted" };
      return refused("too-many-peers", "slots-full", "all slots are taken");
    }
    return this.judgeInbound(peer);
  }

  /** Who goes when there are more inbound peers than slots. */
  victim(): Ready | undefined {
    const { table, secret } = this.parts;
    const candidates: EvictionCandidate[] = [];
    for (const peer of table.readyValues()) {
      if (peer.target === undefined && !peer.manual) {
        const candidate = this.candidateOf(peer);
        if (candidate !== undefined) candidates.push(candidate);
      }
    }
    const victim = victimOf(candidates, secret);
    const found = victim && table.get(victim.conn);
    return found?.type === "ready" ? found : undefined;
  }

  isThisProcess(peer: Ready): boolean {
    return peer.nodeId === this.parts.self && peer.bootId === toHex(this.parts.bootId);
  }

  /** What a fault leads to, its points added to the peer's score already. */
  sentence(peer: Connection, penalty: Penalty): { addedUp: boolean; discourage: boolean } {
    const { admission, misconduct } = this.parts;
    const ready = peer.type === "ready" ? peer : undefined;
    const endpoint = peer.type === "dialling" ? undefined : peer.endpoint;
    const manual = ready?.manual ?? peer.target?.kind === "manual";
    const isSpared = manual || admission.isSpared(endpoint, ready?.nodeId);
    const addedUp = !isSpared && misconduct.scoreOf(subjectOf(peer)) >= connectionLimits.scoreMax;
    // Where we dialled on somebody's word, another program may answer: that address is not at
    // fault, and an offence there must not be a way to make us shun whoever else lives there.
    const isStranger =
      peer.type === "handshaking" && peer.target === undefined && peer.group !== "local";
    const proven = ready !== undefined || isStranger;
    return { addedUp, discourage: (penalty.discourage || addedUp) && proven };
  }

  private judgeInbound(peer: Ready): Verdict {
    const { table, slots, admission } = this.parts;
    if (!isExempt(peer.group) && !admission.isSpared(peer.endpoint, peer.nodeId)) {
      if (table.inboundFrom(originOf(peer)) >= slots.perAddressMax) {
        return refused("too-many-peers", "address-full", "too many peers from this address");
      }
      if (table.inboundOfGroup(peer.group) >= slots.perGroupMax) {
        return refused("too-many-peers", "group-full", "too many peers from this netgroup");
      }
    }
    if (slots.hasRoom(table.use, true)) return { type: "admitted" };
    const victim = this.victim();
    if (victim === undefined || slots.inboundMax === 0) {
      return refused("too-many-peers", "slots-full", "all slots are taken");
    }
    return { type: "evicts", victim, code: "inbound-full" };
  }

  private candidateOf(peer: Ready): EvictionCandidate | undefined {
    const { admission, misconduct } = this.parts;
    const { conn, group, readyAt, quiet, nodeId, merits } = peer;
    if (admission.isSpared(peer.endpoint, nodeId)) return undefined;
    return {
      conn,
      group,
      readyAt,
      quiet,
      pingMs: merits.pingMs,
      blockAt: merits.blockAt,
      transactionAt: merits.transactionAt,
      value: misconduct.scores.valueOf(nodeId),
      isSuspect: misconduct.scoreOf(ofIdentity(nodeId)) >= suspectScore,
    };
  }
}

/** Whom a fault of this connection is held against: an identity once it is proven. */
export function subjectOf(connection: Connection): Subject {
  if (connection.type === "ready") return ofIdentity(connection.nodeId);
  return ofOrigin(originOf(connection));
}

function isFeeler(peer: Ready): boolean {
  return hasFeature(peer.claims, helloFeatures.feeler);
}

function linkOf({ target, bootId, quiet }: Ready) {
  return { inbound: target === undefined, bootId, quiet };
}

function refused(code: DisconnectCode, reason: RefusalCode, text: string): Verdict {
  return { type: "refused", code, reason, text };
}
