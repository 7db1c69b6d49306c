import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Piece } from "../../../src/peer/piece.ts";

test("a piece is the same however its bytes come, and is whole with the last of them", () => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 40 });
  const property = fc.property(
    bytes,
    fc.array(fc.nat({ max: 40 }), { maxLength: 5 }),
    (all, cuts) => {
      const piece = new Piece(all.length);
      const ends = [...new Set([...cuts.filter((at) => at < all.length), all.length])];
      let from = 0;
      for (const end of ends.sort((a, b) => a - b)) {
        assert.equal(piece.room, all.length - from);
        const soFar = piece.add(all.subarray(from, end));
        assert.deepEqual([...soFar], [...all.subarray(0, end)]);
        from = end;
      }
      assert.equal(piece.room, 0);
    },
  );
  fc.assert(property, { seed: 1, numRuns: 200 });
});

test("a piece that comes whole is not copied, and one in parts is", () => {
  const whole = Uint8Array.of(1, 2, 3);
  assert.equal(new Piece(3).add(whole).buffer, whole.buffer);
  const piece = new Piece(3);
  const first = whole.slice(0, 2);
  piece.add(first);
  first.fill(9);
  assert.deepEqual([...piece.add(Uint8Array.of(3))], [1, 2, 3]);
});

test("more than a piece takes is our bug", () => {
  assert.throws(() => new Piece(2).add(new Uint8Array(3)));
});
