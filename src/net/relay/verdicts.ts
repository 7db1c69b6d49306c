/**
 * What became of votes, certificates, evidence and transactions, by the id of their bytes: a copy,
 * from whomever, costs a hash and no signature. It judges nothing. Only what can never change is
 * remembered: that it was good, or that its bytes break a rule whenever they come.
 * Invariant: at most `relay.verdictsMax`, none older than `relay.seenMs`, the least used goes first.
 * protocol-spec/09-connections §4.
 */
import { LRUCache } from "lru-cache";
import type { Clock } from "../../edge/env.ts";
import type { Rejection, RuleCode } from "../../model/rule-code.ts";
import { relayLimits } from "../../params/limits.ts";
import type { GossipId } from "./gossip.ts";

/** Faults of the bytes themselves: no clock, fork or set of validators makes them good. */
const lastingCodes: ReadonlySet<RuleCode> = new Set([
  "vote-signature",
  "certificate-signature",
  "evidence-signature",
  "transaction-signature",
]);

export class Verdicts {
  private readonly verdicts: LRUCache<GossipId, "good" | Rejection>;

  constructor(clock: Clock) {
    // As in `relay.ts`: no table of the full size at once, no timer, and never the time zero.
    this.verdicts = new LRUCache<GossipId, "good" | Rejection>({
      maxSize: relayLimits.verdictsMax,
      sizeCalculation: () => 1,
      ttl: relayLimits.seenMs,
      ttlResolution: 0,
      perf: { now: () => clock.monotonicMs + 1 },
    });
  }

  get size(): number {
    return this.verdicts.size;
  }

  of(id: GossipId): "good" | Rejection | undefined {
    return this.verdicts.get(id);
  }

  onGood(id: GossipId): void {
    this.verdicts.set(id, "good");
  }

  onRefused(id: GossipId, rejection: Rejection): void {
    if (lastingCodes.has(rejection.code)) this.verdicts.set(id, rejection);
  }
}
