/**
 * Headers whose seals nobody here looked at are shown to nobody: who passes on a bad one pays.
 * protocol-spec/06-validation §12.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { concatBytes } from "../../../src/base/bytes.ts";
import type { Conn } from "../../../src/edge/conn.ts";
import { encodeSealedHeader } from "../../../src/model/header.ts";
import { blockHashOf } from "../../../src/model/ids.ts";
import { CompactServer } from "../../../src/node/compact-server.ts";
import { PublicChain } from "../../../src/node/public-chain.ts";
import { chainLimits } from "../../../src/params/limits.ts";
import { encodeHashes } from "../../../src/sync/locator.ts";
import { ChainServer } from "../../../src/sync/server.ts";
import type { Message } from "../../../src/wire/messages.ts";
import { ChainBuilder } from "../../support/chain-builder.ts";
import { networkOf } from "../../support/chain-network.ts";
import { ChainWorld, sourceOf } from "../../support/chain-world.ts";
import { type MadeBlock, MiniChain, MiniStore, makeChain } from "../../support/sync-world.ts";

const asker = sourceOf(1);

test("headers whose seals were not checked are given to nobody", () => {
  const builder = new ChainBuilder(networkOf(4));
  const run = builder.certified(builder.genesis, 200);
  const world = new ChainWorld(builder, { trust: { verify: "certified" } });
  const headers = run.map(({ sealed }) => sealed);
  const carrier = world.chain.ranges.carrierOf(headers);
  const proof = run.find(({ hash }) => hash === carrier);
  assert.equal(world.chain.importHeaders(headers, asker, proof).accepted, 200);
  for (const block of run.slice(0, 3)) world.body(block, asker);
  world.advance(chainLimits.connectWaitMs);
  assert.equal(world.chain.head.hash, run[2]!.hash);
  const shown = new PublicChain(world.chain);
  assert.equal(shown.uncheckedHeight, 168);
  assert.deepEqual(shown.headersAfter([builder.genesis.hash], undefined, 10), []);
  const sent: Message[] = [];
  const port = { send: (_: Conn, message: Message) => sent.push(message) > 0, blame: () => {} };
  const compact = new CompactServer(world.env, port, world.chain, shown);
  assert.equal(compact.serve(asker, run[2]!.hash), false);
  assert.deepEqual(sent, []);
  const full = new ChainWorld(builder);
  for (const block of run.slice(0, 3)) full.block(block, asker);
  const given = new PublicChain(full.chain).headersAfter([builder.genesis.hash], undefined, 10);
  assert.ok(!("below" in given) && given.length === 3);
});

/** 30 blocks, of which those below 20 are on disk; the seals of the first ten, or of 25. */
function served(uncheckedHeight: number) {
  const blocks = makeChain(30);
  const chain = new MiniChain(blocks);
  const store = new MiniStore();
  chain.bury(20, store);
  chain.uncheckedHeight = uncheckedHeight;
  const sent: Message[] = [];
  const port = {
    send: (_: Conn, message: Message) => sent.push(message) > 0,
    hasForRead: () => true,
    blame: () => assert.fail("nobody is to blame"),
  };
  const server = new ChainServer(port, chain, store);
  const answers = () => {
    while (store.asked.length > 0) store.answer(server);
    return sent.splice(0);
  };
  return { blocks, server, answers };
}

const hashOf = ({ sealed }: MadeBlock) => sealed.header.hash;

test("buried headers whose seals were not checked are given to nobody", () => {
  const { blocks, server, answers } = served(10);
  const after = (from: number) => {
    const locator = encodeHashes([hashOf(blocks[from]!)]);
    const stop = new Uint8Array(32);
    server.onGetHeaders(asker, { type: "get_headers", request: 1, locator, stop, count: 5 });
    const [answer] = answers();
    return answer?.type === "headers" ? answer.headers : undefined;
  };
  const encoded = (from: number) =>
    concatBytes(...blocks.slice(from, from + 5).map(({ sealed }) => encodeSealedHeader(sealed)));
  assert.deepEqual(after(0), new Uint8Array(0));
  assert.deepEqual(after(9), new Uint8Array(0));
  assert.deepEqual(after(10), encoded(11));
});

test("a block whose seal was not checked is given as a body alone", () => {
  for (const [unchecked, heights] of [
    [10, [10, 11]],
    [25, [25, 26]],
  ] as const) {
    const { blocks, server, answers } = served(unchecked);
    for (const height of heights) server.serveBlock(asker, hashOf(blocks[height]!));
    const types = answers().map(({ type }) => type);
    assert.deepEqual(types, ["not_found", "new_block"], `unchecked up to ${unchecked}`);
    const hashes = encodeHashes([hashOf(blocks[heights[0]]!)]);
    server.onGetBlocks(asker, { type: "get_blocks", request: 2, hashes });
    const [answer] = answers();
    assert.ok(answer?.type === "block_body" && answer.body !== undefined);
    assert.equal(blockHashOf(answer.hash), hashOf(blocks[heights[0]]!));
  }
});
