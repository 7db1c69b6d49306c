import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Unpackr } from "msgpackr";
import { concatBytes, hexBytes, toHex } from "../../../src/base/bytes.ts";
import { attestationBytes } from "../../../src/model/attestation.ts";
import {
  chainBytesMax,
  decodePayload,
  encodedBytes,
  encodePayload,
} from "../../../src/wire/codec.ts";
import { addressEntryBytes, type Message, messageRules } from "../../../src/wire/messages.ts";
import { arbitraryMessage, arbitraryMessages, elementsOf, oneOfEach } from "./arbitrary-message.ts";
import { refusal } from "./refusal.ts";

const oracle = new Unpackr({ useRecords: false, int64AsType: "number" });
const ping: Message = { type: "ping", nonce: new Uint8Array(8), sentAtMs: 5 };
const hash = new Uint8Array(32).fill(9);

test("every message comes back as it was sent, and a foreign decoder reads the same", () => {
  for (const arbitrary of Object.values(arbitraryMessages) as fc.Arbitrary<Message>[]) {
    const property = fc.property(
      fc.array(arbitrary, { minLength: 1, maxLength: 4 }),
      (messages) => {
        const payload = encodePayload(messages);
        assert.deepEqual(decodePayload(payload), messages);
        assert.deepEqual(oracle.unpack(payload), messages.map(elementsOf));
      },
    );
    fc.assert(property, { seed: 1, numRuns: 60 });
  }
});

test("a message takes exactly the bytes it is said to take", () => {
  const property = fc.property(arbitraryMessage, (message) => {
    assert.equal(encodePayload([message]).length, 1 + encodedBytes(message));
  });
  fc.assert(property, { seed: 2, numRuns: 300 });
});

test("the bytes of a ping, a missing body and a goodbye are these", () => {
  const payload = encodePayload([
    { type: "ping", nonce: hexBytes("0102030405060708"), sentAtMs: 1_760_000_000_000 },
    { type: "block_body", request: 300, hash, body: undefined },
    { type: "disconnect", code: "duplicate", text: "twice" },
  ]);
  assert.equal(
    toHex(payload),
    `93${"9301c4080102030405060708cf00000199c82cc000"}${"940dcd012cc420"}${"09".repeat(32)}c0` +
      "930302a57477696365",
  );
});

test("the largest of every type fits under its cap, even in the widest form", () => {
  const of = (bytes: number) => new Uint8Array(bytes).fill(1);
  const fullEntries = of(addressEntryBytes * 64);
  for (let at = 0; at < fullEntries.length; at += addressEntryBytes) {
    fullEntries.fill(0, at + 54, at + 56).fill(0, at + 62, at + 64);
  }
  const largest: readonly Message[] = [
    { type: "disconnect", code: "banned", text: "x".repeat(128) },
    { type: "peers", entries: fullEntries },
    { type: "inv", items: of(33 * 1024) },
    { type: "get_headers", request: 2 ** 32 - 1, locator: of(32 * 64), stop: hash, count: 512 },
    { type: "headers", request: 2 ** 32 - 1, headers: of(420 * 512) },
    { type: "get_blocks", request: 2 ** 32 - 1, hashes: of(32 * 128) },
    { type: "block_body", request: 2 ** 32 - 1, hash, body: of(1_048_576) },
    { type: "new_block", header: of(420), body: of(1_048_576) },
    { type: "new_transaction", transaction: of(65_536) },
    { type: "ping", nonce: of(8), sentAtMs: Number.MAX_SAFE_INTEGER },
    { type: "credit", totalBytes: Number.MAX_SAFE_INTEGER },
    { type: "get_peers", count: 64 },
    { type: "vote", vote: of(176) },
    { type: "certificate", certificate: of(114 + 16 + 64 * 128) },
    { type: "evidence", evidence: of(877) },
    { type: "attest", attestation: of(attestationBytes) },
  ];
  for (const message of largest) {
    const payload = widest(message);
    assert.ok(payload.length - 5 <= messageRules[message.type].bytesMax, message.type);
    assert.deepEqual(decodePayload(payload), [message]);
  }
});

