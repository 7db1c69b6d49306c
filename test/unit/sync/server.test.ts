import { strict as assert } from "node:assert";
import { test } from "node:test";
import { concatBytes, toHex } from "../../../src/base/bytes.ts";
import { bodyKey, canonicalKey, indexKey } from "../../../src/chain/records.ts";
import type { Conn } from "../../../src/edge/conn.ts";
import { encodeSealedHeader } from "../../../src/model/header.ts";
import { idBytes } from "../../../src/model/ids.ts";
import { chainLimits, syncLimits } from "../../../src/params/limits.ts";
import { encodeHashes } from "../../../src/sync/locator.ts";
import { ChainServer } from "../../../src/sync/server.ts";
import type { Message } from "../../../src/wire/messages.ts";
import { type MadeBlock, MiniChain, MiniStore, makeChain } from "../../support/sync-world.ts";

const alice = 1 as Conn;
const bob = 2 as Conn;

/** A chain of 1,000 blocks of which those below 800 are on disk only. */
function served(blocks: readonly MadeBlock[] = makeChain(1_000), buriedBelow = 800) {
  const chain = new MiniChain(blocks);
  const store = new MiniStore();
  if (buriedBelow > 0) chain.bury(buriedBelow, store);
  const sent: { conn: Conn; message: Message }[] = [];
  const blamed: string[] = [];
  const lane = { free: Number.POSITIVE_INFINITY };
  const port = {
    send: (conn: Conn, message: Message) => {
      if (lane.free <= 0) return false;
      lane.free--;
      sent.push({ conn, message });
      return true;
    },
    hasForRead: () => true,
    blame: (_: Conn, code: string) => void blamed.push(code),
  };
  const server = new ChainServer(port, chain, store);
  const drain = () => {
    while (store.asked.length > 0) store.answer(server);
  };
  return { blocks, chain, store, server, sent, blamed, lane, drain };
}

const hashOf = (block: MadeBlock) => block.sealed.header.hash;
const headersOf = (blocks: readonly MadeBlock[]) =>
  concatBytes(...blocks.map((block) => encodeSealedHeader(block.sealed)));
const getHeaders = (blocks: readonly MadeBlock[], count = 512, stop?: MadeBlock) => ({
  type: "get_headers" as const,
  request: 7,
  locator: encodeHashes(blocks.map(hashOf)),
  stop: stop === undefined ? new Uint8Array(32) : idBytes(hashOf(stop)),
  count,
});
const getBlocks = (blocks: readonly MadeBlock[], request = 7) => ({
  type: "get_blocks" as const,
  request,
  hashes: encodeHashes(blocks.map(hashOf)),
});

test("headers in memory are answered at once", () => {
  const { server, sent, blocks, store } = served();
  server.onGetHeaders(alice, getHeaders([blocks[900]!]));
  assert.deepEqual(sent, [
    {
      conn: alice,
      message: { type: "headers", request: 7, headers: headersOf(blocks.slice(901)) },
    },
  ]);
  assert.equal(store.asked.length, 0);
});

test("buried headers take two loads and join those in memory without a seam", () => {
  const { server, sent, blocks, store, drain } = served();
  server.onGetHeaders(alice, getHeaders([blocks[600]!, blocks[300]!]));
  assert.deepEqual(
    store.asked.map((load) => load.keys.length),
    [2],
  );
  store.answer(server);
  assert.deepEqual(
    store.asked.map((load) => load.keys.length),
    [199],
  );
  drain();
  assert.equal(sent.length, 1);
  const { message } = sent[0]!;
  assert.ok(message.type === "headers");
  assert.deepEqual(message.headers, headersOf(blocks.slice(601)));
  assert.equal(server.load.answers, 0);
});

test("a locator of a stranger's chain is answered from the first block on", () => {
  const { server, sent, blocks, drain } = served();
  server.onGetHeaders(alice, getHeaders(makeChain(5, 9).slice(1), 3));
  drain();
  assert.ok(sent[0]!.message.type === "headers");
  assert.deepEqual(sent[0]!.message.headers, headersOf(blocks.slice(1, 4)));
});

