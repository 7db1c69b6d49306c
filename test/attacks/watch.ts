/**
 * What an attack cost the node: memory at its peak, lateness of its event loop, and what an honest
 * peer felt. Read from outside: /proc, GET /metrics, pings. NOT the judge of the attack itself.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import type { TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { NodeProcess } from "../support/node-process.ts";
import { until } from "../support/program.ts";
import type { HonestClient } from "./honest-client.ts";

export const megabyte = 1_048_576;
/** Between two pings of the honest peer: no more than what every peer may send (2 a second). */
const probeMs = 550;

export interface Limits {
  /** Above the start, at the peak. */
  readonly memoryBytes?: number;
  /** 99th percentile of how late the event loop was. */
  readonly lagMs?: number;
  readonly pingMs?: number;
}

/**
 * For a machine that does other things too. Flat would be 20 MiB and 50 ms: the figures are printed,
 * so that who reads them can tell; beyond these the node itself suffers.
 */
const generous: Required<Limits> = { memoryBytes: 96 * megabyte, lagMs: 500, pingMs: 5_000 };

export interface Figures {
  readonly peakBytes: number;
  readonly grownBytes: number;
  readonly lagP99Ms: number;
  readonly pings: readonly number[];
}

export class Watch {
  private readonly node: NodeProcess;

  constructor(node: NodeProcess) {
    this.node = node;
  }

  async during(honest: HonestClient, attack: () => Promise<void>): Promise<Figures> {
    const { node } = this;
    await lagP99Ms(node);
    resetPeak(node);
    const before = node.rssBytes;
    const pings: number[] = [await honest.client.ping()];
    const attackOver = new AbortController();
    const probing = (async () => {
      while (!attackOver.signal.aborted) {
        pings.push(await honest.client.ping(30_000));
        await pause(probeMs, undefined, attackOver).catch(() => {});
      }
    })();
    try {
      await attack();
    } finally {
      attackOver.abort();
      await probing;
    }
    const lag = await lagP99Ms(node);
    const peakBytes = Math.max(0, peakBytesOf(node) - before);
    return { peakBytes, grownBytes: node.rssBytes - before, lagP99Ms: lag, pings };
  }
}

export function judge(name: string, figures: Figures, limits: Limits = {}): void {
  const { memoryBytes, lagMs, pingMs } = { ...generous, ...limits };
  const { peakBytes, lagP99Ms: lag, pings } = figures;
  assert.ok(peakBytes < memoryBytes, `${name}: memory rose by ${shownMb(peakBytes)} MiB`);
  assert.ok(lag < lagMs, `${name}: the event loop was ${lag.toFixed(0)} ms late (p99)`);
  const worst = Math.max(...pings);
  assert.ok(worst < pingMs, `${name}: an honest ping took ${worst.toFixed(0)} ms`);
}

export function print(test: TestContext, name: string, figures: Figures, more = ""): void {
  const { peakBytes, grownBytes, lagP99Ms: lag, pings } = figures;
  const memory = `memory ${shownMb(grownBytes)} MiB (peak ${shownMb(peakBytes)})`;
  const ping = `honest ping p50 ${ms(quantile(pings, 0.5))}, p99 ${ms(quantile(pings, 0.99))}`;
  test.diagnostic(`${name}: ${memory}, loop p99 ${ms(lag)}, ${ping}${more && `, ${more}`}`);
}

const ms = (value: number) => `${value.toFixed(1)} ms`;
export const shownMb = (bytes: number): string =>
  `${bytes < 0 ? "" : "+"}${(bytes / megabyte).toFixed(1)}`;

export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0;
}

/** Since the last call, in ms; 0 when nothing was recorded yet. */
async function lagP99Ms(node: NodeProcess): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${node.http}/metrics`);
  const line = /^windlass_event_loop_lag_seconds\{quantile="0\.99"\} (\S+)$/m;
  return Number(line.exec(await response.text())?.[1] ?? 0) * 1000;
}

/** Of /proc: the kernel forgets the highest resident size so far. */
function resetPeak(node: NodeProcess): void {
  writeFileSync(`/proc/${node.pid}/clear_refs`, "5");
}

function peakBytesOf(node: NodeProcess): number {
  const status = readFileSync(`/proc/${node.pid}/status`, "utf8");
  return Number(/VmHWM:\s+([0-9]+) kB/.exec(status)![1]) * 1024;
}

export function openFiles(node: NodeProcess): number {
  return readdirSync(`/proc/${node.pid}/fd`).length;
}

/** Sockets and files are back to `count`: what the attack opened is closed. */
export async function untilFilesAre(node: NodeProcess, count: number): Promise<void> {
  const isBack = () => Promise.resolve(openFiles(node) <= count || undefined);
  await until(`no more than ${count} open files`, isBack, [node.program], 30_000);
}
