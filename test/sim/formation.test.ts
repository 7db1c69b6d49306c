/** Networks of real connection managers that form, part, lose nodes and mend themselves. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Formation, type FormationStepName } from "../../src/sim/connections/formation.ts";

function runFormation(nodes: number, seed: string, last?: FormationStepName): void {
  const formation = new Formation({ seed, nodes });
  for (const { name, tookMs, wiring } of formation.run(last)) {
    const repeat = `npm run eclipse -- --formation --nodes ${nodes} --seed ${seed}`;
    const { components, full, up } = wiring;
    const found = `components of ${components.join(", ")}; ${full} of ${up} full`;
    assert.ok(tookMs !== undefined, `not ${name}: ${found}; repeat with: ${repeat}`);
  }
  assert.deepEqual(formation.blames, [], "honest nodes blame nobody");
}

test("200 nodes that know one bootstrap node form one component with all outbound slots full", () => {
  runFormation(200, "1", "formed from one bootstrap node");
});

test("a network heals after a partition, the death of its bootstrap node, an hour without peers, and a restart of all", () => {
  runFormation(40, "1");
});
