import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { concatBytes } from "../../../src/base/bytes.ts";
import { PayloadChain } from "../../../src/peer/payload-chain.ts";
import { encodePayload, PayloadWriter } from "../../../src/wire/codec.ts";
import type { Message } from "../../../src/wire/messages.ts";

const bytesOf = (count: number) => Uint8Array.from({ length: count }, (_, at) => at % 251);
const writer = new PayloadWriter();

test("the pieces of a chain, however they are cut, are the payload", () => {
  const messages = fc.oneof(
    fc.record({
      type: fc.constant("new_block" as const),
      body: fc.integer({ min: 200, max: 3_000 }),
    }),
    fc.record({
      type: fc.constant("block_body" as const),
      body: fc.integer({ min: 200, max: 3_000 }),
    }),
    fc.record({
      type: fc.constant("new_transaction" as const),
      body: fc.integer({ min: 200, max: 3_000 }),
    }),
  );
  fc.assert(
    fc.property(messages, fc.array(fc.integer({ min: 1, max: 900 })), ({ type, body }, cuts) => {
      const message = messageOf(type, body);
      const chain = PayloadChain.of(message, writer);
      const pieces: Uint8Array[] = [];
      for (let at = 0; chain.leftBytes > 0; at++) {
        pieces.push(chain.take(Math.min(cuts[at] ?? 300, chain.leftBytes)));
      }
      assert.deepEqual(concatBytes(...pieces), encodePayload([message]));
    }),
  );
});

test("a chain holds the body of its message, not a copy: many wait for one block at no cost", () => {
  for (const type of ["new_block", "block_body"] as const) {
    const message = messageOf(type, 1_048_576);
    const chain = PayloadChain.of(message, writer);
    chain.take(1_000);
    const piece = chain.take(500_000);
    assert.ok(message.type !== "new_transaction" && message.body !== undefined);
    assert.equal(piece.buffer, message.body.buffer);
  }
});

test("a body that is not there makes a payload all the same", () => {
  const hash = bytesOf(32);
  const message: Message = { type: "block_body", request: 1, hash, body: undefined };
  const chain = PayloadChain.of(message, writer);
  assert.deepEqual(chain.take(chain.leftBytes), encodePayload([message]));
});

function messageOf(type: "new_block" | "block_body" | "new_transaction", bytes: number) {
  if (type === "new_block") return { type, header: bytesOf(420), body: bytesOf(bytes) } as const;
  if (type === "new_transaction") return { type, transaction: bytesOf(bytes) } as const;
  return { type, request: 7, hash: bytesOf(32), body: bytesOf(bytes) } as const;
}
