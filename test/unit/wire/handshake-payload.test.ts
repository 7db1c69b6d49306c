import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { asciiBytes, toHex } from "../../../src/base/bytes.ts";
import {
  authPreimage,
  decodeHandshakePayload,
  encodeHandshakePayload,
} from "../../../src/wire/handshake-payload.ts";
import { refusal } from "./refusal.ts";

const of = (value: number, count = 32) => new Uint8Array(count).fill(value);
const helloBytes = asciiBytes("a HELLO");
const fields = {
  genesisHash: of(0x11),
  role: "initiator",
  version: 0x0102,
  h: of(0x22),
  noiseStatic: of(0x33),
  nodeId: of(0x44),
  peerNodeId: of(0x55),
  helloBytes,
} as const;

const digest = createHash("sha256").update("a HELLO").digest("hex");

test("an identity signs these 212 bytes", () => {
  const expected =
    `776c2f617574682f3100000000000000${"11".repeat(32)}` +
    `01${"00"}0102${"22".repeat(32)}${"33".repeat(32)}${"44".repeat(32)}${"55".repeat(32)}${digest}`;
  assert.equal(expected.length, 2 * 212);
  assert.equal(toHex(authPreimage(fields)), expected);
});

test("a responder, who does not know its peer yet, signs zeros in its place", () => {
  const preimage = authPreimage({ ...fields, role: "responder", peerNodeId: undefined });
  assert.equal(preimage[48], 2);
  assert.deepEqual(preimage.subarray(148, 180), of(0));
});

test("a handshake payload is node id, signature, HELLO", () => {
  const payload = { nodeId: of(1), signature: of(2, 64), helloBytes };
  const bytes = encodeHandshakePayload(payload);
  assert.equal(toHex(bytes), `${"01".repeat(32)}${"02".repeat(64)}${toHex(helloBytes)}`);
  assert.deepEqual(decodeHandshakePayload(bytes), payload);
});

test("a handshake payload without HELLO, or beyond 1,024 bytes, is refused", () => {
  for (const length of [0, 95, 96, 1_025]) {
    assert.equal(
      refusal(() => decodeHandshakePayload(of(0, length))),
      "handshake-failed",
    );
  }
  for (const length of [97, 1_024]) {
    assert.equal(
      refusal(() => decodeHandshakePayload(of(0, length))),
      "accepted",
    );
  }
});
