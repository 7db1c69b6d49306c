import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { wireLimits } from "../../../src/params/limits.ts";
import { Outbox, type Room } from "../../../src/peer/outbox.ts";
import { chainBytesMax, decodePayload, PayloadWriter } from "../../../src/wire/codec.ts";
import { bodyBytesOf, frameFlags } from "../../../src/wire/frame.ts";
import type { Lane, Message } from "../../../src/wire/messages.ts";
import { ticket } from "../../support/session-pair.ts";

const plenty: Room = {
  bodyBytes: 65_536,
  creditBytes: 2 ** 40,
  small: true,
  urgentOnly: false,
  now: 0,
};

const ping = (n: number): Message => ({
  type: "ping",
  nonce: new Uint8Array(8).fill(n),
  sentAtMs: n,
});
const getPeers = (count: number): Message => ({ type: "get_peers", count });
const transaction = (bytes: number): Message => ({
  type: "new_transaction",
  transaction: new Uint8Array(bytes),
});
const blockBody = (bytes: number, request = 1): Message => ({
  type: "block_body",
  request,
  hash: new Uint8Array(32),
  body: new Uint8Array(bytes).fill(request),
});
const newBlock = (bytes: number, fill = 1): Message => ({
  type: "new_block",
  header: new Uint8Array(420).fill(fill),
  body: new Uint8Array(bytes).fill(fill),
});

interface Frame {
  readonly flags: number;
  readonly payload: Uint8Array;
}

/** Everything that leaves, each payload copied as sealing would. */
function drain(outbox: Outbox, room: Room = plenty): Frame[] {
  const frames: Frame[] = [];
  let { creditBytes } = room;
  for (;;) {
    assert.equal(
      outbox.isReady({ ...room, creditBytes }),
      outbox.isReady({ ...room, creditBytes }),
    );
    const composed = outbox.compose({ ...room, creditBytes });
    if (composed === undefined) break;
    frames.push({ flags: composed.flags, payload: composed.payload.slice() });
    const bodyBytes = bodyBytesOf(composed.payload.length);
    if (composed.flags & frameFlags.more) assert.ok(bodyBytes >= wireLimits.moreBodyBytesMin);
    if (composed.flags & frameFlags.bulk) creditBytes -= bodyBytes;
    assert.ok(creditBytes >= 0, "credit is never exceeded");
  }
  assert.equal(outbox.isReady({ ...room, creditBytes }), false);
  return frames;
}

const types = (frame: Frame): string[] => decodePayload(frame.payload).map((each) => each.type);

