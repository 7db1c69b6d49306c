/**
 * Nodes that are killed, interrupted, started twice or with the wrong network: what was reported
 * final is there again, and every refusal says why and has an exit code of its own.
 */
import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { hexBytes } from "../../src/base/bytes.ts";
import { ed25519 } from "../../src/crypto/ed25519.ts";
import type { DevAccount } from "../../src/host/devnet.ts";
import type { BlockHash } from "../../src/model/ids.ts";
import { idBytes } from "../../src/model/ids.ts";
import { signTransaction } from "../../src/model/transaction.ts";
import { type Fact, NodeProcess } from "../support/node-process.ts";
import { PausableProxy } from "../support/pausable-proxy.ts";
import { until } from "../support/program.ts";
import { inFolder } from "../unit/host/temporary-folder.ts";

const kills = 12;

/** Final blocks that a node has told anybody about, by height. */
type Reported = Map<number, string>;

function noteEvents(node: NodeProcess, reported: Reported): void {
  for (const fact of [...node.events.items, ...node.facts.items]) {
    if (fact["event"] === "finalized") note(reported, fact["height"], fact["hash"]);
    if (fact["type"] === "status") note(reported, fact["finalizedHeight"], fact["finalizedHash"]);
  }
}

function note(reported: Reported, height: unknown, hash: unknown): void {
  const known = reported.get(height as number);
  assert.ok(known === undefined || known === hash, `two final blocks at height ${height}`);
  reported.set(height as number, hash as string);
}

async function checkReported(node: NodeProcess, reported: Reported): Promise<void> {
  const highest = Math.max(0, ...reported.keys());
  for (let from = 0; from <= highest; from += 100) {
    const page = await node.get(`/api/blockchain/blocks?from=${from}&limit=100`);
    const blocks = page["blocks"] as { height: number; hash: string }[];
    const hashes = new Map(blocks.map(({ height, hash }) => [height, hash]));
    for (const [height, hash] of reported) {
      if (height < from || height >= from + 100) continue;
      assert.equal(hashes.get(height), hash, `block ${height} was reported final`);
    }
  }
}

/** Transfers one after another until the node is gone; how many it took. */
async function pay(node: NodeProcess, account: DevAccount, genesisHash: Uint8Array) {
  const seed = hexBytes(account.seed);
  const path = `/api/accounts/${account.address}`;
  let sent = 0;
  try {
    let nonce = BigInt((await node.get(path))["nextNonce"] as string);
    for (;;) {
      const transaction = signTransaction(
        {
          ...{ type: 0, sender: account.publicKey, nonce, fee: 1n, validUntilSlot: 0 },
          ...{ to: account.address, amount: 1n, payload: new Uint8Array(0) },
        },
        genesisHash,
        (preimage) => ed25519.sign(seed, preimage),
      );
      const answer = await fetch(`http://127.0.0.1:${node.http}/api/transactions`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ transaction: Buffer.from(transaction.bytes).toString("hex") }),
      });
      if (answer.status === 202) {
        sent++;
        nonce++;
      } else nonce = BigInt((await node.get(path))["nonce"] as string);
    }
  } catch {
    return sent; // The node is gone.
  }
}

/** Notes what HTTP says is final until the node is gone. */
async function watch(node: NodeProcess, reported: Reported): Promise<void> {
  try {
    for (;;) {
      const info = await node.info();
      note(reported, info["finalizedHeight"], info["finalizedHash"]);
      await sleep(5);
    }
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error;
  }
}

test(`a node killed ${kills} times at random keeps every block that it reported final`, () =>
  inFolder(async (folder) => {
    const dataDir = join(folder, "node");
    const reported: Reported = new Map();
    let sent = 0;
    let genesis: unknown;
    let account: DevAccount | undefined;
    for (let round = 0; round < kills; round++) {
      const more = round === 0 ? ["--slot-ms", "100"] : [];
      const node = await NodeProcess.start({ dataDir, more });
      const started = await node.started();
      genesis ??= started["genesisHash"];
      assert.equal(started["genesisHash"], genesis);
      account ??= (
        JSON.parse(readFileSync(join(dataDir, "keys", "accounts.json"), "utf8")) as DevAccount[]
      )[0]!;
      await checkReported(node, reported);
      const before = Math.max(0, ...reported.keys());
      const paying = pay(node, account, idBytes(genesis as BlockHash));
      const watching = watch(node, reported);
      await node.event("finalized", (event) => (event["height"] as number) > before);
      await sleep(Math.random() * 700);
      await node.kill();
      sent += await paying;
      await watching;
      noteEvents(node, reported);
    }
    const last = await NodeProcess.start({ dataDir });
    await checkReported(last, reported);
    assert.ok(sent > kills, `${sent} transfers were taken`);
    assert.doesNotMatch(last.program.err, /"level":"(error|fatal)"/);
    const { nonce } = await last.get(`/api/accounts/${account!.address}`);
    assert.ok(Number(nonce) > 0, "transfers are in the chain");
    await last.interrupt();
  }));

test("Ctrl-C ends with 0 and the next start continues at the same height and hash", () =>
  inFolder(async (folder) => {
    const dataDir = join(folder, "node");
    // A slot that is longer than the restart: nothing is sealed between the two looks.
    const node = await NodeProcess.start({ dataDir, more: ["--slot-ms", "4000"] });
    await node.event("sealed", (event) => (event["height"] as number) >= 1);
    await until("it is shown", async () => ((await node.info())["height"] ? true : undefined), [
      node.program,
    ]);
    const before = await node.info();
    await node.interrupt();
    assert.equal(node.facts.items.at(-1)!["type"], "stopped");
    const again = await NodeProcess.start({ dataDir });
    const first = await again.facts.wait("a status", (f) =>
      f["type"] === "status" ? f : undefined,
    );
    assert.deepEqual(
      [first["height"], first["headHash"], first["nodeId"], first["genesisHash"]],
      [before["height"], before["headHash"], before["nodeId"], before["genesisHash"]],
    );
    await again.event("sealed", (event) => event["height"] === (before["height"] as number) + 1);
    await again.interrupt();
  }));

