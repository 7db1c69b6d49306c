/** One JSON line for each bench, with the facts of the machine without which no figure counts. */
import { arch, cpus, loadavg, release } from "node:os";

export type Figures = Readonly<Record<string, unknown>>;

/** A bar that a figure is held against; ratios only mean something within one run. */
export interface Bar {
  readonly what: string;
  readonly ours: number;
  /** What it is divided by, or must stay below. */
  readonly against: number;
  readonly ratio: number;
  readonly bar: string;
  readonly passed: boolean;
}

export interface BenchLine {
  readonly bench: string;
  readonly figures: Figures;
  readonly bars?: readonly Bar[];
}

/** At least `factor` times what another gives in the same run. */
export function atLeast(what: string, ours: number, against: number, factor: number): Bar {
  const ratio = rounded(ours / against);
  return { what, ours, against, ratio, bar: `at least ${factor} x`, passed: ratio >= factor };
}

/** At most `factor` times what another gives, or a fixed limit with factor 1. */
export function atMost(what: string, ours: number, against: number, factor = 1): Bar {
  const ratio = rounded(ours / against);
  return { what, ours, against, ratio, bar: `at most ${factor} x`, passed: ratio <= factor };
}

export function machineFacts(): Figures {
  const processors = cpus();
  return {
    cpus: processors.length,
    model: processors[0]?.model ?? "unknown",
    node: process.version,
    openssl: process.versions.openssl,
    system: `${process.platform} ${release()} ${arch()}`,
    loadavg: loadavg().map(rounded),
  };
}

export function lineText({ bench, figures, bars }: BenchLine): string {
  const line = { bench, ...figures, ...(bars === undefined ? {} : { bars }) };
  return JSON.stringify({ ...line, machine: machineFacts(), at: new Date().toISOString() });
}

/** Three digits are more than a shared machine repeats. */
export function rounded(value: number): number {
  if (!Number.isFinite(value)) return value;
  return Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle]!;
  return (sorted[middle - 1]! + sorted[middle]!) / 2;
}
