import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { BoundedMap } from "../../../src/base/bounded.ts";

describe("a bounded map", () => {
  test("drops the oldest entry, whatever was deleted, replaced or cleared before", () => {
    const step = fc.record({
      what: fc.constantFrom("set", "set", "set", "delete", "clear"),
      key: fc.nat(12),
      times: fc.integer({ min: 1, max: 9 }),
    });
    const property = fc.property(fc.integer({ min: 1, max: 6 }), fc.array(step), (max, steps) => {
      const map = new BoundedMap<string, number>(max);
      const model: [string, number][] = [];
      for (const [value, { what, key, times }] of steps.entries()) {
        for (let i = 0; i < (what === "clear" ? 1 : times); i++) {
          const name = `${key + i}`;
          const at = model.findIndex(([known]) => known === name);
          if (what === "clear") model.length = 0;
          else if (at >= 0) model.splice(at, 1);
          if (what === "clear") map.clear();
          else if (what === "delete") assert.equal(map.delete(name), at >= 0);
          else {
            model.push([name, value]);
            const dropped = model.length > max ? model.shift() : undefined;
            assert.deepEqual(map.set(name, value), dropped);
          }
        }
        assert.deepEqual([...map.entries()], model);
      }
    });
    fc.assert(property, { seed: 1, numRuns: 1_000 });
  });

  test("takes no longer for an entry when it is full than when it is not", () => {
    const keys = Array.from({ length: 60_000 }, (_, i) => `k${i}`);
    const timed = (max: number): number => {
      const map = new BoundedMap<string, number>(max);
      const startedAt = performance.now();
      for (const key of keys) map.set(key, 1);
      return performance.now() - startedAt;
    };
    const best = (max: number) => Math.min(timed(max), timed(max), timed(max), timed(max));
    const ratio = best(8_192) / best(60_000);
    assert.ok(ratio < 4, `${ratio} times as long`);
  });
});

test("what one map holds another, never written to, does not", () => {
  const [one, other] = [new BoundedMap<string, number>(2), new BoundedMap<string, number>(2)];
  assert.equal(one.delete("a"), false);
  one.clear();
  one.set("a", 1);
  assert.deepEqual([one.size, other.size, other.get("a")], [1, 0, undefined]);
});
