/** What one peer may send: delay first, refusal far beyond, and nothing decoded for it. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { wireLimits } from "../../../src/params/limits.ts";
import { kindRates, type RatedKind } from "../../../src/params/rates.ts";
import { Intake } from "../../../src/peer/intake.ts";
import { SharedLimits } from "../../../src/peer/shared-limits.ts";
import { encodePayload } from "../../../src/wire/codec.ts";
import { WireError } from "../../../src/wire/errors.ts";
import { type Message, messageNumbers } from "../../../src/wire/messages.ts";

const noLine = { uploadPerSecond: 0, downloadPerSecond: 0 };
const vote: Message = { type: "vote", vote: new Uint8Array(176) };
const ping: Message = { type: "ping", nonce: new Uint8Array(8), sentAtMs: 1 };
const frame = (bodyBytes: number, flags = 0) => ({ flags, bodyBytes });
const votes = (count: number) => encodePayload(Array.from({ length: count }, () => vote));
const isFlooding = (error: unknown) => error instanceof WireError && error.code === "flooding";

test("every kind of message has a rate", () => {
  assert.deepEqual(Object.keys(kindRates).sort(), Object.keys(messageNumbers).sort());
});

describe("an intake", () => {
  test("takes a burst without a pause, and pauses for what comes beyond it", () => {
    const intake = new Intake(new SharedLimits(noLine));
    const { burstMs, intervalMs } = kindRates.vote.count;
    intake.onPayload(votes(burstMs / intervalMs), 0);
    assert.equal(intake.mayRead(0), true);
    intake.onPayload(votes(500), 0);
    assert.equal(intake.mayRead(0), false);
    assert.equal(intake.resumeAt, 500 * intervalMs);
    assert.equal(intake.mayRead(0), true, "it says so once");
    assert.equal(intake.tick(intake.resumeAt - 1), false);
    assert.equal(intake.tick(intake.resumeAt), true);
    assert.equal(intake.resumeAt, Number.POSITIVE_INFINITY);
  });

  test("refuses who is far beyond its rate, before the payload is decoded", () => {
    const intake = new Intake(new SharedLimits(noLine));
    const pings = Array.from({ length: 16_000 }, () => ping);
    // Of the last message only the head is there: a decoder would call it malformed.
    const cut = encodePayload(pings).slice(0, -10);
    assert.throws(() => intake.onPayload(cut, 0), isFlooding);
  });

  test("holds each kind to its rate over time, whatever is sent in what frames", () => {
    const kinds = ["vote", "ping", "get_peers"] as const satisfies readonly RatedKind[];
    const made: Record<(typeof kinds)[number], Message> = {
      vote,
      ping,
      get_peers: { type: "get_peers", count: 1 },
    };
    const step = fc.record({
      kind: fc.constantFrom(...kinds),
      count: fc.integer({ min: 1, max: 30 }),
      afterMs: fc.integer({ min: 0, max: 300 }),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 200 }), (steps) => {
        const intake = new Intake(new SharedLimits(noLine));
        const taken = { vote: 0, ping: 0, get_peers: 0 };
        let now = 0;
        for (const { kind, count, afterMs } of steps) {
          now = Math.max(now + afterMs, intake.resumeAt === Infinity ? 0 : intake.resumeAt);
          intake.tick(now);
          try {
            intake.onPayload(encodePayload(Array.from({ length: count }, () => made[kind])), now);
          } catch (error) {
            assert.ok(isFlooding(error));
            return;
          }
          taken[kind] += count;
          intake.mayRead(now);
        }
        for (const kind of kinds) {
          const { intervalMs, burstMs } = kindRates[kind].count;
          const allowed = (now + burstMs + wireLimits.rateDebtMs) / intervalMs;
          assert.ok(taken[kind] <= allowed, `${taken[kind]} of ${kind}`);
        }
      }),
      { seed: 3, numRuns: 200 },
    );
  });

  test("counts bytes before they are decrypted, and leaves bulk to credit", () => {
    const intake = new Intake(new SharedLimits(noLine));
    const large = wireLimits.frameBodyBytesMax;
    const bursts = Math.floor(wireLimits.plainBytesBurst / large);
    for (let n = 0; n < bursts; n++) intake.onHeader(frame(large), 0);
    const before = new Intake(new SharedLimits(noLine));
    for (let n = 0; n < bursts; n++) before.onHeader(frame(large, 1), 0);
    assert.equal(before.mayRead(0), true);
    intake.onHeader(frame(large), 0);
    assert.equal(intake.mayRead(0), false);
  });

  test("never pauses longer than a pong may take", () => {
    const intake = new Intake(new SharedLimits({ ...noLine, downloadPerSecond: 10 }));
    intake.onBytes(1_000_000, 0);
    assert.equal(intake.mayRead(0), false);
    assert.equal(intake.resumeAt, wireLimits.pauseMsMax);
  });

  test("one that floods with work does not make a modest one wait", () => {
    const shared = new SharedLimits(noLine);
    const flooders = Array.from({ length: 20 }, () => new Intake(shared));
    const modest = new Intake(shared);
    const payload = votes(200);
    let pauses = 0;
    for (let now = 0; now < 20_000; now += 20) {
      for (const flooder of flooders) {
        flooder.tick(now);
        if (flooder.resumeAt !== Number.POSITIVE_INFINITY) continue;
        flooder.onHeader(frame(20_000), now);
        flooder.onPayload(payload, now);
        if (!flooder.mayRead(now)) pauses++;
      }
      if (now % 200 !== 0) continue;
      modest.onHeader(frame(2_000), now);
      modest.onPayload(votes(10), now);
      assert.equal(modest.mayRead(now), true, `at ${now} ms`);
    }
    assert.ok(pauses > 20);
  });

  test("a limit on the line is shared and kept", () => {
    const downloadPerSecond = 100_000;
    const shared = new SharedLimits({ ...noLine, downloadPerSecond });
    const peers = Array.from({ length: 5 }, () => new Intake(shared));
    const got = peers.map(() => 0);
    for (let now = 0; now < 60_000; now += 10) {
      for (const [index, peer] of peers.entries()) {
        peer.tick(now);
        if (peer.resumeAt !== Number.POSITIVE_INFINITY) continue;
        peer.onBytes(16_384, now);
        got[index]! += 16_384;
        peer.mayRead(now);
      }
    }
    const sum = got.reduce((all, each) => all + each, 0);
    assert.ok(sum <= downloadPerSecond * 61 + 2 * 5 * 16_384, `${sum}`);
    assert.ok(Math.min(...got) > 0.8 * Math.max(...got), `${got}`);
  });
});
