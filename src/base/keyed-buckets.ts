/**
 * A token bucket for each of many keys, say addresses of strangers. Bounded: beyond `keysMax` the
 * key charged longest ago is forgotten and begins anew, so where that helps a flood of keys there
 * must be a limit over all as well. protocol-spec/08-limits §2.
 */
import { BoundedMap } from "./bounded.ts";
import { TokenBucket } from "./token-bucket.ts";

export class KeyedBuckets {
  private readonly perSecond: number;
  private readonly burst: number;
  private readonly buckets: BoundedMap<string, TokenBucket>;

  constructor(perSecond: number, burst: number, keysMax: number) {
    this.perSecond = perSecond;
    this.burst = burst;
    this.buckets = new BoundedMap(keysMax);
  }

  has(key: string, now: number): boolean {
    return this.buckets.get(key)?.has(now) ?? true;
  }

  charge(key: string, now: number): void {
    const bucket = this.buckets.get(key) ?? new TokenBucket(this.perSecond, this.burst);
    bucket.charge(now);
    this.buckets.set(key, bucket);
  }
}
