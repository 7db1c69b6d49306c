/** The process whose memory is measured: sessions on sockets, or a whole node in a folder. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { getHeapSpaceStatistics } from "node:v8";
import { hexBytes } from "../src/base/bytes.ts";
import { findFreePorts } from "../src/host/testnet/free-ports.ts";
import { listenToParent, planOf, tellParent } from "./child.ts";
import { listenOnLoopback } from "./listening.ts";
import { benchGenesis, newIdentity, WireEnd } from "./wire-end.ts";

export interface HoldPlan {
  readonly what: "sessions" | "node";
  readonly count: number;
  /** Between two collections of garbage. */
  readonly settleMs: number;
}

interface Holder {
  readonly port: number;
  readonly genesis: Uint8Array;
  open(): number;
  close(): Promise<void>;
}

const settleRounds = 4;

async function holdSessions(): Promise<Holder> {
  const ends = new Set<WireEnd>();
  const identity = newIdentity();
  const server = await listenOnLoopback((socket) => {
    const end = new WireEnd(socket, "responder", identity, { onGone: () => ends.delete(end) });
    ends.add(end);
  });
  setInterval(() => {
    for (const end of ends) end.tick();
  }, 250);
  const open = () => [...ends].filter(({ session }) => session.phase === "ready").length;
  return { port: server.port, genesis: benchGenesis, open, close: async () => server.close() };
}

async function holdNode(): Promise<Holder> {
  const { startNode } = await import("./real-node.ts");
  const folder = mkdtempSync(join(tmpdir(), "windlass-bench-"));
  const port = (await findFreePorts(1))![0]!;
  // A slot that does not come: the node has nothing to do but its peers.
  const running = await startNode([
    ...["--listen", String(port), "--http", "off", "--data-dir", folder],
    ...["--max-peers", "1000", "--outbound", "0", "--slot-ms", "600000"],
  ]);
  return {
    port,
    genesis: hexBytes(running.network.genesisHash),
    open: () => running.node.queries.info().peers.inbound,
    close: async () => {
      await running.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const plan = planOf<HoldPlan>();
const holder = plan.what === "node" ? await holdNode() : await holdSessions();

async function measure(): Promise<void> {
  for (let i = 0; i < settleRounds; i++) {
    globalThis.gc?.();
    await sleep(plan.settleMs);
  }
  const { rss, heapUsed: heap, external } = process.memoryUsage();
  const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space");
  const youngRss = young?.physical_space_size ?? 0;
  tellParent({ type: "memory", open: holder.open(), rss, youngRss, heap, external });
}

listenToParent(
  () => void measure(),
  () => holder.close(),
);
tellParent({ type: "holding", port: holder.port, genesis: [...holder.genesis] });
