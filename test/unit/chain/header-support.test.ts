/**
 * When a third header of one sealer and slot is let in after all: what stands on it must be a real
 * header, and what only waits counts no longer than it waits. protocol-spec/06-validation §1 line 19.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type HeaderFields, sealPreimage } from "../../../src/model/header.ts";
import type { PublicKey } from "../../../src/model/ids.ts";
import { validatorsHash } from "../../../src/model/validator-set.ts";
import { chainLimits } from "../../../src/params/limits.ts";
import type { BlockPlan, Built } from "../../support/built.ts";
import { ChainBuilder } from "../../support/chain-builder.ts";
import { keyOf, networkOf, seedOf } from "../../support/chain-network.ts";
import { ChainWorld, sourceOf } from "../../support/chain-world.ts";

const builder = new ChainBuilder(networkOf(4));
const { genesis } = builder;
const stranger = keyOf(seedOf(50));
const peer = sourceOf(1);

/** `count` blocks of one sealer and slot on `parent`, each with another body. */
function rivals(parent: Built, slot: number, count: number): Built[] {
  return Array.from({ length: count }, (_, n) =>
    builder.block(parent, {
      slot,
      transactions: Array.from({ length: n }, (_each, nonce) => builder.transfer(0, 1, nonce)),
    }),
  );
}

/** Signed by `sealer`, whoever leads the slot. */
function sealedBy(sealer: PublicKey, parent: Built, plan: BlockPlan): Built {
  const block = builder.block(parent, { ...plan, lie: { ...plan.lie, sealer } });
  const seal = builder.sign(sealer, sealPreimage(builder.genesisId, block.hash));
  return { ...block, sealed: { ...block.sealed, seal } };
}

const [a, b, c] = rivals(genesis, 1, 3) as [Built, Built, Built];

/** Holds two of slot 1. */
function fullWorld(): ChainWorld {
  const world = new ChainWorld(builder);
  world.block(a);
  world.block(b);
  return world;
}

function saidOf(world: ChainWorld, ...blocks: readonly Built[]) {
  const { accepted, rejection } = world.headers(blocks, peer);
  return rejection === undefined ? accepted : rejection.code;
}

test("a third header is not needed by one that breaks a rule", () => {
  const lies: Readonly<Record<string, Partial<HeaderFields>>> = {
    height: { height: 9 },
    validators: { validatorsHash: validatorsHash([stranger]) },
    timestamp: { timestampMs: 5 },
    version: { version: 2 },
  };
  const world = fullWorld();
  for (const [what, lie] of Object.entries(lies)) {
    const child = builder.block(c, { slot: 2, lie });
    assert.equal(saidOf(world, c, child), "header-equivocation", what);
  }
  const strange = sealedBy(stranger, c, { slot: 2 });
  assert.equal(saidOf(world, c, strange), "header-equivocation", "anybody can make a key");
  const early = sealedBy(builder.file.validators[2]!, c, { slot: 3 });
  assert.equal(saidOf(world, c, early), "header-equivocation", "not the leader of its slot");
  assert.equal(saidOf(world, c, builder.block(c, { slot: 2 })), 2, "a real one does");
});

test("a third header is not needed by what stands on another block", () => {
  const world = fullWorld();
  assert.equal(saidOf(world, c, builder.block(b, { slot: 2 })), "header-equivocation");
});

test("after a hand-over that we did not execute a member of the set before is enough, and needed", () => {
  const unknown = { nextValidatorsHash: validatorsHash([stranger, ...builder.file.validators]) };
  const handing = builder.block(genesis, { slot: 1, lie: unknown });
  const world = fullWorld();
  const strange = sealedBy(stranger, handing, { slot: 2 });
  assert.equal(saidOf(world, handing, strange), "header-equivocation");
  assert.equal(saidOf(world, handing, builder.block(handing, { slot: 2 })), 1);
});

test("what a certificate proves needs no room, whoever sealed it", () => {
  const world = new ChainWorld(builder, { trust: { verify: "certified" } });
  const run = builder.certified(genesis, 200);
  world.block(run[0]!);
  // Two others of slot 41, waiting for a parent that never comes; nobody sealed the run there.
  for (const rival of rivals(builder.block(genesis, { slot: 3 }), 41, 2)) world.block(rival);
  const headers = run.slice(1).map(({ sealed }, at) => {
    return at < 100 ? { ...sealed, seal: new Uint8Array(64) } : sealed;
  });
  const carrier = world.chain.ranges.carrierOf(headers);
  const proof = run.find(({ hash }) => hash === carrier);
  const { accepted, rejection } = world.chain.importHeaders(headers, peer, proof);
  assert.deepEqual([accepted, rejection?.code], [199, undefined]);
  assert.ok(world.chain.ranges.uncheckedHeight > 100);
});

const typesOf = (world: ChainWorld, blocks: readonly Built[]) =>
  blocks.map((block) => world.block(block, peer)[0]?.type);

test("what waits counts for the bound", () => {
  const world = new ChainWorld(builder, { slot: 10 });
  const orphans = rivals(builder.block(genesis, { slot: 2 }), 3, 3);
  assert.deepEqual(typesOf(world, orphans), ["orphan", "orphan", "rejected"]);
  const early = rivals(genesis, 11, 3);
  assert.deepEqual(typesOf(world, early), ["future", "future", "rejected"]);
});

test("what waits no more does not count", () => {
  const world = new ChainWorld(builder);
  const lost = builder.block(genesis, { slot: 2 });
  const [first, second, third] = rivals(lost, 5, 3) as [Built, Built, Built];
  assert.deepEqual(typesOf(world, [first, second, third]), ["orphan", "orphan", "rejected"]);
  for (let n = 0; n < chainLimits.orphansMax; n++) {
    world.block(builder.block(lost, { slot: 6 + n }), peer);
  }
  assert.deepEqual(typesOf(world, [third]), ["orphan"], "the others were pushed out");
});
