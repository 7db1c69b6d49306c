/**
 * Limits events per second with a burst, as pure arithmetic: `now` is passed in, nothing waits
 * here. Kept as the one instant at which the bucket would be full again (GCRA), so that "allowed
 * at t" and "next allowed at t" can never disagree by a rounding. protocol-spec/08-limits §2.
 */
import { assert } from "./assert.ts";

export class TokenBucket {
  private readonly intervalMs: number;
  private readonly burst: number;
  private fullAt = Number.NEGATIVE_INFINITY;

  constructor(perSecond: number, burst: number) {
    assert(perSecond > 0 && burst >= 1, "a bucket that gives something");
    this.intervalMs = 1_000 / perSecond;
    this.burst = burst;
  }

  /** The instant, perhaps long past, from which a token is there. */
  get availableAt(): number {
    return this.fullAt - (this.burst - 1) * this.intervalMs;
  }

  has(now: number): boolean {
    return now >= this.availableAt;
  }

  /** Takes one token, into debt when there is none. */
  charge(now: number): void {
    this.fullAt = Math.max(this.fullAt, now) + this.intervalMs;
  }
}
