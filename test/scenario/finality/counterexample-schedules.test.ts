/**
 * Attacks that broke weaker rules (consensus.md §2, §4.3; protocol-spec/model), played against the
 * real chain: nothing of it may make two chains disagree on what is final, unless honest validators
 * break their floors, and then those are named. With a rule of the code broken, the mutants, the same
 * schedules do fork it.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { approveFields, proposeFields } from "../../../src/model/governance.ts";
import type { Transaction } from "../../../src/model/transaction.ts";
import { quorum } from "../../../src/model/validator-set.ts";
import { chainLimits } from "../../../src/params/limits.ts";
import type { Built } from "../../support/built.ts";
import { keyOf, seedOf } from "../../support/chain-network.ts";
import { ChainWorld } from "../../support/chain-world.ts";
import { History } from "./history.ts";
import { assertAgreement, assertFork, oracleOf } from "./history-parts.ts";

const upTo = (count: number) => Array.from({ length: count }, (_, number) => number);

test("slots with gaps: four honest voters finalize neither of two branches by kinship alone", () => {
  const history = new History(upTo(4), []);
  const { genesis } = history;
  const everybody = upTo(4);
  const a = history.block(genesis, 2);
  const b = history.block(genesis, 3);
  assert.deepEqual(history.vote(a, everybody), everybody);
  assert.deepEqual(history.vote(b, everybody), everybody);
  const onA = history.block(a, 4, a);
  const onB = history.block(b, 5, b);
  assert.deepEqual(history.vote(onA, everybody), everybody);
  assert.deepEqual(history.vote(onB, everybody), everybody);
  assert.equal(onA.justified, a);
  assert.equal(onB.justified, b);
  assertAgreement(history);
  assert.deepEqual([...oracleOf(history)], [genesis]);
});

/** A is final for whoever hears of 1->2; B, beside it, if somebody votes 0->3 after that. */
function surround(isForced: boolean): { history: History; left: Built; right: Built } {
  const history = new History(upTo(4), [1]);
  const { genesis } = history;
  const a = history.block(genesis, 1);
  history.vote(a, [0, 1, 2]);
  const left = history.block(a, 2, a);
  history.vote(left, [0, 1, 2]);
  const b = history.block(genesis, 3);
  if (isForced) history.voteAgainstFloors(b, [1, 2, 3]);
  else history.vote(b, [0, 1, 2, 3]);
  const right = history.block(b, 4, b);
  if (isForced) history.voteAgainstFloors(right, [1, 2, 3]);
  else history.vote(right, [0, 1, 2, 3]);
  return { history, left, right };
}

test("a surround: sources that never fall keep the second branch without a quorum", () => {
  const { history, right } = surround(false);
  assert.equal(right.justified, undefined, "nobody can carry a certificate for its parent");
  assertAgreement(history);
});

test("a surround: it takes an honest validator whose source falls, and it is named", () => {
  const { history, left, right } = surround(true);
  assert.deepEqual(history.breaches, ["2 after 1->2: 0->3, source"]);
  assertFork(history, left, right, [1, 2]);
});

/** Two branches with blocks in the same slots. */
function doubleVotes(isForced: boolean): { history: History; left: Built; right: Built } {
  const history = new History(upTo(4), [1]);
  const sides = [
    { at: history.genesis, voters: [0, 1, 2] },
    { at: history.genesis, voters: [1, 2, 3] },
  ];
  for (const slot of [1, 2]) {
    for (const side of sides) {
      side.at = history.block(side.at, slot, side.at);
      if (isForced) history.voteAgainstFloors(side.at, side.voters);
      else history.vote(side.at, upTo(4));
    }
  }
  return { history, left: sides[0]!.at, right: sides[1]!.at };
}

test("double votes: targets that rise leave one of two blocks of a slot without a quorum", () => {
  assertAgreement(doubleVotes(false).history);
});

test("double votes: it takes an honest validator that votes twice in a slot, and it is named", () => {
  const { history, left, right } = doubleVotes(true);
  assert.deepEqual(history.breaches, ["2 after 0->1: 0->1, target", "2 after 1->2: 1->2, target"]);
  assertFork(history, left, right, [1, 2]);
});

/** The honest in two halves, and all that cheat in both. */
const halves = [
  { count: 4, byzantine: [0], left: [0, 1], right: [0, 2, 3] },
  { count: 5, byzantine: [0], left: [0, 1, 2], right: [0, 3, 4] },
  { count: 6, byzantine: [0], left: [0, 1, 2], right: [0, 3, 4, 5] },
  { count: 7, byzantine: [0, 1], left: [0, 1, 2, 3], right: [0, 1, 4, 5, 6] },
];
for (const { count, byzantine, left, right } of halves) {
  test(`quorum: of ${count}, ${byzantine.length} in both halves make one of them final at most`, () => {
    const history = new History(upTo(count), byzantine);
    const tips = [left, right].map((voters, index) => {
      const first = history.block(history.genesis, 1 + 2 * index);
      history.vote(first, voters);
      const second = history.block(first, 2 + 2 * index, first);
      assert.deepEqual(history.vote(second, voters), voters, "no honest voter is in both");
      return second;
    });
    assertAgreement(history);
    const isLarge = right.length >= quorum(count);
    assert.equal(tips[1]!.justified !== undefined, isLarge);
  });
}

