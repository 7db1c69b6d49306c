/**
 * How many addresses one peer may still tell us: a few a minute, and what we asked for on top. What
 * is beyond is dropped unread, so it also bounds the signatures that a peer can make us check.
 * Invariant: granted tokens never fade, saved ones never exceed the burst. 09-connections §3
 */
import { TokenBucket } from "../../base/token-bucket.ts";
import { connectionLimits } from "../../params/limits.ts";

export class AddressBudget {
  private readonly bucket = new TokenBucket(
    connectionLimits.addressesPerSecond,
    connectionLimits.addressesBurst,
  );
  private granted = 0;

  /** We asked for `count`; at most one full answer is saved. */
  grant(count: number): void {
    this.granted = Math.min(this.granted + count, connectionLimits.addressesPerMessageMax);
  }

  /** False: no more. */
  take(now: number): boolean {
    if (this.granted > 0) {
      this.granted--;
      return true;
    }
    if (!this.bucket.has(now)) return false;
    this.bucket.charge(now);
    return true;
  }
}
