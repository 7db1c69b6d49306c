/** Proposals, approvals, punishment and hand-over, on registries alone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  governed,
  handedOver,
  punished,
  refreshed,
  unpunishable,
} from "../../../src/chain/governance.ts";
import type { Registry, SetChange } from "../../../src/chain/registry.ts";
import { addressOf } from "../../../src/model/ids.ts";
import type { Transaction } from "../../../src/model/transaction.ts";
import { chainLimits } from "../../../src/params/limits.ts";
import { approve, change, keysOf, propose, registryOf } from "./governance-fixtures.ts";
import { keyOf } from "./ledger-fixtures.ts";

const now = { height: 10, slot: 20 };
const decision = (...args: Parameters<typeof change>): SetChange => ({
  ...change(...args),
  fromEvidence: false,
});

function done(registry: Registry, transaction: Transaction, moment = now): Registry {
  const result = governed(registry, transaction, moment);
  if ("code" in result) throw new Error(result.detail);
  return result;
}

function refused(registry: Registry, transaction: Transaction): string {
  const result = governed(registry, transaction, now);
  assert.ok("code" in result && result.code === "transaction-governance");
  return result.detail;
}

/** Pending, its block final: does it. */
function afterAll(registry: Registry): Registry {
  let result = registry;
  for (let height = 100; result.pending !== undefined; height++) {
    result = handedOver(result, { height, slot: height, finalizedHeight: height - 1 });
  }
  return result;
}

test("a proposal is open with its proposer's approval, and passes with a quorum", () => {
  const proposal = propose("v1", 0n, change("add", "new", { rank: 1 }));
  const open = done(registryOf(4), proposal);
  assert.deepEqual(open.proposals, [
    {
      ...change("add", "new", { rank: 1 }),
      id: proposal.id,
      proposer: keyOf("v1"),
      slot: 20,
      approvals: [keyOf("v1")],
    },
  ]);
  const two = done(open, approve("v0", 0n, proposal.id));
  assert.deepEqual(two.proposals[0]?.approvals, [keyOf("v0"), keyOf("v1")], "in rank order");
  assert.equal(two.pending, undefined);
  const passed = done(two, approve("v3", 0n, proposal.id), { height: 12, slot: 30 });
  assert.deepEqual(passed.proposals, []);
  assert.deepEqual(passed.pending, { ...decision("add", "new", { rank: 1 }), queuedAt: 12 });
  assert.deepEqual(passed.validators, keysOf(4), "not before that block is final");
});

test("a lone validator decides by proposing", () => {
  const passed = done(registryOf(1), propose("v0", 0n, change("add", "v1")));
  assert.equal(passed.pending?.queuedAt, 10);
  assert.deepEqual(afterAll(passed).validators, keysOf(2));
});

test("what passes while a change is pending waits behind it", () => {
  const first = done(registryOf(1), propose("v0", 0n, change("add", "v1")));
  const second = done(first, propose("v0", 1n, change("add", "v2", { rank: 0 })));
  assert.deepEqual(second.queue, [decision("add", "v2", { rank: 0 })]);
  const one = handedOver(second, { height: 12, slot: 12, finalizedHeight: 10 });
  assert.deepEqual(one.validators, keysOf(2));
  assert.deepEqual(one.pending, { ...decision("add", "v2", { rank: 0 }), queuedAt: 12 });
  assert.deepEqual(one.queue, []);
  const two = handedOver(one, { height: 14, slot: 14, finalizedHeight: 12 });
  assert.deepEqual(two.validators, ["v2", "v0", "v1"].map(keyOf));
  assert.equal(two.pending, undefined);
});

test("the pending change waits until the block that made it pending is final on chain", () => {
  const pending = { ...decision("remove", "v4"), queuedAt: 10 };
  const registry = registryOf(5, { pending });
  for (const finalizedHeight of [0, 9]) {
    assert.equal(handedOver(registry, { ...now, finalizedHeight }), registry);
  }
  const after = handedOver(registry, { ...now, finalizedHeight: 10 });
  assert.deepEqual(after, registryOf(4));
});

