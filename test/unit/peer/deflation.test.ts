/** When bulk is deflated, and that nobody can tell by what arrives. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { sha256 } from "../../../src/crypto/hash.ts";
import { wireLimits } from "../../../src/params/limits.ts";
import { Deflation, SharedDeflation } from "../../../src/peer/deflation.ts";
import { SharedLimits } from "../../../src/peer/shared-limits.ts";
import { deflateFeature } from "../../../src/wire/deflated.ts";
import { frameFlags } from "../../../src/wire/frame.ts";
import type { Message } from "../../../src/wire/messages.ts";
import { SessionPair, type Side, testHello } from "../../support/session-pair.ts";

const noLine = { uploadPerSecond: 0, downloadPerSecond: 0 };
const { deflateBelowBytesPerSecond: below, deflateBytesPerSecond } = wireLimits;

/** Half of it is news, or, when `density` is 1, all. */
function bytesOf(count: number, density = 2, from = 0): Uint8Array {
  const out = new Uint8Array(count);
  for (let at = 0; at < count; at += 32 * density) {
    out.set(sha256(Uint8Array.of(from, at, at >> 8, at >> 16)).subarray(0, count - at), at);
  }
  return out;
}

const bodyOf = (count: number, request = 1, density = 2): Message => ({
  type: "block_body",
  request,
  hash: new Uint8Array(32),
  body: bytesOf(count, density, request),
});
const blockOf = (count: number): Message => ({
  type: "new_block",
  header: new Uint8Array(420),
  body: bytesOf(count),
});
const vote: Message = { type: "vote", vote: new Uint8Array(176).fill(7) };

describe("bulk is deflated to a peer", () => {
  /** 100 frames of 32 KiB, one each `ms`; is it due then? */
  function after(ms: number, isMoreWaiting: boolean, shared = new SharedDeflation(false)): boolean {
    const deflation = new Deflation(shared);
    for (let n = 0; n < 100; n++) deflation.onSent(32_768, isMoreWaiting, n * ms);
    return deflation.isDue(100 * ms);
  }

  test("that takes it slower than some rate while more waits", () => {
    assert.equal(after((1_000 * 32_768) / (0.8 * below), true), true);
    assert.equal(after((1_000 * 32_768) / (1.2 * below), true), false);
  });

  test("and not to one that asks for little, however seldom", () => {
    assert.equal(after(500, false), false);
  });

  test("by what it takes in the long run, not by what credit and kernel take at first", () => {
    const deflation = new Deflation(new SharedDeflation(false));
    let now = 0;
    for (let burst = 0; burst < 8; burst++) deflation.onSent(500_000, true, now);
    for (let n = 0; n < 20; n++) deflation.onSent(32_768, true, (now += 100));
    assert.equal(deflation.isDue(now), true);
    assert.equal(deflation.isDue(now + 61_000), false, "and that is forgotten");
  });

  test("until it takes it faster", () => {
    const deflation = new Deflation(new SharedDeflation(false));
    let now = 0;
    for (let n = 0; n < 20; n++) deflation.onSent(32_768, true, (now += 100));
    for (let n = 0; n < 40; n++) deflation.onSent(500_000, true, (now += 20));
    assert.equal(deflation.isDue(now), false);
  });

  test("on a line that is said to be thin at once", () => {
    assert.equal(new Deflation(new SharedDeflation(true)).isDue(0), true);
    const isThin = (more: object) => new SharedLimits({ ...noLine, ...more }).deflation.isThin;
    assert.equal(isThin({}), false);
    assert.equal(isThin({ isThin: true }), true);
    assert.equal(isThin({ uploadPerSecond: below - 1 }), true);
    assert.equal(isThin({ uploadPerSecond: below }), false);
  });

  test("but not the next MiB after some that gained nothing", () => {
    const deflation = new Deflation(new SharedDeflation(true));
    assert.equal(deflation.deflate(bytesOf(20_000, 1), 0), undefined);
    let sent = 0;
    for (; !deflation.isDue(0); sent += 65_536) deflation.onSent(65_536, false, 0);
    assert.equal(sent, 1_048_576);
  });

  test("and not beyond the part of the processor that all share", () => {
    const shared = new SharedDeflation(true);
    const all = Array.from({ length: 4 }, () => new Deflation(shared));
    const payload = bytesOf(1_048_576);
    let bytes = 0;
    for (let now = 0; now < 10_000; now += 10) {
      for (const each of all) {
        if (!each.isDue(now)) continue;
        each.deflate(payload, now);
        bytes += payload.length;
      }
    }
    assert.ok(bytes <= 11 * deflateBytesPerSecond + 4 * payload.length, `${bytes}`);
    assert.ok(bytes >= 9 * deflateBytesPerSecond, `${bytes}`);
    assert.ok(shared.savedBytes > bytes / 4);
  });
});

