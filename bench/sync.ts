/**
 * Full sync between two real nodes, each a process with its LevelDB, over TCP: everything is checked
 * (seals, transfers, roots). First a long chain of empty blocks, then blocks of signed transfers.
 * Beside it hsd on disk, with as many blocks.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { VerifyMode } from "../src/chain/certified-ranges.ts";
import { findFreePorts } from "../src/host/testnet/free-ports.ts";
import { type ChainPlan, type MadeChain, makeChain } from "./chain-maker.ts";
import { Child } from "./child.ts";
import type { BenchOptions } from "./options.ts";
import { type Peers, peerFigure } from "./peers.ts";
import { atLeast, type BenchLine, median, rounded } from "./report.ts";
import type { Synced, SyncPlan } from "./sync-child.ts";

const fullBar = 5_000;
const transferBar = 20_000;
const certifiedBar = 12_000;

type Shape = Omit<ChainPlan, "folder">;

export async function syncEmpty(options: BenchOptions, peers: Peers): Promise<BenchLine[]> {
  const shape = { blocks: options.blocks, transfersPerBlock: 0, senders: 0 };
  const [ours] = await measureModes(shape, options, ["full"]);
  const bars = [atLeast("empty blocks/s, fixed bar", ours.blocksPerSecond, fullBar, 1)];
  const hsd = peerFigure(await syncHsd(peers, shape, options.repeats), "blocks_per_s");
  if (hsd !== undefined) {
    bars.push(atLeast("empty blocks/s, hsd on disk", ours.blocksPerSecond, hsd.value, 1));
  }
  return [{ bench: "sync-empty", figures: { ...ours, ...(hsd && { hsd }) }, bars }];
}

/** Its lines; none without its program. */
function syncHsd(peers: Peers, { blocks, transfersPerBlock }: Shape, repeats: number) {
  const size = [`--blocks=${blocks}`, `--txs=${transfersPerBlock}`];
  return peers.run("chain.mjs", ["--peer=hsd", "--do=sync", ...size, `--reps=${repeats}`]);
}

/** The same in mode certified; beside it mode full, on the same chain and machine. */
export async function syncCertified(options: BenchOptions): Promise<BenchLine[]> {
  const shape = { blocks: options.blocks, transfersPerBlock: 0, senders: 0 };
  const [full, ours] = await measureModes(shape, options, ["full", "certified"]);
  const bars = [atLeast("empty blocks/s, fixed bar", ours.blocksPerSecond, certifiedBar, 1)];
  return [{ bench: "sync-certified", figures: { ...ours, full: inShort(full) }, bars }];
}

/** A chain ten times as long, once in each mode: what of the others is the warming up of the JIT. */
export async function syncLong(options: BenchOptions): Promise<BenchLine[]> {
  const shape = { blocks: options.longBlocks, transfersPerBlock: 0, senders: 0 };
  const once = { ...options, repeats: 1 };
  const [full, certified] = await measureModes(shape, once, ["full", "certified"]);
  return [{ bench: "sync-long", figures: { ...full, certified: inShort(certified) } }];
}

export async function syncTransfers(options: BenchOptions, peers: Peers): Promise<BenchLine[]> {
  const { transferBlocks: blocks, transfersPerBlock, senders } = options;
  const shape = { blocks, transfersPerBlock, senders };
  const [ours, certified] = await measureModes(shape, options, ["full", "certified"]);
  const bars = [atLeast("transfers/s, fixed bar", ours.transfersPerSecond, transferBar, 1)];
  const hsd = peerFigure(await syncHsd(peers, shape, options.repeats), "txs_per_s");
  if (hsd !== undefined) {
    bars.push(atLeast("transfers/s, hsd on disk", ours.transfersPerSecond, hsd.value, 1));
  }
  const figures = { ...ours, senders, certified: inShort(certified), ...(hsd && { hsd }) };
  return [{ bench: "sync-transfers", figures, bars }];
}

/** Of the mode that stands beside the one that the line is about. */
function inShort(measured: Measured) {
  const { blocksPerSecond, transfersPerSecond, seconds, cpuSecondsSyncer } = measured;
  const { loopDelayMs, peakRssMib } = measured;
  return {
    blocksPerSecond,
    transfersPerSecond,
    seconds,
    cpuSecondsSyncer,
    loopDelayMs,
    peakRssMib,
  };
}

