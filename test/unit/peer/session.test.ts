import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { concatBytes } from "../../../src/base/bytes.ts";
import { ed25519 } from "../../../src/crypto/ed25519.ts";
import { connectionLimits, wireLimits } from "../../../src/params/limits.ts";
import { frameFlags } from "../../../src/wire/frame.ts";
import type { Message, MessageType } from "../../../src/wire/messages.ts";
import { messageRules } from "../../../src/wire/messages.ts";
import { verifyRecordedFrame } from "../../../src/wire/recorded-frame.ts";
import { SessionPair, testHello, ticket } from "../../support/session-pair.ts";

const getPeers = (count: number): Message => ({ type: "get_peers", count });
const newBlock = (bytes: number, fill = 1): Message => ({
  type: "new_block",
  header: new Uint8Array(420).fill(fill),
  body: new Uint8Array(bytes).fill(fill),
});
const blockBody = (bytes: number, request = 1): Message => ({
  type: "block_body",
  request,
  hash: new Uint8Array(32),
  body: new Uint8Array(bytes).fill(request),
});

describe("a session", () => {
  test("carries messages both ways and counts bytes", () => {
    const pair = SessionPair.ready();
    pair.dialler.session.send(getPeers(5));
    pair.listener.session.send(newBlock(1_000));
    pair.run();
    assert.deepEqual(pair.listener.messages, [getPeers(5)]);
    assert.deepEqual(pair.dialler.messages, [newBlock(1_000)]);
    const { dialler, listener } = pair;
    assert.equal(dialler.session.bytesSent, listener.session.bytesReceived);
    assert.ok(dialler.session.bytesReceived > 1_000);
  });

  test("sends nothing before it is ready and nothing after goodbye", () => {
    const pair = new SessionPair();
    assert.equal(pair.dialler.session.send(getPeers(1)), false);
    pair.run();
    pair.dialler.session.disconnect("requested", "enough");
    assert.equal(pair.dialler.session.phase, "closing");
    assert.equal(pair.dialler.session.send(getPeers(1)), false);
  });

  test("carries a block of 1 MiB, far beyond a frame and the first credit", () => {
    const pair = SessionPair.ready({ pieceBytesMax: 50_000 });
    assert.equal(pair.dialler.session.send(newBlock(1_048_576, 8)), true);
    pair.run();
    assert.deepEqual(pair.listener.messages, [newBlock(1_048_576, 8)]);
  });

  test("keeps bulk in flight within the credit of a receiver who reads nothing", () => {
    const pair = SessionPair.ready();
    for (let n = 0; n < 10; n++) pair.listener.session.send(blockBody(150_000, n));
    pair.dialler.isReading = false;
    pair.run();
    const inFlight = pair.dialler.incoming.reduce((sum, bytes) => sum + bytes.length, 0);
    assert.ok(inFlight <= wireLimits.bulkCreditBytes + 8 * 100, `${inFlight}`);
    assert.ok(inFlight > wireLimits.bulkCreditBytes - 40_000, `${inFlight}`);
    pair.listener.session.send(getPeers(2));
    assert.equal(pair.listener.session.hasOutput, true, "what is not bulk still goes");
    pair.dialler.isReading = true;
    pair.run();
    const bodies = pair.dialler.messages.filter((each) => each.type === "block_body");
    assert.deepEqual(
      bodies,
      Array.from({ length: 10 }, (_, n) => blockBody(150_000, n)),
    );
  });

  test("parks what binds until it is durable", () => {
    const pair = SessionPair.ready();
    pair.dialler.session.send(newBlock(100, 1), ticket(7));
    pair.dialler.session.send(getPeers(3));
    pair.advance(5_000);
    assert.deepEqual(pair.listener.messages, [getPeers(3)]);
    pair.dialler.session.onDurable(ticket(6));
    pair.run();
    assert.equal(pair.listener.messages.length, 1);
    pair.dialler.session.onDurable(ticket(7));
    pair.run();
    assert.deepEqual(pair.listener.messages[1], newBlock(100, 1));
  });

  test("stays up by pings while nobody says anything, and measures the round trip", () => {
    const pair = SessionPair.ready();
    pair.advance(10 * 60_000);
    assert.deepEqual([pair.dialler.types, pair.listener.types], [["ready"], ["ready"]]);
    assert.equal(pair.dialler.session.pong?.pingMs, 0);
    assert.ok(pair.dialler.sent.length <= 2 + 2 * 21 + 1, "pings and pongs, one each 30 s");
  });

  test("gives up a silent peer, saying goodbye", () => {
    const pair = SessionPair.ready();
    pair.listener.isReading = false;
    const { pingIntervalMs, pongMs } = connectionLimits;
    pair.advance(pingIntervalMs + pongMs - 1);
    assert.deepEqual(pair.dialler.types, ["ready"]);
    pair.advance(1);
    assert.equal(pair.dialler.failure, "timeout-pong");
    assert.equal(pair.dialler.session.phase, "closing");
    assert.equal(pair.dialler.sent.at(-1)?.[4], frameFlags.last);
    assert.equal(pair.dialler.session.deadline, Number.POSITIVE_INFINITY);
  });

  test("keeps evidence of the last frame when asked to", () => {
    const pair = SessionPair.ready();
    assert.equal(pair.listener.session.lastFrame, undefined);
    pair.listener.session.record(true);
    pair.dialler.session.send(getPeers(9));
    pair.run();
    const verdict = verifyRecordedFrame(pair.listener.session.lastFrame, ed25519);
    assert.ok(verdict.ok);
    assert.deepEqual(verdict.messages, [getPeers(9)]);
  });

  test("is never paused by a peer of its own kind, and every message arrives", () => {
    const pair = SessionPair.ready();
    let sent = 0;
    for (let ms = 0; ms < 3_000; ms++) {
      if (pair.dialler.session.send(getPeers(1 + (ms % 60)))) sent++;
      pair.advance(1);
    }
    pair.advance(100);
    assert.equal(pair.listener.messages.length, sent);
    assert.deepEqual(
      pair.listener.types.filter((type) => type === "reading"),
      [],
    );
  });
});