test("everything that makes an action fail has its reason", () => {
  const open = done(registryOf(4), propose("v1", 0n, change("add", "new")));
  const { id } = open.proposals[0]!;
  const other = { ...propose("v1", 0n, change("add", "x")), payload: Uint8Array.of(9) };
  const cases: [RegExp, Transaction][] = [
    [/not a validator/, propose("stranger", 0n, change("add", "x"))],
    [/not a validator/, approve("stranger", 0n, id)],
    [/no such proposal/, approve("v2", 0n, propose("v2", 5n, change("add", "x")).id)],
    [/approved already/, approve("v1", 1n, id)],
    [/must be zero/, { ...propose("v1", 1n, change("add", "x")), amount: 1n }],
    [/must be zero/, { ...approve("v2", 1n, id), to: addressOf(new Uint8Array(32).fill(1)) }],
    [/35 bytes/, other],
    [/32 bytes/, { ...approve("v2", 1n, id), payload: new Uint8Array(33) }],
    [/no sense/, propose("v0", 0n, change("add", "v1"))],
    [/no sense/, propose("v0", 0n, change("remove", "x"))],
    [/no sense/, propose("v0", 0n, change("rerank", "x", { rank: 0 }))],
    [/no sense/, propose("v0", 0n, change("rerank", "v1", { rank: 1 }))],
    [/no sense/, propose("v0", 0n, change("rerank", "v3"))],
    [/no sense/, propose("v0", 0n, change("remove", "v1"))],
  ];
  for (const [reason, transaction] of cases) assert.match(refused(open, transaction), reason);
});

test("a validator has one open proposal: the new one replaces the old", () => {
  const first = done(registryOf(4), propose("v1", 0n, change("add", "a")));
  const both = done(first, propose("v2", 0n, change("add", "b")));
  const replacing = propose("v1", 1n, change("add", "c"));
  const replaced = done(both, replacing);
  assert.deepEqual(
    replaced.proposals.map(({ validator }) => validator),
    [keyOf("b"), keyOf("c")],
  );
  assert.match(refused(replaced, approve("v0", 0n, first.proposals[0]!.id)), /no such proposal/);
});

test("going below four needs force, unless there are fewer already or it is punishment", () => {
  const gone = (count: number, force: boolean) =>
    governed(registryOf(count), propose("v0", 0n, change("remove", "v1", { force })), now);
  assert.ok("code" in gone(4, false));
  for (const [count, force] of [
    [5, false],
    [4, true],
    [3, false],
    [2, false],
  ] as const) {
    assert.ok(!("code" in gone(count, force)), `${count}`);
  }
  const punishedOne = punished(registryOf(4), keyOf("v1"), now);
  assert.deepEqual(afterAll(punishedOne).validators, ["v0", "v2", "v3"].map(keyOf));
});

test("the last validator that may seal is never removed", () => {
  const lone = propose("v0", 0n, change("remove", "v0", { force: true }));
  assert.match(refused(registryOf(1), lone), /no sense/);
  const jailed = punished(registryOf(2), keyOf("v1"), now);
  assert.match(refused(jailed, lone), /no sense/);
  assert.deepEqual(afterAll(jailed).validators, [keyOf("v0")]);
  // Decided before the other was jailed: it is dropped when its turn comes.
  const pending = { ...decision("remove", "v0", { force: true }), queuedAt: 3 };
  const both = punished(registryOf(2, { pending }), keyOf("v1"), now);
  assert.deepEqual(afterAll(both).validators, [keyOf("v0")]);
});

test("whether a change makes sense is asked of the set as all that waits will leave it", () => {
  const adding = registryOf(4, { pending: { ...decision("add", "v4"), queuedAt: 3 } });
  assert.match(refused(adding, propose("v0", 0n, change("add", "v4"))), /no sense/);
  const queued = { ...adding, queue: [decision("add", "v5")] };
  assert.match(refused(queued, propose("v0", 0n, change("add", "v5"))), /no sense/);
  done(adding, propose("v0", 0n, change("remove", "v4")));
  // Five by then, so the old key may go without force: how a key is rotated.
  done(adding, propose("v0", 0n, change("remove", "v0")));
});

test("a change that lost its sense is dropped, and the next that has one is taken", () => {
  const queue = [decision("remove", "v9"), decision("add", "v1"), decision("add", "v5")];
  const pending = { ...decision("add", "v4"), queuedAt: 10 };
  const after = handedOver(registryOf(5, { pending, queue: [...queue, decision("add", "v6")] }), {
    height: 30,
    slot: 30,
    finalizedHeight: 29,
  });
  assert.deepEqual(after.validators, keysOf(5));
  assert.deepEqual(after.pending, { ...decision("add", "v5"), queuedAt: 30 });
  assert.deepEqual(after.queue, [decision("add", "v6")]);
});

test("members that leave take their proposals and approvals along", () => {
  let registry = done(registryOf(6), propose("v5", 0n, change("add", "a")));
  registry = done(registry, propose("v0", 0n, change("add", "b")));
  registry = done(registry, approve("v5", 1n, registry.proposals[1]!.id));
  registry = { ...registry, pending: { ...decision("remove", "v5"), queuedAt: 1 } };
  const after = handedOver(registry, { ...now, finalizedHeight: 1 });
  assert.deepEqual(
    after.proposals.map(({ validator, approvals }) => [validator, approvals]),
    [[keyOf("b"), [keyOf("v0")]]],
  );
});

