/**
 * Transactions from the HTTP API to final: signed transfers posted to all nodes of a local network
 * (four validators and a follower; processes, sockets, disks), in batches, until every one is final
 * at every node. Signing is not part of it.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { emptyBytes, toHex } from "../src/base/bytes.ts";
import { ed25519 } from "../src/crypto/ed25519.ts";
import { createFileSync } from "../src/host/durable-file.ts";
import { createKey } from "../src/host/keys.ts";
import { makeNetwork } from "../src/host/network-maker.ts";
import { systemRandom } from "../src/host/system.ts";
import { findFreePorts } from "../src/host/testnet/free-ports.ts";
import { idBytes, publicKeyOf } from "../src/model/ids.ts";
import { addressOfKey, signTransaction, type Transaction } from "../src/model/transaction.ts";
import type { ApiFinalPlan, FinalBlocks } from "./api-final-child.ts";
import { Child } from "./child.ts";
import type { BenchOptions } from "./options.ts";
import { type BenchLine, median, rounded } from "./report.ts";

const [nodes, validators] = [5, 4];
const slotMs = 1000;
const genesisAheadMs = 6000;
/** Who starts late watches for two rounds before it signs. */
const readySecondsMax = 90;
const finalSecondsMax = 120;
/** As many as a network file holds easily; of each at most 64 may be pending. */
const sendersMax = 1000;
const perSender = 50;
const requestsAtOnce = 4;
/** Transactions of one request. */
const perRequest = 50;

export async function apiFinal(options: BenchOptions): Promise<BenchLine[]> {
  const root = mkdtempSync(join(tmpdir(), "windlass-bench-"));
  const children: Child[] = [];
  try {
    const count = Math.min(options.apiTransfers, sendersMax * perSender);
    const network = makeFolders(root, Math.min(sendersMax, count), slotMs);
    const transfers = network.sign(count);
    const ports = await findFreePorts(2 * nodes);
    if (ports === undefined) throw new Error("no free ports");
    const api = ports.slice(nodes);
    for (let index = 0; index < nodes; index++) {
      const others = ports.slice(0, index).flatMap((port) => ["--connect", `127.0.0.1:${port}`]);
      const argv = [
        ...["--listen", String(ports[index]), "--http", `127.0.0.1:${api[index]}`],
        ...[
          "--network",
          join(root, "network.json"),
          "--data-dir",
          folderOf(root, index),
          ...others,
        ],
      ];
      children.push(new Child("api-final-child.ts", { argv } satisfies ApiFinalPlan));
    }
    await Promise.all(children.map((child) => child.wait("running")));
    await untilSomethingIsFinal(api[0]!);
    return [{ bench: "api-final", figures: await measure(children, api, transfers) }];
  } finally {
    await Promise.all(children.map((child) => child.stop()));
    rmSync(root, { recursive: true, force: true });
  }
}

export const folderOf = (root: string, index: number) => join(root, `node-${index}`);

export function makeFolders(root: string, senderCount: number, slotMs: number) {
  const keyOptions = { signatures: ed25519, random: systemRandom, passphrase: undefined };
  const keys = Array.from({ length: nodes }, (_, index) => {
    mkdirSync(join(folderOf(root, index), "keys"), { recursive: true, mode: 0o700 });
    if (index >= validators) return [];
    const file = join(folderOf(root, index), "keys", "validator.json");
    return [createKey(file, { ...keyOptions, kind: "validator" }).publicKey];
  });
  const senders = Array.from({ length: senderCount }, () => {
    const seed = systemRandom.bytes(32);
    const key = publicKeyOf(ed25519.publicKey(seed));
    return { seed, key, address: addressOfKey(key) };
  });
  const network = makeNetwork({
    name: "bench",
    validators: keys.flat(),
    accounts: senders.map(({ address }) => ({ address, balance: 1_000_000_000n })),
    genesisTimeMs: Date.now() + genesisAheadMs,
    slotMs,
  });
  if ("errors" in network) throw new Error(network.errors.join("; "));
  createFileSync(join(root, "network.json"), network.text, { mode: 0o600 });
  const genesisHash = idBytes(network.genesisHash);
  const sign = (count: number): readonly Transaction[] =>
    Array.from({ length: count }, (_, index) => {
      const { seed, key } = senders[index % senderCount]!;
      const nonce = BigInt(Math.floor(index / senderCount));
      const to = senders[(index * 7 + 3) % senderCount]!.address;
      const terms = { fee: 2n, validUntilSlot: 0, to, amount: 1n, payload: emptyBytes };
      return signTransaction({ type: 0, sender: key, nonce, ...terms }, genesisHash, (preimage) =>
        ed25519.sign(seed, preimage),
      );
    });
  return { sign, genesisTimeMs: network.file.genesisTimeMs };
}

