/**
 * The real clock and real chance for the core. The clock stands still between two `read`s, so that
 * one step sees one time.
 */
import { randomBytes, randomInt } from "node:crypto";
import type { Clock, Random } from "../edge/env.ts";

export class SystemClock implements Clock {
  /** Whole milliseconds since the process started. */
  monotonicMs = 0;
  wallMs = 0;

  constructor() {
    this.read();
  }

  /** Takes the time; the host calls it at the start of each step. */
  read(): void {
    this.monotonicMs = Math.floor(performance.now());
    this.wallMs = Date.now();
  }
}

export const systemRandom: Random = {
  below: (bound) => randomInt(bound),
  bytes: (count) => new Uint8Array(randomBytes(count)),
};
