/** When a validator votes, for what, and what keeps it from voting. Slots of 1,000 ms. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Built } from "../../support/built.ts";
import { ChainBuilder } from "../../support/chain-builder.ts";
import { networkOf, slotMs } from "../../support/chain-network.ts";
import { VoterWorld } from "./voter-world.ts";

const builder = new ChainBuilder(networkOf(4));
const { genesis } = builder;

/** Certified up to slot 4; a5 is the leader's block of slot 5. */
const chain = builder.certified(genesis, 4);
const a4 = chain[3]!;
const a5 = builder.block(a4, { certificate: builder.certificateFor(a4) });

/** In slot 5, with all of `chain`, voted up to slot 4; nothing of slot 5 is known. */
function inSlot5(setup: ConstructorParameters<typeof VoterWorld>[1] = {}): VoterWorld {
  const voter = new VoterWorld(builder, { slot: 5, floors: { targetSlot: 4 }, ...setup });
  for (const block of chain) voter.world.block(block, 9 as never);
  voter.durable();
  return voter;
}

test("the leader's timely block is voted for at once, when it is durable", () => {
  const voter = inSlot5();
  voter.at(5, 100);
  assert.deepEqual(voter.targets, []);
  voter.block(a5);
  assert.deepEqual(voter.targets, [], "it is not durable yet");
  assert.ok(voter.world.batches.at(-1)!.sync, "it is made so at once");
  voter.durable();
  assert.deepEqual(voter.targets, [a5.hash]);
  const [{ sourceSlot, sourceHash, targetSlot }] = voter.asked as [(typeof voter.asked)[0]];
  assert.deepEqual([sourceSlot, sourceHash, targetSlot], [a4.slot, a4.hash, 5]);
  const vote = voter.sign();
  assert.equal(vote?.targetHash, a5.hash);
  assert.equal(vote?.validator, builder.file.validators[0]);
  assert.deepEqual(voter.events, [{ type: "voted", slot: 5, hash: a5.hash }]);
});

test("a slot sees one vote, whatever else comes in it", () => {
  const voter = inSlot5();
  voter.comes(a5, 5, 100);
  voter.sign();
  voter.block(builder.block(a4, { slot: 5 }));
  voter.passes(5, 200, 334, 500, 667, 900);
  assert.deepEqual(voter.targets, []);
  voter.passes(6, 334);
  assert.deepEqual(voter.targets, [], "nor the next one, for a block that was voted for");
});

test("while a vote waits for the disk no other is begun", () => {
  const voter = inSlot5();
  voter.at(5, 100);
  voter.block(a5);
  const a6 = builder.block(a5, { slot: 6 });
  voter.at(6, 10);
  voter.block(a6);
  assert.deepEqual(voter.targets, []);
  voter.durable();
  assert.deepEqual(voter.targets, [a5.hash]);
  voter.sign();
  voter.passes(6, 400);
  assert.deepEqual(voter.targets, [a6.hash], "it catches up in the late phase");
});

test("without a timely block the head is voted for at one third, once", () => {
  const voter = inSlot5({ floors: { targetSlot: 3 } });
  voter.passes(5, 333);
  assert.deepEqual(voter.targets, []);
  voter.passes(5, 334);
  assert.deepEqual(voter.targets, [a4.hash]);
});

test("a block that comes late is voted for as head, up to two thirds of the slot", () => {
  for (const [ms, expected] of [
    [400, [a5.hash]],
    [650, [a5.hash]],
    [670, []],
  ] as const) {
    const voter = inSlot5();
    voter.at(5, 340);
    voter.comes(a5, 5, ms);
    assert.deepEqual(voter.targets, expected, `${ms} ms`);
  }
});

test("a late block of the last slot is voted for in the next one, if nothing better comes", () => {
  const voter = inSlot5();
  voter.at(5, 700);
  voter.block(a5);
  voter.passes(6, 100);
  assert.deepEqual(voter.targets, []);
  voter.passes(6, 334);
  assert.deepEqual(voter.targets, [a5.hash]);
});

test("a timely block that is worse than what was frozen gets no vote; the head does, later", () => {
  const voter = inSlot5();
  voter.comes(a5, 5, 340);
  voter.sign();
  voter.at(5, 670);
  const low = builder.block(a4, { slot: 6 });
  const worse = builder.block(chain[2]!, { slot: 6 });
  for (const block of [worse, low]) {
    const other = inSlot5();
    other.comes(a5, 5, 340);
    other.sign();
    other.at(5, 670);
    other.comes(block, 6, 50);
    assert.deepEqual(other.targets, []);
  }
  voter.comes(builder.block(a5, { slot: 6 }), 6, 50);
  assert.equal(voter.targets.length, 1, "as good as frozen is good enough");
});

