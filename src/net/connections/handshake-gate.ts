/**
 * Strangers before a byte of theirs is read: whom to turn away, and whose unfinished handshake goes
 * when too many are under way. It knows nobody's identity; that is for the doorkeeper.
 *
 * Invariants: what costs us work is charged to an address and to a netgroup before it is done; the
 * handshakes under way never exceed their limit; the group with most of them pays for a newcomer.
 * protocol-spec/09-connections §1
 */
import { KeyedBuckets } from "../../base/keyed-buckets.ts";
import type { Clock } from "../../edge/env.ts";
import type { RefusalCode } from "../../edge/event.ts";
import { connectionLimits } from "../../params/limits.ts";
import { isExempt } from "../addresses/netgroup.ts";
import type { Admission } from "../conduct/admission.ts";
import { type ConnectionTable, type Handshaking, originOf } from "./connection-table.ts";

export type GateVerdict =
  | {
      readonly type: "open";
      /** Whose handshake makes room. */
      readonly instead: Handshaking | undefined;
    }
  | { readonly type: "refused"; readonly code: RefusalCode; readonly detail: string };

const limits = connectionLimits;

export class HandshakeGate {
  private readonly clock: Clock;
  private readonly table: ConnectionTable;
  private readonly admission: Admission;
  private readonly perAddress = new KeyedBuckets(
    limits.handshakesPerAddressPerSecond,
    limits.handshakesPerAddressBurst,
    limits.handshakeAddressesMax,
  );
  private readonly perGroup = new KeyedBuckets(
    limits.handshakesPerGroupPerSecond,
    limits.handshakesPerGroupBurst,
    limits.handshakeGroupsMax,
  );

  constructor(clock: Clock, table: ConnectionTable, admission: Admission) {
    this.clock = clock;
    this.table = table;
    this.admission = admission;
  }

  /** May a stranger try? When it may, that is counted. */
  judge(from: Handshaking): GateVerdict {
    const origin = originOf(from);
    const refusal = this.admission.refusalAt(from.endpoint);
    if (refusal !== undefined) return refused("banned", refusal);
    if (this.table.pendingFrom(origin) >= limits.pendingHandshakesPerIpMax) {
      return refused("handshakes-of-address", "too many handshakes from this address");
    }
    const code = this.charge(origin, from.group);
    if (code === "handshake-rate-of-address") {
      return refused(code, "handshakes too often from this address");
    }
    if (code !== undefined) return refused(code, "handshakes too often from this netgroup");
    const isFull = this.table.use.inboundPending >= limits.pendingHandshakesMax;
    return { type: "open", instead: isFull ? this.oldestOfLargestGroup() : undefined };
  }

  private charge(origin: string, group: string): RefusalCode | undefined {
    // Programs on this machine are the operator's own, or he has other worries.
    if (group === "local") return undefined;
    const now = this.clock.monotonicMs;
    if (!this.perAddress.has(origin, now)) return "handshake-rate-of-address";
    const countsGroup = !isExempt(group);
    if (countsGroup && !this.perGroup.has(group, now)) return "handshake-rate-of-group";
    this.perAddress.charge(origin, now);
    if (countsGroup) this.perGroup.charge(group, now);
    return undefined;
  }

  /** Whoever knocks from many places of one network delays himself. */
  private oldestOfLargestGroup(): Handshaking | undefined {
    const oldest = new Map<string, { readonly first: Handshaking; count: number }>();
    let most: { readonly first: Handshaking; count: number } | undefined;
    for (const first of this.table.knockingValues()) {
      const standing = oldest.get(first.group) ?? { first, count: 0 };
      standing.count++;
      oldest.set(first.group, standing);
    }
    for (const standing of oldest.values()) {
      if (most === undefined || standing.count > most.count) most = standing;
    }
    return most?.first;
  }
}

function refused(code: RefusalCode, detail: string): GateVerdict {
  return { type: "refused", code, detail };
}