type Change = readonly ["add" | "remove", number];

function proposalOf(action: Change[0], member: number) {
  const change = { action, validator: keyOf(seedOf(member)), rank: undefined, force: false };
  return (terms: Parameters<typeof proposeFields>[1]) => proposeFields(change, terms);
}

/** Proposed by the first of the voters and approved by the others, one after the other. */
function decisions(history: History, changes: readonly Change[], voters: readonly number[]) {
  return changes.flatMap(([action, member]) => {
    const [first, ...others] = voters;
    const proposal = history.signed(first!, proposalOf(action, member));
    const approve = (terms: Parameters<typeof approveFields>[1]) =>
      approveFields(proposal.id, terms);
    return [proposal, ...others.map((voter): Transaction => history.signed(voter, approve))];
  });
}

/**
 * The set changes on one branch only. No honest voter is in the quorums of both branches when the
 * changes count all at once; 0 cheats.
 */
const hostileChanges = [
  {
    what: "two members of four are replaced",
    members: [0, 1, 4, 6],
    changes: [
      ["add", 2],
      ["add", 7],
      ["remove", 4],
      ["remove", 6],
    ] as Change[],
    old: [0, 4, 6],
    young: [0, 2, 7],
  },
  {
    what: "one member of six is replaced",
    members: [0, 1, 2, 3, 4, 5],
    changes: [
      ["add", 6],
      ["remove", 5],
    ] as Change[],
    old: [0, 1, 2, 5],
    young: [0, 3, 4, 6],
  },
];
for (const { what, members, changes, old, young } of hostileChanges) {
  test(`set change: ${what}, on one of two branches, once it is final there`, () => {
    const history = new History(members, [0]);
    const approvals = members.slice(0, quorum(members.length));
    const decided = decisions(history, changes, approvals);
    const first = history.block(history.genesis, 1, undefined, decided);
    history.vote(first, old);
    const second = history.block(first, 2, first);
    history.vote(second, old);
    const handover = history.block(second, 3, second);
    assert.equal(handover.final, first);
    const stale = history.block(second, 4);
    assert.equal(stale.final, history.genesis, "it does not know");
    assert.deepEqual(history.vote(stale, old), old);
    const onStale = history.block(stale, 5, stale);
    assert.deepEqual(history.vote(onStale, old), old);
    const fresh = history.block(handover, 6);
    history.vote(fresh, young);
    const onFresh = history.block(fresh, 7, fresh);
    history.vote(onFresh, young);
    assertAgreement(history);
    const { length } = fresh.validators;
    assert.equal(length, members.length + 1, "one change at a time");
  });

  test(`set change: ${what}, on one of two branches, and nothing is final there`, () => {
    const history = new History(members, [0]);
    const approvals = members.slice(0, quorum(members.length));
    const decided = decisions(history, changes, approvals);
    let at = history.block(history.genesis, 1, undefined, decided);
    for (let slot = 2; slot <= changes.length + 1; slot++) at = history.block(at, slot);
    const fresh = history.block(at, 7);
    history.vote(fresh, young);
    history.vote(history.block(fresh, 8, fresh), young);
    const stale = history.block(history.genesis, 9);
    assert.deepEqual(history.vote(stale, old), old);
    history.vote(history.block(stale, 10, stale), old);
    assertAgreement(history);
    assert.deepEqual(fresh.validators, history.builder.file.validators);
  });
}

test("set change: finality that one has heard of and another has not changes no validity", () => {
  const history = new History(upTo(4), [0]);
  const decided = decisions(history, [["add", 5]], [0, 1, 2]);
  const first = history.block(history.genesis, 1, undefined, decided);
  history.vote(first, [1, 2, 3]);
  const second = history.block(first, 2, first);
  history.vote(second, [1, 2, 3]);
  const third = history.block(second, 3);
  assert.equal(third.final, history.genesis, "nobody said so on chain");
  const fourth = history.block(third, 4, second);
  assert.equal(fourth.final, first);
  const fifth = history.block(fourth, 5);
  assert.equal(fifth.validators.length, 5);
  assert.equal(fourth.validators.length, 4);
  history.vote(fifth, upTo(6));
  assertAgreement(history);
});

test("cap: finality that was heard and is not on chain raises no cap", () => {
  const history = new History(upTo(4), []);
  const first = history.block(history.genesis, 1);
  history.vote(first, upTo(4));
  const second = history.block(first, 2, first);
  const { builder } = history;
  const rest = builder.chain(second, chainLimits.unfinalizedMax - second.height);
  const above = builder.block(rest.at(-1)!);
  for (const votes of [[], [0, 1, 2]]) {
    const world = new ChainWorld(builder);
    for (const block of [first, second]) world.block(block);
    assert.equal(world.headers(rest).accepted, rest.length);
    world.votes(second, votes);
    world.persisted();
    assert.equal(world.chain.finalized.hash, votes.length > 0 ? first.hash : history.genesis.hash);
    const { rejection } = world.headers([above]);
    assert.equal(rejection?.code, "header-cap", "the cap depends on what was heard");
  }
});
