/**
 * Whole networks with a prescribed swarm: small slots, no drawn faults, whatever a test sets
 * besides. All invariants are checked at every step. NOT the cases (`networks.test.ts`).
 */
import assert from "node:assert/strict";
import type { TimedFault } from "../../../src/sim/fault.ts";
import type { RareEvent } from "../../../src/sim/rare-events.ts";
import type { StagedSwarm } from "../../../src/sim/swarm.ts";
import { World } from "../../../src/sim/world.ts";

export const slotMs = 300;
export const minute = 60_000;
const prompt: StagedSwarm = {
  slotMs,
  spares: 0,
  isPrompt: true,
  isTended: true,
  hasStalls: false,
  fsyncMs: 1,
  outboundTarget: 3,
  transfersPerMinute: 12,
  changesPerMinute: 0,
  realSignatures: false,
  convergeMs: 20_000,
  cheats: [],
  byzantineMode: "none",
  network: {
    latencyMsMin: 1,
    latencyMsMax: 3,
    dialLossPercent: 0,
    bytesPerSecond: 12_500_000,
    splitPercent: 10,
  },
};

/** Not run yet. */
export function staged(seed: string, nodes: number, durationMs: number, swarm: StagedSwarm): World {
  const quietAtMs = durationMs - 30_000;
  return new World({
    seed,
    nodes,
    durationMs,
    staged: { ...prompt, quietAtMs, faults: [], ...swarm },
  });
}

export function run(seed: string, nodes: number, durationMs: number, swarm: StagedSwarm): World {
  const world = staged(seed, nodes, durationMs, swarm);
  world.run();
  return world;
}

export function demand(world: World, ...events: RareEvent[]): void {
  for (const event of events) assert.ok(world.rare.of(event) > 0, `${event} did not occur`);
}

export const atSlot = (slot: number, fault: TimedFault["fault"]): TimedFault => ({
  atMs: slot * slotMs,
  fault,
});

export const crash = (node: number, slots: number): TimedFault["fault"] => ({
  type: "crash",
  node,
  moment: "now",
  downMs: slots * slotMs,
  loss: "nothing",
});