test("headers end with the stop hash, on disk and in memory", () => {
  for (const stop of [650, 900]) {
    const { server, sent, blocks, drain } = served();
    server.onGetHeaders(alice, getHeaders([blocks[600]!], 512, blocks[stop]!));
    drain();
    assert.ok(sent[0]!.message.type === "headers");
    assert.deepEqual(sent[0]!.message.headers, headersOf(blocks.slice(601, stop + 1)));
  }
});

test("a count beyond the limit is answered with the limit", () => {
  const { server, sent, blocks, drain } = served();
  server.onGetHeaders(alice, getHeaders([blocks[0]!], 1_000_000));
  drain();
  assert.ok(sent[0]!.message.type === "headers");
  assert.equal(sent[0]!.message.headers.length, 512 * 420);
});

test("bodies come in the order asked, from disk and memory, unknown ones as nil", () => {
  const { server, sent, blocks, drain } = served();
  const stranger = makeChain(1, 9)[1]!;
  const asked = [blocks[10]!, blocks[990]!, stranger, blocks[799]!, blocks[800]!, blocks[11]!];
  server.onGetBlocks(alice, getBlocks(asked));
  drain();
  const expected = asked.map((block) => (block === stranger ? undefined : block.body));
  assert.deepEqual(
    sent.map(({ message }) => message.type === "block_body" && message.body),
    expected,
  );
  assert.deepEqual(
    sent.map(({ message }) => message.type === "block_body" && message.hash),
    asked.map((block) => idBytes(hashOf(block))),
  );
});

test("reading ahead is bounded by bytes, whatever is asked", () => {
  const blocks = makeChain(120, 1, undefined, 60_000);
  const { server, store, sent } = served(blocks, 110);
  server.onGetBlocks(alice, getBlocks(blocks.slice(1, 101)));
  while (store.asked.length > 0) {
    assert.equal(store.asked.length, 1);
    assert.ok(store.answer(server) <= syncLimits.answerLoadBytesMax);
    assert.ok(server.load.heldBytes <= syncLimits.answerLoadBytesMax);
  }
  assert.equal(sent.length, 100);
});

test("bodies above the read-ahead are read one by one", () => {
  const blocks = makeChain(20, 1, undefined, chainLimits.blockBodyBytesMax);
  const { server, store, sent } = served(blocks, 15);
  server.onGetBlocks(alice, getBlocks(blocks.slice(1, 11)));
  while (store.asked.length > 0) {
    assert.ok(store.answer(server) <= chainLimits.blockBodyBytesMax);
  }
  assert.equal(sent.length, 10);
});

test("a full lane stops an answer, room lets it go on, and nothing is lost or sent twice", () => {
  const { server, sent, blocks, lane, drain, store } = served();
  lane.free = 1;
  const asked = [...blocks.slice(700, 760), ...blocks.slice(850, 900)];
  server.onGetBlocks(alice, getBlocks(asked));
  for (let i = 0; i < 200; i++) {
    drain();
    assert.ok(store.asked.length === 0 && server.load.jobs === 0);
    lane.free = 1;
    server.onRoom(alice);
  }
  assert.deepEqual(
    sent.map(({ message }) => message.type === "block_body" && message.body),
    asked.map((block) => block.body),
  );
});

test("answers beyond the limit are ignored and blamed; another peer is not touched", () => {
  const { server, sent, blocks, blamed, drain } = served();
  for (let i = 0; i < 10; i++) server.onGetBlocks(alice, getBlocks(blocks.slice(1, 100), i));
  server.onGetBlocks(bob, getBlocks(blocks.slice(1, 3)));
  assert.equal(server.load.answers, syncLimits.answersPerPeerMax + 1);
  assert.deepEqual(blamed, Array(10 - syncLimits.answersPerPeerMax).fill("unsolicited"));
  drain();
  assert.equal(sent.filter(({ conn }) => conn === bob).length, 2);
  assert.equal(sent.filter(({ conn }) => conn === alice).length, syncLimits.answersPerPeerMax * 99);
  assert.deepEqual(server.load, { answers: 0, jobs: 0, heldBytes: 0 });
});

test("headers do not wait behind bodies", () => {
  const { server, sent, blocks } = served();
  server.onGetBlocks(alice, getBlocks(blocks.slice(1, 100)));
  server.onGetHeaders(alice, getHeaders([blocks[900]!]));
  assert.deepEqual(
    sent.map(({ message }) => message.type),
    ["headers"],
  );
});

