/**
 * Whether what one peer asked for is deflated: on a line that the operator called thin, and to whom
 * takes it slowly while it waits. Measures only while bulk waits, so silence is never slow. NOT the
 * format (`wire/deflated.ts`). Exists only for a peer to which bulk was sent.
 * Invariant: all peers together never take more than their part of the processor.
 * protocol-spec/03-frames §9.
 *
 *   sent ... sent | nothing more waits           a burst that the kernel or the credit takes at once,
 *        ^^^^^^^^ measured: bytes and time        and the time in which nobody asks, do not count
 */
import { FairBudget, type FairShare } from "../base/fair-budget.ts";
import { wireLimits } from "../params/limits.ts";
import { deflatePayload } from "../wire/deflated.ts";

/** A sample has at least so many bytes, or took so long. */
const sampleBytes = 65_536;
const sampleMs = 200;
/** So many slow samples more than fast ones: one alone may be a receiver that was busy. */
const slowSamples = 2;
const slowSamplesMax = 4;
/** What was measured is believed for as long. */
const believedMs = 60_000;
/** What it costs to begin, in bytes. */
const beginBytes = 4_096;
/** Bulk that is sent as it is after some of it gained nothing. */
const plainBytesAfterAll = 1_048_576;

/** What all peers of a node share of it. */
export class SharedDeflation {
  readonly budget = new FairBudget(
    wireLimits.deflateBytesPerSecond,
    wireLimits.deflateBytesPerSecond,
  );
  /** The line is known to be the limit: nothing is measured. */
  readonly isThin: boolean;
  /** Payload bytes that were not sent, over all peers. */
  savedBytes = 0;

  constructor(isThin: boolean) {
    this.isThin = isThin;
  }
}

export class Deflation {
  private readonly shared: SharedDeflation;
  private readonly share: FairShare;
  /** When bulk was sent and more was left waiting; Infinity when nothing was. */
  private waitsSince = Number.POSITIVE_INFINITY;
  /** The wait has lasted: what leaves now, leaves as fast as the peer takes it. */
  private isPaced = false;
  private bytes = 0;
  private ms = 0;
  /** Slow samples less fast ones, from 0 to `slowSamplesMax`. */
  private slowness = 0;
  private sampledAt = Number.NEGATIVE_INFINITY;
  private plainBytes = 0;

  constructor(shared: SharedDeflation) {
    this.shared = shared;
    this.share = shared.budget.open();
  }

  /** A BULK frame leaves. `isMoreWaiting`: and it is not the last of what there is. */
  onSent(bodyBytes: number, isMoreWaiting: boolean, now: number): void {
    this.plainBytes -= bodyBytes;
    const waitedMs = now - this.waitsSince;
    if (waitedMs > 0) {
      this.isPaced = true;
      this.ms += waitedMs;
    }
    if (this.isPaced) this.bytes += bodyBytes;
    if (this.ms >= sampleMs || (this.ms > 0 && this.bytes >= sampleBytes)) this.judge(now);
    this.waitsSince = isMoreWaiting ? now : Number.POSITIVE_INFINITY;
    if (!isMoreWaiting) this.isPaced = false;
  }

  isDue(now: number): boolean {
    const isSlow = this.slowness >= slowSamples && now - this.sampledAt <= believedMs;
    if (!isSlow && !this.shared.isThin) return false;
    return this.plainBytes <= 0 && this.share.availableAt(now) <= now;
  }

  /** Undefined when it is to be sent as it is. */
  deflate(payload: Uint8Array, now: number): Uint8Array | undefined {
    this.share.charge(beginBytes + payload.length, now);
    const deflated = deflatePayload(payload);
    if (deflated === undefined) this.plainBytes = plainBytesAfterAll;
    else this.shared.savedBytes += payload.length - deflated.length;
    return deflated;
  }

  close(): void {
    this.share.close();
  }

  private judge(now: number): void {
    const perSecond = (1_000 * this.bytes) / this.ms;
    const step = perSecond < wireLimits.deflateBelowBytesPerSecond ? 1 : -1;
    this.slowness = Math.min(Math.max(this.slowness + step, 0), slowSamplesMax);
    this.sampledAt = now;
    this.bytes = 0;
    this.ms = 0;
  }
}
