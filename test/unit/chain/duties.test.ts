/** What the chain offers a validator: the timely block, whether it is valid, what is durable. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "../../../src/base/bytes.ts";
import { nodeKey } from "../../../src/chain/records.ts";
import { chainLimits } from "../../../src/params/limits.ts";
import type { Built } from "../../support/built.ts";
import { ChainBuilder } from "../../support/chain-builder.ts";
import { networkOf } from "../../support/chain-network.ts";
import { ChainWorld, sourceOf, storeAfter } from "../../support/chain-world.ts";

const builder = new ChainBuilder(networkOf(4));
const { genesis } = builder;
const alice = sourceOf(1);

/** The head is the last of `long`; `side` is shorter, on genesis. */
const long = builder.chain(genesis, 4);
const side = builder.chain(genesis, 3, 11);

function grown(): ChainWorld {
  const world = new ChainWorld(builder);
  for (const block of [...long, ...side]) world.block(block, alice);
  assert.equal(world.chain.head.hash, long[3]!.hash);
  return world;
}
const nodeOf = (world: ChainWorld, { hash }: Built) => world.chain.node(hash)!;

test("the timely block of a slot is the first header of its leader, wherever it stands", () => {
  const world = grown();
  const { duties } = world.chain;
  assert.equal(duties.timely(13)?.hash, side[2]!.hash);
  assert.equal(duties.timely(14), undefined);
  const twin = builder.block(long[3]!, { slot: 13 });
  world.block(twin);
  assert.equal(world.chain.head.hash, twin.hash);
  assert.equal(duties.timely(13)?.hash, side[2]!.hash, "a second one is not timely");
});

test("a block beside the head is executed to prove it, and head and state are as before", () => {
  const world = grown();
  const node = nodeOf(world, side[2]!);
  assert.ok(!node.isProven);
  const { root } = world;
  assert.deepEqual(world.chain.duties.prove(node), { isValid: true, results: [] });
  assert.ok(node.isProven && node.stored);
  assert.equal(world.root, root);
  assert.equal(world.chain.head.hash, long[3]!.hash);
  const records = storeAfter(world.batches, world.batches.length);
  for (const block of side) assert.ok(records.has(toHex(nodeKey(block))), "a vote may follow");
  const again = world.restarted();
  assert.equal(again.chain.head.hash, long[3]!.hash);
  assert.ok(again.chain.node(side[2]!.hash)?.isProven);
  const count = world.batches.length;
  world.chain.duties.prove(node);
  assert.equal(world.batches.length, count, "proven once");
});

test("a block that turns out invalid is rejected when it is proven, and convicts its giver", () => {
  const world = grown();
  const bad = builder.block(side[0]!, { slot: 14, lie: { stateRoot: new Uint8Array(32).fill(1) } });
  world.block(bad, alice);
  const { isValid, results } = world.chain.duties.prove(nodeOf(world, bad));
  assert.ok(!isValid);
  const [verdict] = results;
  assert.ok(verdict?.type === "rejected" && verdict.source === alice);
  assert.equal(verdict.rejection.code, "block-state-root");
  assert.equal(world.root, builder.rootAt(long[3]!));
  assert.deepEqual(world.chain.duties.prove(nodeOf(world, bad)), { isValid: false, results: [] });
});

test("too far beside the head nothing is proven, on either side of the fork", () => {
  const world = new ChainWorld(builder);
  const max = chainLimits.proveBlocksMax;
  const deep = builder.chain(genesis, max + 2);
  const [one] = builder.chain(genesis, 1, 21) as [Built];
  const branch = builder.chain(deep[2]!, max - 1, 31);
  for (const block of [...deep.slice(0, max + 1), one, ...branch]) world.block(block);
  const isValid = (block: Built) => world.chain.duties.prove(nodeOf(world, block)).isValid;
  assert.equal(world.chain.head.height, max + 2);
  assert.ok(!isValid(one), "more would be undone");
  assert.ok(isValid(branch[0]!));
  assert.ok(!world.chain.node(one.hash)!.stored);
});

test("a block that is not complete is not proven", () => {
  const world = new ChainWorld(builder);
  world.headers(side);
  assert.ok(!world.chain.duties.prove(nodeOf(world, side[2]!)).isValid);
});

test("only what stands on what is proven final, and is not that itself, may be voted for", () => {
  const world = new ChainWorld(builder);
  const chain = builder.certified(genesis, 3);
  for (const block of [...chain, ...side]) world.block(block);
  const { duties } = world.chain;
  assert.deepEqual(
    [...chain, side[0]!].map((block) => duties.standsOnFinal(nodeOf(world, block))),
    [false, true, true, false],
    "durable or not",
  );
  assert.equal(world.chain.finalized.height, 0);
});

test("everything executed is durable with the ticket that is given", () => {
  const world = grown();
  const ticket = world.chain.duties.makeDurable();
  assert.equal(ticket, world.batches.length);
  assert.ok(world.batches.at(-1)!.sync);
  assert.equal(world.chain.duties.makeDurable(), ticket, "nothing was written since");
});

test("a checkpoint is believed before any other block at its height, by whole branches", () => {
  const checkpoint = { height: side[1]!.height, hash: side[1]!.hash };
  const world = new ChainWorld(builder, { trust: { checkpoint } });
  const codeOf = (block: Built) => world.headers([block], alice).rejection?.code;
  assert.equal(codeOf(long[0]!), undefined);
  assert.equal(codeOf(long[1]!), "header-checkpoint");
  for (const block of [...long, ...side]) world.block(block, alice);
  assert.equal(world.chain.head.hash, side[2]!.hash);
  const elsewhere = builder.block(long[3]!, { slot: 30 });
  assert.ok(world.block(elsewhere, alice).every((result) => result.type === "orphan"));
});
