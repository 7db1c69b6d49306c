/** What a node does not do for a compact block, nor give of one, beside compact-relay.test.ts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { concatBytes, u16Bytes } from "../../../src/base/bytes.ts";
import type { Conn, Ticket } from "../../../src/edge/conn.ts";
import { idBytes } from "../../../src/model/ids.ts";
import { CompactServer } from "../../../src/node/compact-server.ts";
import { PublicChain } from "../../../src/node/public-chain.ts";
import { relayLimits } from "../../../src/params/limits.ts";
import { inventoryKinds, type Message } from "../../../src/wire/messages.ts";
import type { Built } from "../../support/built.ts";
import { ChainBuilder } from "../../support/chain-builder.ts";
import { networkOf } from "../../support/chain-network.ts";
import { ChainWorld, sourceOf } from "../../support/chain-world.ts";
import { CompactWorld, compactOf } from "./compact-world.ts";

test("a forged seal costs neither a question nor a copy", () => {
  const world = new CompactWorld();
  const [peer, next] = [world.connect(), world.connect()];
  const block = world.block([world.transfer()]);
  for (const each of [peer, next]) world.announce(each, block);
  const sealed = block.sealed.slice();
  sealed[400]! ^= 1;
  world.send(peer, compactOf({ ...block, sealed }));
  assert.deepEqual(world.heard(peer, "get_block_txs"), []);
  assert.deepEqual(world.blames(peer), ["header-seal"]);
  assert.deepEqual(world.asked(next), [inventoryKinds.compact], "another copy may be good");
});

test("of a block that it gives whole after all a peer answers for every byte", () => {
  const world = new CompactWorld();
  const peer = world.connect();
  const [first, second, third] = [world.transfer(), world.transfer(), world.transfer()];
  world.share(peer, [first, second, third]);
  const bad = world.block([first, second], { stateRoot: new Uint8Array(32).fill(1) });
  world.announce(peer, bad);
  // As if the first and the third had one short id.
  const other = concatBytes(new Uint8Array(4), third.bytes, second.bytes);
  world.send(peer, compactOf({ ...bad, body: other }));
  assert.deepEqual(world.blames(peer), []);
  world.send(peer, { type: "new_block", header: bad.sealed, body: bad.body });
  assert.deepEqual(world.blames(peer), ["block-state-root"]);
});

test("a peer that owes an answer is asked for the block whole, not for the same again", () => {
  const world = new CompactWorld();
  const peer = world.connect();
  const block = world.block([world.transfer()]);
  world.announce(peer, block);
  world.send(peer, compactOf(block));
  world.hub.advance(relayLimits.requestMs);
  world.announce(peer, block);
  world.send(peer, compactOf(block));
  assert.equal(world.heard(peer, "get_block_txs").length, 1);
  assert.equal(world.asked(peer).at(-1), inventoryKinds.block);
  assert.deepEqual(world.blames(peer), []);
});

test("a block of which too much is missing is fetched whole", () => {
  const world = new CompactWorld();
  const peer = world.connect();
  const block = world.block([world.transfer()], { bodyBytes: relayLimits.blockTxsBytesMax + 5 });
  world.announce(peer, block);
  world.send(peer, compactOf(block));
  assert.deepEqual(world.heard(peer, "get_block_txs"), []);
  assert.equal(world.asked(peer).at(-1), inventoryKinds.block);
});

test("after transactions that are not those that were asked for the next is asked at once", () => {
  const world = new CompactWorld();
  const [peer, next] = [world.connect(), world.connect()];
  const [mine, other] = [world.transfer(), world.transfer()];
  const block = world.block([mine]);
  for (const each of [peer, next]) world.announce(each, block);
  world.send(peer, compactOf(block));
  assert.deepEqual(world.asked(next), []);
  world.send(peer, { type: "block_txs", hash: block.hash, transactions: other.bytes });
  assert.deepEqual(world.asked(next), [inventoryKinds.compact]);
});

const builder = new ChainBuilder(networkOf(4));
const asker = sourceOf(7);

function served(world: ChainWorld) {
  const sent: Message[] = [];
  const port = {
    send: (_: Conn, message: Message) => sent.push(message) > 0,
    blame: () => assert.fail("nobody is to blame"),
  };
  const shown = new PublicChain(world.chain);
  const server = new CompactServer(world.env, port, world.chain, shown);
  const asked = (block: Built) => {
    const hash = idBytes(block.hash);
    server.onGetBlockTxs(asker, { type: "get_block_txs", hash, indexes: u16Bytes(0) });
    return sent.splice(0).map(({ type }) => type);
  };
  return { shown, asked, serve: (block: Built) => server.serve(asker, block.hash) };
}

const paying = (parent: Built, nonce: number) =>
  builder.block(parent, { transactions: [builder.transfer(0, 1, nonce)] });

test("of a block of our own nothing is given before it is durable", () => {
  const world = new ChainWorld(builder);
  const own = paying(builder.genesis, 0);
  world.block(own);
  const { shown, serve, asked } = served(world);
  const ticket = world.batches.length as Ticket;
  shown.hold(own.hash, ticket);
  assert.equal(serve(own), false);
  assert.deepEqual(asked(own), ["not_found"]);
  shown.onDurable(ticket);
  assert.equal(serve(own), true);
  assert.deepEqual(asked(own), ["compact_block", "block_txs"]);
});

test("an old block is given whole, and nothing of a still older one", () => {
  const world = new ChainWorld(builder);
  const blocks = [paying(builder.genesis, 0)];
  const { compactDepthMax, blockTxsDepthMax } = relayLimits;
  while (blocks.length < blockTxsDepthMax + 3) blocks.push(paying(blocks.at(-1)!, blocks.length));
  for (const block of blocks) world.block(block);
  const { serve, asked } = served(world);
  const below = (depth: number) => blocks.at(-1 - depth)!;
  assert.deepEqual([compactDepthMax, compactDepthMax + 1].map(below).map(serve), [true, false]);
  asked(below(0));
  const answers = [blockTxsDepthMax, blockTxsDepthMax + 1].map(below).map(asked);
  assert.deepEqual(answers, [["block_txs"], ["not_found"]]);
});
