/**
 * Whole networks in which some nodes catch up in mode "certified", with cuts, crashes and
 * hand-overs. The checkers hold at every step, so nobody honest is blamed, and in the end all have
 * one chain; each case says besides that proofs were really used.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TimedFault } from "../../../src/sim/fault.ts";
import type { StagedSwarm } from "../../../src/sim/swarm.ts";
import type { World } from "../../../src/sim/world.ts";
import { atSlot, crash, demand, minute, staged } from "../finality/staged-network.ts";

/** Nodes 4 and 5 seal nothing, are down for long, and come back in mode "certified". */
function ran(seed: string, more: readonly TimedFault[], swarm: StagedSwarm = {}) {
  const faults = [atSlot(8, crash(4, 240)), atSlot(20, crash(5, 260)), ...more];
  const world = staged(seed, 6, 2.2 * minute, { validators: 4, ...swarm, faults });
  for (const index of [4, 5]) {
    const { options } = world.nodes[index]!;
    options.node = { ...options.node, verify: "certified" };
  }
  world.run();
  return world;
}

const uncheckedOf = (world: World, index: number): number =>
  world.nodes[index]!.node!["chain"].ranges.uncheckedHeight;

test("nodes that were away for long catch up by certificates, and nobody is blamed", () => {
  const world = ran("certified", []);
  demand(world, "block finalized", "restart from disk");
  for (const index of [4, 5]) assert.ok(uncheckedOf(world, index) > 100, `node ${index}`);
  for (const index of [0, 1, 2, 3]) assert.equal(uncheckedOf(world, index), 0);
});

test("they do so through crashes and cuts in the midst of it, and over hand-overs", () => {
  const faults = [
    atSlot(249, crash(4, 3)),
    atSlot(254, { type: "partition", sides: [0, 0, 0, 0, 0, 1] }),
    atSlot(283, { type: "heal" }),
    atSlot(285, crash(5, 2)),
  ];
  const world = ran("certified-faults", faults, { spares: 2, changesPerMinute: 6 });
  demand(world, "block finalized", "restart from disk", "validator set changed");
});
