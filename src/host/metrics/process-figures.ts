/**
 * What the process costs: memory, CPU, and how late its event loop runs. NOT about the node. The
 * loop is watched from the first question on: a node that nobody scrapes pays nothing for it.
 */
import { type IntervalHistogram, monitorEventLoopDelay } from "node:perf_hooks";

/** Between looks at the loop. */
const resolutionMs = 20;
const quantiles = [0.5, 0.99, 1];

export class ProcessFigures {
  private delays: IntervalHistogram | undefined;

  get memory(): NodeJS.MemoryUsage {
    return process.memoryUsage();
  }

  get cpuSeconds(): number {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  }

  /** Seconds by quantile since the last call; empty at the first, and before there is any. */
  takeLag(): (readonly [quantile: string, seconds: number])[] {
    if (this.delays === undefined) {
      this.delays = monitorEventLoopDelay({ resolution: resolutionMs });
      this.delays.enable();
      return [];
    }
    const { delays } = this;
    if (delays.count === 0) return [];
    // What is recorded is the whole time between two looks.
    const seconds = (part: number) =>
      Math.max(0, delays.percentile(100 * part) / 1e9 - resolutionMs / 1000);
    const found = quantiles.map((part) => [String(part), seconds(part)] as const);
    delays.reset();
    return found;
  }
}
