import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { toHex } from "../../../src/base/bytes.ts";
import type { Write } from "../../../src/edge/effect.ts";
import { WriteMerge } from "../../../src/host/write-merge.ts";

/** What a store holds of the keys that were written, in whatever order they were first written. */
function storeAfter(writes: readonly Write[]): readonly (readonly [string, string])[] {
  const store = new Map(
    writes.map(({ key, value }) => [toHex(key), value === undefined ? "gone" : toHex(value)]),
  );
  return [...store].sort(([a], [b]) => (a < b ? -1 : 1));
}

// Few bytes, so that keys repeat, and differ where the table does not look.
const key = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 2, max: 3 }),
  fc.uint8Array({ minLength: 40, maxLength: 41, max: 1 }),
);
const writeOf = fc.record({
  key,
  value: fc.option(fc.uint8Array({ maxLength: 2 }), { nil: undefined }),
});

test("merged writes leave a store as all of them do, one after another", () => {
  const merge = new WriteMerge();
  fc.assert(
    fc.property(fc.array(writeOf, { maxLength: 200 }), (writes) => {
      for (const write of writes) merge.add(write);
      const merged = merge.take();
      assert.ok(merged.length <= writes.length);
      assert.deepEqual(storeAfter(merged), storeAfter(writes));
    }),
    { seed: 5 },
  );
});

test("what is written again and again is written once", () => {
  const merge = new WriteMerge();
  const value = Uint8Array.of(1);
  for (let round = 0; round < 50; round++) {
    for (let n = 0; n < 10; n++) merge.add({ key: Uint8Array.of(83, n, 7, 7), value });
    merge.add({ key: Uint8Array.of(77, 1), value });
  }
  assert.equal(merge.take().length, 11);
  assert.deepEqual(merge.take(), [], "and what was taken is forgotten");
});

test("keys that fall on one place of its table cost a write each, and no more", () => {
  const merge = new WriteMerge();
  const keyOf = (n: number) => Uint8Array.of(83, n >> 8, n & 255, 1, 2, 3);
  for (let round = 0; round < 2; round++) {
    for (let n = 0; n < 2000; n++) merge.add({ key: keyOf(n), value: Uint8Array.of(round) });
  }
  const merged = merge.take();
  assert.equal(merged.length, 4000);
  assert.ok(merged.slice(2000).every(({ value }) => value?.[0] === 1));
});
