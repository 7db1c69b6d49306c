/**
 * Credit for BULK frames, both ends. Kernels hide megabytes of queue, so without it a vote would
 * wait seconds behind block bodies. Totals are cumulative bytes of frame bodies and never fall.
 * protocol-spec/03-frames §7.
 *
 *   total granted  |-----------------------------|
 *   consumed       |-----------|                 window = granted - consumed, at most
 */
import { assert } from "../base/assert.ts";
import { wireLimits } from "../params/limits.ts";
import { WireError } from "../wire/errors.ts";

/** A gap this long between BULK frames means that nobody asked, not that the link is slow. */
const idleGapMs = 1_000;
/** Deliveries are measured over at least this long; shorter times are noise of the clock. */
const measureMs = 20;
/** On top of the round trip: covers scheduling at both ends. */
const slackMs = 50;

/** What the peer lets us send. */
export class SendingCredit {
  private totalBytes: number;
  private spentBytes = 0;

  constructor(totalBytes: number) {
    this.totalBytes = totalBytes;
  }

  get leftBytes(): number {
    return this.totalBytes - this.spentBytes;
  }

  /** Throws WireError when the peer takes back what it granted. */
  onCredit(totalBytes: number): void {
    if (totalBytes < this.totalBytes) {
      throw new WireError("bad-field", `credit fell from ${this.totalBytes} to ${totalBytes}`);
    }
    this.totalBytes = totalBytes;
  }

  spend(bytes: number): void {
    this.spentBytes += bytes;
  }
}

/** What we let the peer send. */
export class ReceivingCredit {
  private totalBytes: number;
  private windowBytes: number;
  private arrivedBytes = 0;
  private consumedBytes = 0;
  private consumedAt = Number.NEGATIVE_INFINITY;
  private measuredBytes = 0;
  private measuredMs = 0;

  /** `windowBytes` is what our HELLO said. */
  constructor(windowBytes: number) {
    const useful = windowBytes === 0 || windowBytes >= wireLimits.bulkCreditBytesMin;
    assert(useful, "a sender may wait for room for its smallest bulk frame");
    this.totalBytes = windowBytes;
    this.windowBytes = windowBytes;
  }

  /** A BULK header announces `bodyBytes`; throws WireError before anything is kept for it. */
  onHeader(bodyBytes: number): void {
    if (this.arrivedBytes + bodyBytes > this.totalBytes) {
      const left = this.totalBytes - this.arrivedBytes;
      throw new WireError("credit-exceeded", `${bodyBytes} bytes of bulk against ${left}`);
    }
    this.arrivedBytes += bodyBytes;
  }

  /** Those bytes are dealt with. Returns the new total when it is time to announce one. */
  onConsumed(bodyBytes: number, now: number, pingMs: number | undefined): number | undefined {
    this.consumedBytes += bodyBytes;
    const gapMs = now - this.consumedAt;
    this.consumedAt = now;
    if (gapMs < idleGapMs) {
      this.measuredMs += gapMs;
      this.measuredBytes += bodyBytes;
    }
    if (this.totalBytes - this.consumedBytes > this.windowBytes / 2) return undefined;
    this.adapt(pingMs);
    const totalBytes = this.consumedBytes + this.windowBytes;
    if (totalBytes <= this.totalBytes) return undefined;
    this.totalBytes = totalBytes;
    return totalBytes;
  }

  /** A window of one round trip keeps the link busy; a larger one only makes votes wait. */
  private adapt(pingMs: number | undefined): void {
    if (pingMs === undefined || this.measuredMs < measureMs) return;
    const wanted = Math.floor((this.measuredBytes / this.measuredMs) * (pingMs + slackMs));
    this.windowBytes = Math.min(
      Math.max(wanted, wireLimits.bulkCreditBytesMin),
      wireLimits.bulkCreditBytesMax,
    );
    this.measuredBytes = 0;
    this.measuredMs = 0;
  }
}
