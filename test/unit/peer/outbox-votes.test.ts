/** Votes and certificates in an outbox: what finality waits for waits for nothing else. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { chainLimits, wireLimits } from "../../../src/params/limits.ts";
import { Outbox, type Room } from "../../../src/peer/outbox.ts";
import { decodePayload } from "../../../src/wire/codec.ts";
import { frameFlags } from "../../../src/wire/frame.ts";
import type { Message } from "../../../src/wire/messages.ts";
import { ticket } from "../../support/session-pair.ts";

const room: Room = {
  bodyBytes: 65_536,
  creditBytes: 2 ** 40,
  small: true,
  urgentOnly: false,
  now: 0,
};
const certificateBytesMax = 114 + 16 + 64 * 128;

const vote = (n: number): Message => ({ type: "vote", vote: new Uint8Array(176).fill(n) });
const certificate = (n: number): Message => ({
  type: "certificate",
  certificate: new Uint8Array(certificateBytesMax).fill(n),
});
const newBlock = (bytes: number): Message => ({
  type: "new_block",
  header: new Uint8Array(420),
  body: new Uint8Array(bytes),
});
const blockBody: Message = {
  type: "block_body",
  request: 1,
  hash: new Uint8Array(32),
  body: new Uint8Array(200_000),
};
const inv: Message = { type: "inv", items: new Uint8Array(33 * 500).fill(1) };
const transaction: Message = { type: "new_transaction", transaction: new Uint8Array(60_000) };

function push(outbox: Outbox, ...messages: readonly Message[]): void {
  for (const message of messages) assert.ok(outbox.push(message, undefined, 0), message.type);
}

/** Types in the next frame; those of a frame of BULK pieces are not looked at. */
function nextFrame(outbox: Outbox, of: Room = room): readonly string[] {
  const composed = outbox.compose(of);
  if (composed === undefined) return [];
  if (composed.flags & frameFlags.bulk) return ["a piece of bulk"];
  return decodePayload(composed.payload).map((message) => message.type);
}

describe("a vote", () => {
  test("leaves before a block, inventories, transactions and bulk that were queued first", () => {
    for (const blockBytes of [10_000, chainLimits.blockBodyBytesMax]) {
      const outbox = new Outbox();
      push(outbox, blockBody, blockBody, newBlock(blockBytes), inv, transaction);
      push(outbox, vote(1), certificate(1), vote(2));
      assert.deepEqual(nextFrame(outbox), ["vote", "certificate", "vote"]);
    }
  });

  test("leaves between two pieces of a block that has begun to leave", () => {
    const outbox = new Outbox();
    push(outbox, newBlock(chainLimits.blockBodyBytesMax));
    for (let n = 0; n < 5; n++) {
      assert.deepEqual(nextFrame(outbox), ["a piece of bulk"]);
      push(outbox, vote(n));
      assert.deepEqual(nextFrame(outbox), ["vote"]);
    }
  });

  test("needs no credit", () => {
    const outbox = new Outbox();
    push(outbox, blockBody, newBlock(chainLimits.blockBodyBytesMax), vote(1));
    assert.deepEqual(nextFrame(outbox, { ...room, creditBytes: 0 }), ["vote"]);
  });

  test("that follows all votes of a slot waits for one piece of bulk and one frame at most", () => {
    const outbox = new Outbox();
    for (let n = 0; n < chainLimits.validatorsMax; n++) push(outbox, vote(n));
    assert.equal(nextFrame(outbox).length, chainLimits.validatorsMax);
    push(outbox, newBlock(chainLimits.blockBodyBytesMax), blockBody, inv, transaction, vote(1));
    assert.deepEqual(nextFrame(outbox), ["a piece of bulk"], "each lane has its share");
    assert.deepEqual(nextFrame(outbox), ["inv", "new_transaction"]);
    assert.deepEqual(nextFrame(outbox), ["vote"]);
  });

  test("of our own is parked until it is durable, and holds up nobody else's", () => {
    const outbox = new Outbox();
    assert.ok(outbox.push(vote(1), ticket(3), 0));
    push(outbox, vote(2));
    assert.deepEqual(nextFrame(outbox), ["vote"]);
    assert.deepEqual(nextFrame(outbox), []);
    outbox.onDurable(ticket(3));
    assert.deepEqual(nextFrame(outbox), ["vote"]);
  });
});

test("the lane of votes holds two of each validator and a dozen of the largest certificates", () => {
  const outbox = new Outbox();
  for (let n = 0; n < 12; n++) push(outbox, certificate(n));
  for (let n = 0; n < 2 * chainLimits.validatorsMax; n++) push(outbox, vote(n));
  assert.ok(outbox.heldBytes("vote") <= wireLimits.outboxVoteBytesMax);
});
