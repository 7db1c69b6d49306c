import assert from "node:assert/strict";
import test from "node:test";
import { crc32 } from "node:zlib";
import { asciiBytes, concatBytes, toHex, u32Bytes, u64Bytes } from "../../../src/base/bytes.ts";
import {
  bareRecord,
  decodeFloorFile,
  encodeFloorHeader,
  encodeFloorRecord,
  type FloorRecord,
  floorHeaderBytes,
  floorRecordBytes,
} from "../../../src/host/floor-records.ts";
import { blockHash, floors, voteOf } from "./signer-bench.ts";

const owner = { publicKey: blockHash(1), genesisHash: blockHash(2) };
const header = encodeFloorHeader(owner);

/** Seal 5, then votes 3 -> 6 and 3 -> 7. */
const first: FloorRecord = { ...bareRecord(floors(5, 0, 0), 4), sealHash: blockHash(5) };
const second: FloorRecord = {
  ...{ ...first, sequence: 5, sourceSlot: 3, targetSlot: 6 },
  voteData: voteOf(3, 6).data,
};
const third: FloorRecord = {
  ...{ ...second, sequence: 6, targetSlot: 7 },
  voteData: voteOf(3, 7).data,
};

const fileOf = (...records: readonly FloorRecord[]) =>
  concatBytes(header, ...records.map((record) => encodeFloorRecord(record)));

const withCrc = (bytes: Uint8Array) => concatBytes(bytes, u32Bytes(crc32(bytes)));

/** As programs before votes wrote it: "floor/1", records of 52 bytes. */
function oldFile(owned: typeof owner, ...slots: readonly number[]): Uint8Array {
  const tag = new Uint8Array(16);
  tag.set(asciiBytes("floor/1"));
  const records = slots.map((slot, index) =>
    withCrc(concatBytes(u64Bytes(index), u64Bytes(slot), blockHash(slot))),
  );
  return concatBytes(withCrc(concatBytes(tag, owned.publicKey, owned.genesisHash)), ...records);
}

test("the layout is the one of the head comment", () => {
  assert.equal(header.length, floorHeaderBytes);
  assert.equal(toHex(header.subarray(0, 16)), `${toHex(asciiBytes("floor/2"))}${"00".repeat(9)}`);
  const bytes = encodeFloorRecord(third);
  assert.equal(bytes.length, floorRecordBytes);
  const at = (from: number, to: number) => toHex(bytes.subarray(from, to));
  assert.equal(at(0, 8), toHex(u64Bytes(6)), "sequence");
  assert.equal(at(8, 16), toHex(u64Bytes(5)), "seal slot");
  assert.equal(at(16, 48), toHex(blockHash(5)), "seal hash");
  assert.equal(at(48, 56), toHex(u64Bytes(3)), "source slot");
  assert.equal(at(56, 64), toHex(u64Bytes(7)), "target slot");
  assert.equal(at(64, 144), toHex(voteOf(3, 7).data), "vote data");
});

test("the last record counts", () => {
  const found = decodeFloorFile(fileOf(first, second, third), owner);
  assert.deepEqual(found, { type: "records", version: 2, last: third, isTorn: false });
});

test("up to one record of anything at the end is a cut write, more is damage", () => {
  for (const filler of [0, 0x5a, 255]) {
    for (const length of [1, 20, floorRecordBytes - 1, floorRecordBytes]) {
      const bytes = concatBytes(fileOf(first, second), new Uint8Array(length).fill(filler));
      const found = decodeFloorFile(bytes, owner);
      assert.deepEqual(found, { type: "records", version: 2, last: second, isTorn: true });
    }
    const more = new Uint8Array(floorRecordBytes + 1).fill(filler);
    assert.equal(decodeFloorFile(concatBytes(fileOf(first, second), more), owner).type, "damaged");
  }
});

test("a bad record before a good one, and records that do not follow, are damage", () => {
  const bad = encodeFloorRecord(second);
  bad[60] = 1;
  const cases: readonly (readonly [string, Uint8Array])[] = [
    [
      "bad in between",
      concatBytes(header, encodeFloorRecord(first), bad, encodeFloorRecord(third)),
    ],
    ["one is missing", fileOf(first, third)],
    ["the same twice", fileOf(first, first)],
    ["nothing rises", fileOf(first, { ...first, sequence: 5 })],
    ["seal falls", fileOf(second, { ...third, sealSlot: 4 })],
    ["source falls", fileOf(second, { ...third, sourceSlot: 2, voteData: new Uint8Array(80) })],
    ["target falls", fileOf(third, { ...second, sequence: 7, sealSlot: 6 })],
    ["a vote above its floor", fileOf({ ...second, targetSlot: 5 })],
    ["a vote from above its floor", fileOf({ ...second, sourceSlot: 2 })],
    ["a vote that is none", fileOf({ ...second, voteData: new Uint8Array(80).fill(1) })],
    ["no record at all", header],
    ["a cut first record", fileOf(first).subarray(0, -1)],
    ["a cut header", header.subarray(0, 50)],
    ["nothing", new Uint8Array(0)],
  ];
  for (const [what, bytes] of cases) {
    assert.deepEqual(decodeFloorFile(bytes, owner), { type: "damaged" }, what);
  }
});

test("a file of another key or network is foreign, in either version", () => {
  const others = [
    { ...owner, publicKey: blockHash(9) },
    { ...owner, genesisHash: blockHash(9) },
  ];
  for (const other of others) {
    assert.equal(decodeFloorFile(fileOf(first), other).type, "foreign");
    assert.equal(decodeFloorFile(oldFile(owner, 5), other).type, "foreign");
  }
});

test("a file of version 1 gives its seal slot as seal and target floor, and source 0", () => {
  const last = { ...bareRecord(floors(8, 0, 8), 1), sealHash: blockHash(8) };
  const whole = oldFile(owner, 5, 8);
  const found = decodeFloorFile(whole, owner);
  assert.deepEqual(found, { type: "records", version: 1, last, isTorn: false });
  for (let cut = 1; cut < 52; cut += 10) {
    const torn = decodeFloorFile(concatBytes(whole, new Uint8Array(cut)), owner);
    assert.deepEqual(torn, { type: "records", version: 1, last, isTorn: true });
  }
  const more = concatBytes(whole, new Uint8Array(53));
  assert.equal(decodeFloorFile(more, owner).type, "damaged");
  assert.equal(decodeFloorFile(oldFile(owner), owner).type, "damaged");
});
