/** A node whose wall clock is off hears so from its peers, once; all others do not. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { World } from "../../src/sim/world.ts";

test("the one node whose clock is two slots off is told, and told when it is right again", () => {
  const told: { readonly node: string; readonly byMs: number; readonly isOff: boolean }[] = [];
  const onTrace = (line: string) => {
    const [, node, event] = /^\S+ (\S+) ! (\{"type":"clock-compared".*)$/m.exec(line) ?? [];
    if (event !== undefined) told.push({ node, ...JSON.parse(event) });
  };
  const options = { seed: "c2", nodes: 8, durationMs: 40_000, calm: true, onTrace };
  const world = new World(options);
  // One that neither seals nor votes: in a calm network validators must miss nothing.
  const off = world.nodes.findLast(({ options }) => options.validatorKey === undefined)!;
  const { slotMs } = off.options.node.networkFile;
  world.at(1, () => (off.options.clockSkewMs = 2 * slotMs));
  world.at(20_000, () => (off.options.clockSkewMs = 0));
  world.run();
  assert.deepEqual(
    told.map(({ node, isOff }) => [node, isOff]),
    [
      [off.name, true],
      [off.name, false],
    ],
  );
  const [first, last] = told.map(({ byMs }) => byMs) as [number, number];
  assert.ok(Math.abs(first + 2 * slotMs) < slotMs / 4, "theirs are behind by two slots");
  assert.ok(Math.abs(last) < slotMs / 4, "and then they are not");
});
