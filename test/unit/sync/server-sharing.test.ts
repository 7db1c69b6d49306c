/** What serving costs when many ask at once, and when the day's upload is spent. */
import { strict as assert } from "node:assert";
import { test } from "node:test";
import type { Conn } from "../../../src/edge/conn.ts";
import { syncLimits } from "../../../src/params/limits.ts";
import { encodeHashes } from "../../../src/sync/locator.ts";
import { ChainServer } from "../../../src/sync/server.ts";
import type { Message } from "../../../src/wire/messages.ts";
import { type MadeBlock, MiniChain, MiniStore, makeChain } from "../../support/sync-world.ts";

const alice = 1 as Conn;
const bob = 2 as Conn;
const blocks = makeChain(1_000);

/** A chain of 1,000 blocks of which those below 800 are on disk only. */
function served(sparesDisk = () => false, hasForRead = (_: Conn) => true, isFull = () => false) {
  const chain = new MiniChain(blocks);
  const store = new MiniStore();
  chain.bury(800, store);
  const sent: { conn: Conn; message: Message }[] = [];
  const port = {
    send: (conn: Conn, message: Message) => !isFull() && sent.push({ conn, message }) > 0,
    hasForRead,
    blame: () => assert.fail("nobody is to blame"),
  };
  const server = new ChainServer(port, chain, store, sparesDisk);
  const drain = () => {
    while (store.asked.length > 0) store.answer(server);
  };
  return { store, server, sent, drain };
}

const hashOf = (block: MadeBlock) => block.sealed.header.hash;
const getBlocks = (wanted: readonly MadeBlock[]) => ({
  type: "get_blocks" as const,
  request: 7,
  hashes: encodeHashes(wanted.map(hashOf)),
});
const getHeaders = (wanted: readonly MadeBlock[], count: number) => ({
  type: "get_headers" as const,
  request: 7,
  locator: encodeHashes(wanted.map(hashOf)),
  stop: new Uint8Array(32),
  count,
});

test("loads under way are bounded over all peers, and given out in turn", () => {
  const { server, sent, store } = served();
  const crowd = Array.from(
    { length: 3 * syncLimits.answerLoadsMax },
    (_, n) => (2 * n + 2) as Conn,
  );
  for (const conn of crowd) server.onGetBlocks(conn, getBlocks(blocks.slice(1, 3)));
  assert.equal(store.asked.length, syncLimits.answerLoadsMax);
  while (store.asked.length > 0) {
    store.answer(server);
    assert.ok(store.asked.length <= syncLimits.answerLoadsMax);
  }
  for (const conn of crowd) {
    assert.equal(sent.filter((each) => each.conn === conn).length, 2, `peer ${conn}`);
  }
  assert.equal(server.load.jobs, 0);
});

test("who waits for a load and goes leaves its turn to the next", () => {
  const { server, sent, store } = served();
  const crowd = Array.from({ length: syncLimits.answerLoadsMax }, (_, n) => (2 * n + 100) as Conn);
  for (const conn of [...crowd, alice, bob]) {
    server.onGetBlocks(conn, getBlocks(blocks.slice(1, 2)));
  }
  server.onClosed(alice);
  for (const conn of crowd) server.onClosed(conn);
  while (store.asked.length > 0) store.answer(server);
  assert.deepEqual(
    sent.map(({ conn }) => conn),
    [bob],
  );
});

test("beyond the daily target what is on disk is not here, and what is new is", () => {
  const { server, sent, store, drain } = served(() => true);
  server.onGetBlocks(alice, getBlocks([blocks[5]!, blocks[900]!]));
  server.serveBlock(alice, hashOf(blocks[6]!));
  server.onGetHeaders(alice, getHeaders([blocks[10]!], 3));
  assert.ok(store.asked.length <= 1, "headers only");
  drain();
  const types = sent.map(({ message }) =>
    message.type === "block_body" ? `body ${message.body !== undefined}` : message.type,
  );
  assert.deepEqual(types.sort(), ["body false", "body true", "headers", "not_found"]);
});

test("nothing is read for a peer without room, and all of it when another has made room", () => {
  let hasRoom = false;
  const { store, server, sent, drain } = served(
    () => false,
    () => hasRoom,
  );
  server.onGetBlocks(alice, getBlocks(blocks.slice(10, 13)));
  server.serveBlock(alice, hashOf(blocks[20]!));
  server.onGetHeaders(alice, getHeaders([blocks[100]!], 8));
  drain();
  assert.deepEqual(sent, []);
  assert.equal(server.load.heldBytes, 0);
  server.onRoom(alice);
  server.onRoom(bob);
  assert.equal(store.asked.length, 0);
  hasRoom = true;
  server.onRoom(bob);
  drain();
  assert.equal(sent.length, 5);
  assert.equal(server.load.answers, 0);
});

test("what a full lane refuses is let go and read again", () => {
  let isFull = true;
  const { store, server, sent, drain } = served(undefined, undefined, () => isFull);
  server.onGetBlocks(alice, getBlocks(blocks.slice(10, 13)));
  drain();
  assert.deepEqual([sent.length, server.load.heldBytes, server.load.answers], [0, 0, 1]);
  isFull = false;
  server.onRoom(alice);
  assert.equal(store.asked.length, 1);
  drain();
  assert.equal(sent.length, 3);
});
