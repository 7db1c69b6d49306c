import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { hexBytes, toHex } from "../../../src/base/bytes.ts";
import {
  checkMagicPrefix,
  commonVersion,
  decodeOpening,
  encodeOpening,
  networkMagic,
  noisePrologue,
  noMagic,
  type Opening,
} from "../../../src/wire/opening.ts";
import { refusal } from "./refusal.ts";

const genesisHash = new Uint8Array(32).fill(0x11);
const initiator: Opening = {
  magic: hexBytes("8badf00d"),
  role: "initiator",
  versionMin: 1,
  versionMax: 0x0203,
  version: 1,
  flightBytes: 32,
};
const bytes = "8badf00d" + "01" + "00" + "0001" + "0203" + "0001" + "0020" + "0000";

/** `bytes` with 16 bits at `at` replaced. */
const with16 = (at: number, value: string) =>
  hexBytes(bytes.slice(0, 2 * at) + value + bytes.slice(2 * at + 4));

test("an opening has these 16 bytes and comes back", () => {
  assert.equal(toHex(encodeOpening(initiator)), bytes);
  assert.deepEqual(decodeOpening(hexBytes(bytes)), initiator);
  const responder: Opening = { ...initiator, role: "responder", flightBytes: 0 };
  assert.deepEqual(decodeOpening(encodeOpening(responder)), responder);
  const none: Opening = { ...responder, version: 0 };
  assert.deepEqual(decodeOpening(encodeOpening(none)), none);
});

test("a genesis request has no magic, no flight, and role 3", () => {
  const request: Opening = {
    magic: noMagic,
    role: "genesis-request",
    versionMin: 1,
    versionMax: 1,
    version: 1,
    flightBytes: 0,
  };
  assert.equal(toHex(encodeOpening(request)), "00000000030000010001000100000000");
  assert.deepEqual(decodeOpening(encodeOpening(request)), request);
  assert.equal(
    refusal(() => decodeOpening(encodeOpening(request).with(0, 1))),
    "bad-opening",
  );
  assert.equal(
    refusal(() => decodeOpening(encodeOpening(request).with(13, 1))),
    "bad-opening",
  );
});

test("reserved bytes are ignored: a later version may mean something by them", () => {
  for (const at of [5, 14, 15]) {
    assert.deepEqual(decodeOpening(hexBytes(bytes).with(at, 0xff)), initiator);
  }
});

test("an opening with an impossible field is refused", () => {
  const cases = [
    with16(4, "0000"),
    with16(4, "0400"),
    with16(6, "0000"),
    with16(6, "0204"),
    with16(8, "0000"),
    with16(10, "0000"),
    with16(10, "0204"),
    with16(12, "0801"),
    with16(4, "0200").with(11, 0),
    hexBytes(bytes.slice(2)),
    hexBytes(`${bytes}00`),
  ];
  for (const wrong of cases) {
    assert.equal(
      refusal(() => decodeOpening(wrong)),
      "bad-opening",
      toHex(wrong),
    );
  }
  assert.equal(
    refusal(() => decodeOpening(with16(12, "0800"))),
    "accepted",
  );
  assert.throws(() => encodeOpening({ ...initiator, version: 9999 }), { name: "AssertionFailed" });
});

test("a magic comes from the genesis hash and never begins like text", () => {
  const digest = createHash("sha256")
    .update(Buffer.concat([Buffer.from("magic/1\0\0\0\0\0\0\0\0\0"), genesisHash]))
    .digest();
  const magic = networkMagic(genesisHash);
  assert.equal(magic[0], digest[0]! | 0x80);
  assert.deepEqual(magic.subarray(1), new Uint8Array(digest.subarray(1, 4)));
});

test("a foreign magic is refused on its first wrong byte", () => {
  const magic = hexBytes("8badf00d");
  for (const good of ["", "8b", "8bad", "8badf0", "8badf00d", bytes]) {
    assert.equal(checkMagicPrefix(hexBytes(good), magic), true, good);
  }
  for (const bad of ["47", "8bae", "8badf1", "8badf00e", "00"]) {
    assert.equal(checkMagicPrefix(hexBytes(bad), magic), false, bad);
  }
});

test("the common version is the highest that both know", () => {
  const common = (a: readonly [number, number], b: readonly [number, number]) =>
    commonVersion({ versionMin: a[0], versionMax: a[1] }, { versionMin: b[0], versionMax: b[1] });
  assert.equal(common([1, 1], [1, 1]), 1);
  assert.equal(common([1, 3], [2, 5]), 3);
  assert.equal(common([2, 5], [1, 3]), 3);
  assert.equal(common([1, 2], [3, 4]), 0);
  assert.equal(common([3, 4], [1, 2]), 0);
});

test("the Noise prologue is tag, genesis hash and both openings as they were on the wire", () => {
  const answer = bytes.replace("8badf00d01", "8badf00d02");
  assert.equal(
    toHex(noisePrologue(genesisHash, hexBytes(bytes), hexBytes(answer))),
    `77696e646c6173732f77697265000000${"11".repeat(32)}${bytes}${answer}`,
  );
});
