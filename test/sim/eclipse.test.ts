/**
 * A few runs of the eclipse experiment on the real connection manager; the long table with 64
 * netgroups is `npm run eclipse -- --runs 200`.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Eclipse } from "../../src/sim/connections/eclipse.ts";
import {
  eclipseDefaults,
  eclipseRow,
  poisonedNetwork,
} from "../../src/sim/connections/eclipse-table.ts";

const runs = (count: number) => Array.from({ length: count }, (_, run) => run);

for (const [groups, count] of [
  [2, 3],
  [16, 6],
] as const) {
  test(`an attacker with ${groups} netgroups takes not all outbound slots, however often we restart`, () => {
    const row = eclipseRow(groups, runs(count), eclipseDefaults);
    assert.ok(row.isKept, `captured; repeat with:\n${row.repeat.join("\n")}`);
    assert.equal(row.residentsEclipsed, 0, "who was there before stays well connected");
    assert.ok(row.filledPercent > 95, `slots filled: ${row.filledPercent} %`);
    assert.ok(row.poisonPercent > 50, `the attack reaches the book: ${row.poisonPercent} %`);
    assert.ok(row.attackerPercent > 0, `and the dials: ${row.attackerPercent} %`);
  });
}

test("a run is a function of its seed", () => {
  const ground = poisonedNetwork(1, eclipseDefaults);
  const once = () => new Eclipse(ground, { seed: "same", run: 1, restarts: 2 }).run();
  assert.deepEqual(once(), once());
});
