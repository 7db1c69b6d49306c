import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Outbox, type Room } from "../../../src/peer/outbox.ts";
import { SharedRoom } from "../../../src/peer/shared-room.ts";
import { type Message, messageRules } from "../../../src/wire/messages.ts";

const mebibyte = 1_048_576;
const part = messageRules.new_block.bytesMax;
const plenty: Room = {
  bodyBytes: 65_536,
  creditBytes: 2 ** 40,
  small: true,
  urgentOnly: false,
};
const body = (bytes: number): Message => ({
  type: "block_body",
  request: 1,
  hash: new Uint8Array(32),
  body: new Uint8Array(bytes),
});

describe("memory for what waits", () => {
  test("stays within its bound and a block for each, however many ask and never read", () => {
    const room = new SharedRoom(8 * mebibyte);
    const outboxes = Array.from({ length: 100 }, () => new Outbox(undefined, room));
    for (let round = 0; round < 20; round++) {
      for (const outbox of outboxes) outbox.push(body(100_000), undefined, 0);
    }
    assert.ok(room.bytes <= 8 * mebibyte + 100 * part, `${room.bytes}`);
    for (const outbox of outboxes) assert.ok(outbox.heldBytes("bulk") <= part);
  });

  test("who comes late gets its part while others hold all", () => {
    const room = new SharedRoom(4 * mebibyte);
    const greedy = [1, 2, 3].map(() => new Outbox(undefined, room));
    for (let n = 0; n < 40; n++) for (const each of greedy) each.push(body(100_000), undefined, 0);
    const late = new Outbox(undefined, room);
    assert.equal(late.push(body(mebibyte), undefined, 0), true);
    assert.equal(greedy[0]!.push(body(100_000), undefined, 0), false);
  });

  test("is given back as frames leave, in pieces too, and when a connection goes", () => {
    const room = new SharedRoom(4 * mebibyte);
    const outbox = new Outbox(undefined, room);
    outbox.push(body(mebibyte), undefined, 0);
    outbox.push(body(1_000), undefined, 0);
    let before = room.bytes;
    assert.ok(before > mebibyte);
    for (let n = 0; n < 3; n++) {
      assert.notEqual(outbox.compose(plenty), undefined);
      assert.ok(room.bytes < before);
      before = room.bytes;
    }
    outbox.clear();
    assert.equal(room.bytes, 0);
    while (outbox.compose(plenty) !== undefined);
    assert.equal(room.bytes, 0);
  });
});
