/**
 * What the operator is willing to send in a day. Once it is spent old blocks are refused until the
 * day is over; what is new, votes and everything small go on. It counts, and decides nothing else.
 * A day begins with the process: nothing is kept over a restart. protocol-spec/09-connections §4.
 */
import type { Clock } from "../../edge/env.ts";
import { connectionLimits } from "../../params/limits.ts";

export class UploadTarget {
  private readonly clock: Clock;
  /** 0: none. */
  private readonly bytesPerDay: number;
  private dayEndsAt: number;
  private sentBytes = 0;

  constructor(clock: Clock, bytesPerDay: number) {
    this.clock = clock;
    this.bytesPerDay = bytesPerDay;
    this.dayEndsAt = clock.monotonicMs + connectionLimits.uploadDayMs;
  }

  onSent(bytes: number): void {
    this.turnDay();
    this.sentBytes += bytes;
  }

  get isSpent(): boolean {
    this.turnDay();
    return this.bytesPerDay > 0 && this.sentBytes >= this.bytesPerDay;
  }

  private turnDay(): void {
    const now = this.clock.monotonicMs;
    if (now < this.dayEndsAt) return;
    this.dayEndsAt = now + connectionLimits.uploadDayMs;
    this.sentBytes = 0;
  }
}