describe("the end of a session", () => {
  test("by goodbye comes after what was queued, and is no truncation", () => {
    const pair = SessionPair.ready();
    pair.dialler.session.send(getPeers(4));
    pair.dialler.session.send(blockBody(10));
    pair.dialler.session.disconnect("shutdown", "the node stops");
    pair.run();
    assert.deepEqual(pair.listener.messages, [getPeers(4)]);
    assert.deepEqual(pair.listener.events.at(-1), {
      type: "ended",
      code: "shutdown",
      text: "the node stops",
    });
    assert.equal(pair.listener.session.phase, "closed");
    assert.deepEqual(pair.listener.session.onClosed(), { truncated: false });
    assert.deepEqual(pair.dialler.session.onClosed(), { truncated: false });
    assert.equal(pair.dialler.session.hasOutput, false);
    assert.equal(pair.dialler.session.take(65_536), undefined);
  });

  test("without goodbye is a truncation", () => {
    const pair = SessionPair.ready();
    assert.deepEqual(pair.listener.session.onClosed(), { truncated: true });
    assert.equal(pair.listener.session.phase, "closed");
    assert.deepEqual(pair.listener.session.onClosed(), { truncated: false });
  });

  test("is final: bytes after a LAST frame are a fault, once", () => {
    const pair = SessionPair.ready();
    pair.dialler.session.disconnect("shutdown", "");
    pair.run();
    pair.listener.receive(Uint8Array.of(1));
    pair.listener.receive(Uint8Array.of(1));
    assert.deepEqual(pair.listener.types, ["ready", "ended", "failed"]);
    assert.equal(pair.listener.failure, "data-after-last");
    assert.equal(pair.listener.session.take(65_536), undefined);
  });

  test("by a fault reads nothing more, but still says goodbye", () => {
    const pair = SessionPair.ready();
    pair.dialler.session.send(getPeers(1));
    pair.listener.session.send(getPeers(2));
    const bytes = pair.dialler.session.take(65_536)!;
    const broken = bytes.slice();
    broken[20]! ^= 1;
    pair.listener.receive(concatBytes(broken, bytes));
    pair.listener.receive(bytes);
    assert.deepEqual(pair.listener.types, ["ready", "failed"]);
    assert.equal(pair.listener.failure, "decrypt-failed");
    assert.equal(pair.listener.session.deadline, Number.POSITIVE_INFINITY);
    pair.run();
    assert.deepEqual(pair.dialler.events.at(-1), {
      type: "ended",
      code: "protocol",
      text: "decrypt-failed",
    });
    assert.deepEqual(pair.dialler.messages, [], "what was queued is dropped");
  });

  test("in the middle of a handshake is silent", () => {
    const pair = new SessionPair();
    pair.dialler.session.disconnect("shutdown", "");
    assert.equal(pair.dialler.session.take(65_536), undefined);
    assert.equal(pair.dialler.session.phase, "closed");
  });

  test("drops large blocks that would have needed pieces", () => {
    const pair = SessionPair.ready();
    for (let n = 0; n < 2; n++) pair.dialler.session.send(newBlock(1_000_000));
    pair.write("dialler", pair.dialler, pair.listener);
    pair.dialler.session.disconnect("shutdown", "x");
    pair.run();
    assert.deepEqual(pair.listener.types, ["ready", "ended"]);
    assert.equal(pair.dialler.session.take(65_536), undefined);
  });
});

