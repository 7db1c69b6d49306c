/**
 * Rates of a running counter: warm-up, then windows, the median of them. Beside each window the CPU
 * of the processes and what others used of the machine meanwhile: a window with much of that says
 * little, so it is repeated, and those with the least of it count.
 */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { BenchOptions } from "./options.ts";
import { median, rounded } from "./report.ts";

export interface Rate {
  /** Counts per second, median. */
  readonly perSecond: number;
  readonly windows: readonly number[];
  /** Cores used by each of `pids`, in the window of the median or nearest to it. */
  readonly cores: readonly number[];
  /** Cores used by everybody else, in each window that counts. */
  readonly foreignCores: readonly number[];
}

/** More of a core than this, and the window is repeated. */
const foreignCoresMax = 0.25;
const triesPerWindow = 3;

export async function rateOf(
  counter: () => number | Promise<number>,
  pids: readonly number[],
  { warmUpMs, windowMs, windows }: Pick<BenchOptions, "warmUpMs" | "windowMs" | "windows">,
): Promise<Rate> {
  await sleep(warmUpMs);
  const all: { rate: number; cores: number[]; foreign: number }[] = [];
  for (let i = 0; i < windows * triesPerWindow; i++) {
    if (all.filter(({ foreign }) => foreign <= foreignCoresMax).length >= windows) break;
    const from = { at: performance.now(), count: await counter(), cpu: pids.map(cpuSeconds) };
    const busyFrom = busySeconds();
    await sleep(windowMs);
    const count = await counter();
    const seconds = (performance.now() - from.at) / 1000;
    const used = pids.map((pid, index) => cpuSeconds(pid) - from.cpu[index]!);
    const foreign = busySeconds() - busyFrom - used.reduce((sum, each) => sum + each, 0);
    all.push({
      rate: (count - from.count) / seconds,
      cores: used.map((each) => rounded(each / seconds)),
      foreign: rounded(Math.max(0, foreign / seconds)),
    });
  }
  const seen = all.sort((a, b) => a.foreign - b.foreign).slice(0, windows);
  const perSecond = median(seen.map(({ rate }) => rate));
  const nearest = [...seen].sort(
    (a, b) => Math.abs(a.rate - perSecond) - Math.abs(b.rate - perSecond),
  )[0]!;
  return {
    perSecond: rounded(perSecond),
    windows: seen.map(({ rate }) => rounded(rate)),
    cores: nearest.cores,
    foreignCores: seen.map(({ foreign }) => foreign),
  };
}

/** User and system time of a process with all its threads; 0 where there is no /proc. */
export function cpuSeconds(pid: number): number {
  const stat = readProc(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / 100;
}

/** Time that the processors of the machine were not idle. */
function busySeconds(): number {
  const ticks = readProc("/proc/stat").split("\n", 1)[0]!.trim().split(/\s+/).slice(1).map(Number);
  if (ticks.length < 8) return 0;
  const [user, nice, system, , , irq, softirq, steal] = ticks;
  return (user! + nice! + system! + irq! + softirq! + steal!) / 100;
}

function readProc(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
