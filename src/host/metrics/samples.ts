/**
 * The newest values of something measured, and what they come to. NOT a history: the oldest goes
 * for the newest, so that memory stays flat however long a node runs.
 */
export interface Summary {
  /** Ever measured; the other members are of the newest 1,000. All are null before the first. */
  readonly count: number;
  readonly last: number | null;
  readonly median: number | null;
  readonly p95: number | null;
  readonly max: number | null;
}

const keptMax = 1000;

export class Samples {
  private readonly kept: number[] = [];
  private count = 0;

  add(value: number): void {
    this.kept[this.count % keptMax] = value;
    this.count++;
  }

  summary(): Summary {
    const { count } = this;
    const sorted = [...this.kept].sort((a, b) => a - b);
    const at = (part: number) => sorted[Math.ceil(part * sorted.length) - 1] ?? null;
    const last = count === 0 ? null : this.kept[(count - 1) % keptMax]!;
    return { count, last, median: at(0.5), p95: at(0.95), max: at(1) };
  }
}
