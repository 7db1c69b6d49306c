import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { best, better, type Tip } from "../../../src/chain/fork-choice.ts";
import type { BlockHash } from "../../../src/model/ids.ts";

const tip = (height: number, rank: number, slot: number, hash: string): Tip => ({
  height,
  rank,
  slot,
  hash: hash as BlockHash,
});

const anyTip = fc
  .tuple(fc.nat(2), fc.nat(2), fc.nat(2), fc.constantFrom("a", "b", "c"))
  .map(([height, rank, slot, hash]) => tip(height, rank, slot, hash));

test("height counts first, then rank, then slot, then hash", () => {
  assert.ok(better(tip(2, 9, 9, "f"), tip(1, 0, 0, "a")));
  assert.ok(better(tip(1, 0, 9, "f"), tip(1, 1, 0, "a")));
  assert.ok(better(tip(1, 0, 0, "f"), tip(1, 0, 1, "a")));
  assert.ok(better(tip(1, 0, 0, "a"), tip(1, 0, 0, "f")));
});

test("it is a strict total order", () => {
  const same = (a: Tip, b: Tip) => JSON.stringify(a) === JSON.stringify(b);
  fc.assert(
    fc.property(anyTip, anyTip, anyTip, (a, b, c) => {
      assert.equal(better(a, b) || better(b, a), !same(a, b));
      assert.ok(!(better(a, b) && better(b, a)));
      if (better(a, b) && better(b, c)) assert.ok(better(a, c));
    }),
    { seed: 1, numRuns: 500 },
  );
});

test("the best does not depend on the order of the tips", () => {
  fc.assert(
    fc.property(fc.array(anyTip), (tips) => {
      assert.deepEqual(best(tips), best(tips.toReversed()));
      for (const other of tips) assert.ok(!better(other, best(tips)!));
    }),
    { seed: 1, numRuns: 200 },
  );
  assert.equal(best([]), undefined);
});
