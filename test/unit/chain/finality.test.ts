import assert from "node:assert/strict";
import { test } from "node:test";
import type { Ticket } from "../../../src/edge/conn.ts";
import { type Built, ChainBuilder, networkOf } from "../../support/chain-builder.ts";
import { ChainWorld, sourceOf } from "../../support/chain-world.ts";

const builder = new ChainBuilder(networkOf(4));
const { genesis } = builder;
const alice = sourceOf(1);
const bob = sourceOf(2);

const kinds = (results: readonly { readonly type: string }[]) => results.map((r) => r.type);

test("with one validator a block is final when its child is executed and that is durable", () => {
  const solo = new ChainBuilder(networkOf(1));
  const world = new ChainWorld(solo);
  const [a1, a2, a3] = solo.chain(solo.genesis, 3) as [Built, Built, Built];
  world.block(a1);
  world.block(a2, alice);
  assert.equal(world.chain.finalized.height, 0);
  assert.ok(world.batches.at(-1)!.sync);
  // A fork that leaves out the block whose finality is being written is not taken.
  for (const block of solo.chain(solo.genesis, 3, 7)) world.block(block, bob);
  assert.equal(world.chain.head.hash, a2.hash);
  const written = world.batches.findLastIndex((batch) => batch.sync) + 1;
  world.chain.onPersisted((written - 1) as Ticket);
  assert.equal(world.chain.finalized.height, 0);
  world.persisted();
  assert.deepEqual(world.chain.finalized, { height: 1, slot: 1, hash: a1.hash });
  assert.equal(world.chain.anchor.hash, a1.hash);
  assert.equal(world.events.at(-1)?.type, "finalized");
  world.block(a3, alice);
  world.persisted();
  assert.equal(world.chain.finalized.hash, a2.hash);
  assert.deepEqual(world.restarted().chain.finalized, world.chain.finalized);
  const [late] = solo.chain(solo.genesis, 1, 50);
  assert.deepEqual(kinds(world.block(late!, bob)), ["rejected"]);
});

test("finality that was written but not yet effective holds after a restart", () => {
  const solo = new ChainBuilder(networkOf(1));
  const world = new ChainWorld(solo);
  const chain = solo.chain(solo.genesis, 5);
  for (const block of chain) world.block(block, alice);
  world.persisted();
  for (let count = 1; count <= world.batches.length; count++) {
    const again = world.restarted(count);
    assert.equal(again.chain.anchor.height, again.chain.finalized.height);
    assert.equal(again.root, solo.rootAt([solo.genesis, ...chain][again.chain.head.height]!));
  }
});

test("with more validators nothing is final yet", () => {
  const world = new ChainWorld(builder);
  for (const block of builder.chain(genesis, 12)) world.block(block);
  world.persisted();
  assert.equal(world.chain.finalized.height, 0);
});
