import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { FairBudget } from "../../../src/base/fair-budget.ts";

const perSecond = 1_000;
const burst = 500;

/** Members that take `wants[i]` units every 10 ms whenever they may, for `ms`; what each got. */
function run(wants: readonly number[], ms: number) {
  const budget = new FairBudget(perSecond, burst);
  const members = wants.map((want) => ({ want, share: budget.open(), got: 0, waits: 0 }));
  for (let now = 0; now < ms; now += 10) {
    for (const member of members) {
      if (member.want === 0) continue;
      if (member.share.availableAt(now) > now) member.waits++;
      else {
        member.share.charge(member.want, now);
        member.got += member.want;
      }
    }
  }
  return members;
}

describe("a fair budget", () => {
  test("is all for one who is alone", () => {
    const [lone] = run([100], 20_000);
    assert.ok(lone!.got >= perSecond * 20 * 0.95 && lone!.got <= perSecond * 20 + 2 * burst);
  });

  test("gives who takes less than its part all it wants, whatever the others want", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 20, max: 2_000 }), { minLength: 1, maxLength: 12 }),
        (greedy) => {
          const part = (perSecond / (greedy.length + 1)) * 0.8;
          const modest = Math.floor(part / 100);
          const members = run([...greedy, modest], 10_000);
          assert.equal(members.at(-1)!.waits, 0);
        },
      ),
      { numRuns: 60, seed: 4 },
    );
  });

  test("never gives more than its rate, what was saved, and one helping of each", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 12 }),
        (wants) => {
          const seconds = 20;
          const got = run(wants, seconds * 1_000).reduce((sum, member) => sum + member.got, 0);
          const helpings = wants.reduce((sum, want) => sum + want, 0);
          // Each new share starts with what may be saved of its part.
          assert.ok(got <= perSecond * seconds + 2 * burst + 2 * helpings, `${got}`);
        },
      ),
      { numRuns: 60, seed: 5 },
    );
  });

  test("halves between two who both want all, whoever takes larger bites", () => {
    const [small, large] = run([40, 400], 40_000);
    assert.ok(Math.abs(small!.got - large!.got) < 0.2 * small!.got, `${small!.got} ${large!.got}`);
  });

  test("forgets who is gone, and soon forgives what was used while nobody else came", () => {
    const budget = new FairBudget(perSecond, burst);
    const [a, b] = [budget.open(), budget.open()];
    for (let now = 0; now < 10_000; now += 10) a.charge(100, now);
    b.charge(10, 10_000);
    assert.equal(b.availableAt(10_000) <= 10_000, true);
    assert.ok(a.availableAt(10_000) <= 10_000 + 2_000);
    a.close();
    b.charge(100, 10_001);
    assert.ok(b.availableAt(10_001) <= 10_001);
  });
});
