import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { compareBytes } from "../../../src/base/bytes.ts";
import { PackedRecords } from "../../../src/host/packed-records.ts";
import { MemoryImage } from "../../../src/host/store-preload.ts";

const bytes = (maxLength: number) => fc.uint8Array({ maxLength, max: 3 });

test("packed records answer as a plain image of the same records does", () => {
  const entries = fc.uniqueArray(fc.tuple(bytes(4), bytes(6)), {
    comparator: ([a], [b]) => compareBytes(a, b) === 0,
    maxLength: 60,
  });
  fc.assert(
    fc.property(entries, bytes(4), (records, asked) => {
      const plain = new MemoryImage(records);
      const packed = new PackedRecords();
      for (const [key, value] of plain.range(new Uint8Array(0))) packed.add(key, value);
      assert.deepEqual(packed.get(asked), plain.get(asked));
      assert.deepEqual([...packed.range(asked)], [...plain.range(asked)]);
    }),
    { seed: 5 },
  );
});

test("packed records grow, and refuse keys that do not ascend", () => {
  const packed = new PackedRecords();
  const keyOf = (n: number) => Uint8Array.of(n >> 8, n & 255);
  for (let n = 0; n < 3000; n++) packed.add(keyOf(n), new Uint8Array(100).fill(n & 255));
  packed.add(keyOf(3000), new Uint8Array(1_000_000).fill(7));
  assert.deepEqual(packed.get(keyOf(2999)), new Uint8Array(100).fill(2999 & 255));
  assert.equal(packed.get(keyOf(3000))!.length, 1_000_000);
  assert.throws(() => packed.add(keyOf(3000), new Uint8Array(1)), /keys ascend/);
});
