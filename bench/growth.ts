/**
 * `npm run bench:growth -- --blocks 1000000`: does a node stay what it is as the chain grows? A fresh
 * node syncs a long chain of empty blocks from another, over TCP, on disk, everything checked. It is
 * stopped and started again at 10,000 blocks and at the end. One JSON line.
 *
 *   0 ── 10,000 ──────────────────────────────────────────────── N
 *        stop, start   | tenth |          ...          | tenth |   stop, start
 *                        rate                            rate
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { findFreePorts } from "../src/host/testnet/free-ports.ts";
import { makeChain } from "./chain-maker.ts";
import { Child } from "./child.ts";
import type { Grown, GrowthPlan, Passed, Started } from "./growth-child.ts";
import { atLeast, atMost, lineText, rounded } from "./report.ts";

const tenths = 10;
/** A quarter more of anything over a hundred times the chain is growth. */
const flatBar = 1.25;

const { values } = parseArgs({ options: { blocks: { type: "string", default: "1000000" } } });
const blocks = Number(values.blocks);
if (!Number.isInteger(blocks) || blocks < 100) throw new Error("--blocks: at least 100 expected");
const early = Math.min(10_000, blocks / 10);
const heights = Array.from({ length: tenths + 1 }, (_, tenth) =>
  Math.round(early + ((blocks - early) * tenth) / tenths),
);

const root = mkdtempSync(join(tmpdir(), "windlass-growth-"));
const children: Child[] = [];
try {
  await measure();
} finally {
  for (const child of children) await child.stop();
  rmSync(root, { recursive: true, force: true });
}
process.exit(0);

async function measure(): Promise<void> {
  const [server, folder] = [join(root, "server"), join(root, "syncer")];
  mkdirSync(server);
  const plan = { folder: server, blocks, transfersPerBlock: 0, senders: 0 };
  process.stderr.write(`making a chain of ${blocks} blocks\n`);
  const chain = await makeChain(plan);
  const ports = await findFreePorts(2);
  if (ports === undefined) throw new Error("no free ports");
  const argvOf = (port: number, dir: string) =>
    ["--listen", String(port), "--http", "off", "--data-dir", dir] as const;
  const serving = nodeOf({ argv: argvOf(ports[0]!, server), heights: [] });
  await serving.wait<Started>("started");
  const connect = ["--connect", `127.0.0.1:${ports[0]}`] as const;
  const first = ["--network", join(server, "network.json"), ...connect];
  const argv = argvOf(ports[1]!, folder);

  process.stderr.write(`syncing it\n`);
  await runTo({ argv: [...argv, ...first], heights: [early] });
  const onward = await runTo({
    argv: [...argv, ...connect],
    heights: [early + 1, ...heights.slice(1)],
  });
  const again = await runTo({ argv, heights: [] });
  if (again.started.height < blocks) throw new Error("the chain on disk is shorter");

  // From its first block on: before, it found its peer again.
  const { passed } = onward;
  const rates = passed.slice(1).map((to, index) => rateOf(passed[index]!, to));
  const [firstRate, lastRate] = [rates[0]!, rates.at(-1)!];
  const figures = {
    blocks: chain.height,
    headersAndBodiesBytesPerBlock: rounded(chain.bytes / chain.height),
    blocksPerSecond: { first: firstRate.perSecond, last: lastRate.perSecond },
    blocksPerCpuSecond: { first: firstRate.perCpuSecond, last: lastRate.perCpuSecond },
    memory: passed.map(({ height, rssMib, heapMib }) => ({
      ...{ height, rssMib: rounded(rssMib), heapMib: rounded(heapMib) },
    })),
    peakRssMib: rounded(onward.peakRssMib),
    starts: [onward.started, again.started].map(({ height, startMs, startCpuMs, rssMib }) => ({
      ...{ height, ms: rounded(startMs), cpuMs: rounded(startCpuMs), rssMib: rounded(rssMib) },
    })),
    diskBytesPerBlock: rounded(sizeOf(join(folder, "chain")) / blocks),
    secondsToMakeTheChain: rounded(chain.seconds),
  };
  const [rssFirst, rssLast] = [onward.passed[1]!.rssMib, onward.passed.at(-1)!.rssMib];
  const { perCpuSecond } = lastRate;
  const bars = [
    atLeast("blocks per CPU second, last and first", perCpuSecond, firstRate.perCpuSecond, 0.9),
    atMost("RSS, last and first", rounded(rssLast), rounded(rssFirst), flatBar),
    atMost(
      "CPU ms to start, at the end and at 10,000",
      rounded(again.started.startCpuMs),
      rounded(onward.started.startCpuMs),
      flatBar,
    ),
  ];
  process.stdout.write(`${lineText({ bench: "growth", figures, bars })}\n`);
}

function nodeOf(plan: GrowthPlan): Child {
  const child = new Child("growth-child.ts", plan);
  children.push(child);
  return child;
}

/** Starts a node, waits until it has passed all heights, stops it. */
async function runTo(plan: GrowthPlan) {
  const child = nodeOf(plan);
  const started = await child.wait<Started>("started");
  const grown = plan.heights.length > 0 ? await child.wait<Grown>("grown") : undefined;
  await child.stop();
  const passed = grown?.passed ?? [];
  return { started, passed, peakRssMib: grown?.peakRssMib ?? started.rssMib };
}

function rateOf(from: Passed, to: Passed) {
  const count = to.height - from.height;
  return {
    perSecond: rounded(count / (to.seconds - from.seconds)),
    perCpuSecond: rounded(count / (to.cpuSeconds - from.cpuSeconds)),
  };
}

function sizeOf(folder: string): number {
  const files = readdirSync(folder).map((name) => statSync(join(folder, name)).size);
  return files.reduce((sum, size) => sum + size, 0);
}
