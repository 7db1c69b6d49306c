/**
 * Blocks between five real nodes, each connected to all others: four validators and a follower;
 * processes, sockets, disks. From when the leader has its seal until another node has executed the
 * block. In step: a block's transactions are handed to its leader early enough to be everywhere;
 * half in step: every second one just before the slot, so that the leader alone has it.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { toHex } from "../src/base/bytes.ts";
import { findFreePorts } from "../src/host/testnet/free-ports.ts";
import type { Transaction } from "../src/model/transaction.ts";
import { folderOf, makeFolders } from "./api-final.ts";
import { Child } from "./child.ts";
import type { PropagationRealPlan, Seen } from "./propagation-real-child.ts";
import { rounded } from "./report.ts";

const [nodes, validators] = [5, 4];
const slotMs = 700;
/** Who starts late watches for two rounds before it signs. */
const readySecondsMax = 90;
/** Before the slot: what is to be everywhere, and what is to be nowhere else. */
const [earlyMs, lateMs] = [630, 15];
/** The last block still has to get around. */
const restMs = 600;
const transactionsPerBlock = 40;

/** `withinMs`: the part of deliveries that took no longer is told. */
export async function amongRealNodes(blocks: number, withinMs: number) {
  const root = mkdtempSync(join(tmpdir(), "windlass-bench-"));
  const children: Child[] = [];
  try {
    const network = makeFolders(root, transactionsPerBlock, slotMs);
    const transfers = network.sign(2 * blocks * transactionsPerBlock);
    const ports = await findFreePorts(nodes);
    if (ports === undefined) throw new Error("no free ports");
    for (const [index, port] of ports.entries()) {
      mkdirSync(folderOf(root, index), { recursive: true });
      const others = ports.slice(0, index).flatMap((other) => ["--connect", `127.0.0.1:${other}`]);
      const argv = [
        ...["--listen", String(port), "--http", "off", "--data-dir", folderOf(root, index)],
        ...["--network", join(root, "network.json"), ...others],
      ];
      children.push(new Child("propagation-real-child.ts", { argv } satisfies PropagationRealPlan));
    }
    await Promise.all(children.map((child) => child.wait("running")));
    await untilAllSeal(children);
    const half = blocks * transactionsPerBlock;
    const bytes = transfers[0]!.bytes.length * transactionsPerBlock;
    const shape = { nodes, validators, slotMs, transactionBytesPerBlock: bytes };
    const inStep = await measure(network, children, transfers.slice(0, half), false);
    const halfInStep = await measure(network, children, transfers.slice(half), true);
    const figuresOf = (seen: readonly Seen[]) => figures(seen, withinMs);
    return { ...shape, inStep: figuresOf(inStep), halfInStep: figuresOf(halfInStep) };
  } finally {
    await Promise.all(children.map((child) => child.stop()));
    rmSync(root, { recursive: true, force: true });
  }
}

async function seenBy(children: readonly Child[]): Promise<readonly Seen[]> {
  return await Promise.all(
    children.map((child) => {
      child.tell({ type: "report" });
      return child.wait<Seen>("seen");
    }),
  );
}

async function untilAllSeal(children: readonly Child[]): Promise<void> {
  const sealing = new Set<number>();
  for (let second = 0; second < readySecondsMax; second++) {
    await sleep(1000);
    for (const [index, { sealed }] of (await seenBy(children)).entries()) {
      if (sealed.length > 0) sealing.add(index);
    }
    if (sealing.size === validators) return;
  }
  throw new Error("not all validators seal");
}

async function measure(
  { genesisTimeMs }: { readonly genesisTimeMs: number },
  children: readonly Child[],
  transfers: readonly Transaction[],
  isHalf: boolean,
) {
  const at = (slot: number) => genesisTimeMs + slot * slotMs;
  const until = async (wallMs: number) => await sleep(Math.max(0, wallMs - Date.now()));
  let slot = Math.ceil((Date.now() - genesisTimeMs) / slotMs) + 1;
  await seenBy(children);
  for (let next = 0; next < transfers.length; next += transactionsPerBlock) {
    const texts = transfers
      .slice(next, next + transactionsPerBlock)
      .map(({ bytes }) => toHex(bytes));
    const leader = children[slot % validators]!;
    const early = texts.filter((_, index) => !isHalf || index < texts.length / 2);
    await until(at(slot) - earlyMs);
    leader.tell({ type: "submit", transactions: early });
    await until(at(slot) - lateMs);
    if (isHalf) leader.tell({ type: "submit", transactions: texts.slice(early.length) });
    slot++;
  }
  await until(at(slot - 1) + restMs);
  return await seenBy(children);
}

function figures(seen: readonly Seen[], withinMs: number) {
  const sealedAt = new Map(
    seen.flatMap(({ sealed }) => sealed.map((each) => [each.hash, each.atMs])),
  );
  const ms = seen.flatMap(({ got, sealed }) =>
    got.flatMap(({ hash, atMs }) => {
      const from = sealed.some((own) => own.hash === hash) ? undefined : sealedAt.get(hash);
      return from === undefined ? [] : [atMs - from];
    }),
  );
  ms.sort((a, b) => a - b);
  if (ms.length === 0) throw new Error("no block got around");
  const part = (of: number) => rounded(ms[Math.floor((ms.length - 1) * of)]!);
  const sum = (kind: keyof Seen["said"]) =>
    seen.reduce((total, { said }) => total + (said[kind] || 0), 0);
  const each = (kind: keyof Seen["said"]) => rounded(sum(kind) / ms.length);
  const compactBytes = seen.reduce(
    (total, { said }) => total + (said.compact > 0 ? said.compactBytes * said.compact : 0),
    0,
  );
  return {
    blocks: sealedAt.size,
    wanted: sealedAt.size * (nodes - 1),
    delivered: ms.length,
    ms: { median: part(0.5), p98: part(0.98), p99: part(0.99), worst: part(1) },
    withinBar: rounded(ms.filter((each) => each <= withinMs).length / ms.length),
    perDelivery: {
      ...{ compact: each("compact"), askedCompact: each("askedCompact"), whole: each("whole") },
      ...{ announced: each("announced"), transactions: each("transactions") },
    },
    bytes: {
      compactBlock: rounded(compactBytes / sum("compact")),
      relayedPerDelivery: each("allBytes"),
    },
  };
}
