/**
 * Whom we turn away: addresses, ranges and identities, by order of the operator or by a rule, with
 * the reason and how long. NOT whom a verdict spares, nor what a fault costs (doorkeeper.ts,
 * node/penalties.ts), nor the operator's files of addresses (access-list.ts).
 *
 * Invariants: bounded, those of rules apart from those of the operator, so that a flood of faults
 * lifts no ban of his; this machine is never banned by a rule. Ends lie on the monotonic clock, so
 * a wall clock that steps lifts nothing. protocol-spec/09-connections §8
 */
import { BoundedMap } from "../../base/bounded.ts";
import type { Clock } from "../../edge/env.ts";
import { isHex32 } from "../../model/ids.ts";
import { connectionLimits } from "../../params/limits.ts";
import { parseIp, parseSubnet, type Subnet, SubnetMap } from "../addresses/subnet.ts";

export interface BanSubject {
  readonly type: "address" | "subnet" | "identity";
  /** In its one spelling: an IP, `ip/bits`, or 64 hex digits. */
  readonly value: string;
}

export interface BanRecord extends BanSubject {
  readonly reason: string;
  readonly by: "operator" | "rule";
  readonly sinceMs: number;
  /** Wall clock; undefined: until it is lifted. */
  readonly untilMs: number | undefined;
}

export interface BanView extends BanRecord {
  readonly leftMs: number | undefined;
}

/** `at`: when it ends by the monotonic clock; Infinity: never. */
interface Ban extends Omit<BanRecord, "untilMs"> {
  readonly at: number;
}

const never = Number.POSITIVE_INFINITY;
const { bannedMax, banReasonMax } = connectionLimits;

/** What the operator wrote: an address, a range, an identity; undefined when it is none of them. */
export function parseBanSubject(text: string): BanSubject | undefined {
  if (isHex32(text)) return { type: "identity", value: text };
  const ip = parseIp(text);
  if (ip !== undefined) return { type: "address", value: ip };
  const subnet = parseSubnet(text);
  return subnet && { type: "subnet", value: subnet.text };
}

export class BanList {
  private readonly clock: Clock;
  private readonly byOperator = new Map<string, Ban>();
  private readonly byRule = new BoundedMap<string, Ban>(bannedMax);
  private readonly ranges = new SubnetMap<string>();
  /** Grows with every change: the host writes the file anew when it has moved. */
  revision = 0;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  get size(): number {
    return this.byOperator.size + this.byRule.size;
  }

  /** False when it is no subject, is never banned so, or the operator's bans are too many. */
  ban(
    subject: BanSubject,
    reason: string,
    forMs: number | undefined,
    by: BanRecord["by"],
  ): boolean {
    const at = forMs === undefined ? never : this.clock.monotonicMs + forMs;
    return this.add({ ...subject, reason, by, sinceMs: this.clock.wallMs, at });
  }

  /** True when `value` (as in a view) was banned, by whomever. */
  lift(value: string): boolean {
    const ban = this.get(value);
    if (ban !== undefined) this.remove(value);
    return ban !== undefined;
  }

  /** Why neither this address nor this identity is wanted; the operator's reason first. */
  refusalOf(ip: string | undefined, nodeId: string | undefined): BanView | undefined {
    if (this.size === 0) return undefined;
    const found = [nodeId, ip, ip === undefined ? undefined : this.ranges.find(ip)]
      .map((value) => (value === undefined ? undefined : this.live(value)))
      .filter((ban) => ban !== undefined);
    const ban = found.find(({ by }) => by === "operator") ?? found[0];
    return ban && this.viewOf(ban);
  }

  /** Those in force, the operator's first, oldest first. */
  list(): readonly BanView[] {
    this.expire();
    return [...this.byOperator.values(), ...this.byRule.values()].map((ban) => this.viewOf(ban));
  }

  /** What a file of ours said; what is none, or over, is left out. */
  restore(records: readonly BanRecord[]): void {
    const { monotonicMs, wallMs } = this.clock;
    for (const { untilMs, ...record } of records) {
      // A file from the future, or a clock that was wrong: no rule bans for longer than it may.
      const mostMs = record.by === "rule" ? connectionLimits.discourageMs : never;
      const leftMs = untilMs === undefined ? mostMs : Math.min(untilMs - wallMs, mostMs);
      if (leftMs > 0) this.add({ ...record, at: monotonicMs + leftMs });
    }
  }

  /** To be kept over a restart. */
  known(): readonly BanRecord[] {
    return this.list().map(({ leftMs: _, ...record }) => record);
  }

  private add(ban: Ban): boolean {
    const subject = parseBanSubject(ban.value);
    if (subject?.type !== ban.type || subject.value !== ban.value) return false;
    if (ban.by === "rule" && isThisMachine(ban)) return false;
    const { value } = ban;
    const isOperators = ban.by === "operator";
    if (isOperators && this.byOperator.size >= bannedMax) this.expire();
    const standing = this.live(value);
    // A rule never shortens what the operator said.
    if (!isOperators && standing?.by === "operator") return true;
    const isFull = this.byOperator.size >= bannedMax && !this.byOperator.has(value);
    if (isOperators && isFull) return false;
    this.remove(value);
    const cut = { ...ban, reason: ban.reason.slice(0, banReasonMax) };
    if (ban.by === "operator") this.byOperator.set(value, cut);
    else this.forget(this.byRule.set(value, cut)?.[1]);
    const range = rangeOf(ban);
    if (range !== undefined) this.ranges.set(range, value);
    this.revision++;
    return true;
  }

  private get(value: string): Ban | undefined {
    return this.byOperator.get(value) ?? this.byRule.get(value);
  }

  private live(value: string): Ban | undefined {
    const ban = this.get(value);
    if (ban === undefined || ban.at > this.clock.monotonicMs) return ban;
    this.remove(value);
    return undefined;
  }

  private remove(value: string): void {
    const ban = this.get(value);
    this.byOperator.delete(value);
    this.byRule.delete(value);
    this.forget(ban);
  }

  /** It is in neither map any more. */
  private forget(ban: Ban | undefined): void {
    if (ban === undefined) return;
    const range = rangeOf(ban);
    if (range !== undefined) this.ranges.delete(range);
    this.revision++;
  }

  private expire(): void {
    for (const value of [...this.byOperator.keys(), ...this.byRule.keys()]) this.live(value);
  }

  private viewOf({ at, ...ban }: Ban): BanView {
    const leftMs = at === never ? undefined : Math.max(0, at - this.clock.monotonicMs);
    const untilMs = leftMs === undefined ? undefined : this.clock.wallMs + leftMs;
    return { ...ban, untilMs, leftMs };
  }
}

function rangeOf({ type, value }: BanSubject): Subnet | undefined {
  return type === "subnet" ? parseSubnet(value) : undefined;
}

/** As in netgroup.ts. A range that holds it is one that a rule never makes. */
function isThisMachine({ type, value }: BanSubject): boolean {
  return type === "address" && (value === "127.0.0.1" || value === "::1");
}