/** The payload of one message with every integer and every length in its widest form. */
function widest(message: Message): Uint8Array {
  const u32 = (first: number, value: number) => {
    const out = Buffer.alloc(5, first);
    out.writeUInt32BE(value, 1);
    return out;
  };
  const parts = elementsOf(message).map((value): Uint8Array => {
    if (typeof value === "number") {
      const out = Buffer.alloc(9, 0xd3);
      out.writeBigInt64BE(BigInt(value), 1);
      return out;
    }
    if (typeof value === "string") return concatBytes(u32(0xdb, value.length), Buffer.from(value));
    assert.ok(value instanceof Uint8Array);
    return concatBytes(u32(0xc6, value.length), value);
  });
  return concatBytes(u32(0xdd, 1), u32(0xdd, parts.length), ...parts);
}

test("a payload cut at any byte is refused", () => {
  for (const message of oneOfEach) {
    const payload = encodePayload([message, ping]);
    for (let length = 0; length < payload.length; length++) {
      const code = refusal(() => decodePayload(payload.subarray(0, length)));
      assert.notEqual(code, "accepted", `${message.type} cut at ${length}`);
    }
  }
});

test("one byte after the last message is refused", () => {
  for (const message of oneOfEach) {
    const payload = concatBytes(encodePayload([message]), Uint8Array.of(0xc0));
    assert.equal(
      refusal(() => decodePayload(payload)),
      "trailing-bytes",
    );
  }
});

test("one field too few or too many is refused", () => {
  for (const message of oneOfEach) {
    const payload = encodePayload([message]).slice();
    const fields = payload[1]! & 0x0f;
    const fewer = payload.slice();
    fewer[1] = 0x90 | (fields - 1);
    assert.equal(
      refusal(() => decodePayload(fewer)),
      "malformed-message",
    );
    const more = concatBytes(payload, Uint8Array.of(0));
    more[1] = 0x90 | (fields + 1);
    assert.equal(
      refusal(() => decodePayload(more)),
      "malformed-message",
    );
  }
});

test("a payload without messages, and one with more than 16,384, are refused", () => {
  assert.equal(
    refusal(() => decodePayload(new Uint8Array(0))),
    "malformed-message",
  );
  assert.equal(
    refusal(() => decodePayload(hexBytes("90"))),
    "malformed-message",
  );
  assert.equal(
    refusal(() => decodePayload(hexBytes("80"))),
    "malformed-message",
  );
  const credit = hexBytes("920400");
  const many = (count: number) =>
    concatBytes(
      Uint8Array.of(0xdc, count >> 8, count & 0xff),
      ...Array.from({ length: count }, () => credit),
    );
  assert.equal(decodePayload(many(16_384)).length, 16_384);
  assert.equal(
    refusal(() => decodePayload(many(16_385))),
    "malformed-message",
  );
});

test("an unknown type is refused by its number, in any width", () => {
  for (const type of ["00", "1a", "7f", "cc80", "cdffff", "ceffffffff", "cf001fffffffffffff"]) {
    assert.equal(
      refusal(() => decodePayload(hexBytes(`9192${type}00`))),
      "unknown-message-type",
    );
  }
  assert.equal(
    refusal(() => decodePayload(hexBytes("9192ff00"))),
    "malformed-message",
  );
});

test("nested array headers that promise 65,535 elements each are refused at the first", () => {
  const bomb = Buffer.from("dcffff".repeat(2_000), "hex");
  const startedAt = process.hrtime.bigint();
  for (let i = 0; i < 100; i++) {
    assert.equal(
      refusal(() => decodePayload(bomb)),
      "malformed-message",
    );
    assert.equal(
      refusal(() => decodePayload(concatBytes(hexBytes("9192"), bomb))),
      "malformed-message",
    );
  }
  assert.ok(process.hrtime.bigint() - startedAt < 200_000_000n, "a millisecond each at most");
});

test("every count and length is compared with what remains before it is believed", () => {
  for (const payload of ["dd7fffffff9204", "ddffffffff", "9192dc", "91920fc6ffffffff00"]) {
    assert.notEqual(
      refusal(() => decodePayload(hexBytes(payload))),
      "accepted",
    );
  }
});

test("of a payload in pieces the first piece tells how large the whole may be", () => {
  const message: Message = { type: "block_body", request: 1, hash, body: new Uint8Array(900_000) };
  const whole = encodePayload([message]);
  assert.equal(chainBytesMax(whole.subarray(0, 100)), 1 + messageRules.block_body.bytesMax);
  assert.equal(
    refusal(() => chainBytesMax(hexBytes("92920400"))),
    "more-chain-broken",
  );
  assert.equal(
    refusal(() => chainBytesMax(hexBytes("9192"))),
    "malformed-message",
  );
  assert.equal(
    refusal(() => chainBytesMax(hexBytes("91926300"))),
    "unknown-message-type",
  );
});
