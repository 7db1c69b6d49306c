import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { hexBytes, toHex } from "../../../src/base/bytes.ts";
import {
  bodyBytesOf,
  decodeFrameHeader,
  encodeFrameHeader,
  frameFlags,
  framePreimage,
  noiseMessageSizes,
  payloadBytesOf,
} from "../../../src/wire/frame.ts";
import { refusal } from "./refusal.ts";

const magic = hexBytes("8badf00d");
const header = (flags: number, bodyBytes: number) =>
  hexBytes(
    `8badf00d${flags.toString(16).padStart(2, "0")}${bodyBytes.toString(16).padStart(6, "0")}`,
  );
const verdict = (bytes: Uint8Array) => refusal(() => decodeFrameHeader(bytes, magic));

test("a frame header has these 8 bytes and comes back", () => {
  const out = new Uint8Array(8);
  encodeFrameHeader(out, magic, frameFlags.bulk | frameFlags.more, 0x012345);
  assert.equal(toHex(out), "8badf00d03012345");
  assert.deepEqual(decodeFrameHeader(out, magic), { flags: 3, bodyBytes: 0x012345 });
});

test("impossible lengths are refused at the header", () => {
  assert.equal(verdict(header(0, 0)), "frame-length-impossible");
  assert.equal(verdict(header(0, 82)), "frame-length-impossible");
  assert.equal(verdict(header(0, 83)), "accepted");
  for (let full = 1; full <= 7; full++) {
    const end = 65_535 * full;
    assert.equal(verdict(header(0, end)), "accepted");
    for (let rest = 1; rest <= 16; rest++) {
      assert.equal(verdict(header(0, end + rest)), "frame-length-impossible", `${end} + ${rest}`);
    }
    assert.equal(verdict(header(0, end + 17)), "accepted");
  }
  assert.equal(verdict(header(0, 524_280)), "accepted");
  assert.equal(verdict(header(0, 524_281)), "frame-too-large");
  assert.equal(verdict(header(0, 0xffffff)), "frame-too-large");
});

test("of all 256 flag bytes only none, LAST, and BULK with or without MORE and DEFLATED are legal", () => {
  for (let flags = 0; flags <= 0xff; flags++) {
    const legal = [0, 1, 3, 5, 7, 8].includes(flags);
    assert.equal(verdict(header(flags, 100)), legal ? "accepted" : "bad-flags", `${flags}`);
    if (legal) continue;
    const encode = () => encodeFrameHeader(new Uint8Array(8), magic, flags, 100);
    assert.throws(encode, { name: "AssertionFailed" });
  }
});

test("a header without our magic is out of step", () => {
  for (let at = 0; at < 4; at++) {
    assert.equal(verdict(header(0, 100).with(at, 0)), "bad-frame-header");
  }
});

test("a payload length gives one body, and the body gives the payload length back", () => {
  const property = fc.property(
    fc.oneof(
      fc.integer({ min: 3, max: 524_088 }),
      fc.constantFrom(3, 65_455, 65_456, 130_974, 130_975, 524_087, 524_088),
    ),
    (payloadBytes) => {
      const bodyBytes = bodyBytesOf(payloadBytes);
      assert.equal(payloadBytesOf(bodyBytes), payloadBytes);
      assert.equal(verdict(header(0, bodyBytes)), "accepted");
      const sizes = noiseMessageSizes(bodyBytes);
      assert.equal(
        sizes.reduce((a, b) => a + b),
        bodyBytes,
      );
      assert.equal(bodyBytes - 16 * sizes.length - 64, payloadBytes);
      assert.ok(sizes.slice(0, -1).every((size) => size === 65_535));
      assert.ok(sizes.at(-1)! >= 17 && sizes.at(-1)! <= 65_535);
    },
  );
  fc.assert(property, { seed: 6, numRuns: 2_000 });
  assert.equal(bodyBytesOf(3), 83);
  assert.equal(bodyBytesOf(524_088), 524_280);
  assert.throws(() => bodyBytesOf(524_089), { name: "AssertionFailed" });
});

test("whatever room there is, a payload of the length it allows has a body that fits", () => {
  for (let room = 83; room < 200_000; room++) {
    assert.ok(bodyBytesOf(payloadBytesOf(room)) <= room);
  }
});

test("Noise messages are full but for the last", () => {
  assert.deepEqual(noiseMessageSizes(83), [83]);
  assert.deepEqual(noiseMessageSizes(65_535), [65_535]);
  assert.deepEqual(noiseMessageSizes(65_552), [65_535, 17]);
  assert.deepEqual(
    noiseMessageSizes(524_280),
    Array.from({ length: 8 }, () => 65_535),
  );
});

test("a frame's signature covers these 192 bytes", () => {
  const of = (value: number) => new Uint8Array(32).fill(value);
  const fields = {
    genesisHash: of(0x11),
    handshakeHash: of(0x22),
    sender: of(0x33),
    recipient: of(0x44),
    fromInitiator: false,
    flags: 3,
    version: 0x0102,
    sequence: 2 ** 32 + 5,
    payloadBytes: 0x070809,
    payloadDigest: of(0x55),
  };
  const expected =
    `776c2f6672616d652f31000000000000${"11".repeat(32)}${"22".repeat(32)}${"33".repeat(32)}` +
    `${"44".repeat(32)}${"01"}${"03"}0102${"0000000100000005"}${"00070809"}${"55".repeat(32)}`;
  assert.equal(expected.length, 2 * 192);
  assert.equal(toHex(framePreimage(fields)), expected);
  const used = new Uint8Array(192).fill(0xff);
  const out = framePreimage({ ...fields, fromInitiator: true, flags: 0 }, used);
  assert.equal(out, used);
  assert.equal(toHex(out.subarray(144, 146)), "0000");
  assert.deepEqual(out.with(144, 1).with(145, 3), framePreimage(fields));
});
