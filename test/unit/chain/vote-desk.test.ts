/** Votes that come in: which count, which wait, and whose fault the others are. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { RuleCode } from "../../../src/model/rule-code.ts";
import { encodeVote, type Vote } from "../../../src/model/vote.ts";
import { chainLimits } from "../../../src/params/limits.ts";
import type { Built } from "../../support/built.ts";
import { ChainBuilder } from "../../support/chain-builder.ts";
import { keyOf, networkOf, seedOf } from "../../support/chain-network.ts";
import { ChainWorld, sourceOf } from "../../support/chain-world.ts";

const builder = new ChainBuilder(networkOf(4));
const { genesis } = builder;
const alice = sourceOf(1);

const [a1, a2, a3, a4] = builder.certified(genesis, 4) as [Built, Built, Built, Built];
const fork = builder.block(a1, { slot: 9 });

function grown(slot = 1000): ChainWorld {
  const world = new ChainWorld(builder, { slot });
  for (const block of [a1, a2, a3]) world.block(block);
  world.persisted();
  assert.deepEqual([world.chain.justified.hash, world.chain.finalized.hash], [a2.hash, a1.hash]);
  return world;
}

const kinds = (results: readonly { readonly type: string }[]) => results.map((r) => r.type);
const codesOf = (world: ChainWorld, vote: Vote) =>
  world.vote(vote, alice).map((r) => (r.type === "refused" ? r.rejection.code : r.type));

const stranger = keyOf(seedOf(77));
const forged = (vote: Vote) => encodeVote(vote, vote.validator, new Uint8Array(64).fill(1));

const verdicts: readonly (readonly [string, Vote, readonly (RuleCode | string)[]])[] = [
  ["for a block that is here", builder.vote(a3, 3), ["vote"]],
  ["for a block of another branch", builder.vote(fork, 3), ["vote"]],
  ["for the final block", builder.vote(a1, 3), ["vote-slot"]],
  [
    "of a slot that only comes after the next",
    builder.vote(a3, 3, { targetSlot: 1002 }),
    ["vote-slot"],
  ],
  [
    "of a stranger",
    encodeVote(builder.vote(a3, 3), stranger, new Uint8Array(64)),
    ["vote-stranger"],
  ],
  [
    "with another source than the block's",
    builder.vote(a3, 3, { sourceSlot: a1.slot, sourceHash: a1.hash }),
    ["vote-source"],
  ],
  ["with another slot than the block's", builder.vote(a3, 3, { targetSlot: 4 }), ["vote-source"]],
  ["that is forged", forged(builder.vote(a3, 3)), ["vote-signature"]],
];
for (const [what, vote, expected] of verdicts) {
  test(`a vote ${what}: ${expected.join()}`, () => {
    const world = grown();
    world.block(fork);
    assert.deepEqual(codesOf(world, vote), expected);
    assert.equal(world.chain.sizes.votes, expected[0] === "vote" ? 1 : 0);
  });
}

test("a vote that comes again says nothing, and costs no place", () => {
  const world = grown();
  assert.deepEqual(codesOf(world, builder.vote(a3, 3)), ["vote"]);
  assert.deepEqual(codesOf(world, builder.vote(a3, 3)), []);
  assert.deepEqual(codesOf(world, forged(builder.vote(a3, 3))), [], "by its data it is known");
  assert.equal(world.chain.sizes.votes, 1);
});

test("a vote for a block that is not here waits, asks its giver, and counts when the header comes", () => {
  const world = grown();
  assert.deepEqual(world.vote(builder.vote(a4, 0), alice), [
    { type: "wanted", hash: a4.hash, source: alice },
  ]);
  assert.deepEqual(world.vote(builder.vote(a4, 1)), []);
  assert.deepEqual(codesOf(world, builder.vote(a4, 0)), [], "once");
  assert.equal(world.chain.sizes.votes, 2);
  const results = world.block(a4, alice);
  assert.deepEqual(
    results.flatMap((r) => (r.type === "vote" ? [[r.vote.validator, r.source]] : [])),
    [0, 1].map((rank) => [builder.file.validators[rank], undefined]),
  );
  world.votes(a4, [2]);
  assert.equal(world.chain.justified.hash, a4.hash);
});

test("a quorum that waited makes the block justified as soon as it is complete", () => {
  const world = grown();
  world.votes(a4, [0, 1, 3], alice);
  world.headers([a4]);
  assert.equal(world.chain.bestHeader.hash, a4.hash);
  assert.equal(world.chain.justified.hash, a2.hash);
  world.body(a4);
  assert.equal(world.chain.justified.hash, a4.hash);
  world.drain();
});

test("what waited and turns out wrong is dropped, and nobody is to blame for it any more", () => {
  const world = grown();
  const lying = builder.vote(a4, 0, { sourceSlot: 1, sourceHash: a1.hash });
  assert.deepEqual(codesOf(world, lying), ["wanted"]);
  const results = world.block(a4, alice);
  assert.ok(!kinds(results).includes("refused") && !kinds(results).includes("vote"));
  assert.equal(world.chain.sizes.votes, 0);
});

test("a vote of a stranger for an unknown block is no fault: another set may be in charge there", () => {
  const world = grown();
  const strange = encodeVote(builder.vote(a4, 0), stranger, new Uint8Array(64));
  assert.deepEqual(codesOf(world, strange), []);
  assert.deepEqual(codesOf(world, forged(builder.vote(a4, 0))), ["vote-signature"]);
  assert.equal(world.chain.sizes.votes, 0);
});

test("whatever validators sign, few votes of each are held", () => {
  const world = grown(100_000);
  const { voteSlotsPerValidatorMax, votesPerSlotMax } = chainLimits;
  for (let slot = 10; slot < 60; slot++) {
    for (let salt = 0; salt < 3; salt++) {
      const lie = { targetSlot: slot, targetHash: [a1, a2, a3][salt]!.hash.replace(/^../, "00") };
      const data = { ...lie, targetHash: lie.targetHash as Vote["targetHash"] };
      world.vote(builder.vote(a4, 2, data), alice);
    }
  }
  assert.equal(world.chain.sizes.votes, voteSlotsPerValidatorMax * votesPerSlotMax);
});

test("votes for what is below the final block are forgotten", () => {
  const world = grown();
  world.block(a4);
  for (const block of [a2, a3, a4]) world.votes(block, [3]);
  assert.equal(world.chain.sizes.votes, 3);
  for (const block of builder.certified(a4, 2)) {
    world.block(block);
    world.persisted();
  }
  world.persisted();
  assert.equal(world.chain.finalized.hash, a4.hash);
  assert.equal(world.chain.sizes.votes, 1);
  assert.deepEqual(codesOf(world, builder.vote(a2, 0)), ["vote-slot"]);
});

test("a vote for a block that breaks a rule is neither counted nor blamed", () => {
  const world = grown();
  const bad = builder.block(a3, { slot: 6, lie: { stateRoot: new Uint8Array(32).fill(9) } });
  world.block(bad, alice);
  assert.equal(world.chain.node(bad.hash)?.status, "invalid");
  assert.deepEqual(codesOf(world, builder.vote(bad, 1)), []);
});
