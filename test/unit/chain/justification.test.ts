/** Certificates by whatever way they come: what they make the root of the fork choice. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { chainLimits } from "../../../src/params/limits.ts";
import type { Built } from "../../support/built.ts";
import { ChainBuilder } from "../../support/chain-builder.ts";
import { networkOf } from "../../support/chain-network.ts";
import { ChainWorld, sourceOf, spoken } from "../../support/chain-world.ts";

const builder = new ChainBuilder(networkOf(4));
const { genesis } = builder;
const alice = sourceOf(1);
const bob = sourceOf(2);

/**
 *   g ── a1 ── … ── a6        slots 1 to 6
 *    └── b1 ── b2             slots 9, 10
 */
const long = builder.chain(genesis, 6);
const [b1, b2] = builder.chain(genesis, 2, 9) as [Built, Built];
const names = new Map(
  [b1, b2, ...long].map((block) => [block.hash, `${block.slot > 8 ? "b" : "a"}${block.height}`]),
);

const kinds = (results: readonly { readonly type: string }[]) => results.map((r) => r.type);

function grown(): ChainWorld {
  const world = new ChainWorld(builder);
  for (const block of [...long, b1, b2]) world.block(block);
  assert.equal(world.chain.head.hash, long[5]!.hash);
  return world;
}

test("the head stands on the justified block, however long another branch is", () => {
  const world = grown();
  assert.deepEqual(kinds(world.votes(b1, [0, 1], alice)), ["vote", "vote"]);
  assert.equal(world.chain.head.hash, long[5]!.hash);
  assert.deepEqual(spoken(world.votes(b1, [2], alice), names), ["vote b1", "moved b2"]);
  assert.equal(world.chain.justified.hash, b1.hash);
  assert.equal(world.chain.bestHeader.hash, b2.hash);
  assert.deepEqual(spoken(world.block(builder.block(long[5]!)), names).length, 1);
  assert.equal(world.chain.head.hash, b2.hash);
  assert.equal(world.root, builder.rootAt(b2));
  const events = world.events.filter((event) => event.type === "justified");
  assert.deepEqual(events, [{ type: "justified", slot: 9, height: 1, hash: b1.hash }]);
});

test("a certificate of a peer counts as its votes, is passed on once, and is kept on disk", () => {
  const world = grown();
  const certificate = builder.certificateFor(b2, [0, 2, 3]);
  const results = world.certificate(certificate, alice);
  assert.deepEqual(spoken(results, names), ["certificate b2", "moved b2"]);
  assert.deepEqual(world.certificate(certificate, bob), []);
  assert.deepEqual(world.certificate(builder.certificateFor(b2), bob), [], "the same target");
  assert.deepEqual(world.chain.certificates(), [certificate]);
  const again = world.restarted();
  assert.equal(again.chain.justified.hash, b2.hash);
  assert.deepEqual(again.chain.certificates(), [certificate]);
  assert.equal(again.chain.head.hash, b2.hash);
});

test("a certificate that a block carries makes its target justified when the block is complete", () => {
  const world = new ChainWorld(builder);
  const carrier = builder.block(b1, { slot: 11, certificate: builder.certificateFor(b1) });
  for (const block of [...long, b1]) world.block(block);
  world.headers([carrier], alice);
  assert.equal(world.chain.justified.hash, genesis.hash, "a header proves nothing");
  world.body(carrier, alice);
  assert.equal(world.chain.justified.hash, b1.hash);
  assert.equal(world.chain.head.hash, carrier.hash);
});

test("an older certificate changes nothing, and a block without a quorum is not justified", () => {
  const world = grown();
  world.certificate(builder.certificateFor(b2));
  assert.deepEqual(spoken(world.certificate(builder.certificateFor(long[3]!)), names), []);
  assert.deepEqual(spoken(world.certificate(builder.certificateFor(b1)), names), []);
  assert.equal(world.chain.justified.hash, b2.hash);
  assert.equal(world.chain.halted, undefined);
});

test("a certificate heard before its block asks for it and steers the search for bodies", () => {
  const world = new ChainWorld(builder);
  for (const block of long) world.block(block);
  const results = world.certificate(builder.certificateFor(b2), alice);
  assert.deepEqual(results, [{ type: "wanted", hash: b2.hash, source: alice }]);
  assert.equal(world.chain.sizes.parked, 1);
  world.headers([b1], alice);
  assert.equal(world.chain.bestHeader.hash, long[5]!.hash);
  world.headers([b2], alice);
  assert.equal(world.chain.bestHeader.hash, b2.hash);
  const missing = world.chain.missingBodies(9).map((node) => node.hash);
  assert.deepEqual(missing, [b1.hash, b2.hash]);
  assert.equal(world.chain.justified.hash, genesis.hash, "its body may be bad");
  assert.equal(world.chain.head.hash, long[5]!.hash);
  world.body(b1, alice);
  assert.deepEqual(spoken(world.body(b2, alice), names), ["moved b2"]);
  assert.equal(world.chain.justified.hash, b2.hash);
  assert.equal(world.chain.sizes.parked, 0);
});

test("a branch whose header names a newer justified block is fetched first, though shorter", () => {
  const world = new ChainWorld(builder);
  for (const block of long) world.block(block);
  const carrier = builder.block(b1, { slot: 11, certificate: builder.certificateFor(b1) });
  world.headers([b1]);
  assert.equal(world.chain.bestHeader.hash, long[5]!.hash);
  world.headers([carrier]);
  assert.equal(world.chain.bestHeader.hash, carrier.hash, "its body will prove it");
  world.chain.setWithheld(carrier.hash, true);
  assert.equal(world.chain.bestHeader.hash, long[5]!.hash);
  world.chain.setWithheld(carrier.hash, false);
  for (const block of [b1, carrier]) world.body(block);
  assert.equal(world.chain.head.hash, carrier.hash);
});

