/**
 * Whole networks in situations that were once got wrong, or that no fault drawn by chance may be
 * trusted to bring about. All invariants are checked at every step; each case says besides what must
 * have occurred, or it would test nothing.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { CheatKind } from "../../../src/sim/cheat.ts";
import type { TimedFault } from "../../../src/sim/fault.ts";
import type { RareEvent } from "../../../src/sim/rare-events.ts";
import { World } from "../../../src/sim/world.ts";
import { atSlot, crash, demand, minute, run } from "./staged-network.ts";

test("two halves that both grew to the cap heal to one chain, nothing final undone", () => {
  const world = run("cap-halves", 5, 2.5 * minute, {
    validators: 4,
    faults: [
      atSlot(60, { type: "partition", sides: [0, 0, 1, 1, 0] }),
      atSlot(330, { type: "heal" }),
    ],
  });
  demand(world, "cap reached", "sibling sealed at the cap", "reorg of depth 3 or more");
});

test("below a quorum the chain grows to the cap and stops, and goes on when they return", () => {
  const world = run("cap-crash", 5, 2.5 * minute, {
    validators: 4,
    faults: [atSlot(60, crash(1, 250)), atSlot(60, crash(3, 250))],
  });
  demand(world, "cap reached", "sibling sealed at the cap");
});

test("a validator that lost its signer's file votes again once others justified without it", () => {
  const world = run("amnesia", 4, minute, {
    validators: 4,
    faults: [atSlot(40, { ...crash(2, 5), loss: "signer" } as TimedFault["fault"])],
  });
  demand(world, "amnesia start");
  const { slot } = world;
  const again = world.chronicle.votes.filter(
    ({ target, validator }) =>
      validator === world.nodes[2]?.options.validatorKey && target.slot > slot.call(world) - 20,
  );
  assert.ok(again.length > 5, "it votes again");
});

test("a validator whose database is an old backup signs nothing twice", () => {
  const world = run("backup", 4, minute, {
    validators: 4,
    faults: [
      atSlot(30, { type: "backup", node: 1 }),
      atSlot(60, { ...crash(1, 2), loss: "new-blocks" } as TimedFault["fault"]),
    ],
  });
  demand(world, "restart from an old backup");
});

test("validators that are heard by nobody for a while stop nothing", () => {
  const directions = [0, 2, 3].map((to) => ({ from: 1, to }));
  const world = run("mute", 4, minute, {
    validators: 4,
    hasStalls: true,
    faults: [atSlot(40, { type: "stall", directions }), atSlot(80, { type: "heal" })],
  });
  demand(world, "one-way partition", "block finalized");
});

for (const [kind, events] of [
  ["equivocating", ["evidence found", "evidence included", "validator set changed"]],
  ["double-voting", ["block finalized"]],
  ["withholding", ["block finalized"]],
  ["bouncing", ["block finalized"]],
  ["late", ["block finalized"]],
  ["silent", ["block finalized"]],
  ["garbage", ["block finalized"]],
  ["cloned", ["doppelganger seen"]],
] as const satisfies readonly (readonly [CheatKind, readonly RareEvent[]])[]) {
  test(`one ${kind} validator of four stops neither safety nor finality`, () => {
    const clone = kind === "cloned" ? 4 : undefined;
    const world = run(`cheat-${kind}`, 4, 1.2 * minute, {
      validators: 4,
      nodes: clone === undefined ? 4 : 5,
      byzantineMode: "under",
      cheats: [{ node: 1, kinds: [kind], clone }],
      faults: [
        atSlot(60, { type: "partition", sides: [0, 0, 1, 0, 0] }),
        atSlot(90, { type: "heal" }),
      ],
    });
    demand(world, ...events);
  });
}

test("two changes of the set agreed at once are made one after the other", () => {
  const world = run("two-changes", 6, 0.8 * minute, {
    validators: 4,
    spares: 2,
    faults: [
      atSlot(30, { type: "set-change", node: 0, count: 2 }),
      atSlot(36, { type: "set-change", node: 0, count: 0 }),
    ],
  });
  demand(world, "validator set changed", "hand-over followed by a light client");
  assert.equal(world.nodes[0]?.node?.queries.validators().length, 6);
});

test("a convicted validator that nobody can remove yet seals no more, whatever it tries", () => {
  const world = run("jailed", 6, minute, {
    validators: 4,
    byzantineMode: "under",
    cheats: [{ node: 1, kinds: ["equivocating"], clone: undefined }],
    // Nothing is final meanwhile, so the change waits.
    faults: [atSlot(30, crash(2, 100)), atSlot(30, crash(3, 100))],
  });
  demand(world, "evidence included");
});

test("two clones of four fork the final chain, and the certificates name them and no other", () => {
  const world = run("over", 4, 1.2 * minute, {
    validators: 4,
    nodes: 6,
    byzantineMode: "over",
    cheats: [
      { node: 1, kinds: ["cloned"], clone: 4 },
      { node: 2, kinds: ["cloned"], clone: 5 },
    ],
    faults: [
      atSlot(60, { type: "partition", sides: [0, 0, 0, 1, 1, 1] }),
      atSlot(120, { type: "heal" }),
    ],
  });
  demand(world, "two final chains", "safety halt");
});

test("two final blocks of one slot above both anchors halt every honest node that meets the other", () => {
  const pair = (node: number, clone: number) => ({
    node,
    clone,
    kinds: ["cloned", "conspiring"] as const,
  });
  const world = run("o4", 4, 1.2 * minute, {
    validators: 4,
    nodes: 6,
    byzantineMode: "over",
    cheats: [pair(1, 4), pair(2, 5)],
    faults: [
      atSlot(60, { type: "partition", sides: [0, 0, 0, 1, 1, 1] }),
      atSlot(130, { type: "heal" }),
    ],
  });
  demand(world, "two final chains", "safety halt");
});

/** By what they were found, with what was wrong: a node that never fetched a branch with a hand-over. */
const found: readonly (readonly [string, number, number])[] = [
  ["24", 5, 0.05],
  ["3", 9, 0.05],
];

for (const [seed, nodes, hours] of found) {
  test(`seed ${seed} with ${nodes} nodes, which once broke an invariant, passes`, () => {
    new World({ seed, nodes, durationMs: hours * 60 * minute }).run();
  });
}