test("a smaller set has a smaller quorum, and what reaches it by that passes", () => {
  let registry = done(registryOf(4), propose("v0", 0n, change("add", "a")));
  registry = done(registry, approve("v1", 0n, registry.proposals[0]!.id));
  registry = {
    ...registry,
    pending: { ...decision("remove", "v3", { force: true }), queuedAt: 1 },
  };
  const after = handedOver(registry, { ...now, finalizedHeight: 1 });
  assert.deepEqual(after.proposals, []);
  assert.deepEqual(after.pending, { ...decision("add", "a"), queuedAt: 10 });
});

test("proposals, and former cheaters, are forgotten after their time", () => {
  const { proposalMaxAgeSlots, evidenceMaxAgeSlots } = chainLimits;
  const open = done(registryOf(4), propose("v1", 0n, change("add", "new")));
  assert.equal(refreshed(open, 20 + proposalMaxAgeSlots), open);
  assert.deepEqual(refreshed(open, 21 + proposalMaxAgeSlots).proposals, []);
  const jailed = punished(registryOf(5), keyOf("v1"), now);
  assert.equal(refreshed(jailed, 10 ** 9), jailed, "a member stays jailed");
  const gone = afterAll(jailed);
  assert.match(refused(gone, propose("v0", 0n, change("add", "v1"))), /no sense/);
  assert.equal(refreshed(gone, 20 + evidenceMaxAgeSlots), gone);
  const forgiven = refreshed(gone, 21 + evidenceMaxAgeSlots);
  assert.deepEqual(forgiven.jail, []);
  done(forgiven, propose("v0", 0n, change("add", "v1")));
});

test("evidence jails a member once, and only while another may seal", () => {
  const registry = registryOf(3);
  assert.match(unpunishable(registry, keyOf("x"))!, /not of a validator/);
  assert.equal(unpunishable(registry, keyOf("v1")), undefined);
  const one = punished(registry, keyOf("v1"), now);
  assert.deepEqual(one.jail, [{ validator: keyOf("v1"), slot: 20 }]);
  assert.deepEqual(one.pending, {
    ...decision("remove", "v1"),
    fromEvidence: true,
    queuedAt: 10,
  });
  assert.match(unpunishable(one, keyOf("v1"))!, /jailed already/);
  const two = punished(one, keyOf("v0"), now);
  assert.match(unpunishable(two, keyOf("v2"))!, /nobody else/);
  assert.deepEqual(
    two.jail.map(({ validator }) => validator),
    [keyOf("v0"), keyOf("v1")].sort(),
  );
  assert.deepEqual(afterAll(two).validators, [keyOf("v2")]);
});

test("votes fill half of the queue at most, the rest is for evidence", () => {
  const votedMax = chainLimits.setChangesQueuedMax - chainLimits.validatorsMax;
  const pending = { ...decision("add", "a0"), queuedAt: 1 };
  const filler = (count: number) =>
    Array.from({ length: count }, (_, i) =>
      decision("rerank", "v0", { rank: i % 2 === 0 ? 0 : 1 }),
    );
  const room = registryOf(1, { pending, queue: filler(votedMax - 1) });
  const full = done(room, propose("v0", 0n, change("add", "b")));
  assert.equal(full.queue.length, votedMax);
  assert.match(refused(full, propose("v0", 0n, change("add", "c"))), /too many wait/);
  assert.equal(unpunishable({ ...full, validators: keysOf(2) }, keyOf("v1")), undefined);
  const packed = registryOf(2, { pending, queue: filler(chainLimits.setChangesQueuedMax) });
  assert.match(unpunishable(packed, keyOf("v1"))!, /waiting/);
});

test("a set is never above 128, nor are members and jailed together above 256", () => {
  const full = registryOf(128);
  assert.match(refused(full, propose("v0", 0n, change("add", "x"))), /no sense/);
  const jail = (count: number) =>
    Array.from({ length: count }, (_, i) => ({ validator: keyOf(`gone ${i}`), slot: 1 }));
  done(registryOf(100, { jail: jail(155) }), propose("v0", 0n, change("add", "x")));
  const crowded = registryOf(100, { jail: jail(156) });
  assert.match(refused(crowded, propose("v0", 0n, change("add", "x"))), /no sense/);
});

test("a validator is moved to the rank asked for, or as far as there are ranks", () => {
  const moved = (rank: number | undefined) =>
    afterAll(registryOf(4, { pending: { ...decision("rerank", "v1", { rank }), queuedAt: 1 } }))
      .validators;
  assert.deepEqual(moved(0), ["v1", "v0", "v2", "v3"].map(keyOf));
  assert.deepEqual(moved(2), ["v0", "v2", "v1", "v3"].map(keyOf));
  assert.deepEqual(moved(undefined), ["v0", "v2", "v3", "v1"].map(keyOf));
  assert.deepEqual(moved(100), ["v0", "v2", "v3", "v1"].map(keyOf));
});
