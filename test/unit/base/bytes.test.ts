import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  hexBytes,
  partToHex,
  readSafeU64,
  readU64,
  toHex,
  u16Bytes,
  u32Bytes,
  u64Bytes,
  writeHex,
} from "../../../src/base/bytes.ts";

const edges = [0n, 1n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 64n - 1n];
const u64 = fc.oneof(fc.constantFrom(...edges), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }));

test("a u64 is written and read as the platform's own view does it", () => {
  const property = fc.property(u64, (value) => {
    const bytes = u64Bytes(value);
    assert.equal(new DataView(bytes.buffer).getBigUint64(0), value);
    assert.equal(readU64(bytes, 0), value);
    const isSafe = value <= BigInt(Number.MAX_SAFE_INTEGER);
    assert.equal(readSafeU64(bytes, 0), isSafe ? Number(value) : undefined);
    if (isSafe) assert.deepEqual(u64Bytes(Number(value)), bytes);
  });
  fc.assert(property, { seed: 3, numRuns: 500 });
});

test("hex of bytes, or of a part of them, is what the platform makes of it", () => {
  const part = fc.uint8Array({ maxLength: 100 }).chain((bytes) => {
    const from = fc.nat({ max: bytes.length });
    return from.chain((at) =>
      fc.tuple(fc.constant(bytes), fc.constant(at), fc.nat(bytes.length - at)),
    );
  });
  const property = fc.property(part, ([bytes, from, count]) => {
    assert.equal(toHex(bytes), Buffer.from(bytes).toString("hex"));
    const expected = Buffer.from(bytes).toString("hex", from, from + count);
    assert.equal(partToHex(bytes, from, from + count), expected);
    assert.deepEqual(hexBytes(expected), bytes.slice(from, from + count));
  });
  fc.assert(property, { seed: 4, numRuns: 500 });
});

test("hex is written in its place, and nothing beside it", () => {
  const parts = fc.tuple(fc.uint8Array({ maxLength: 40 }), fc.nat(8), fc.nat(8));
  const property = fc.property(parts, ([bytes, before, after]) => {
    const out = new Uint8Array(before + bytes.length + after).fill(0xaa);
    writeHex(out, before, Buffer.from(bytes).toString("hex"));
    const beside = (count: number) => new Array<number>(count).fill(0xaa);
    assert.deepEqual([...out], [...beside(before), ...bytes, ...beside(after)]);
  });
  fc.assert(property, { seed: 5, numRuns: 200 });
  assert.throws(() => writeHex(new Uint8Array(3), 2, "0102"), /hex expected, got 0102/);
  assert.throws(() => writeHex(new Uint8Array(3), 0, "010"), /hex expected, got 010/);
});

test("a number that does not fit is our own bug and says itself", () => {
  assert.throws(() => u64Bytes(2n ** 64n), /u64 expected, got 18446744073709551616/);
  assert.throws(() => u64Bytes(-1n), /u64 expected, got -1/);
  assert.throws(() => u64Bytes(2 ** 53), /u53 expected/);
  assert.throws(() => u32Bytes(2 ** 32), /u32, got 4294967296/);
  assert.throws(() => u32Bytes(1.5), /u32, got 1.5/);
  assert.throws(() => u16Bytes(65536), /u16 expected, got 65536/);
  assert.throws(() => hexBytes("0g"), /hex expected, got 0g/);
});
