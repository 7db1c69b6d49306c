import assert from "node:assert/strict";
import { test } from "node:test";
import { PublicChain } from "../../../src/node/public-chain.ts";
import { ChainBuilder } from "../../support/chain-builder.ts";
import { networkOf } from "../../support/chain-network.ts";
import { ChainWorld } from "../../support/chain-world.ts";

const builder = new ChainBuilder(networkOf(4));

test("a body that was never executed is shown to nobody: who passes it on is blamed for it", () => {
  const world = new ChainWorld(builder);
  const shown = new PublicChain(world.chain);
  for (const block of builder.chain(builder.genesis, 3)) world.block(block);
  const lie = { stateRoot: new Uint8Array(32).fill(1) };
  const rotten = builder.block(builder.genesis, { slot: 5, lie });
  world.block(rotten);
  assert.equal(world.chain.node(rotten.hash)?.status, "body", "nothing convicts it here");
  assert.equal(shown.bodyOf(rotten.hash), undefined);
});

test("blocks of a branch that was undone are still served: they were executed", () => {
  const world = new ChainWorld(builder);
  const shown = new PublicChain(world.chain);
  const lost = builder.block(builder.genesis, { slot: 5 });
  world.block(lost);
  for (const block of builder.chain(builder.genesis, 2)) world.block(block);
  assert.equal(world.chain.canonicalAt(1)?.hash === lost.hash, false);
  assert.deepEqual(shown.bodyOf(lost.hash), lost.body);
});
