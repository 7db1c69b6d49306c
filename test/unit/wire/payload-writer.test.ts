import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  decodePayload,
  encodedBytes,
  encodePayload,
  PayloadWriter,
} from "../../../src/wire/codec.ts";
import type { Message } from "../../../src/wire/messages.ts";
import { arbitraryMessage } from "./arbitrary-message.ts";

const credit = (totalBytes: number): Message => ({ type: "credit", totalBytes });

test("a message that does not fit leaves the payload as it was", () => {
  const property = fc.property(
    fc.array(arbitraryMessage, { minLength: 1, maxLength: 40 }),
    fc.integer({ min: 3, max: 3_000 }),
    (messages, bytesMax) => {
      const writer = new PayloadWriter();
      writer.begin(bytesMax);
      const taken: Message[] = [];
      for (const message of messages) {
        const size = writer.size;
        if (writer.add(message)) taken.push(message);
        else assert.equal(writer.size, size);
      }
      assert.equal(writer.count, taken.length);
      if (taken.length === 0) return;
      const payload = writer.finish();
      assert.equal(payload.length, writer.size);
      assert.ok(payload.length <= bytesMax);
      assert.deepEqual(decodePayload(payload), taken);
      assert.deepEqual(payload, encodePayload(taken));
    },
  );
  fc.assert(property, { seed: 3, numRuns: 150 });
});

test("a payload fills its bytes to the last one, also where the array header grows", () => {
  const bytes = encodedBytes(credit(1));
  const writer = new PayloadWriter();
  for (const count of [15, 16, 17]) {
    const exact = (count < 16 ? 1 : 3) + count * bytes;
    writer.begin(exact);
    for (let i = 0; i < count; i++) assert.ok(writer.add(credit(1)));
    assert.equal(writer.add(credit(1)), false);
    assert.equal(writer.finish().length, exact);
    writer.begin(exact - 1);
    for (let i = 0; i < count - 1; i++) assert.ok(writer.add(credit(1)));
    assert.equal(writer.add(credit(1)), false);
  }
});

test("no more than 16,384 messages go into one payload", () => {
  const writer = new PayloadWriter();
  writer.begin(1_000_000);
  for (let i = 0; i < 16_384; i++) assert.ok(writer.add(credit(i)));
  assert.equal(writer.add(credit(0)), false);
  assert.equal(decodePayload(writer.finish()).length, 16_384);
});

test("a writer is used again from the beginning", () => {
  const writer = new PayloadWriter();
  for (const body of [2_000_000 / 2, 5, 70_000]) {
    writer.begin(1_100_000);
    assert.equal(writer.size, 0);
    assert.equal(writer.count, 0);
    const message: Message = {
      type: "new_block",
      header: new Uint8Array(420),
      body: new Uint8Array(body),
    };
    assert.ok(writer.add(message));
    assert.deepEqual(decodePayload(writer.finish()), [message]);
  }
});

test("a reason is made to fit instead of stopping a goodbye", () => {
  const text = `naïve\n\u202e${"x".repeat(200)}`;
  const [message] = decodePayload(encodePayload([{ type: "disconnect", code: "protocol", text }]));
  assert.ok(message?.type === "disconnect");
  assert.equal(message.text, `na?ve??${"x".repeat(121)}`);
});

test("a message of ours that breaks its own rules is our bug", () => {
  const wrong: readonly Message[] = [
    { type: "ping", nonce: new Uint8Array(7), sentAtMs: 0 },
    { type: "ping", nonce: new Uint8Array(8), sentAtMs: 0.5 },
    { type: "ping", nonce: new Uint8Array(8), sentAtMs: Number.NaN },
    { type: "credit", totalBytes: -1 },
    { type: "credit", totalBytes: 2 ** 53 },
    { type: "inv", items: new Uint8Array(0) },
    { type: "inv", items: new Uint8Array(34) },
    { type: "get_peers", count: 65 },
    { type: "new_transaction", transaction: new Uint8Array(65_537) },
    { type: "vote", vote: new Uint8Array(175) },
    { type: "certificate", certificate: new Uint8Array(178) },
    { type: "certificate", certificate: new Uint8Array(8_323) },
    { type: "evidence", evidence: new Uint8Array(324) },
    { type: "evidence", evidence: new Uint8Array(878) },
  ];
  for (const message of wrong) {
    assert.throws(() => encodePayload([message]), { name: "AssertionFailed" });
  }
  assert.throws(() => new PayloadWriter().finish(), { name: "AssertionFailed" });
});