describe("an outbox", () => {
  test("gives votes and pings a frame of their own, then the rest together, bulk alone", () => {
    const outbox = new Outbox(new PayloadWriter());
    for (const message of [blockBody(100), transaction(200), getPeers(3), newBlock(50), ping(1)]) {
      assert.equal(outbox.push(message, undefined, 0), true);
    }
    const frames = drain(outbox);
    assert.deepEqual(frames.map(types), [
      ["ping"],
      ["new_block", "get_peers", "new_transaction"],
      ["block_body"],
    ]);
    assert.deepEqual(
      frames.map((frame) => frame.flags),
      [0, 0, frameFlags.bulk],
    );
  });

  test("parks a message until its ticket is durable, and holds up nothing else", () => {
    const outbox = new Outbox();
    outbox.push(newBlock(10, 5), ticket(5), 0);
    outbox.push(newBlock(10, 3), ticket(3), 0);
    outbox.push(newBlock(10, 1), undefined, 0);
    assert.deepEqual(drain(outbox).map(types), [["new_block"]]);
    outbox.onDurable(ticket(2));
    assert.equal(outbox.isReady(plenty), false);
    outbox.onDurable(ticket(4));
    assert.equal(drain(outbox).length, 1);
    outbox.onDurable(ticket(5));
    assert.equal(drain(outbox).length, 1);
    outbox.push(newBlock(10), ticket(4), 0);
    assert.equal(drain(outbox).length, 1, "what is durable already is not parked");
  });

  test("never lets a parked message out before its ticket (any order of events)", () => {
    const step = fc.oneof(
      fc.record({ park: fc.integer({ min: 1, max: 20 }) }),
      fc.record({ durable: fc.integer({ min: 1, max: 20 }) }),
      fc.record({ drain: fc.constant(true) }),
    );
    const property = fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const outbox = new Outbox();
      let durable = 0;
      for (const each of steps) {
        if ("park" in each) outbox.push(ping(each.park), ticket(each.park), 0);
        else if ("durable" in each) {
          durable = Math.max(durable, each.durable);
          outbox.onDurable(ticket(each.durable));
        }
        for (const frame of drain(outbox)) {
          for (const message of decodePayload(frame.payload)) {
            assert.ok(message.type === "ping" && message.sentAtMs <= durable);
          }
        }
      }
    });
    fc.assert(property, { seed: 1, numRuns: 200 });
  });

  test("starves no lane: each gets its share by weight while all are full", () => {
    const outbox = new Outbox(new PayloadWriter());
    const left: Record<Lane, number> = { vote: 0, block: 0, control: 0, transaction: 0, bulk: 0 };
    const inv: Message = { type: "inv", items: new Uint8Array(33 * 100).fill(1) };
    const refill = (): void => {
      while (outbox.push(ping(1), undefined, 0));
      while (outbox.push(newBlock(10_000), undefined, 0));
      while (outbox.push(inv, undefined, 0));
      while (outbox.push(transaction(1_000), undefined, 0));
      while (outbox.push(blockBody(30_000), undefined, 0));
    };
    const laneOf: Record<string, Lane> = {
      ping: "vote",
      new_block: "block",
      inv: "control",
      new_transaction: "transaction",
      block_body: "bulk",
    };
    for (let n = 0; n < 150; n++) {
      refill();
      const composed = outbox.compose({ ...plenty, bodyBytes: 32_768 });
      assert.ok(composed);
      const first = decodePayload(composed.payload);
      for (const message of first) {
        const bytes = composed.payload.length / first.length;
        left[laneOf[message.type]!] += bytes;
      }
    }
    const total = Object.values(left).reduce((sum, bytes) => sum + bytes, 0);
    for (const [lane, weight] of Object.entries({ vote: 16, bulk: 1 }) as [Lane, number][]) {
      const share = left[lane] / total;
      assert.ok(Math.abs(share - weight / 31) < 0.05, `${lane} got ${share}`);
    }
    for (const bytes of Object.values(left)) assert.ok(bytes > 0);
  });

  test("lets what just became due overtake what has been sending", () => {
    const outbox = new Outbox();
    for (let n = 0; n < 10; n++) outbox.push(blockBody(100_000, n), undefined, 0);
    outbox.compose(plenty);
    outbox.push(ping(1), undefined, 0);
    const next = outbox.compose(plenty);
    assert.equal(next?.flags, 0);
  });

  test("cuts a block that exceeds a frame into BULK pieces, other frames between them", () => {
    const outbox = new Outbox();
    const block = newBlock(1_048_576, 9);
    assert.equal(outbox.push(block, undefined, 0), true);
    const pieces: Frame[] = [];
    for (let n = 0; outbox.isReady(plenty); n++) {
      if (n === 3) outbox.push(ping(1), undefined, 0);
      const composed = outbox.compose(plenty)!;
      const frame = { flags: composed.flags, payload: composed.payload.slice() };
      if (frame.flags === 0) assert.deepEqual(types(frame), ["ping"]);
      else pieces.push(frame);
    }
    assert.ok(pieces.length > 16);
    assert.ok(chainBytesMax(pieces[0]!.payload) >= 1_048_576 + 420);
    for (const [i, piece] of pieces.entries()) {
      const more = i + 1 < pieces.length ? frameFlags.more : 0;
      assert.equal(piece.flags, frameFlags.bulk | more);
    }
    const joined = new Uint8Array(Buffer.concat(pieces.map((piece) => piece.payload)));
    assert.deepEqual(decodePayload(joined), [block]);
  });

  test("never leaves a last piece smaller than a frame may carry", () => {
    for (let extra = 0; extra < 8; extra++) {
      const outbox = new Outbox();
      const room = { ...plenty, bodyBytes: 40_000 };
      const head = 1 + 2 + 1 + 34 + 5;
      const pieceBytes = 40_000 - 80;
      outbox.push(blockBody(2 * pieceBytes - head + extra), undefined, 0);
      for (const { payload } of drain(outbox, room)) assert.ok(payload.length >= 3);
    }
  });

  test("waits for credit rather than send bulk in crumbs", () => {
    const outbox = new Outbox();
    outbox.push(blockBody(100_000), undefined, 0);
    assert.equal(outbox.compose({ ...plenty, creditBytes: 32_767 }), undefined);
    const frames = drain(outbox, { ...plenty, creditBytes: 70_000 });
    assert.equal(frames.length, 1, "the rest, 34 KiB, exceeds what is left");
    outbox.push(ping(1), undefined, 0);
    assert.equal(outbox.compose({ ...plenty, creditBytes: 0 })?.flags, 0);
  });

  test("without a token sends only what fills a frame", () => {
    const outbox = new Outbox();
    const room = { ...plenty, small: false };
    outbox.push(ping(1), undefined, 0);
    outbox.push(getPeers(1), undefined, 0);
    outbox.push(blockBody(1_000), undefined, 0);
    assert.equal(outbox.isReady(room), false);
    for (let n = 0; n < 5; n++) outbox.push(transaction(8_000), undefined, 0);
    const composed = outbox.compose(room);
    assert.ok(composed && bodyBytesOf(composed.payload.length) >= 32_768);
    assert.equal(outbox.isReady(room), false);
  });

  test("refuses what a full lane cannot hold, and says since when that has been so", () => {
    const outbox = new Outbox();
    let count = 0;
    while (outbox.push(transaction(10_000), undefined, 5)) count++;
    assert.equal(count, Math.floor(wireLimits.outboxTransactionBytesMax / 10_005));
    assert.equal(
      outbox.stalledAt(false),
      Number.POSITIVE_INFINITY,
      "transactions are just dropped",
    );
    while (outbox.push(newBlock(500_000), undefined, 7));
    assert.equal(outbox.stalledAt(false), 7 + wireLimits.outboxStalledMs);
    while (outbox.compose(plenty)?.flags !== 0);
    assert.equal(outbox.stalledAt(false), Number.POSITIVE_INFINITY);
  });

  test("counts parked bytes against the lane, but blames no peer for the disk", () => {
    const outbox = new Outbox();
    while (outbox.push(ping(1), ticket(9), 3));
    assert.ok(outbox.heldBytes("vote") > wireLimits.outboxVoteBytesMax - 100);
    assert.equal(outbox.push(ping(2), undefined, 3), false);
    assert.equal(outbox.stalledAt(false), Number.POSITIVE_INFINITY);
  });

  test("delivers each lane's messages in order, whatever the room", () => {
    const message = fc.oneof(
      fc.record({ lane: fc.constant("vote"), bytes: fc.constant(0) }),
      fc.record({ lane: fc.constant("block"), bytes: fc.integer({ min: 4, max: 700_000 }) }),
      fc.record({ lane: fc.constant("control"), bytes: fc.constant(0) }),
      fc.record({ lane: fc.constant("bulk"), bytes: fc.integer({ min: 4, max: 200_000 }) }),
    );
    const bodyBytes = fc.integer({ min: 1, max: 600_000 });
    const property = fc.property(fc.array(message, { maxLength: 12 }), bodyBytes, (list, room) => {
      const outbox = new Outbox();
      const sent: Message[] = [];
      for (const [i, { lane, bytes }] of list.entries()) {
        const each =
          lane === "vote"
            ? ping(i)
            : lane === "block"
              ? newBlock(bytes, i)
              : lane === "control"
                ? getPeers(i + 1)
                : blockBody(bytes, i);
        if (outbox.push(each, undefined, 0)) sent.push(each);
      }
      const received: Message[] = [];
      let chain: Uint8Array[] = [];
      for (const { flags, payload } of drain(outbox, { ...plenty, bodyBytes: room })) {
        if (flags === 0) {
          received.push(...decodePayload(payload));
          continue;
        }
        chain.push(payload);
        if (flags & frameFlags.more) continue;
        received.push(...decodePayload(new Uint8Array(Buffer.concat(chain))));
        chain = [];
      }
      for (const type of ["ping", "new_block", "get_peers", "block_body"]) {
        const of = (all: Message[]): Message[] => all.filter((each) => each.type === type);
        assert.deepEqual(of(received), of(sent));
      }
    });
    fc.assert(property, { seed: 1, numRuns: 40 });
  });
});