const anyMessage: fc.Arbitrary<Message> = fc.oneof(
  fc.integer({ min: 1, max: 64 }).map(getPeers),
  fc.integer({ min: 1, max: 1_024 }).map((n): Message => {
    return { type: "inv", items: new Uint8Array(33 * n).fill(1) };
  }),
  fc.integer({ min: 168, max: 65_536 }).map((n): Message => {
    return { type: "new_transaction", transaction: new Uint8Array(n).fill(n) };
  }),
  fc.tuple(fc.integer({ min: 4, max: 300_000 }), fc.nat(200)).map(([n, r]) => blockBody(n, r)),
  fc.tuple(fc.integer({ min: 4, max: 700_000 }), fc.nat(200)).map(([n, r]) => newBlock(n, r)),
);

test("any messages over any cuts arrive equal, and in order per lane", () => {
  const both = fc.array(fc.tuple(fc.boolean(), anyMessage), { maxLength: 14 });
  const shape = fc.record({
    pieceBytesMax: fc.integer({ min: 900, max: 200_000 }),
    takeBytes: fc.integer({ min: 1, max: 524_280 }),
    bulkCredit: fc.integer({ min: wireLimits.bulkCreditBytesMin, max: 1_000_000 }),
    seed: fc.nat(1_000),
  });
  const property = fc.property(both, shape, (list, { bulkCredit, ...options }) => {
    const hello = () => testHello({ bulkCredit });
    const pair = SessionPair.ready({ ...options, dialler: { hello }, listener: { hello } });
    const sent: [Message[], Message[]] = [[], []];
    for (const [fromDialler, message] of list) {
      const side = fromDialler ? pair.dialler : pair.listener;
      if (side.session.send(message)) sent[fromDialler ? 0 : 1].push(message);
    }
    pair.advance(1_000);
    for (const [received, expected] of [
      [pair.listener.messages, sent[0]],
      [pair.dialler.messages, sent[1]],
    ] as const) {
      for (const lane of ["block", "control", "transaction", "bulk"]) {
        const inLane = (all: readonly Message[]): Message[] =>
          all.filter((each) => messageRules[each.type as MessageType].lane === lane);
        assert.deepEqual(inLane(received), inLane(expected));
      }
    }
  });
  fc.assert(property, { seed: 1, numRuns: 25 });
});
