/** A network that was in two for long grows together again, in virtual time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Mixing } from "../../src/sim/connections/mixing.ts";

test("full outbound peers mix again within hours of a healed partition", () => {
  const mixing = new Mixing({ seed: "1", nodes: 20, outboundTarget: 4 });
  const [healed, ...looks] = [...mixing.run(4)];
  const last = looks.at(-1);
  assert.ok(healed !== undefined && last !== undefined);
  assert.ok(healed.acrossPercent < 10, "at first hardly any link leads across");
  assert.ok(last.acrossPercent >= 20, `then ${JSON.stringify(looks)}`);
  assert.ok(last.withoutAny <= 5, `then ${JSON.stringify(looks)}`);
  assert.ok(last.turns <= 8, "slowly: at most two turns an hour");
  const blamed = mixing.network.nodes.flatMap((node) => node.blamed);
  assert.deepEqual(blamed, []);
});
