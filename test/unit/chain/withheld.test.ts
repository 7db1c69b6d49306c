/** What the chain does with headers whose bodies nobody gives, and with branches that must go. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { chainLimits } from "../../../src/params/limits.ts";
import { bareRun } from "../../support/bare-headers.ts";
import type { Built } from "../../support/built.ts";
import { ChainBuilder } from "../../support/chain-builder.ts";
import { networkOf } from "../../support/chain-network.ts";
import { ChainWorld } from "../../support/chain-world.ts";

const builder = new ChainBuilder(networkOf(4));
const { genesis } = builder;

const bare = (count: number, on: Built, slot: number) => bareRun(builder, on, count, slot);

function flood(world: ChainWorld, run: readonly Built[]): void {
  for (let i = 0; i < run.length; i += 500) world.headers(run.slice(i, i + 500));
}

test("a branch whose body is withheld is not the best until it comes", () => {
  const world = new ChainWorld(builder);
  const first = builder.block(genesis, { slot: 9, lie: { receiptsRoot: new Uint8Array(32) } });
  const mean = [first, ...builder.chain(first, 4)];
  const good = builder.chain(genesis, 3);
  world.headers(mean.slice(0, 3));
  world.headers(good);
  world.chain.setWithheld(mean[0]!.hash, true);
  world.headers(mean.slice(3));
  assert.equal(world.chain.bestHeader.hash, good[2]!.hash);
  assert.deepEqual(
    world.chain.missingBodies(9).map((node) => node.hash),
    good.map((block) => block.hash),
  );
  world.chain.setWithheld(mean[0]!.hash, false);
  assert.equal(world.chain.bestHeader.hash, mean[4]!.hash);
  world.chain.setWithheld(mean[1]!.hash, true);
  assert.equal(world.chain.bestHeader.hash, good[2]!.hash);
  world.body(mean[1]!);
  assert.equal(world.chain.bestHeader.hash, mean[4]!.hash);
});

test("withheld branches are the first to go for new headers, and push out no others", () => {
  const world = new ChainWorld(builder, { slot: 1_000_000 });
  const mean = bare(chainLimits.treeNodesMax + 50, genesis, 9);
  flood(world, mean.slice(0, chainLimits.treeNodesMax - 10));
  world.chain.setWithheld(mean[0]!.hash, true);
  const good = builder.chain(genesis, 50);
  world.headers(good);
  assert.equal(world.chain.bestHeader.hash, good[49]!.hash);
  flood(world, mean.slice(-100));
  assert.equal(world.chain.bestHeader.hash, good[49]!.hash);
  assert.ok(world.chain.sizes.nodes <= chainLimits.treeNodesMax);
});

test("an executed side branch that gives way to a flood leaves no record behind", () => {
  const world = new ChainWorld(builder, { slot: 1_000_000 });
  for (const block of builder.chain(genesis, 2, 5)) world.block(block);
  const start = builder.chain(genesis, 3);
  const main = builder.certified(start[2]!, 8);
  for (const block of start) world.block(block);
  flood(world, bare(chainLimits.treeNodesMax + 10, genesis, 9));
  assert.equal(world.chain.sizes.nodes, chainLimits.treeNodesMax);
  for (const block of main) {
    world.block(block);
    world.persisted();
  }
  assert.equal(world.chain.finalized.height, 9);
  assert.equal(world.chain.anchor.height, 8);
  assert.equal(world.restarted().chain.head.hash, main.at(-1)!.hash);
});
