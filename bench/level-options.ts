/**
 * By hand: `npx tsx bench/level-options.ts [blocks]`. Which options of LevelDB suit the store: what a
 * sync of blocks of transfers writes, merged as `LevelStore` merges it, is written to a fresh
 * database under each candidate in turn, then read at random. One JSON line for each. NOT the sync
 * itself: no signatures, no network. `cpuSeconds` counts all threads, so it holds on a busy machine.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ClassicLevel } from "classic-level";
import type { Write } from "../src/edge/effect.ts";
import { levelOptions } from "../src/host/level-store.ts";
import { WriteMerge } from "../src/host/write-merge.ts";
import { makeChain } from "./chain-maker.ts";
import { median, rounded } from "./report.ts";

/** Blocks whose writes go in one batch: as many as a sync executes while another is in the air. */
const blocksPerBatch = 32;
const reads = 20_000;
const KiB = 1024;
const MiB = 1024 * KiB;

/** The first are what the store has. */
const own = levelOptions;
const candidates = [
  own,
  { ...own, writeBufferSize: 4 * MiB },
  { ...own, writeBufferSize: 16 * MiB },
  { ...own, writeBufferSize: 32 * MiB },
  { ...own, blockSize: 16 * KiB },
  { ...own, maxFileSize: 8 * MiB },
  { ...own, cacheSize: 4 * MiB },
  { ...own, compression: false },
];
type Options = (typeof candidates)[number];

const root = mkdtempSync(join(tmpdir(), "windlass-level-"));
try {
  const batches = await batchesOf(Number(process.argv[2] ?? 600));
  for (const options of candidates) {
    const folder = join(root, "candidate");
    process.stdout.write(`${JSON.stringify(await measure(folder, options, batches))}\n`);
    rmSync(folder, { recursive: true });
  }
} finally {
  rmSync(root, { recursive: true, force: true });
}

async function batchesOf(blocks: number): Promise<(readonly Write[])[]> {
  const folder = join(root, "chain");
  mkdirSync(folder);
  const batches: (readonly Write[])[] = [];
  const merge = new WriteMerge();
  let connected = 0;
  await makeChain({ folder, blocks, transfersPerBlock: 100, senders: 10_000 }, (writes) => {
    for (const write of writes) merge.add(write);
    // A block's own batch, not what finality and burial add.
    if (writes.length > 100 && ++connected % blocksPerBatch === 0) batches.push(merge.take());
  });
  batches.push(merge.take());
  return batches;
}

async function measure(folder: string, options: Options, batches: readonly (readonly Write[])[]) {
  const level = new ClassicLevel<Uint8Array, Uint8Array>(folder, {
    ...{ keyEncoding: "view", valueEncoding: "view" },
    ...options,
  });
  await level.open();
  const before = process.cpuUsage();
  const writeMs: number[] = [];
  for (const [index, writes] of batches.entries()) {
    const begunAt = performance.now();
    const batch = level.batch();
    for (const { key, value } of writes) {
      if (value === undefined) batch.del(key);
      else batch.put(key, value);
    }
    await batch.write({ sync: index % 2 === 1 });
    writeMs.push(performance.now() - begunAt);
  }
  const written = secondsSince(before);
  const kept = batches.flatMap((writes) => writes.filter(({ value }) => value !== undefined));
  const readMs: number[] = [];
  const beforeReads = process.cpuUsage();
  for (let i = 0; i < reads; i++) {
    const begunAt = performance.now();
    await level.get(kept[(i * 7919) % kept.length]!.key);
    readMs.push(performance.now() - begunAt);
  }
  const read = secondsSince(beforeReads);
  await level.close();
  const files = readdirSync(folder);
  return {
    options,
    records: kept.length,
    cpuSeconds: rounded(written),
    seconds: rounded(sum(writeMs) / 1000),
    batchMs: { p50: rounded(median(writeMs)), max: rounded(Math.max(...writeMs)) },
    readCpuUs: rounded((read / reads) * 1e6),
    readMsP99: rounded(readMs.sort((a, b) => a - b)[Math.floor(0.99 * reads)]!),
    diskMib: rounded(sum(files.map((name) => statSync(join(folder, name)).size)) / MiB),
    files: files.length,
  };
}

function secondsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
