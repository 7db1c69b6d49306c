import assert from "node:assert/strict";
import { test } from "node:test";
import type { BlockHash } from "../../../src/model/ids.ts";
import { syncLimits } from "../../../src/params/limits.ts";
import { ChainBuilder } from "../../support/chain-builder.ts";
import { networkOf } from "../../support/chain-network.ts";
import { ChainWorld } from "../../support/chain-world.ts";

const builder = new ChainBuilder(networkOf(4));
const { genesis } = builder;
const certified = builder.certified(genesis, 33);
const long = [...certified, ...builder.chain(certified.at(-1)!, 97)];

/** 130 blocks, 31 of them final, the anchor at 30. */
function grown(): ChainWorld {
  const world = new ChainWorld(builder);
  for (const block of long) {
    world.block(block);
    world.persisted();
  }
  assert.deepEqual([world.chain.anchor.height, world.chain.finalized.height], [30, 31]);
  return world;
}

test("forks, confirmations and the locator say where the branches stand", () => {
  const world = grown();
  const side = builder.chain(long[119]!, 2, 300);
  for (const block of side) world.block(block);
  const [head, fork] = world.chain.view.forks();
  assert.ok(head?.isHead && head.tip === long[129]!.hash && head.length === 0);
  assert.deepEqual(fork?.forkPoint, { height: 120, hash: long[119]!.hash });
  assert.equal(fork?.length, 2);
  assert.equal(world.chain.view.confirmations(long[129]!.hash), 1);
  assert.equal(world.chain.view.confirmations(long[0]!.hash), 130);
  assert.equal(world.chain.view.confirmations(side[0]!.hash), undefined);
  const locator = world.chain.locator();
  assert.ok(locator.length <= 20 && locator.length <= syncLimits.locatorMax);
  assert.deepEqual(
    locator.slice(0, 10),
    long
      .slice(-10)
      .reverse()
      .map((b) => b.hash),
  );
  assert.deepEqual(locator.slice(-2), [world.chain.anchor.hash, genesis.hash]);
});

test("headers after a locator come from memory, or say from where to load", () => {
  const { view } = grown().chain;
  const heights = (result: ReturnType<typeof view.headersAfter>) =>
    "below" in result ? result : result.map((s) => s.header.height);
  const unknown = "00".repeat(32) as BlockHash;
  assert.deepEqual(heights(view.headersAfter([long[99]!.hash], undefined, 3)), [101, 102, 103]);
  assert.deepEqual(
    heights(view.headersAfter([unknown, long[127]!.hash], undefined, 9)),
    [129, 130],
  );
  assert.deepEqual(heights(view.headersAfter([long[29]!.hash], long[31]!.hash, 9)), [31, 32]);
  assert.deepEqual(heights(view.headersAfter([long[3]!.hash], undefined, 9)), { below: 4 });
  assert.deepEqual(heights(view.headersAfter([genesis.hash], undefined, 9)), { below: 0 });
  assert.deepEqual(heights(view.headersAfter([unknown], undefined, 9)), { below: 0 });
});

test("missing bodies are those of the best header chain that have not come, in order", () => {
  const world = new ChainWorld(builder, { autoVerify: false });
  const blocks = builder.chain(genesis, 6);
  world.headers([...blocks, ...builder.chain(genesis, 2, 50)]);
  world.body(blocks[0]!);
  world.body(blocks[2]!);
  const heights = (max: number) => world.chain.missingBodies(max).map((node) => node.height);
  assert.deepEqual(heights(9), [2, 4, 5, 6]);
  assert.deepEqual(heights(2), [2, 4]);
  assert.equal(world.chain.bestHeader.hash, blocks[5]!.hash);
});