describe("between two sessions", () => {
  const features = [{ id: deflateFeature, version: 1 }];
  const thin = () => new SharedLimits({ ...noLine, isThin: true });
  const hello = () => testHello({ features });
  const pairOf = (dialler = hello, listener = hello, shared = thin()): SessionPair =>
    SessionPair.ready({
      dialler: { hello: dialler, shared },
      listener: { hello: listener },
      takeBytes: wireLimits.smallFrameBodyBytes,
    });
  const flagsOf = (side: Side, from: number) => side.sent.slice(from).map((frame) => frame[4]!);
  const { bulk, more, deflated } = frameFlags;

  test("a thin line carries bulk DEFLATED when both list the feature", () => {
    const pair = pairOf();
    const from = pair.dialler.sent.length;
    pair.dialler.session.send(bodyOf(100_000));
    pair.run();
    const flags = flagsOf(pair.dialler, from);
    assert.deepEqual(flags, [bulk | deflated | more, bulk | deflated]);
    assert.deepEqual(pair.listener.messages, [bodyOf(100_000)]);
  });

  test("a line is found slow while bulk waits for it, and a fast one never", () => {
    const isDeflatedAt = (framesPerStep: number, stepMs: number): number => {
      const pair = pairOf(hello, hello, new SharedLimits(noLine));
      const { dialler, listener } = pair;
      const from = dialler.sent.length;
      for (let n = 0; n < 400; n++) {
        while (dialler.session.send(bodyOf(20_000, n)));
        for (let frame = 0; frame < framesPerStep; frame++) {
          pair.write("dialler", dialler, listener);
          for (const bytes of listener.incoming.splice(0)) listener.receive(bytes);
          while (pair.write("listener", listener, dialler));
          for (const bytes of dialler.incoming.splice(0)) dialler.receive(bytes);
        }
        pair.clock.monotonicMs += stepMs;
        const at = flagsOf(dialler, from).findIndex((flags) => (flags & deflated) !== 0);
        if (at >= 0) return at;
      }
      return -1;
    };
    const slow = isDeflatedAt(1, 50);
    assert.ok(slow > 0 && slow < 16, `after ${slow} frames`);
    assert.equal(isDeflatedAt(4, 10), -1);
  });

  test("it does not when one of them does not, and not what is small", () => {
    const plain = () => testHello();
    for (const [pair, message] of [
      [pairOf(plain, hello), bodyOf(20_000)],
      [pairOf(hello, plain), bodyOf(20_000)],
      [pairOf(), bodyOf(wireLimits.deflatePayloadBytesMin - 100)],
      [pairOf(), bodyOf(20_000, 1, 1)],
    ] as const) {
      const from = pair.dialler.sent.length;
      pair.dialler.session.send(message);
      pair.run();
      assert.deepEqual(flagsOf(pair.dialler, from), [bulk]);
      assert.deepEqual(pair.listener.messages, [message]);
    }
  });

  test("a vote goes between the pieces of what is deflated", () => {
    const pair = pairOf();
    const { dialler, listener } = pair;
    dialler.session.send(blockOf(1_048_576));
    for (let n = 0; n < 3; n++) {
      pair.write("dialler", dialler, listener);
      dialler.session.send(vote);
    }
    pair.run();
    const types = listener.messages.map(({ type }) => type);
    assert.deepEqual(types, ["vote", "vote", "vote", "new_block"]);
  });

  test("nothing is deflated for one peer while memory for all is short", () => {
    const shared = thin();
    const others = shared.room.open();
    others.settle(wireLimits.outboxAllBytesMax, 0);
    const pair = pairOf(hello, hello, shared);
    const from = pair.dialler.sent.length;
    pair.dialler.session.send(bodyOf(100_000));
    pair.run();
    assert.ok(flagsOf(pair.dialler, from).every((flags) => (flags & deflated) === 0));
  });

  test("what arrives is the same, in the same order within its lane, deflated or not", () => {
    const message = fc.oneof(
      fc
        .tuple(fc.integer({ min: 4, max: 150_000 }), fc.integer({ min: 1, max: 9 }))
        .map(([count, request]) => bodyOf(count, request, 1 + (request % 3))),
      fc.integer({ min: 4, max: 1_048_576 }).map(blockOf),
      fc.constant(vote),
    );
    const property = fc.property(fc.array(message, { maxLength: 8 }), (messages) => {
      const [small, plain] = [pairOf(), pairOf(() => testHello())];
      for (const pair of [small, plain]) {
        for (const each of messages) pair.dialler.session.send(each);
        pair.run();
        assert.equal(pair.listener.failure, undefined);
      }
      for (const type of ["block_body", "new_block", "vote"]) {
        const [a, b] = [small, plain].map((pair) =>
          pair.listener.messages.filter((each) => each.type === type),
        );
        assert.deepEqual(a, b);
      }
      const bytes = (pair: SessionPair) => pair.dialler.session.bytesSent;
      assert.ok(bytes(small) <= bytes(plain) + 200);
    });
    fc.assert(property, { numRuns: 15, seed: 9 });
  });
});