test("a timely block beside the head is executed there and voted for, if it is as good", () => {
  const voter = inSlot5();
  voter.comes(a5, 5, 340);
  voter.sign();
  voter.at(5, 670);
  // At the height of the head, on the same justified block.
  const sibling = builder.block(a4, { slot: 6, certificate: builder.certificateFor(a4) });
  voter.at(6, 50);
  voter.block(sibling);
  assert.equal(voter.world.chain.head.hash, a5.hash);
  assert.ok(voter.world.chain.node(sibling.hash)?.isProven);
  voter.durable();
  assert.deepEqual(voter.targets, [sibling.hash]);
});

test("a timely block that turns out invalid is rejected, and the head voted for later", () => {
  const voter = inSlot5({ floors: { targetSlot: 3 } });
  const bad = builder.block(chain[2]!, { slot: 5, lie: { stateRoot: new Uint8Array(32).fill(1) } });
  voter.at(5, 50);
  const results = voter.block(bad);
  assert.ok(results.some((result) => result.type === "rejected" && result.hash === bad.hash));
  voter.passes(5, 334);
  assert.deepEqual(voter.targets, [a4.hash]);
});

test("what a quorum says after the freeze counts from one third of the next slot on", () => {
  const voter = inSlot5();
  voter.at(5, 100);
  voter.block(a5);
  voter.at(5, 670);
  const other = builder.block(chain[2]!, { slot: 5 });
  voter.block(other);
  voter.world.votes(other, [0, 1, 2]);
  assert.equal(voter.world.chain.justified.hash, a4.hash);
  voter.at(6, 100);
  assert.equal(voter.world.chain.justified.hash, a4.hash);
  const results = voter.at(6, 334);
  assert.ok(results.some((result) => result.type === "moved"));
  assert.equal(voter.world.chain.justified.hash, other.hash);
});

type Spoil = (voter: VoterWorld) => void;
const silences: readonly (readonly [string, ConstructorParameters<typeof VoterWorld>[1], Spoil])[] =
  [
    ["is not in step with the network", {}, (voter) => (voter.isSynced = false)],
    ["has voted for that slot before it was restarted", { floors: { targetSlot: 5 } }, () => {}],
    ["has voted from a newer source", { floors: { targetSlot: 4, sourceSlot: 5 } }, () => {}],
    ["watches for another one with its key", { isFresh: false }, () => {}],
    [
      "saw another one with its key",
      {},
      (voter) => voter.guard.onVote(builder.vote(a5, 0, { targetHash: a4.hash })),
    ],
  ];
for (const [why, setup, spoil] of silences) {
  test(`a validator that ${why} does not vote`, () => {
    const voter = inSlot5(setup);
    spoil(voter);
    voter.at(5, 50);
    voter.block(a5);
    voter.passes(5, 100, 334, 600, 700);
    assert.deepEqual(voter.targets, []);
  });
}

test("after a safety halt nobody votes", () => {
  const voter = inSlot5();
  const twin = builder.block(chain[2]!, { slot: 4, transactions: [builder.transfer(0, 1, 0)] });
  voter.world.block(twin);
  voter.world.certificate(builder.certificateFor(a4, [0, 1, 2]));
  voter.world.certificate(builder.certificateFor(twin, [1, 2, 3]));
  assert.ok(voter.world.chain.halted !== undefined);
  voter.at(5, 50);
  voter.block(a5);
  voter.passes(5, 334);
  assert.deepEqual(voter.targets, []);
});

test("who is not in the set of the block does not vote for it", () => {
  const five = new ChainBuilder(networkOf(5));
  const stranger = new VoterWorld(builder, { slot: 1 });
  const [b1] = five.chain(five.genesis, 1) as [Built];
  stranger.at(1, 50);
  stranger.block(b1);
  stranger.passes(1, 334);
  assert.deepEqual(stranger.targets, [], "nor for genesis");
});

test("a signer that refuses is reported, and not asked again in the slot", () => {
  const voter = inSlot5();
  voter.comes(a5, 5, 50);
  assert.equal(voter.sign("the disk is full"), undefined);
  assert.deepEqual(voter.events, [{ type: "vote-refused", slot: 5, reason: "the disk is full" }]);
  voter.passes(5, 334);
  assert.deepEqual(voter.targets, []);
});

test("a clock that goes back brings silence: those slots had their votes", () => {
  const voter = inSlot5();
  voter.at(6, 10);
  voter.at(5, 500);
  voter.block(a5);
  voter.passes(5, 600);
  assert.deepEqual(voter.targets, []);
});

test("its deadline is the next third of the slot", () => {
  const voter = inSlot5();
  const { clock } = voter.world;
  const dueMs = () => voter.voter.deadline - clock.monotonicMs;
  voter.at(5, 0);
  assert.equal(dueMs(), 334);
  voter.at(5, 334);
  assert.equal(dueMs(), 333);
  voter.at(5, 667);
  assert.equal(dueMs(), slotMs - 667);
  voter.at(6, 0);
  assert.equal(dueMs(), 334);
});
