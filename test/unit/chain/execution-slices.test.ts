/** Far behind, blocks are executed in slices, one a tick, whatever comes between two ticks. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "../../../src/base/bytes.ts";
import { stateKey } from "../../../src/chain/records.ts";
import { chainLimits } from "../../../src/params/limits.ts";
import { ChainBuilder } from "../../support/chain-builder.ts";
import { keyOf, networkOf, seedOf } from "../../support/chain-network.ts";
import { ChainWorld, storeAfter } from "../../support/chain-world.ts";

const { connectBlocksPerStepMax, connectBlocksMin, connectWaitMs } = chainLimits;
const builder = new ChainBuilder(networkOf(4));
const blocks = builder.certified(builder.genesis, 3 * connectBlocksPerStepMax);

/** The headers of all, and the first `count` bodies, `msEach` between two; not a tick yet. */
function worldWith(count: number, msEach = 0): ChainWorld {
  const world = new ChainWorld(builder);
  world.headers(blocks);
  for (const block of blocks.slice(0, count)) {
    world.clock.monotonicMs += msEach;
    world.body(block);
  }
  return world;
}

test("bodies and verdicts execute nothing far behind, and each tick a step's blocks at most", () => {
  const world = worldWith(blocks.length, 5);
  assert.equal(world.chain.head.height, 0);
  const heights: number[] = [];
  while (world.chain.head.height < blocks.length) {
    const before = world.chain.head.height;
    assert.ok(world.chain.deadline <= world.clock.monotonicMs + 1, "the next step is due at once");
    world.advance(1);
    heights.push(world.chain.head.height - before);
    assert.ok(heights.length < 10);
  }
  assert.deepEqual(heights, Array(3).fill(connectBlocksPerStepMax));
  assert.equal(world.chain.head.hash, blocks.at(-1)!.hash);
});

test("a few blocks wait a moment for more, and no longer", () => {
  const few = worldWith(connectBlocksMin - 1);
  assert.equal(few.chain.deadline, few.clock.monotonicMs + connectWaitMs);
  few.advance(connectWaitMs - 1);
  assert.equal(few.chain.head.height, 0);
  few.advance(1);
  assert.equal(few.chain.head.height, connectBlocksMin - 1);
  const many = worldWith(connectBlocksMin);
  many.advance(1);
  assert.equal(many.chain.head.height, connectBlocksMin);
});

test("near the best header a block is executed when its body comes", () => {
  const world = new ChainWorld(builder);
  for (const block of blocks.slice(0, connectBlocksPerStepMax)) {
    world.headers([block]);
    world.body(block);
    assert.equal(world.chain.head.hash, block.hash);
  }
});

test("what one step executes is one batch, and the store is that of blocks executed one by one", () => {
  const fast = worldWith(connectBlocksPerStepMax);
  const before = fast.batches.length;
  fast.advance(1);
  const heads = fast.batches
    .slice(before)
    .filter(({ writes }) => writes.length > connectBlocksPerStepMax);
  assert.equal(heads.length, 1);
  const slow = new ChainWorld(builder);
  for (const block of blocks.slice(0, connectBlocksPerStepMax)) slow.block(block);
  assert.equal(fast.root, slow.root);
  const [left, right] = [fast, slow].map((world) => {
    const { batches } = world;
    // What is final was begun at another moment.
    const records = [...storeAfter(batches, batches.length)];
    return records.filter(([key]) => !/^(51|4d6669)/.test(key)).sort();
  });
  assert.deepEqual(left, right);
});

test("of accounts that many blocks of a step change, the store has the last value", () => {
  const holders = [0, 1, 2, 3].map((account) => keyOf(seedOf(1000 + account)));
  const payers = new ChainBuilder({ ...networkOf(4), validators: holders });
  const chain = [payers.block(payers.genesis)];
  // Each validator is paid in most blocks, and pays or is paid by others in some.
  for (const account of [0, 1, 0, 2, 1]) {
    const nonce = chain
      .flatMap(({ transactions }) => transactions)
      .filter(({ from }) => from === payers.file.accounts[account]!.address).length;
    const transactions = [payers.transfer(account, 3 - account, nonce)];
    const certificate = payers.certificateFor(chain.at(-1)!);
    chain.push(payers.block(chain.at(-1)!, { transactions, certificate }));
    chain.push(payers.block(chain.at(-1)!, {}));
  }
  for (let end = 2; end <= chain.length; end++) {
    const world = new ChainWorld(payers);
    const part = chain.slice(0, end);
    world.headers(part);
    // The first comes last, and all are executed in its step.
    for (const block of part.toReversed()) world.body(block);
    assert.equal(world.chain.head.height, end);
    const records = storeAfter(world.batches, world.batches.length);
    const stored = [...records].filter(([key]) => key.startsWith("53")).sort();
    const entries = [...world.state.entries()].map(([key, value]) => [toHex(stateKey(key)), value]);
    assert.deepEqual(stored, entries.sort());
  }
});
