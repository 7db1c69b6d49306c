/**
 * Soft faults that add up and fade, and the list of whom we turn away for a while. What a fault
 * costs is not decided here (node/penalties.ts), nor whom a verdict spares (connection-manager.ts).
 *
 * Invariant: both are bounded, and both forget. An address is listed only for what an
 * unauthenticated stranger did, an identity for what it signed: neighbours behind one address do
 * not suffer. protocol-spec/09-connections §1
 */
import { BoundedMap } from "../base/bounded.ts";
import type { Clock } from "../edge/env.ts";
import type { NodeId } from "../model/ids.ts";
import { connectionLimits } from "../params/limits.ts";

/** `ip:<origin>` or `id:<node id>`. */
export type Subject = string;

export const ofOrigin = (origin: string): Subject => `ip:${origin}`;
export const ofIdentity = (nodeId: NodeId): Subject => `id:${nodeId}`;

export class Misconduct {
  /** When the score will be zero again: a leaky bucket in one number. */
  private readonly clearAt = new BoundedMap<Subject, number>(connectionLimits.bannedMax);
  private readonly discouragedUntil = new BoundedMap<Subject, number>(connectionLimits.bannedMax);
  private readonly clock: Clock;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  get discouragedCount(): number {
    return this.discouragedUntil.size;
  }

  /** The score after adding `points`, kept over reconnects. */
  add(subject: Subject, points: number): number {
    const now = this.clock.monotonicMs;
    const from = Math.max(this.clearAt.get(subject) ?? now, now);
    if (points > 0) this.clearAt.set(subject, from + points * connectionLimits.scorePointMs);
    return this.scoreOf(subject);
  }

  scoreOf(subject: Subject): number {
    const leftMs = (this.clearAt.get(subject) ?? 0) - this.clock.monotonicMs;
    return leftMs <= 0 ? 0 : Math.ceil(leftMs / connectionLimits.scorePointMs);
  }

  discourage(subject: Subject): void {
    this.discouragedUntil.set(subject, this.clock.monotonicMs + connectionLimits.discourageMs);
    this.clearAt.delete(subject);
  }

  isDiscouraged(subject: Subject): boolean {
    const untilMs = this.discouragedUntil.get(subject);
    if (untilMs === undefined) return false;
    if (untilMs > this.clock.monotonicMs) return true;
    this.discouragedUntil.delete(subject);
    return false;
  }
}