test("a claim that its body does not prove is given up", () => {
  const world = new ChainWorld(builder);
  for (const block of long) world.block(block);
  const certificate = builder.certificateFor(b1, [0, 1]);
  const liar = builder.block(b1, { slot: 11, certificate });
  world.headers([b1, liar]);
  assert.equal(world.chain.bestHeader.hash, liar.hash);
  world.body(b1);
  const results = world.body(liar, bob);
  assert.ok(results.some((r) => r.type === "rejected" && r.source === bob));
  assert.equal(world.chain.bestHeader.hash, long[5]!.hash);
  assert.equal(world.chain.head.hash, long[5]!.hash);
});

test("a certificate for a header whose body is missing waits for the body", () => {
  const world = new ChainWorld(builder);
  for (const block of long) world.block(block);
  world.headers([b1, b2]);
  world.certificate(builder.certificateFor(b2), alice);
  assert.equal(world.chain.bestHeader.hash, b2.hash);
  world.body(b2, alice);
  assert.equal(world.chain.justified.hash, genesis.hash);
  world.body(b1, alice);
  assert.equal(world.chain.justified.hash, b2.hash);
});

test("few certificates wait for their blocks: those of the newest slots", () => {
  const world = new ChainWorld(builder);
  const max = chainLimits.certificatesParkedMax;
  const far = Array.from({ length: max + 4 }, (_, i) => builder.block(genesis, { slot: 20 + i }));
  for (const block of far.toReversed()) world.certificate(builder.certificateFor(block), alice);
  assert.equal(world.chain.sizes.parked, max);
  for (const block of far) world.block(block);
  const justified = far.filter((block) => world.chain.node(block.hash)?.certificate !== undefined);
  assert.deepEqual(justified, far.slice(-max));
});

test("certificates of a frozen slot are kept back, and count at the thaw", () => {
  const world = grown();
  world.chain.duties.freeze(10);
  assert.deepEqual(spoken(world.certificate(builder.certificateFor(b1), alice), names), []);
  assert.deepEqual(kinds(world.votes(b2, [0, 1, 2])), ["vote", "vote", "vote"]);
  assert.equal(world.chain.justified.hash, genesis.hash);
  assert.equal(world.chain.head.hash, long[5]!.hash);
  assert.equal(world.chain.sizes.parked, 2);
  assert.deepEqual(spoken(world.thaw(), names), ["moved b2"]);
  assert.equal(world.chain.justified.hash, b2.hash);
  assert.equal(world.chain.sizes.parked, 0);
});

test("in a frozen slot a certificate counts at once when a block of a later slot carries it", () => {
  const world = grown();
  world.chain.duties.freeze(12);
  const certificate = builder.certificateFor(b1);
  const same = builder.block(b2, { slot: 12, certificate });
  world.block(same, alice);
  assert.equal(world.chain.justified.hash, genesis.hash);
  const next = builder.block(b2, { slot: 13, certificate });
  world.block(next, alice);
  assert.equal(world.chain.justified.hash, b1.hash);
  assert.equal(world.chain.head.height, 3);
});

test("what was kept back is not lost when the block leaves the tree, and nothing is applied", () => {
  const world = grown();
  world.chain.duties.freeze(30);
  world.certificate(builder.certificateFor(b1));
  const chain = builder.certified(long[5]!, 4, 31);
  for (const block of chain) {
    world.block(block);
    world.persisted();
  }
  assert.equal(world.chain.finalized.hash, chain[1]!.hash);
  assert.ok(!world.chain.has(b1.hash));
  world.thaw();
  assert.equal(world.chain.justified.hash, chain[2]!.hash);
  assert.equal(world.chain.sizes.parked, 0);
});

const refusals = [
  [
    "of another set",
    builder.certificateOf(dataOf(b1), long.map((_, i) => keyAt(i)).slice(0, 3), [0, 1]),
    "certificate-set",
  ],
  ["of too few", builder.certificateFor(b1, [0, 1]), "certificate-quorum"],
  ["with another source", builder.certificateFor(b1, [0, 1, 2], { sourceSlot: 3 }), "vote-source"],
  ["with another slot", builder.certificateFor(b1, [0, 1, 2], { targetSlot: 10 }), "vote-source"],
] as const;

function dataOf({ sealed: { header } }: Built) {
  const { justifiedSlot: sourceSlot, justifiedHash: sourceHash } = header;
  return { sourceSlot, sourceHash, targetSlot: header.slot, targetHash: header.hash };
}

function keyAt(rank: number) {
  return builder.file.validators[rank % 4]!;
}

for (const [what, certificate, code] of refusals) {
  test(`a peer's certificate ${what} is ${code}`, () => {
    const world = grown();
    const results = world.certificate(certificate, alice);
    const codes = results.map((r) => (r.type === "refused" ? r.rejection.code : r.type));
    assert.deepEqual(codes, [code]);
    assert.equal(world.chain.justified.hash, genesis.hash);
  });
}

test("a forged certificate is refused, for a block that is here and for one that is not", () => {
  const world = grown();
  for (const block of [b1, builder.block(b2)]) {
    const good = builder.certificateFor(block);
    const signers = good.signers.map((s) => ({ ...s, signature: good.signers[0]!.signature }));
    const forged = { ...good, signers };
    const [result] = world.certificate(forged, alice);
    assert.ok(result?.type === "refused" && result.rejection.code === "certificate-signature");
  }
  assert.equal(world.chain.sizes.parked, 0);
});
