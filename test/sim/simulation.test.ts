/** Whole networks in virtual time. More seeds: `npm run sim -- --seeds 1000 --hours 0.2`. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { RareEventCounts } from "../../src/sim/rare-events.ts";
import { World, type WorldOptions } from "../../src/sim/world.ts";

const minute = 60_000;

function run(options: WorldOptions): World {
  const world = new World(options);
  try {
    world.run();
  } catch (error) {
    const hours = options.durationMs / (60 * minute);
    const calm = options.calm ? " --calm" : "";
    const command = `npx tsx bin/sim.ts --seed ${options.seed} --nodes ${options.nodes} --hours ${hours}${calm}`;
    throw new Error(`${(error as Error).message}; repeat with: ${command}`, { cause: error });
  }
  return world;
}

test("the same seed is the same history, another seed is another", () => {
  const options = { seed: "17", nodes: 5, durationMs: 6 * minute };
  const first = run(options).digest();
  assert.equal(run(options).digest(), first);
  assert.notEqual(run({ ...options, seed: "18" }).digest(), first);
});

test("a calm network of seven misses no slot and agrees", () => {
  for (const seed of ["calm-1", "calm-2", "calm-3"]) {
    run({ seed, nodes: 7, durationMs: 5 * minute, calm: true });
  }
});

test("networks of seven with faults break no invariant, and faults did occur", () => {
  const rare = new RareEventCounts();
  for (let seed = 1; seed <= 6; seed++) {
    rare.add(run({ seed: String(seed), nodes: 7, durationMs: 5 * minute }).rare);
  }
  for (const event of [
    "reorg of depth 3 or more",
    "orphan resolved",
    "restart from disk",
    "partition healed",
    "block finalized",
    "transaction confirmed",
  ] as const) {
    assert.ok(rare.of(event) > 0, `${event} never occurred: the generator is too tame`);
  }
});

test("a lone node seals every slot and calls itself synced", () => {
  const world = run({ seed: "alone", nodes: 1, durationMs: 12 * minute, calm: true });
  assert.equal(world.nodes[0]?.node?.queries.info().state, "synced");
});
