/**
 * How many connections this machine can bear now: from `peersMin` to the operator's `peersMax`.
 * The only sign of load that the core has is how late its deadlines are met. Falls by a quarter
 * after some late ones in a row, rises by one for each quiet spell; a single pause of the process
 * changes nothing. protocol-spec/09-connections §1
 */
import { connectionLimits } from "../../params/limits.ts";

const { peersMin, overloadMs, loadCheckMs, overloadedChecks } = connectionLimits;

export class LoadLimit {
  private readonly min: number;
  private readonly max: number;
  private checkAt = Number.NEGATIVE_INFINITY;
  private isLate = false;
  private lateInRow = 0;
  /** Connections, manual ones aside. */
  limit: number;

  constructor(peersMax: number, outboundMax: number) {
    this.max = peersMax;
    this.min = Math.min(peersMax, Math.max(peersMin, outboundMax));
    this.limit = peersMax;
  }

  /** A deadline was met `lateMs` after it had come. True when the limit changed. */
  onTick(lateMs: number, now: number): boolean {
    if (lateMs >= overloadMs) this.isLate = true;
    if (now < this.checkAt) return false;
    this.checkAt = now + loadCheckMs;
    this.lateInRow = this.isLate ? this.lateInRow + 1 : 0;
    this.isLate = false;
    const before = this.limit;
    if (this.lateInRow === 0) this.limit = Math.min(this.max, this.limit + 1);
    else if (this.lateInRow >= overloadedChecks) {
      this.lateInRow = 0;
      this.limit = Math.max(this.min, this.limit - (this.limit >> 2));
    }
    return this.limit !== before;
  }
}
