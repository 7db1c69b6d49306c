import assert from "node:assert/strict";
import { createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import { test } from "node:test";
import { hexBytes, toHex } from "../../../src/base/bytes.ts";
import { sha256 } from "../../../src/crypto/hash.ts";
import type { SignatureScheme } from "../../../src/crypto/signature-scheme.ts";
import { encodePayload } from "../../../src/wire/codec.ts";
import { framePreimage } from "../../../src/wire/frame.ts";
import type { Message } from "../../../src/wire/messages.ts";
import {
  type RecordedFrame,
  recordFrame,
  verifyRecordedFrame,
} from "../../../src/wire/recorded-frame.ts";

const seed = new Uint8Array(32).fill(7);
const secretKey = createPrivateKey({
  key: Buffer.concat([hexBytes("302e020100300506032b657004220420"), seed]),
  format: "der",
  type: "pkcs8",
});
const spki = createPublicKey(secretKey).export({ format: "der", type: "spki" });

/** Ed25519 as Node has it: a third party needs no more. */
const signatures: SignatureScheme = {
  publicKey: () => new Uint8Array(spki.subarray(-32)),
  sign: (_, message) => new Uint8Array(sign(null, message, secretKey)),
  verify: (signature, message, publicKey) => {
    const key = Buffer.concat([hexBytes("302a300506032b6570032100"), publicKey]);
    return verify(null, message, { key, format: "der", type: "spki" }, signature);
  },
};

const messages: readonly Message[] = [
  { type: "get_peers", count: 5 },
  { type: "credit", totalBytes: 300_000 },
];

function recorded(payload: Uint8Array, flags = 0): RecordedFrame {
  const fields = {
    genesisHash: new Uint8Array(32).fill(1),
    handshakeHash: new Uint8Array(32).fill(2),
    sender: signatures.publicKey(seed),
    recipient: new Uint8Array(32).fill(4),
    fromInitiator: true,
    flags,
    version: 1,
    sequence: 6,
  };
  const payloadDigest = sha256(payload);
  const preimage = framePreimage({ ...fields, payloadBytes: payload.length, payloadDigest });
  return recordFrame(fields, payload, signatures.sign(seed, preimage));
}

test("a recorded frame proves to a third party who said what to whom", () => {
  const record: unknown = JSON.parse(JSON.stringify(recorded(encodePayload(messages))));
  assert.deepEqual(verifyRecordedFrame(record, signatures), {
    ok: true,
    sender: toHex(signatures.publicKey(seed)),
    recipient: "04".repeat(32),
    messages,
    fault: undefined,
  });
});

test("a recorded frame with any field changed proves nothing", () => {
  const record = recorded(encodePayload(messages));
  const flipped = (hex: string) => toHex(hexBytes(hex).map((v, i) => (i === 5 ? v ^ 1 : v)));
  const tampered: readonly Partial<Record<keyof RecordedFrame, unknown>>[] = [
    { genesisHash: flipped(record.genesisHash) },
    { wireVersion: 2 },
    { handshakeHash: flipped(record.handshakeHash) },
    { sender: "04".repeat(32) },
    { sender: record.recipient, recipient: record.sender },
    { recipient: flipped(record.recipient) },
    { fromInitiator: false },
    { sequence: 7 },
    { flags: 1 },
    { payload: flipped(record.payload) },
    { payload: `${record.payload}00` },
    { payload: record.payload.slice(2) },
    { signature: flipped(record.signature) },
  ];
  for (const change of tampered) {
    const verdict = verifyRecordedFrame({ ...record, ...change }, signatures);
    assert.equal(verdict.ok, false, JSON.stringify(change));
  }
});

test("a record that is none is refused with the field that is wrong", () => {
  const record = recorded(encodePayload(messages));
  for (const other of [undefined, null, 5, "x", [], {}]) {
    assert.equal(verifyRecordedFrame(other, signatures).ok, false);
  }
  const wrong: Readonly<Record<keyof RecordedFrame, readonly unknown[]>> = {
    genesisHash: ["", "zz".repeat(32), 5, "00".repeat(33)],
    handshakeHash: [undefined, "00".repeat(31)],
    sender: [null, "0".repeat(63)],
    recipient: [{}, "00"],
    signature: [`${record.signature}00`, ""],
    payload: ["", "0", 7, "00".repeat(524_089)],
    wireVersion: [-1, 1.5, "1", 65_536],
    flags: [256, null],
    sequence: [2 ** 53, -1, Number.NaN],
    fromInitiator: [0, "true", undefined],
  };
  for (const [name, values] of Object.entries(wrong)) {
    for (const value of values) {
      const verdict = verifyRecordedFrame({ ...record, [name]: value }, signatures);
      assert.ok(!verdict.ok);
      assert.match(verdict.reason, new RegExp(name));
    }
  }
});

test("a signed payload that breaks the protocol is proof of that", () => {
  const verdict = verifyRecordedFrame(recorded(hexBytes("91926300")), signatures);
  assert.ok(verdict.ok);
  assert.deepEqual(verdict.messages, []);
  assert.equal(verdict.fault?.code, "unknown-message-type");
});

test("a piece of a longer payload is proven without being decoded", () => {
  const verdict = verifyRecordedFrame(recorded(encodePayload(messages), 3), signatures);
  assert.ok(verdict.ok);
  assert.equal(verdict.fault?.detail, "a piece of a longer payload");
});
