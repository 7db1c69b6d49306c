/**
 * Cheats that pull together, in networks of small slots: conspirators who share a plan, with a
 * machine on either side of a cut, and those who race changes of the validator set on both sides.
 * All invariants are checked at every step; each case says besides what must have occurred.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TimedFault } from "../../../src/sim/draw-faults.ts";
import type { Cheat, CheatKind } from "../../../src/sim/swarm.ts";
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
  atSlot(36, { type: "heal" }),
  atSlot(40, { type: "set-change", node: 5, count: 2 }),
];

for (const kinds of [["conspiring"], ["racing"]] as const) {
  test(`two of seven, ${kinds[0]}, stop neither safety nor finality`, () => {
    for (const seed of ["a", "b", "c"]) {
      const world = run(`plot-${kinds.join("-")}-${seed}`, 8, 1.2 * minute, {
        validators: 7,
        nodes: 10,
        spares: 1,
        byzantineMode: "under",
        cheats: pair(kinds, 8),
        faults: cut,
      });
      demand(world, "block finalized", "validator set changed", "partition healed");
      const cheats = new Set([1, 2].map((index) => world.nodes[index]!.options.validatorKey));
      const honest = world.chronicle.votes.filter(
        ({ validator }) => !cheats.has(validator as never),
      );
      assert.ok(honest.length < world.chronicle.votes.length, "the cheats signed, too");
    }
  });
}

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
