/**
 * How often each string is held; those held no more are gone. Not bounded by itself: whoever holds
 * them is. Invariant: never released more often than held.
 */
import { assert } from "./assert.ts";

export class Counter {
  private readonly counts = new Map<string, number>();

  has(key: string): boolean {
    return this.counts.has(key);
  }

  get(key: string): number {
    return this.counts.get(key) ?? 0;
  }

  add(key: string, by: number): void {
    const count = this.get(key) + by;
    assert(count >= 0, "never released more often than held");
    if (count === 0) this.counts.delete(key);
    else this.counts.set(key, count);
  }
}
