/** Evidence: found in what comes in, told by peers, carried by blocks, and what follows from it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { concatBytes } from "../../../src/base/bytes.ts";
import { type Evidence, encodeEvidence, evidenceTypes } from "../../../src/model/evidence.ts";
import { evidenceTransaction } from "../../../src/model/evidence-transaction.ts";
import { encodeSealedHeader } from "../../../src/model/header.ts";
import { addressOfKey } from "../../../src/model/transaction.ts";
import type { Vote } from "../../../src/model/vote.ts";
import { chainLimits } from "../../../src/params/limits.ts";
import type { Built } from "../../support/built.ts";
import { ChainBuilder } from "../../support/chain-builder.ts";
import { networkOf } from "../../support/chain-network.ts";
import { ChainWorld, sourceOf } from "../../support/chain-world.ts";

const builder = new ChainBuilder(networkOf(4));
const { genesis } = builder;
const { validators } = builder.file;
const alice = sourceOf(1);
const bob = sourceOf(2);

const [a1, a2] = builder.chain(genesis, 2) as [Built, Built];
/** Of the validator and slot of a1. */
const twin = builder.block(genesis, { slot: 1, transactions: [builder.transfer(0, 1, 0)] });

function piece(type: 1 | 2 | 3, rank: number, one: Uint8Array, other: Uint8Array): Evidence {
  const evidence = encodeEvidence(type, validators[rank]!, one, other);
  assert.ok(!("code" in evidence));
  return evidence;
}
const signed = (vote: Vote) => concatBytes(vote.bytes.subarray(0, 80), vote.signature);
const sealed = (block: Built) => encodeSealedHeader(block.sealed);
const doubleSeal = piece(evidenceTypes.doubleSeal, 1, sealed(a1), sealed(twin));
const doubleVote = (rank: number) =>
  piece(
    evidenceTypes.doubleVote,
    rank,
    signed(builder.vote(a1, rank)),
    signed(builder.vote(twin, rank)),
  );

const found = (world: ChainWorld) =>
  world.events.flatMap((e) => (e.type === "evidence-found" ? [[e.kind, e.validator, e.slot]] : []));
const kinds = (results: readonly { readonly type: string }[]) => results.map((r) => r.type);

test("two headers of one validator and slot are evidence, found once and passed on", () => {
  const world = new ChainWorld(builder);
  world.block(a1, alice);
  const results = world.block(twin, bob);
  const [told] = results.flatMap((r) => (r.type === "evidence" ? [r] : []));
  assert.deepEqual(told, { type: "evidence", evidence: doubleSeal, source: undefined });
  assert.deepEqual(found(world), [["double-seal", validators[1], 1]]);
  assert.ok(!kinds(world.block(twin)).includes("evidence"));
  assert.deepEqual(world.chain.evidence(), [doubleSeal]);
});

test("headers that come in a run give evidence too, told in the next tick", () => {
  const world = new ChainWorld(builder);
  world.headers([a1, a2]);
  world.headers([twin]);
  assert.ok(kinds(world.advance(1)).includes("evidence"));
  assert.deepEqual(world.chain.evidence(), [doubleSeal]);
});

test("one header with two seals is one block and no fault", () => {
  const world = new ChainWorld(builder);
  world.block(a1, alice);
  world.block({ ...a1, sealed: { ...a1.sealed, seal: a1.sealed.seal.slice() } }, bob);
  assert.deepEqual(world.chain.evidence(), []);
});

test("two votes of one slot are evidence, and both count", () => {
  const world = new ChainWorld(builder);
  for (const block of [a1, twin]) world.block(block);
  world.votes(a1, [3]);
  assert.deepEqual(kinds(world.votes(twin, [3])), ["vote", "evidence"]);
  assert.deepEqual(found(world).at(-1), ["double-vote", validators[3], 1]);
  world.votes(twin, [0, 2]);
  assert.equal(world.chain.justified.hash, twin.hash);
});

test("a vote that surrounds another is evidence, whichever comes first", () => {
  const low = builder.block(a2, { slot: 20 });
  const a3 = builder.block(a2, { slot: 3, certificate: builder.certificateFor(a2) });
  for (const order of [
    [low, a3],
    [a3, low],
  ] as const) {
    const world = new ChainWorld(builder);
    for (const block of [a1, a2, a3, low]) world.block(block);
    const results = order.flatMap((block) => world.votes(block, [3]));
    assert.deepEqual(kinds(results), ["vote", "vote", "evidence"]);
    assert.deepEqual(found(world), [["surround", validators[3], 20]]);
  }
});

