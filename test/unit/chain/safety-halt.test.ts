/** What a node does when a third of the validators or more cheated: it stops, with the proof. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Built } from "../../support/built.ts";
import { ChainBuilder } from "../../support/chain-builder.ts";
import { networkOf } from "../../support/chain-network.ts";
import { ChainWorld, sourceOf } from "../../support/chain-world.ts";

const builder = new ChainBuilder(networkOf(4));
const { genesis } = builder;
const alice = sourceOf(1);

/**
 *   g ── a1 ── a2 ── a3         slots 1 2 3
 *    └── b1 ── b2 ── b3         slots 11 12 13       each certified
 */
const as = builder.certified(genesis, 3) as [Built, Built, Built];
const bs = builder.certified(genesis, 3, 11) as [Built, Built, Built];
const [a1, , a3] = as;
const [b1, b2] = bs;

function halted(world: ChainWorld) {
  const { halted: conflict } = world.chain;
  assert.ok(conflict !== undefined);
  return conflict;
}

test("two certified blocks of one slot: the node halts with both certificates", () => {
  const twin = builder.block(genesis, { slot: 1, transactions: [builder.transfer(0, 1, 0)] });
  const world = new ChainWorld(builder);
  world.block(a1);
  world.block(twin);
  const first = builder.certificateFor(a1, [0, 1, 2]);
  const second = builder.certificateFor(twin, [1, 2, 3]);
  world.certificate(first, alice);
  assert.equal(world.chain.halted, undefined);
  world.certificate(second, alice);
  assert.deepEqual(halted(world).certificates, [first, second]);
  assert.match(halted(world).detail, /slot 1/);
  assert.equal(world.chain.justified.hash, a1.hash, "it chooses none of them");
});

test("votes alone lead to the same halt, and those who voted twice are named", () => {
  const twin = builder.block(genesis, { slot: 1, transactions: [builder.transfer(0, 1, 0)] });
  const world = new ChainWorld(builder);
  world.block(a1);
  world.block(twin);
  world.votes(a1, [0, 1, 2]);
  world.votes(twin, [1, 2, 3]);
  assert.equal(halted(world).certificates.length, 2);
  const accused = world.chain.evidence().map(({ validator }) => validator);
  // The leader of slot 1 sealed both blocks besides.
  assert.deepEqual(accused, [builder.file.validators[1], builder.file.validators[2]]);
});

test("two final blocks that contradict each other: halted, and finality stays", () => {
  const world = new ChainWorld(builder);
  for (const block of as) world.block(block);
  world.persisted();
  assert.equal(world.chain.finalized.hash, a1.hash);
  for (const block of bs) world.block(block, alice);
  const { detail, certificates } = halted(world);
  assert.ok(detail.includes(a1.hash) && detail.includes(b1.hash));
  assert.deepEqual(
    certificates.map(({ data }) => data.sourceHash),
    [a1.hash, b1.hash],
  );
  for (const block of builder.certified(a3, 4)) world.block(block);
  world.persisted();
  assert.equal(world.chain.finalized.hash, a1.hash);
  assert.equal(world.restarted().chain.finalized.hash, a1.hash);
});

test("a certificate for a block that breaks a rule halts: a quorum executed it, so they say", () => {
  const world = new ChainWorld(builder);
  const bad = builder.block(genesis, { slot: 5, lie: { stateRoot: new Uint8Array(32).fill(9) } });
  world.block(bad, alice);
  const certificate = builder.certificateFor(bad);
  world.certificate(certificate, alice);
  assert.deepEqual(halted(world).certificates, [certificate]);
});

test("a certified block that turns out to break a rule only when it is executed halts too", () => {
  const world = new ChainWorld(builder);
  for (const block of as) world.block(block);
  const lie = { stateRoot: new Uint8Array(32).fill(9) };
  const bad = builder.block(a3, { slot: 4, lie });
  world.headers([bad]);
  const certificate = builder.certificateFor(bad);
  world.certificate(certificate, alice);
  assert.equal(world.chain.halted, undefined);
  const results = world.body(bad, alice);
  assert.ok(results.some((result) => result.type === "rejected" && result.hash === bad.hash));
  assert.deepEqual(halted(world).certificates, [certificate]);
  assert.equal(world.chain.head.hash, a3.hash);
  const told = world.events.filter((event) => event.type === "safety-halt");
  assert.equal(told.length, 1);
});

test("finality beside what is buried is recognized, though its branch is forgotten", () => {
  const world = new ChainWorld(builder);
  const long = builder.certified(genesis, 20);
  for (const block of long) {
    world.block(block);
    world.persisted();
  }
  assert.ok(world.chain.anchor.slot > b2.slot);
  assert.deepEqual(world.certificate(builder.certificateFor(long[4]!)), [], "of our own chain");
  assert.equal(world.chain.halted, undefined);
  world.certificate(builder.certificateFor(b1), alice);
  assert.equal(world.chain.halted, undefined, "justified alone contradicts nothing");
  world.certificate(builder.certificateFor(b2, [0, 1]), alice);
  assert.equal(world.chain.halted, undefined, "no quorum");
  world.certificate(builder.certificateFor(b2), alice);
  assert.match(halted(world).detail, new RegExp(b1.hash));
});

test("after a halt neither finality nor the root of the fork choice moves", () => {
  const world = new ChainWorld(builder);
  for (const block of [...as, ...bs]) world.block(block);
  assert.ok(world.chain.halted !== undefined);
  const { justified } = world.chain;
  const more = builder.certified(a3, 2);
  for (const block of more) world.block(block);
  assert.equal(world.chain.justified, justified);
  for (let i = 0; i < 3; i++) world.persisted();
  assert.ok(world.chain.finalized.height <= 1, "what was being written when it happened");
});