async function untilSomethingIsFinal(port: number): Promise<void> {
  for (let second = 0; second < readySecondsMax; second++) {
    const { body } = await ask(port, "GET", "/api/blockchain/info");
    const { finalizedHeight } = JSON.parse(body) as { readonly finalizedHeight: number };
    if (finalizedHeight > 0) return;
    await sleep(1000);
  }
  throw new Error("nothing became final");
}

async function measure(
  children: readonly Child[],
  api: readonly number[],
  transfers: readonly Transaction[],
) {
  const postedAt = new Map<string, number>();
  const refused = new Map<string, number>();
  const begunAt = Date.now();
  // One sender's go to one node, in order: of each at most a few nonces may be missing.
  const posting = Promise.all(
    api.map((port, index) => postAll(port, index, transfers, postedAt, refused)),
  );
  const knows = children.map(() => new Map<string, number>());
  const wanted = transfers.length;
  let postedMs: number | undefined;
  void posting.then(() => {
    postedMs = Date.now() - begunAt;
  });
  for (let tick = 0; tick < finalSecondsMax * 2; tick++) {
    await sleep(500);
    for (const [index, child] of children.entries()) {
      child.tell({ type: "report" });
      const { blocks } = await child.wait<FinalBlocks>("final");
      for (const { atMs, ids } of blocks) for (const id of ids) knows[index]!.set(id, atMs);
    }
    const lost = [...refused.values()].reduce((sum, count) => sum + count, 0);
    if (postedMs !== undefined && knows.every(({ size }) => size >= wanted - lost)) break;
  }
  await posting;
  const everywhere = transfers.flatMap(({ id }) => {
    const times = knows.map((known) => known.get(id) ?? Number.POSITIVE_INFINITY);
    const last = Math.max(...times);
    return Number.isFinite(last) ? [{ last, latency: last - postedAt.get(id)! }] : [];
  });
  if (everywhere.length === 0) throw new Error("nothing became final everywhere");
  const seconds = (Math.max(...everywhere.map(({ last }) => last)) - begunAt) / 1000;
  const latencies = everywhere.map(({ latency }) => latency).sort((a, b) => a - b);
  return {
    ...{ nodes, validators, slotMs, posted: wanted, finalEverywhere: everywhere.length },
    refused: Object.fromEntries(refused),
    transactionsPerSecond: rounded(everywhere.length / seconds),
    postsPerSecond: postedMs === undefined ? undefined : rounded((1000 * wanted) / postedMs),
    latencyMs: {
      median: rounded(median(latencies)),
      p99: rounded(latencies[Math.floor((latencies.length - 1) * 0.99)]!),
    },
    requests: `${perRequest} transactions each, ${requestsAtOnce} at once to each of ${nodes} nodes`,
  };
}

/** Every fifth sender's transfers, several requests at once, those of one sender in order. */
async function postAll(
  port: number,
  index: number,
  transfers: readonly Transaction[],
  postedAt: Map<string, number>,
  refused: Map<string, number>,
): Promise<void> {
  const senders = [...new Set(transfers.map(({ from }) => from))];
  const turnOf = new Map(senders.map((from, turn) => [from, turn]));
  const mine = transfers.filter(({ from }) => turnOf.get(from)! % nodes === index);
  const agent = new Agent({ keepAlive: true, maxSockets: requestsAtOnce });
  const lane = async (which: number) => {
    const ofLane = mine.filter(
      ({ from }) => Math.floor(turnOf.get(from)! / nodes) % requestsAtOnce === which,
    );
    for (let at = 0; at < ofLane.length; at += perRequest) {
      const batch = ofLane.slice(at, at + perRequest);
      for (const { id } of batch) postedAt.set(id, Date.now());
      const body = JSON.stringify({ transactions: batch.map(({ bytes }) => toHex(bytes)) });
      const answer = await ask(port, "POST", "/api/transactions/batch", body, agent);
      for (const code of refusalsOf(answer, batch.length)) {
        refused.set(code, (refused.get(code) ?? 0) + 1);
      }
    }
  };
  await Promise.all(Array.from({ length: requestsAtOnce }, (_, which) => lane(which)));
  agent.destroy();
}

/** Codes of what was not accepted of a batch of `count`. */
function refusalsOf(answer: { readonly status: number; readonly body: string }, count: number) {
  const { results, code } = JSON.parse(answer.body) as {
    readonly results?: readonly { readonly status: string; readonly code?: string }[];
    readonly code?: string;
  };
  if (results === undefined) return new Array<string>(count).fill(code ?? String(answer.status));
  return results.flatMap((each) => (each.status === "pending" ? [] : [each.code ?? each.status]));
}

function ask(
  port: number,
  method: "GET" | "POST",
  path: string,
  body?: string,
  agent?: Agent,
): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { "content-type": "application/json" };
    const options = { host: "127.0.0.1", port, method, path, headers, ...(agent && { agent }) };
    const sent = request(options, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (part: string) => {
        text += part;
      });
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, body: text }));
      answer.on("error", reject);
    });
    sent.on("error", reject);
    sent.end(body);
  });
}
