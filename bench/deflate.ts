/**
 * What deflating the answers of a sync costs, and what it gains. First the answers themselves: size
 * and time at both ends. Then the sync of one chain over lines of some speeds, in turn with a server
 * that deflates as it sees fit and one that never does: lines that it has to find slow by itself,
 * one that `--upload-kbps` limits, and the bare loopback, where it should not pay, nor happen.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findFreePorts } from "../src/host/testnet/free-ports.ts";
import { type MadeChain, makeChain } from "./chain-maker.ts";
import { Child } from "./child.ts";
import type { DeflatePlan } from "./deflate-child.ts";
import { costsOfAnswers } from "./deflate-costs.ts";
import type { BenchOptions } from "./options.ts";
import { type BenchLine, type Figures, rounded } from "./report.ts";
import type { Synced } from "./sync-child.ts";
import { ThinLine } from "./thin-line.ts";

const bytesPerMegabit = 125_000;

interface LineCase {
  readonly name: string;
  /** Of a relay between the two; 0: there is none. */
  readonly relayMbits: number;
  readonly uploadKbps: number;
}

const lines: readonly LineCase[] = [
  { name: "2 Mbit/s", relayMbits: 2, uploadKbps: 0 },
  { name: "10 Mbit/s", relayMbits: 10, uploadKbps: 0 },
  { name: "50 Mbit/s", relayMbits: 50, uploadKbps: 0 },
  { name: "--upload-kbps 10000", relayMbits: 0, uploadKbps: 10_000 },
  { name: "loopback", relayMbits: 0, uploadKbps: 0 },
];

export async function deflate(options: BenchOptions): Promise<BenchLine[]> {
  const root = mkdtempSync(join(tmpdir(), "windlass-bench-"));
  try {
    const folder = join(root, "server");
    mkdirSync(folder);
    const { deflateBlocks: blocks, deflateTransfers: transfersPerBlock } = options;
    const chain = await makeChain({
      folder,
      blocks,
      transfersPerBlock,
      senders: transfersPerBlock,
    });
    const answers = await costsOfAnswers(folder, options);
    const synced: Record<string, Figures> = {};
    const chosen = lines.slice(0, options.deflateLines);
    for (const line of chosen) synced[line.name] = await compare(root, chain, line);
    const { height, transfers, bytes } = chain;
    return [
      { bench: "deflate", figures: { answers, chain: { height, transfers, bytes }, synced } },
    ];
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

async function compare(root: string, chain: MadeChain, line: LineCase): Promise<Figures> {
  const plain = await sync(root, chain, line, true);
  const deflated = await sync(root, chain, line, false);
  const timesAsFast = rounded(plain.seconds / deflated.seconds);
  return { timesAsFast, bytes: rounded(deflated.bytes / plain.bytes), plain, deflated };
}

async function sync(root: string, chain: MadeChain, line: LineCase, plain: boolean) {
  const ports = await findFreePorts(2);
  if (ports === undefined) throw new Error("no free ports");
  const folder = join(root, "syncer");
  const network = join(root, "server", "network.json");
  const nodeOf = (port: number, dir: string, more: string[], target: number | undefined) => {
    const argv = ["--listen", String(port), "--http", "off", "--data-dir", dir, ...more];
    return new Child("deflate-child.ts", { argv, target, plain } satisfies DeflatePlan);
  };
  const upload = ["--upload-kbps", String(line.uploadKbps)];
  const server = nodeOf(ports[0]!, join(root, "server"), upload, undefined);
  let [syncer, relay]: [Child | undefined, ThinLine | undefined] = [undefined, undefined];
  try {
    await server.wait("serving");
    if (line.relayMbits > 0) {
      relay = await ThinLine.to(ports[0]!, line.relayMbits * bytesPerMegabit);
    }
    const address = `127.0.0.1:${relay?.port ?? ports[0]}`;
    const before = await spent(server);
    syncer = nodeOf(ports[1]!, folder, ["--network", network, "--connect", address], chain.height);
    const synced = await syncer.wait<Synced>("synced");
    if (synced.headHash !== chain.headHash) throw new Error("synced to another head");
    const after = await spent(server);
    const { cpuSeconds } = await spent(syncer);
    return {
      seconds: rounded(synced.seconds),
      bytes: after.bytesSent - before.bytesSent,
      cpuSecondsServer: rounded(after.cpuSeconds - before.cpuSeconds),
      cpuSecondsSyncer: rounded(cpuSeconds),
    };
  } finally {
    await syncer?.stop();
    relay?.close();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Spent {
  readonly cpuSeconds: number;
  readonly bytesSent: number;
}

type Used = { readonly type: "used" } & Pick<Spent, "cpuSeconds">;
type Sent = { readonly type: "sent" } & Pick<Spent, "bytesSent">;

async function spent(child: Child): Promise<Spent> {
  child.tell({ type: "use" });
  const { bytesSent } = await child.wait<Sent>("sent");
  const { cpuSeconds } = await child.wait<Used>("used");
  return { bytesSent, cpuSeconds };
}