test("single blocks that are read from disk leave room for questions", () => {
  const { server, sent, blocks, blamed } = served();
  for (const block of blocks.slice(1, 10)) server.serveBlock(alice, block.sealed.header.hash);
  assert.equal(server.load.answers, syncLimits.answersPerPeerMax);
  server.onGetHeaders(alice, getHeaders([blocks[900]!]));
  server.onGetBlocks(alice, getBlocks(blocks.slice(1, 3)));
  assert.deepEqual(blamed, []);
  assert.ok(sent.some(({ message }) => message.type === "headers"));
});

test("a connection takes its answers with it; what was loaded for it is let go", () => {
  const { server, sent, blocks, store } = served();
  server.onGetBlocks(alice, getBlocks(blocks.slice(1, 100)));
  server.onClosed(alice);
  assert.deepEqual(server.load, { answers: 0, jobs: 0, heldBytes: 0 });
  const { job } = store.asked[0]!;
  assert.equal(server.onLoaded(job, []), false);
  assert.deepEqual(sent, []);
});

test("one block for get_data: from memory, from disk, or not found", () => {
  const { server, sent, blocks, drain } = served();
  const stranger = makeChain(1, 9)[1]!;
  for (const block of [blocks[900]!, blocks[20]!, stranger]) {
    assert.equal(server.serveBlock(alice, hashOf(block)), true);
    drain();
  }
  const whole = (block: MadeBlock) => ({
    type: "new_block",
    header: encodeSealedHeader(block.sealed),
    body: block.body,
  });
  const items = concatBytes(new Uint8Array([2]), idBytes(hashOf(stranger)));
  assert.deepEqual(
    sent.map(({ message }) => message),
    [whole(blocks[900]!), whole(blocks[20]!), { type: "not_found", items }],
  );
});

test("a block in memory waits for nothing that is read from disk, and is refused by a full lane", () => {
  const { server, sent, blocks, lane } = served();
  for (const block of blocks.slice(1, 10)) server.serveBlock(alice, hashOf(block));
  assert.equal(server.serveBlock(alice, hashOf(blocks[900]!)), true);
  assert.deepEqual(
    sent.map(({ message }) => message.type),
    ["new_block"],
  );
  lane.free = 0;
  assert.equal(server.serveBlock(alice, hashOf(blocks[901]!)), false);
});

test("records that are damaged count as absent", () => {
  const { server, sent, blocks, store, drain } = served();
  const hash = hashOf(blocks[20]!);
  store.records.set(toHex(indexKey(hash)), new Uint8Array(3));
  store.records.set(toHex(canonicalKey(21)), new Uint8Array(452));
  store.records.delete(toHex(bodyKey({ height: 22, hash: hashOf(blocks[22]!) })));
  server.onGetBlocks(alice, getBlocks(blocks.slice(20, 24)));
  drain();
  assert.deepEqual(
    sent.map(({ message }) => message.type === "block_body" && message.body),
    [undefined, undefined, undefined, blocks[23]!.body],
  );
});

test("malformed questions are blamed and open nothing", () => {
  const { server, blamed } = served();
  server.onGetBlocks(alice, { type: "get_blocks", request: 1, hashes: new Uint8Array(31) });
  server.onGetBlocks(alice, { type: "get_blocks", request: 1, hashes: new Uint8Array(129 * 32) });
  const stop = new Uint8Array(32);
  server.onGetHeaders(alice, {
    type: "get_headers",
    request: 1,
    locator: new Uint8Array(0),
    stop,
    count: 1,
  });
  assert.deepEqual(blamed, ["bad-field", "bad-field", "bad-field"]);
  assert.equal(server.load.answers, 0);
});

test("what the store answers while the lane is full is not lost", () => {
  const { server, sent, blocks, lane, store } = served();
  server.onGetHeaders(alice, getHeaders([blocks[600]!]));
  lane.free = 0;
  server.onGetBlocks(alice, getBlocks(blocks.slice(900, 903)));
  store.answer(server);
  store.answer(server);
  assert.equal(server.load.jobs, 0);
  lane.free = 10;
  server.onRoom(alice);
  const types = sent.map(({ message }) => message.type);
  assert.deepEqual(types, ["headers", "block_body", "block_body", "block_body"]);
});
