/** What the API answers over a real node in memory. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "../../../src/base/bytes.ts";
import { SoloNode } from "../../support/solo-node.ts";
import { appOf, ask, post, solo } from "./api-under-test.ts";

test("info answers every field of the interface", async () => {
  const { status, json } = await ask("/api/blockchain/info");
  assert.equal(status, 200);
  const head = solo.node.queries.head();
  const { genesisHash } = solo.node.queries.info();
  const named = {
    name: "windlass",
    version: "0.0.1",
    protocolVersion: 1,
    nodeId: solo.node.nodeId,
    network: solo.file.name,
    genesisHash,
    networkId: genesisHash,
    role: "validator",
    state: "synced",
    height: 5,
    headHash: head.hash,
    justifiedHeight: 5,
    finalizedHeight: 4,
    finalizedHash: head.header.parentHash,
    peers: { inbound: 0, outbound: 0 },
    mempool: 0,
  };
  for (const [name, value] of Object.entries(named)) assert.deepEqual(json[name], value, name);
});

test("health says live and ready, and why not", async () => {
  const { json } = await ask("/api/health");
  assert.deepEqual(
    [json.status, json.ready, json.clock],
    ["ok", true, { offsetMs: null, peers: 0, isOff: false }],
  );
  assert.equal((await ask("/api/health/live")).status, 200);
  assert.equal((await ask("/api/health/ready")).status, 200);
  const queries = Object.create(solo.node.queries);
  queries.sync = () => ({ ...solo.node.queries.sync(), state: "lonely" });
  const lonely = appOf(solo, { api: { queries } });
  const answer = await ask("/api/health/ready", lonely);
  assert.equal(answer.status, 503);
  assert.deepEqual(answer.json.reasons, ["no peer is connected"]);
  assert.equal((await ask("/api/health/live", lonely)).status, 200);
});

test("pages of blocks ascend, begin where asked and name the next", async () => {
  const newest = (await ask("/api/blockchain/blocks?limit=2")).json;
  assert.deepEqual([newest.from, newest.next, newest.height], [4, null, 5]);
  assert.deepEqual(
    newest.blocks.map((b: { height: number }) => b.height),
    [4, 5],
  );
  const first = (await ask("/api/blockchain/blocks?from=0&limit=3")).json;
  assert.deepEqual(
    first.blocks.map((b: { height: number }) => b.height),
    [0, 1, 2],
  );
  assert.equal(first.next, 3);
  assert.deepEqual(
    first.blocks.map((b: { status: string }) => b.status),
    ["final", "final", "final"],
  );
  const beyond = (await ask("/api/blockchain/blocks?from=9007199254740991")).json;
  assert.deepEqual([beyond.blocks, beyond.next], [[], null]);
});

test("a block is found by height and by hash, buried or not", async () => {
  for (const height of [0, 1, 4, 5]) {
    const byHeight = (await ask(`/api/blockchain/blocks/${height}`)).json;
    assert.equal(byHeight.height, height);
    assert.equal(byHeight.confirmations, 5 - height + 1);
    assert.equal(byHeight.status, height <= 4 ? "final" : "canonical");
    assert.deepEqual(byHeight.transactions, []);
    const byHash = (await ask(`/api/blockchain/blocks/${byHeight.hash}`)).json;
    assert.deepEqual(byHash, byHeight);
  }
});

test("a transfer is accepted, pending, then confirmed and final, and paid", async () => {
  const own = new SoloNode();
  const ownApp = appOf(own);
  const [alice, bob] = own.accounts as [(typeof own.accounts)[0], (typeof own.accounts)[0]];
  const transfer = own.transfer(alice, { to: bob.address, amount: 25n, nonce: 0n });
  const hex = toHex(transfer.bytes);
  const sent = await ask(post({ transaction: hex }), ownApp);
  assert.deepEqual([sent.status, sent.json], [202, { id: transfer.id, status: "pending" }]);
  const again = await ask(post({ transaction: hex }), ownApp);
  assert.deepEqual([again.status, again.json.code], [409, "transaction-duplicate"]);
  const account = (await ask(`/api/accounts/${alice.address}`, ownApp)).json;
  const { balance, ...counts } = account;
  assert.deepEqual(counts, { address: alice.address, nonce: "0", pending: 1, nextNonce: "1" });
  assert.equal(balance, "1000000000");
  assert.equal((await ask(`/api/transactions/${transfer.id}`, ownApp)).json.status, "pending");
  own.runSlots(1);
  const confirmed = (await ask(`/api/transactions/${transfer.id}`, ownApp)).json;
  assert.equal(confirmed.status, "confirmed");
  assert.deepEqual(
    [confirmed.block.height, confirmed.confirmations, confirmed.final],
    [1, 1, false],
  );
  assert.equal(confirmed.transaction.amount, "25");
  own.runSlots(2);
  const final = (await ask(`/api/transactions/${transfer.id}`, ownApp)).json;
  assert.deepEqual([final.confirmations, final.final, final.block], [3, true, confirmed.block]);
  const block = (await ask("/api/blockchain/blocks/1", ownApp)).json;
  assert.deepEqual(block.transactions, [final.transaction]);
  assert.equal((await ask(`/api/accounts/${bob.address}`, ownApp)).json.balance, "1000000025");
});

test("transactions are found while recent, and once they are buried", async () => {
  const own = new SoloNode();
  const [alice, bob] = own.accounts as [(typeof own.accounts)[0], (typeof own.accounts)[0]];
  const transfer = own.transfer(alice, { to: bob.address, amount: 1n, nonce: 0n });
  own.submit(transfer.bytes);
  own.runSlots(1);
  const recent = await own.reader.transaction(transfer.id);
  assert.equal(recent?.block.status, "canonical");
  own.runSlots(20);
  assert.ok(own.node.queries.anchorHeight() > 1, "block 1 is buried");
  const buried = await own.reader.transaction(transfer.id);
  assert.deepEqual([buried?.block.sealed.header.height, buried?.block.status], [1, "final"]);
  const page = await own.reader.page(0, own.height + 1);
  assert.deepEqual(
    page.map((block) => block.sealed.header.height),
    [...Array(own.height + 1).keys()],
  );
});

test("peers, sync and forks answer", async () => {
  assert.deepEqual((await ask("/api/peers")).json, { inbound: 0, outbound: 0, peers: [] });
  assert.equal((await ask("/api/sync")).json.targetHeight, 5);
  const { forks, head } = (await ask("/api/blockchain/forks")).json;
  assert.equal(head.height, 5);
  const { hash, header } = solo.node.queries.head();
  assert.deepEqual(forks, [
    {
      tip: hash,
      height: 5,
      forkPoint: { height: 5, hash },
      length: 0,
      isHead: true,
      justifiedSlot: header.justifiedSlot,
      status: "executed",
    },
  ]);
});
