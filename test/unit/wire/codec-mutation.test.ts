import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Unpackr } from "msgpackr";
import { concatBytes } from "../../../src/base/bytes.ts";
import { decodePayload, encodePayload } from "../../../src/wire/codec.ts";
import { WireError } from "../../../src/wire/errors.ts";
import type { Message } from "../../../src/wire/messages.ts";
import { arbitraryMessage, elementsOf } from "./arbitrary-message.ts";

const oracle = new Unpackr({ useRecords: false, int64AsType: "number" });
const mutationCount = 30_000;

/** Small, deterministic, good enough to pick bytes. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Bytes that mean something to MsgPack, so that mutations reach every branch. */
const tellingBytes = [
  0x00, 0x7f, 0x80, 0x8f, 0x90, 0x91, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6,
  0xc7, 0xca, 0xcb, 0xcc, 0xcd, 0xce, 0xcf, 0xd0, 0xd1, 0xd2, 0xd3, 0xd4, 0xd9, 0xda, 0xdb, 0xdc,
  0xdd, 0xde, 0xdf, 0xe0, 0xff,
];

function mutated(payload: Uint8Array, random: (below: number) => number): Uint8Array {
  const at = random(payload.length);
  // Heads of messages are where the structure is.
  const near = random(Math.min(payload.length, 8));
  const byte = tellingBytes[random(tellingBytes.length)]!;
  const out = payload.slice();
  switch (random(8)) {
    case 0:
      out[at] = out[at]! ^ (1 << random(8));
      return out;
    case 1:
      out[near] = byte;
      return out;
    case 2:
      out[at] = byte;
      return out;
    case 3:
      return payload.slice(0, at);
    case 4:
      return concatBytes(payload.subarray(0, at), Uint8Array.of(byte), payload.subarray(at));
    case 5:
      return concatBytes(payload.subarray(0, at), payload.subarray(at + 1));
    case 6:
      return concatBytes(payload.subarray(0, near), payload.subarray(at));
    default:
      return widened(payload, random);
  }
}

/** A small integer somewhere, written in a wider form: often still the same value. */
function widened(payload: Uint8Array, random: (below: number) => number): Uint8Array {
  const small: number[] = [];
  for (let i = 1; i < payload.length; i++) if (payload[i]! < 0x80) small.push(i);
  const at = small[random(Math.min(small.length, 4))] ?? 0;
  const type = [0xcc, 0xcd, 0xce, 0xcf, 0xd0, 0xd1, 0xd2, 0xd3][random(8)]!;
  const zeros = new Uint8Array((1 << (type & 3)) - 1);
  return concatBytes(payload.subarray(0, at), Uint8Array.of(type), zeros, payload.subarray(at));
}

test("a mutated payload is refused with a wire code or read as a foreign decoder reads it", () => {
  const random = randomOf(1);
  const messages = fc.sample(arbitraryMessage, { seed: 4, numRuns: 600 });
  let accepted = 0;
  const codes = new Set<string>();
  for (let i = 0; i < mutationCount; i++) {
    const pair = [messages[random(600)]!, messages[random(600)]!].slice(random(2));
    let payload = encodePayload(pair);
    for (let n = 1 + random(2); n > 0; n--)
      payload = payload.length > 0 ? mutated(payload, random) : payload;
    let read: Message[];
    try {
      read = decodePayload(payload);
    } catch (error) {
      assert.ok(
        error instanceof WireError,
        `${String(error)} for ${Buffer.from(payload).toString("hex")}`,
      );
      codes.add(error.code);
      continue;
    }
    accepted++;
    assert.deepEqual(read.map(elementsOf), oracle.unpack(payload));
  }
  assert.ok(accepted > mutationCount / 20, `${accepted} accepted: the mutations are not all fatal`);
  assert.ok(
    accepted < mutationCount / 1.5,
    `${accepted} accepted: the mutations reach the structure`,
  );
  for (const code of ["malformed-message", "bad-field", "unknown-message-type", "trailing-bytes"]) {
    assert.ok(codes.has(code), `${code} was seen`);
  }
});