/** One chain, synced in each of `modes` in turn, so that a busy machine is as busy for all. */
async function measureModes<const M extends readonly VerifyMode[]>(
  shape: Shape,
  options: BenchOptions,
  modes: M,
): Promise<{ [K in keyof M]: Measured }> {
  const root = mkdtempSync(join(tmpdir(), "windlass-bench-"));
  try {
    const folder = join(root, "server");
    mkdirSync(folder);
    const chain = await makeChain({ ...shape, folder });
    const runs = modes.map((): Run[] => []);
    for (let i = 0; i < options.repeats; i++) {
      for (const [at, mode] of modes.entries()) {
        runs[at]!.push(await run(root, i, chain, options, mode));
      }
    }
    const { transfersPerBlock } = shape;
    const measured = runs.map((each) => ({ ...figuresOf(chain, each), transfersPerBlock }));
    return measured as { [K in keyof M]: Measured };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

type Measured = ReturnType<typeof figuresOf> & { readonly transfersPerBlock: number };

interface Used {
  readonly type: "used";
  readonly cpuSeconds: number;
  readonly peakRssMib: number;
  /** Of its main thread, since it was asked last. */
  readonly loopBusy: number;
}

interface Run {
  readonly synced: Synced;
  readonly syncer: Used;
  readonly server: Used;
  readonly diskBytes: number;
}

async function run(
  root: string,
  index: number,
  chain: MadeChain,
  options: BenchOptions,
  mode: VerifyMode,
): Promise<Run> {
  const ports = await findFreePorts(2);
  if (ports === undefined) throw new Error("no free ports");
  const folder = join(root, `syncer-${index}`);
  const serverFolder = join(root, "server");
  const network = join(serverFolder, "network.json");
  const nodeOf = (port: number, dir: string, more: string[], target: number | undefined) => {
    const argv = ["--listen", String(port), "--http", "off", "--data-dir", dir, ...more];
    return new Child("sync-child.ts", { argv, target } satisfies SyncPlan, options.profile);
  };
  const server = nodeOf(ports[0]!, serverFolder, [], undefined);
  let syncer: Child | undefined;
  try {
    await server.wait("serving");
    const before = await used(server);
    const connect = ["--network", network, "--connect", `127.0.0.1:${ports[0]}`, "--verify", mode];
    syncer = nodeOf(ports[1]!, folder, connect, chain.height);
    const synced = await syncer.wait<Synced>("synced");
    if (synced.headHash !== chain.headHash) throw new Error("synced to another head");
    if (synced.transfers !== chain.transfers) throw new Error("transfers are missing");
    const after = await used(server);
    const serverUsed = { ...after, cpuSeconds: after.cpuSeconds - before.cpuSeconds };
    const syncerUsed = await used(syncer);
    await syncer.stop();
    const diskBytes = sizeOf(join(folder, "chain"));
    return { synced, syncer: syncerUsed, server: serverUsed, diskBytes };
  } finally {
    await syncer?.stop();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function used(child: Child): Promise<Used> {
  child.tell({ type: "use" });
  return await child.wait<Used>("used");
}

function figuresOf(chain: MadeChain, runs: readonly Run[]) {
  const of = (figure: (run: Run) => number) => rounded(median(runs.map(figure)));
  const seconds = median(runs.map(({ synced }) => synced.seconds));
  return {
    blocks: chain.height,
    transfers: chain.transfers,
    validators: 4,
    blocksPerSecond: rounded(chain.height / seconds),
    transfersPerSecond: rounded(chain.transfers / seconds),
    megabytesPerSecond: rounded(chain.bytes / seconds / 1e6),
    seconds: runs.map(({ synced }) => rounded(synced.seconds)),
    secondsWithStart: runs.map(({ synced }) => rounded(synced.secondsWithStart)),
    peakRssMib: of(({ syncer }) => syncer.peakRssMib),
    serverPeakRssMib: of(({ server }) => server.peakRssMib),
    loopDelayMs: {
      p50: of(({ synced }) => synced.loopDelayP50Ms),
      p99: of(({ synced }) => synced.loopDelayP99Ms),
      max: of(({ synced }) => synced.loopDelayMaxMs),
    },
    cpuSecondsSyncer: of(({ syncer }) => syncer.cpuSeconds),
    cpuSecondsServer: of(({ server }) => server.cpuSeconds),
    loopBusySyncer: of(({ synced }) => synced.loopBusy),
    loopBusyServer: of(({ server }) => server.loopBusy),
    diskMib: of(({ diskBytes }) => diskBytes / 1024 / 1024),
    secondsToMakeTheChain: rounded(chain.seconds),
  };
}

function sizeOf(folder: string): number {
  const files = readdirSync(folder).map((name) => statSync(join(folder, name)).size);
  return files.reduce((sum, size) => sum + size, 0);
}
