import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { Soonest } from "../../../src/base/soonest.ts";

const never = Number.POSITIVE_INFINITY;

class World {
  readonly deadlines = new Map<number, number>();
  asked = 0;
  readonly soonest = new Soonest<number>(
    () => this.deadlines.keys(),
    (one) => {
      this.asked++;
      return this.deadlines.get(one) ?? never;
    },
  );

  set(one: number, at: number): void {
    this.deadlines.set(one, at);
    this.soonest.onMoved(one);
  }

  delete(one: number): void {
    this.deadlines.delete(one);
    this.soonest.onMoved(one);
  }
}

const action = fc.record({
  one: fc.nat(7),
  what: fc.oneof(
    fc.record({ at: fc.oneof({ weight: 4, arbitrary: fc.nat(9) }, fc.constant(never)) }),
    fc.constantFrom("delete" as const, "read" as const, "shift" as const),
  ),
});

describe("the earliest of many deadlines", () => {
  test("is what asking all of them gives, whatever was moved between two looks", () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        const world = new World();
        const { deadlines, soonest } = world;
        for (const { one, what } of actions) {
          if (typeof what === "object") world.set(one, what.at);
          else if (what === "delete") world.delete(one);
          else if (what === "read") assert.equal(soonest.at, Math.min(...deadlines.values()));
          else {
            for (const [each, at] of deadlines) deadlines.set(each, at + ((each + one) % 3) - 1);
            soonest.onAllMoved();
          }
        }
        assert.equal(soonest.at, Math.min(...deadlines.values()));
      }),
      { numRuns: 500 },
    );
  });

  test("is found by asking those alone that moved, unless it was one of them and moved back", () => {
    const world = new World();
    for (let one = 0; one < 1000; one++) world.set(one, 100 + one);
    assert.equal(world.soonest.at, 100);
    world.asked = 0;
    for (let one = 1; one < 1000; one++) {
      world.set(one, 5000 + one);
      assert.equal(world.soonest.at, 100);
    }
    world.set(7, 50);
    assert.equal(world.soonest.at, 50);
    assert.equal(world.asked, 1000);
    world.set(7, 6000);
    assert.equal(world.soonest.at, 100);
    assert.equal(world.asked, 2001);
  });
});
