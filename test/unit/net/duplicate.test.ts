import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { survivor } from "../../../src/net/connections/duplicate.ts";
import { idOf } from "./net-fixture.ts";

describe("which duplicate survives", () => {
  const two = fc.tuple(fc.boolean(), fc.boolean());
  const id = fc.integer({ min: 1, max: 2 ** 30 }).map(idOf);

  test("of two crossed dials both ends keep the same one, in whatever order each sees them", () => {
    const property = fc.property(id, id, two, two, (a, b, [aSwaps, bSwaps], quiet) => {
      fc.pre(a !== b);
      // Link 0 was dialled by a, link 1 by b.
      const keeps = (self: typeof a, other: typeof a, swap: boolean) => {
        const links = [0, 1].map((link) => ({
          link,
          inbound: (link === 0) !== (self === a),
          bootId: "b",
          quiet: quiet[link]!,
        }));
        const [first, second] = swap ? links.reverse() : links;
        return survivor(self, other, first!, second!) === "standing" ? first!.link : second!.link;
      };
      const kept = keeps(a, b, aSwaps);
      assert.equal(kept, keeps(b, a, bSwaps));
      const isMixed = quiet[0] !== quiet[1];
      assert.equal(kept, isMixed ? (quiet[0] ? 1 : 0) : a < b ? 0 : 1);
    });
    fc.assert(property, { seed: 1, numRuns: 1_000 });
  });

  test("a new process replaces the old connection; a second dial of the same process does not", () => {
    const old = { inbound: true, bootId: "1", quiet: false };
    assert.equal(
      survivor(idOf(1), idOf(2), old, { inbound: true, bootId: "2", quiet: true }),
      "newcomer",
    );
    assert.equal(
      survivor(idOf(1), idOf(2), old, { inbound: false, bootId: "2", quiet: true }),
      "newcomer",
    );
    assert.equal(
      survivor(idOf(1), idOf(2), old, { inbound: true, bootId: "1", quiet: false }),
      "standing",
    );
  });

  test("a block-only link gives way to one that carries all", () => {
    const quiet = { inbound: true, bootId: "1", quiet: true };
    const full = { ...quiet, quiet: false };
    assert.equal(survivor(idOf(1), idOf(2), quiet, full), "newcomer");
    assert.equal(survivor(idOf(1), idOf(2), full, quiet), "standing");
  });
});
