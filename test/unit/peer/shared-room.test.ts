import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { syncLimits, wireLimits } from "../../../src/params/limits.ts";
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
  now: 0,
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

  test("holds of what is read from disk no more than its bound and a small answer for each", () => {
    const room = new SharedRoom(4 * mebibyte);
    const small = syncLimits.answerLoadBytesMax;
    const outboxes = Array.from({ length: 100 }, () => new Outbox(undefined, room));
    const read = (outbox: Outbox, bytes: number) => {
      if (!outbox.hasForRead("bulk", bytes, 0)) return false;
      return outbox.push(body(bytes - 100), undefined, 0);
    };
    for (const outbox of outboxes) read(outbox, mebibyte);
    assert.ok(room.bytes <= 4 * mebibyte, `${room.bytes}`);
    for (const outbox of outboxes) read(outbox, small);
    assert.ok(room.bytes <= 4 * mebibyte + 100 * small, `${room.bytes}`);
    assert.ok(
      outboxes.every((outbox) => outbox.heldBytes("bulk") > 0),
      "nobody starves",
    );
  });

  test("counts what is being read for others", () => {
    const room = new SharedRoom(4 * mebibyte);
    const outbox = new Outbox(undefined, room);
    assert.equal(outbox.hasForRead("bulk", mebibyte, 3 * mebibyte), true);
    assert.equal(outbox.hasForRead("bulk", mebibyte, 3 * mebibyte + 1), false);
    assert.equal(outbox.hasForRead("bulk", 2 * mebibyte + 1, 0), false, "its lane has a bound too");
  });

  test("is taken from who holds some and takes nothing, once it is short, and only then", () => {
    const room = new SharedRoom(3 * mebibyte);
    const [sloth, busy] = [new Outbox(undefined, room), new Outbox(undefined, room)];
    sloth.push(body(mebibyte), undefined, 1_000);
    assert.equal(sloth.stalledAt(false), Number.POSITIVE_INFINITY);
    busy.push(body(mebibyte), undefined, 2_000);
    busy.push(body(500_000), undefined, 3_000);
    assert.equal(sloth.stalledAt(false), 1_000 + wireLimits.roomStalledMs);
    assert.equal(sloth.stalledAt(true), Number.POSITIVE_INFINITY, "we let it wait ourselves");
    busy.compose({ ...plenty, now: 9_000 });
    assert.equal(busy.stalledAt(false), 9_000 + wireLimits.roomStalledMs);
    sloth.clear();
    assert.equal(busy.stalledAt(false), Number.POSITIVE_INFINITY);
  });
});