test("a peer's evidence is checked and passed on once; one piece a validator is enough", () => {
  const world = new ChainWorld(builder);
  assert.deepEqual(world.chain.importEvidence(doubleSeal, alice), [
    { type: "evidence", evidence: doubleSeal, source: alice },
  ]);
  assert.deepEqual(world.chain.importEvidence(doubleSeal, bob), []);
  assert.deepEqual(world.chain.importEvidence(doubleVote(1), bob), [], "of the same validator");
  assert.deepEqual(kinds(world.chain.importEvidence(doubleVote(2), bob)), ["evidence"]);
});

test("forged, strange and old evidence is refused, the latter two without blame", () => {
  const world = new ChainWorld(builder);
  const codeOf = (evidence: Evidence, slot = 1000) => {
    world.clock.wallMs = builder.file.genesisTimeMs + slot * builder.file.slotMs;
    const [result] = world.chain.importEvidence(evidence, alice);
    return result?.type === "refused" ? result.rejection.code : result?.type;
  };
  const [one, other] = doubleVote(2).messages.map((message) => message.slice());
  one![100]! ^= 1;
  assert.equal(codeOf(piece(2, 2, one!, other!)), "evidence-signature");
  const elsewhere = new ChainBuilder(networkOf(5));
  const theirs = elsewhere.chain(elsewhere.genesis, 1, 4)[0]!;
  const votes = [{}, { sourceSlot: 1 }].map((lie) => signed(elsewhere.vote(theirs, 4, lie)));
  const strange = encodeEvidence(2, elsewhere.file.validators[4]!, votes[0]!, votes[1]!);
  assert.ok(!("code" in strange));
  assert.equal(codeOf(strange), "evidence-stranger");
  const { evidenceMaxAgeSlots } = chainLimits;
  assert.equal(codeOf(doubleVote(2), evidenceMaxAgeSlots + 2), "evidence-old");
  assert.equal(codeOf(doubleVote(2), evidenceMaxAgeSlots + 1), "evidence");
  assert.deepEqual(world.chain.evidence().length, 1);
});

test("the next leader includes what was found; the accused may not seal on, and is removed", () => {
  const world = new ChainWorld(builder);
  for (const block of [a1, twin]) world.block(block);
  const { head } = world.chain;
  const unsealed = world.chain.duties.buildBlock(2, validators[2]!, () => []);
  assert.ok(unsealed !== undefined);
  assert.equal(unsealed.header.txCount, 1);
  const parent = head.hash === a1.hash ? a1 : twin;
  const reward = addressOfKey(validators[2]!);
  const transactions = [evidenceTransaction(doubleSeal, reward)];
  const block = builder.block(parent, { slot: 2, transactions });
  assert.equal(block.hash, unsealed.header.hash, "as the builder of the tests makes it");
  const before = world.state.supply;
  world.block(block, alice);
  assert.equal(world.chain.head.hash, block.hash);
  assert.equal(world.state.supply, before + 2n * builder.file.blockReward);
  assert.deepEqual(world.state.registry().jailed, [validators[1]]);
  assert.equal(
    world.chain.duties.buildBlock(5, validators[1]!, () => []),
    undefined,
  );
  assert.equal(world.chain.duties.buildBlock(6, validators[2]!, () => [])?.header.txCount, 0);
  const jailed = builder.block(block, { slot: 5 });
  const [verdict] = world.block(jailed, bob).filter((r) => r.type === "rejected");
  assert.equal(verdict?.rejection.code, "block-sealer-jailed");
  assert.equal(verdict?.source, bob);
  assert.equal(world.chain.evidence().length, 1, "told to whoever comes late");
});

test("evidence with a forged signature makes a block invalid, found by the signature check", () => {
  const world = new ChainWorld(builder);
  world.block(a1);
  const [one, other] = doubleVote(3).messages.map((message) => message.slice());
  one![90]! ^= 1;
  const forged = evidenceTransaction(piece(2, 3, one!, other!), addressOfKey(validators[2]!));
  const bad = builder.block(a1, { transactions: [forged] });
  const results = world.block(bad, bob);
  const last = results.at(-1);
  assert.ok(last?.type === "rejected");
  assert.equal(last.rejection.code, "block-transaction-signature");
});
