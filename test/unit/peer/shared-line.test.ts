/** What finality waits for, on a line that is full of other things: at both of its ends. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { wireLimits } from "../../../src/params/limits.ts";
import { SharedLimits } from "../../../src/peer/shared-limits.ts";
import type { Message } from "../../../src/wire/messages.ts";
import { SessionPair, type Side } from "../../support/session-pair.ts";

const vote: Message = { type: "vote", vote: new Uint8Array(176).fill(7) };
const body = (bytes: number): Message => ({
  type: "block_body",
  request: 1,
  hash: new Uint8Array(32),
  body: new Uint8Array(bytes),
});
const block: Message = {
  type: "new_block",
  header: new Uint8Array(420),
  body: new Uint8Array(1_048_576),
};
const countOf = (side: Side, type: Message["type"]) =>
  side.messages.filter((message) => message.type === type).length;

describe("a vote", () => {
  test("is with the receiver before the blocks and bodies that were queued first", () => {
    const pair = SessionPair.ready({ pieceBytesMax: 70_000 });
    const { dialler, listener } = pair;
    for (let n = 0; n < 3; n++) dialler.session.send(body(600_000));
    dialler.session.send(block);
    dialler.session.send(vote);
    pair.run();
    const types = listener.messages.map(({ type }) => type);
    assert.equal(types[0], "vote");
    assert.equal(types.length, 5);
  });

  test("waits at the receiver for one frame of a block that is on its way, not for the block", () => {
    const pair = SessionPair.ready({ takeBytes: wireLimits.smallFrameBodyBytes });
    const { dialler, listener } = pair;
    dialler.session.send(block);
    for (let n = 0; n < 4; n++) {
      pair.write("dialler", dialler, listener);
      dialler.session.send(vote);
      pair.write("dialler", dialler, listener);
      for (const bytes of listener.incoming.splice(0)) listener.receive(bytes);
      assert.equal(countOf(listener, "vote"), n + 1);
      assert.equal(countOf(listener, "new_block"), 0);
    }
    pair.run();
    assert.equal(countOf(listener, "new_block"), 1);
  });

  test("does not wait for a limited line, and all else keeps to it", () => {
    const uploadPerSecond = 50_000;
    const shared = new SharedLimits({ uploadPerSecond, downloadPerSecond: 0 });
    const pair = SessionPair.ready({ dialler: { shared } });
    const { dialler, listener } = pair;
    const before = dialler.session.bytesSent;
    const seconds = 20;
    let votes = 0;
    for (let n = 0; n < seconds * 10; n++) {
      while (dialler.session.send(body(20_000)));
      pair.advance(100);
      if (n % 5 !== 0) continue;
      dialler.session.send(vote);
      votes++;
      pair.run();
      assert.equal(countOf(listener, "vote"), votes, "within the instant");
    }
    const sent = dialler.session.bytesSent - before;
    const frame = wireLimits.smallFrameBodyBytes;
    assert.ok(sent <= uploadPerSecond * (seconds + 1) + 2 * frame, `${sent}`);
    assert.ok(sent >= 0.9 * uploadPerSecond * seconds, `${sent}`);
  });

  test("of one connection costs the others on the line nothing", () => {
    const shared = new SharedLimits({ uploadPerSecond: 100_000, downloadPerSecond: 0 });
    const greedy = SessionPair.ready({ dialler: { shared } });
    const modest = SessionPair.ready({ seed: 2, dialler: { shared } });
    modest.clock.monotonicMs = greedy.clock.monotonicMs;
    for (let n = 0; n < 300; n++) {
      while (greedy.dialler.session.send(body(20_000)));
      greedy.advance(100);
      modest.advance(greedy.clock.monotonicMs - modest.clock.monotonicMs);
      if (n % 10 !== 0) continue;
      const before = countOf(modest.listener, "block_body");
      modest.dialler.session.send(body(20_000));
      modest.run();
      assert.equal(countOf(modest.listener, "block_body"), before + 1, "a fifth of the line");
    }
  });
});

describe("memory of a node", () => {
  test("does not grow with what is said to peers that never read", () => {
    const shared = new SharedLimits({ uploadPerSecond: 0, downloadPerSecond: 0 });
    const pairs = Array.from({ length: 40 }, (_, n) =>
      SessionPair.ready({ seed: n + 1, dialler: { shared } }),
    );
    for (let round = 0; round < 40; round++) {
      for (const { dialler } of pairs) dialler.session.send(body(500_000));
    }
    const { outboxAllBytesMax, outboxBulkBytesMax } = wireLimits;
    assert.ok(shared.room.bytes <= Math.min(40 * outboxBulkBytesMax, 2 * outboxAllBytesMax));
    for (const { dialler } of pairs) dialler.session.onClosed();
    assert.equal(shared.room.bytes, 0, "it goes with the connections");
  });
});
