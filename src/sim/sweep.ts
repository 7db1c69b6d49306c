/**
 * Many seeds, one after the other in this process or over several (`sweep-worker.ts`): hands out
 * seeds and hands back reports, in the order in which they are done. A seed is one process's from
 * beginning to end, so its digest is the same however many there are.
 * Invariant: after `stop` no seed is begun; those at hand are reported.
 */
import { type ChildProcess, fork } from "node:child_process";
import { setImmediate as turn } from "node:timers/promises";
import { runSeed, type SeedOptions, type SeedReport } from "./run-seed.ts";

/** To a worker. */
export interface Order {
  readonly seed: string;
  readonly options: SeedOptions;
}

/** Collecting garbage in one thread costs less in all; large halves are collected seldom. */
const workerFlags = ["--single-threaded-gc", "--max-semi-space-size=32"];

export class Sweep {
  private readonly seeds: Iterator<string>;
  private readonly options: SeedOptions;
  private readonly onReport: (report: SeedReport) => void;
  private isStopped = false;

  constructor(
    seeds: Iterable<string>,
    options: SeedOptions,
    onReport: (report: SeedReport) => void,
  ) {
    this.seeds = seeds[Symbol.iterator]();
    this.options = options;
    this.onReport = onReport;
  }

  /** Begins no further seed. */
  stop(): void {
    this.isStopped = true;
  }

  async run(jobs: number): Promise<void> {
    if (jobs > 1) {
      await Promise.all(Array.from({ length: jobs }, () => this.work()));
      return;
    }
    for (let seed = this.next(); seed !== undefined; seed = this.next()) {
      this.onReport(runSeed(seed, this.options));
      // A seed runs without a pause: signals are heard between seeds.
      await turn();
    }
  }

  private next(): string | undefined {
    if (this.isStopped) return undefined;
    const { done, value } = this.seeds.next();
    return done === true ? undefined : value;
  }

  /** One worker, until there is nothing more to do. */
  private async work(): Promise<void> {
    const worker = fork(new URL("./sweep-worker.ts", import.meta.url), {
      execArgv: [...process.execArgv, ...workerFlags],
      // JSON would lose what is undefined.
      serialization: "advanced",
    });
    try {
      for (let seed = this.next(); seed !== undefined; seed = this.next()) {
        this.onReport(await ask(worker, { seed, options: this.options }));
      }
    } finally {
      if (worker.connected) worker.disconnect();
    }
  }
}

function ask(worker: ChildProcess, order: Order): Promise<SeedReport> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null, signal: string | null) => {
      reject(new Error(`the worker of seed ${order.seed} ended: ${signal ?? code}`));
    };
    worker.once("exit", onExit);
    worker.once("message", (report) => {
      worker.off("exit", onExit);
      resolve(report as SeedReport);
    });
    worker.send(order);
  });
}
