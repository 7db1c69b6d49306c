/** On which block a leader seals, and with which certificate: within the cap, at it, above it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { planSeal } from "../../../src/chain/seal-plan.ts";
import { chainLimits } from "../../../src/params/limits.ts";
import type { Built } from "../../support/built.ts";
import { ChainBuilder } from "../../support/chain-builder.ts";
import { networkOf } from "../../support/chain-network.ts";
import { ChainWorld } from "../../support/chain-world.ts";

const builder = new ChainBuilder(networkOf(4));
const { genesis } = builder;
const { validators } = builder.file;
const cap = chainLimits.unfinalizedMax;

const plain = builder.chain(genesis, cap);
const top = plain.at(-1)!;
const below = plain.at(-2)!;

function worldOf(blocks: readonly Built[]): ChainWorld {
  const world = new ChainWorld(builder);
  for (const block of blocks) world.block(block);
  assert.equal(world.chain.head.hash, blocks.at(-1)!.hash);
  return world;
}

function planned({ chain }: ChainWorld, slot: number) {
  const plan = planSeal(chain.head, chain.justified, slot, validators.length);
  return plan && { on: plan.parent.hash, carries: plan.certificate?.data.targetHash };
}

/** What the chain's own builder makes, handed back to it. */
function seal(world: ChainWorld, slot: number): Built {
  const unsealed = world.chain.duties.buildBlock(slot, validators[slot % 4]!, () => []);
  assert.ok(unsealed !== undefined, `nothing to seal in slot ${slot}`);
  const parent = [genesis, ...plain].find(({ hash }) => hash === unsealed.header.parentHash)!;
  const { justified } = world.chain;
  const raises = unsealed.header.justifiedHash !== parent.sealed.header.justifiedHash;
  const certificate = raises ? justified.certificate : undefined;
  const block = builder.block(parent, { slot, certificate });
  assert.equal(block.hash, unsealed.header.hash);
  assert.deepEqual(block.body, unsealed.body);
  return block;
}

test("within the cap a leader seals on the head, with the newest certificate it does not hold", () => {
  const world = worldOf(plain.slice(0, 3));
  assert.deepEqual(planned(world, 4), { on: plain[2]!.hash, carries: undefined });
  world.certificate(builder.certificateFor(plain[1]!));
  assert.deepEqual(planned(world, 4), { on: plain[2]!.hash, carries: plain[1]!.hash });
  const block = seal(world, 4);
  world.block(block);
  assert.equal(world.chain.head.hash, block.hash);
  assert.deepEqual(planned(world, 5), { on: block.hash, carries: undefined }, "it holds it now");
});

test("the last block below the cap is sealed, the next is not", () => {
  const world = worldOf(plain.slice(0, -1));
  assert.deepEqual(planned(world, cap), { on: below.hash, carries: undefined });
  world.block(seal(world, cap));
  assert.equal(planned(world, cap + 1), undefined, "its sibling would be too soon");
});

test("at the cap one sibling a rotation is sealed, so that all may vote in a fresh slot", () => {
  const world = worldOf(plain);
  const slots: number[] = [];
  for (let slot = cap + 1; slot <= cap + 12; slot++) {
    if (planned(world, slot) === undefined) continue;
    slots.push(slot);
    const sibling = seal(world, slot);
    assert.equal(sibling.sealed.header.parentHash, below.hash);
    world.block(sibling);
    assert.equal(world.chain.node(sibling.hash)?.status === "invalid", false);
  }
  assert.deepEqual(slots, [cap + 4, cap + 8, cap + 12]);
});

test("a certified sibling becomes the head, and the chain goes on above the cap", () => {
  const world = worldOf(plain);
  const sibling = seal(world, cap + 4);
  world.block(sibling);
  world.votes(sibling, [0, 2, 3]);
  assert.equal(world.chain.head.hash, sibling.hash);
  assert.deepEqual(planned(world, cap + 5), { on: sibling.hash, carries: sibling.hash });
  const certificate = builder.certificateFor(sibling, [0, 2, 3]);
  const next = builder.block(sibling, { certificate });
  const made = world.chain.duties.buildBlock(next.slot, validators[next.slot % 4]!, () => []);
  assert.equal(made?.header.hash, next.hash);
  world.block(next);
  assert.equal(world.chain.head.hash, next.hash);
  world.votes(next, [0, 1, 2]);
  world.persisted();
  assert.equal(world.chain.finalized.hash, sibling.hash, "one step, and all is final");
});

test("at the cap a certificate for a block below the head does not help", () => {
  const world = worldOf(plain);
  world.certificate(builder.certificateFor(plain[9]!));
  assert.equal(planned(world, cap + 1), undefined);
  const sibling = planned(world, cap + 4);
  assert.deepEqual(sibling, { on: below.hash, carries: plain[9]!.hash });
  world.block(seal(world, cap + 4));
});

test("a certificate that makes something final raises the cap at once", () => {
  const start = builder.block(plain[0]!, { certificate: builder.certificateFor(plain[0]!) });
  const world = worldOf([plain[0]!, start, ...builder.chain(start, cap - 2)]);
  assert.equal(world.chain.head.height, cap);
  assert.equal(planned(world, cap + 1), undefined);
  world.certificate(builder.certificateFor(start));
  const head = world.chain.head.hash;
  assert.deepEqual(planned(world, cap + 1), { on: head, carries: start.hash });
  assert.ok(world.chain.duties.buildBlock(cap + 1, validators[(cap + 1) % 4]!, () => []));
});

test("nobody seals beside the justified block, nor twice in a slot, nor out of turn", () => {
  const world = worldOf(plain.slice(0, 3));
  const { duties } = world.chain;
  const none = () => [];
  assert.equal(duties.buildBlock(3, validators[3]!, none), undefined, "the head is of that slot");
  assert.equal(duties.buildBlock(4, validators[1]!, none), undefined);
  assert.ok(duties.buildBlock(4, validators[0]!, none) !== undefined);
  const beside = builder.block(genesis, { slot: 50 });
  world.headers([beside]);
  world.certificate(builder.certificateFor(beside));
  assert.equal(world.chain.justified.hash, genesis.hash);
  world.body(beside);
  assert.equal(world.chain.head.hash, beside.hash);
  assert.deepEqual(planned(world, 51), { on: beside.hash, carries: beside.hash });
});

test("building a sibling leaves the state, and the head, as they were", () => {
  const world = worldOf(plain);
  const { root, batches } = world;
  const count = batches.length;
  seal(world, cap + 4);
  assert.equal(world.root, root);
  assert.equal(world.chain.head.hash, top.hash);
  assert.equal(world.chain.head.status, "executed");
  assert.equal(batches.length, count);
});