async function refused(node: NodeProcess, code: number, says: readonly RegExp[]): Promise<void> {
  assert.equal(await node.program.ended, code, node.program.err);
  for (const each of says) assert.match(node.program.err, each);
  assert.doesNotMatch(node.program.err, /\bat .*\.ts:[0-9]+/, "no stack for an operator's mistake");
}

test("a data folder or a port in use is refused with its own code, and the first node goes on", () =>
  inFolder(async (folder) => {
    const dataDir = join(folder, "first");
    const first = await NodeProcess.start({ dataDir, more: ["--slot-ms", "300"] });
    try {
      const sameFolder = await NodeProcess.spawn({ dataDir });
      await refused(sameFolder, 3, [/another node is using this data folder/, /--data-dir/]);
      const samePort = await NodeProcess.spawn({
        dataDir: join(folder, "second"),
        listen: first.listen,
      });
      await refused(samePort, 4, [new RegExp(`port ${first.listen}`), /--listen/]);
      const from = first.events.items.length;
      await first.event("sealed", () => true, from);
      await first.interrupt();
      // What the refused one left behind is no obstacle.
      const free = await NodeProcess.start({ dataDir: join(folder, "second") });
      await free.interrupt();
    } finally {
      await first.program.end();
    }
  }));

test("two networks refuse each other, and both sides are told that it is the network", () =>
  inFolder(async (folder) => {
    const a = await NodeProcess.start({ dataDir: join(folder, "a"), more: ["--slot-ms", "300"] });
    const dataDir = join(folder, "b");
    const alone = await NodeProcess.start({ dataDir, more: ["--slot-ms", "300"] });
    await alone.interrupt();
    const more = ["--connect", `127.0.0.1:${a.listen}`];
    const b = await NodeProcess.start({ dataDir, more });
    try {
      assert.notDeepEqual(await a.genesisHash(), await b.genesisHash());
      const byA = await a.event("peer-closed", (event) => event["code"] === "wrong-network");
      assert.match(String(byA["detail"]), /network/);
      assert.deepEqual(await b.genesisHash(), await alone.genesisHash());
      const atB = await b.event("peer-closed", () => true);
      assert.match(JSON.stringify(atB), /network|genesis/, "the joiner's log");
    } finally {
      await Promise.all([a.program.end(), b.program.end()]);
    }
  }));

test("a wrong --genesis is refused, a fresh folder keeps nothing of it", () =>
  inFolder(async (folder) => {
    const a = await NodeProcess.start({ dataDir: join(folder, "a"), more: ["--slot-ms", "300"] });
    try {
      const right = String((await a.started())["genesisHash"]);
      const wrong = "ab".repeat(32);
      const dataDir = join(folder, "c");
      const connect = ["--connect", `127.0.0.1:${a.listen}`];
      const fresh = await NodeProcess.spawn({ dataDir, more: [...connect, "--genesis", wrong] });
      await refused(fresh, 6, [/--genesis/, new RegExp(wrong), new RegExp(right)]);
      const joined = await NodeProcess.start({ dataDir, more: [...connect, "--genesis", right] });
      await joined.interrupt();
      const pinned = await NodeProcess.spawn({ dataDir, more: ["--genesis", wrong] });
      await refused(pinned, 6, [/--genesis/, new RegExp(wrong), new RegExp(right)]);
    } finally {
      await a.program.end();
    }
  }));

test("a follower killed in the middle of a sync goes on and ends at the same hash", () =>
  inFolder(async (folder) => {
    const a = await NodeProcess.start({ dataDir: join(folder, "a"), more: ["--slot-ms", "100"] });
    const proxy = await PausableProxy.to(a.listen);
    const dataDir = join(folder, "b");
    const more = ["--connect", `127.0.0.1:${proxy.port}`];
    try {
      const height = async (node: NodeProcess) => (await node.info())["height"] as number;
      await until(
        "there is something to sync",
        async () => ((await height(a)) > 60 ? true : undefined),
        [a.program],
      );
      const heights: number[] = [];
      for (let round = 0; round < 3; round++) {
        const b = await NodeProcess.start({ dataDir, more });
        const moved = (event: Fact) => (event["height"] as number) > (heights.at(-1) ?? 0);
        heights.push((await b.event("head-moved", moved))["height"] as number);
        await sleep(Math.random() * 60);
        await b.kill();
      }
      // Dead on the line in the middle of an answer, and back.
      const b = await NodeProcess.start({ dataDir, more });
      await b.event("peer-ready", () => true);
      proxy.pause();
      proxy.cut();
      proxy.resume();
      const at = await height(a);
      await until("it has caught up", async () => ((await height(b)) >= at ? true : undefined), [
        a.program,
        b.program,
      ]);
      for (const h of [1, Math.floor(at / 2), at])
        assert.equal(await b.blockHash(h), await a.blockHash(h));
      assert.doesNotMatch(b.program.err, /"level":"(error|fatal)"/);
      await b.interrupt();
      // Keys lost, chain kept: it comes back as somebody else and still follows.
      rmSync(join(dataDir, "keys", "node.json"));
      const other = await NodeProcess.start({ dataDir, more });
      await until("it follows", async () => ((await height(other)) > at ? true : undefined), [
        other.program,
      ]);
      await other.interrupt();
    } finally {
      proxy.close();
      await a.program.end();
    }
  }));
