/** Blocks per second over a sliding window, for people; nothing is decided by it. */
import { syncLimits } from "../params/limits.ts";

interface Sample {
  readonly at: number;
  readonly height: number;
}

export class BlockRate {
  /** Oldest first, at most one a tenth of the window. */
  private readonly samples: Sample[] = [];

  /** The head is at `height` at the monotonic instant `at`, ms. */
  note(at: number, height: number): void {
    const { rateWindowMs } = syncLimits;
    const last = this.samples.at(-1);
    if (last !== undefined && at - last.at < rateWindowMs / 10) return;
    this.samples.push({ at, height });
    while (at - this.samples[0]!.at > rateWindowMs) this.samples.shift();
  }

  perSecond(at: number, height: number): number {
    const from = this.samples.find((sample) => at - sample.at <= syncLimits.rateWindowMs);
    if (from === undefined || at <= from.at) return 0;
    return Math.max(0, ((height - from.height) * 1_000) / (at - from.at));
  }
}
