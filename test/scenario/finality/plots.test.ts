/**
 * Cheats that pull together, in networks of small slots: conspirators who share a plan, with a
 * machine on either side of a cut, and those who race changes of the validator set on both sides.
 * All invariants are checked at every step; each case says besides what must have occurred.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Cheat, CheatKind } from "../../../src/sim/cheat.ts";
import type { TimedFault } from "../../../src/sim/fault.ts";
import { atSlot, demand, minute, run } from "./staged-network.ts";

/** Cheats 1 and 2, of seven or of four, each with a second machine after all other nodes. */
const pair = (kinds: readonly CheatKind[], nodes: number): Cheat[] => [
  { node: 1, kinds, clone: nodes },
  { node: 2, kinds, clone: nodes + 1 },
];

/** 0, 4, 6 and the spare 7 on one side; 3, 5 and the second machines on the other. */
const sevenCut = [0, 0, 0, 1, 0, 1, 0, 0, 1, 1];
const cut: TimedFault[] = [
  atSlot(18, { type: "partition", sides: sevenCut }),
  atSlot(20, { type: "set-change", node: 0, count: 2 }),
  atSlot(21, { type: "set-change", node: 3, count: 2 }),
  atSlot(24, { type: "set-change", node: 0, count: 0 }),
  atSlot(25, { type: "set-change", node: 3, count: 0 }),
  atSlot(36, { type: "heal" }),
  atSlot(40, { type: "set-change", node: 5, count: 2 }),
];

test("two of seven who conspire and race set changes stop neither safety nor finality", () => {
  const world = run("plot-both", 8, 0.8 * minute, {
    validators: 7,
    nodes: 10,
    spares: 1,
    byzantineMode: "under",
    cheats: pair(["conspiring", "racing"], 8),
    faults: cut,
  });
  demand(world, "block finalized", "validator set changed", "partition healed");
  const cheats = new Set<unknown>([1, 2].map((at) => world.nodes[at]!.options.validatorKey));
  const theirs = world.chronicle.votes.filter(({ validator }) => cheats.has(validator));
  assert.ok(theirs.length > 50, "the cheats signed, too");
});

test("a set changed beyond a cut, with the votes of one who has a machine there, forks nothing", () => {
  const world = run("b4", 6, minute, {
    validators: 4,
    spares: 2,
    nodes: 7,
    byzantineMode: "under",
    cheats: [{ node: 0, kinds: ["racing"], clone: 6 }],
    faults: [
      atSlot(45, { type: "partition", sides: [0, 1, 0, 0, 1, 1, 1] }),
      atSlot(47, { type: "set-change", node: 1, count: 2 }),
      atSlot(52, { type: "set-change", node: 1, count: 0 }),
      atSlot(56, { type: "set-change", node: 1, count: 0 }),
      atSlot(95, { type: "heal" }),
    ],
  });
  demand(world, "block finalized", "partition healed");
});

test("two conspirators of four fork the final chain, and the certificates name them", () => {
  const world = run("o1", 4, 1.2 * minute, {
    validators: 4,
    nodes: 6,
    byzantineMode: "over",
    cheats: pair(["cloned", "conspiring"], 4),
    faults: [
      atSlot(60, { type: "partition", sides: [0, 0, 0, 1, 1, 1] }),
      atSlot(130, { type: "heal" }),
    ],
  });
  demand(world, "two final chains", "safety halt", "culprits named by a halted node");
});
