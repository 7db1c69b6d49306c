/** Thousands of blocks that become final at once leave memory in slices; what is left is the same. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { chainLimits } from "../../../src/params/limits.ts";
import { ChainBuilder } from "../../support/chain-builder.ts";
import { networkOf } from "../../support/chain-network.ts";
import { ChainWorld, storeAfter } from "../../support/chain-world.ts";

const { buryBlocksPerStepMax } = chainLimits;
const builder = new ChainBuilder(networkOf(4));
const blocks = builder.certified(builder.genesis, 3 * buryBlocksPerStepMax);

/** The finality of the last blocks is on its way to disk, and nothing was buried before. */
function withAllPending(): ChainWorld {
  const world = new ChainWorld(builder);
  world.headers(blocks);
  for (const block of blocks) {
    world.body(block);
    world.drain();
  }
  world.persisted();
  return world;
}

function settled(world: ChainWorld): ChainWorld {
  for (let before = -1; before !== world.batches.length; ) {
    before = world.batches.length;
    world.persisted();
    world.drain();
  }
  return world;
}

test("one step buries a bounded number of blocks, and ticks go on until all are buried", () => {
  const world = withAllPending();
  world.persisted();
  assert.ok(world.chain.anchor.height <= 2 * buryBlocksPerStepMax, "two steps at most so far");
  let before = world.chain.anchor.height;
  for (let steps = 0; world.chain.deadline <= world.clock.monotonicMs + 1; steps++) {
    assert.ok(steps < 20);
    world.advance(1);
    assert.ok(world.chain.anchor.height - before <= buryBlocksPerStepMax);
    before = world.chain.anchor.height;
  }
  assert.ok(world.chain.anchor.height > blocks.length - 5);
});

test("the store is that of a chain whose blocks were buried one by one, and can be cut anywhere", () => {
  const slow = new ChainWorld(builder);
  for (const block of blocks) {
    slow.block(block);
    slow.persisted();
  }
  const [one, many] = [settled(slow), settled(withAllPending())];
  assert.equal(many.chain.anchor.hash, one.chain.anchor.hash);
  assert.equal(many.root, one.root);
  const [left, right] = [one, many].map((world) => {
    const records = storeAfter(world.batches, world.batches.length);
    // Which certificates made blocks final depends on when that was durable.
    return [...records].filter(([key]) => !key.startsWith("51")).sort();
  });
  assert.deepEqual(right, left);
  const { batches } = many;
  for (let count = batches.length; count > batches.length - 8; count--) {
    const again = settled(many.restarted(count));
    assert.ok(again.chain.head.height > 0 && again.chain.anchor.height <= again.chain.head.height);
    const { height } = again.chain.head;
    assert.equal(again.chain.head.hash, blocks[height - 1]!.hash);
    assert.ok(again.chain.anchor.height >= again.chain.finalized.height - 5);
  }
});
