/**
 * A rate that many share: while there is enough nobody waits, and when there is not each is held to
 * an equal part, so that nobody uses another's. Pure arithmetic, `now` is passed in; it delays
 * nobody itself. NOT a limit for one alone (`token-bucket.ts`).
 * Invariants: who keeps to rate / (those active) is never told to wait; a lone one has all of it.
 * protocol-spec/08-limits §2.
 */
import { assert } from "./assert.ts";

/** Who was charged within this, or waits, counts as active. */
const activeMs = 1_000;
/** What was used while nobody else wanted it is held against nobody for longer than this. */
const grudgeMs = 2_000;

export class FairBudget {
  readonly intervalMs: number;
  readonly burstMs: number;
  /** When the whole budget would be full again, as in a token bucket. */
  private fullAt = Number.NEGATIVE_INFINITY;
  /** Those charged of late, the latest last. */
  private readonly active = new Set<FairShare>();

  constructor(perSecond: number, burst: number) {
    assert(perSecond > 0 && burst > 0, "a budget that gives something");
    this.intervalMs = 1_000 / perSecond;
    this.burstMs = burst * this.intervalMs;
  }

  open(): FairShare {
    return new FairShare(this);
  }

  /** True while more is wanted than there is. */
  isShort(now: number): boolean {
    return this.fullAt - this.burstMs > now;
  }

  /** Among how many `share`, which is charged now, has to divide. */
  onCharge(share: FairShare, costMs: number, now: number): number {
    this.fullAt = Math.max(this.fullAt, now) + costMs;
    this.active.delete(share);
    this.active.add(share);
    for (const oldest of this.active) {
      if (oldest.activeUntil > now || oldest === share) break;
      this.active.delete(oldest);
    }
    return this.active.size;
  }

  forget(share: FairShare): void {
    this.active.delete(share);
  }
}

export class FairShare {
  private readonly budget: FairBudget;
  private fullAt = Number.NEGATIVE_INFINITY;
  private chargedAt = Number.NEGATIVE_INFINITY;

  constructor(budget: FairBudget) {
    this.budget = budget;
  }

  get activeUntil(): number {
    return Math.max(this.chargedAt + activeMs, this.fullAt - this.budget.burstMs);
  }

  charge(units: number, now: number): void {
    const { budget } = this;
    this.chargedAt = now;
    const costMs = units * budget.intervalMs;
    const ownMs = costMs * budget.onCharge(this, costMs, now);
    const latest = now + budget.burstMs + Math.max(grudgeMs, ownMs);
    this.fullAt = Math.min(Math.max(this.fullAt, now) + ownMs, latest);
  }

  /** From when on it may go on; `now` or earlier: at once. */
  availableAt(now: number): number {
    return this.budget.isShort(now) ? this.fullAt - this.budget.burstMs : now;
  }

  close(): void {
    this.budget.forget(this);
  }
}
