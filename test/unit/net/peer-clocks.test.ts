/** When our clock is said to differ from those of peers, and when not. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { nodeIdOf } from "../../../src/model/ids.ts";
import { PeerClocks } from "../../../src/net/connections/peer-clocks.ts";
import { connectionLimits } from "../../../src/params/limits.ts";

const slotMs = 3000;
const peerOf = (index: number) => nodeIdOf(new Uint8Array(32).fill(index + 1));

function clocksAt(wallMs = 1_000_000) {
  const clock = { monotonicMs: 500, wallMs };
  const clocks = new PeerClocks(clock, slotMs);
  /** A peer whose clock is `aheadMs` ahead answers after `pingMs`. */
  const hear = (index: number, aheadMs: number, pingMs = 0) => {
    const sentAtMs = clock.wallMs + aheadMs - pingMs / 2;
    return clocks.onPong(peerOf(index), { sentAtMs, pingMs });
  };
  const pass = (ms: number, wallBy = ms) => {
    clock.monotonicMs += ms;
    clock.wallMs += wallBy;
  };
  return { clocks, hear, pass };
}

test("fewer than three peers say nothing about our clock", () => {
  const { clocks, hear } = clocksAt();
  assert.equal(hear(0, 60_000), undefined);
  assert.equal(hear(1, 60_000), undefined);
  assert.equal(hear(1, 60_000), undefined, "one voice for each identity");
  assert.deepEqual(clocks.view(), { offsetMs: undefined, peers: 2, isOff: false });
  assert.deepEqual(hear(2, 60_000), { offsetMs: 60_000, peers: 3, isOff: true });
});

test("it is said once when the median is over half a slot, and once when it is well below", () => {
  const { clocks, hear } = clocksAt();
  const toldAt = (aheadMs: number) =>
    [0, 1, 2].map((index) => hear(index, aheadMs)?.isOff).filter((isOff) => isOff !== undefined);
  assert.deepEqual(toldAt(1500), [], "half a slot is not over it");
  assert.deepEqual(toldAt(-1501), [true]);
  assert.deepEqual(toldAt(-9000), []);
  assert.deepEqual(toldAt(-1400), [], "it does not flap");
  assert.equal(clocks.view().isOff, true);
  assert.deepEqual(toldAt(-700), [false]);
  assert.deepEqual(toldAt(1600), [true]);
});

test("half of the round trip is taken for the way of the answer", () => {
  const { clocks, hear } = clocksAt();
  for (const index of [0, 1, 2]) hear(index, 40, 800);
  assert.equal(clocks.view().offsetMs, 40);
});

test("setting our own clock is seen at once, and a comparison grows old", () => {
  const { clocks, hear, pass } = clocksAt();
  for (const index of [0, 1, 2]) hear(index, 0);
  pass(1000, 6000);
  assert.equal(clocks.view().offsetMs, -5000);
  pass(connectionLimits.clockAgeMs - 1000);
  assert.equal(clocks.view().peers, 3);
  pass(1);
  assert.deepEqual(clocks.view(), { offsetMs: undefined, peers: 0, isOff: false });
});

test("liars below half, whatever they claim, leave the median among the honest", () => {
  const claim = fc.oneof(fc.constant(0), fc.maxSafeInteger());
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -400, max: 400 }), { minLength: 2, maxLength: 8 }),
      fc.array(claim, { maxLength: 7 }),
      (honest, lies) => {
        const { clocks, hear } = clocksAt();
        const told = lies.slice(0, honest.length - 1);
        const all = [...honest.map((ms) => [ms, true]), ...told.map((ms) => [ms, false])];
        if (all.length < connectionLimits.clockPeersMin) return;
        for (const [index, [ms]] of all.entries()) hear(index, ms as number);
        const { offsetMs, isOff } = clocks.view();
        assert.ok(offsetMs !== undefined && Math.abs(offsetMs) <= 400);
        assert.equal(isOff, false);
      },
    ),
  );
});

test("however many identities come by, the newest sixteen are kept", () => {
  const { clocks, hear } = clocksAt();
  for (let index = 0; index < 200; index++) hear(index, index < 184 ? 90_000 : 10);
  const { clockPeersMax: peers } = connectionLimits;
  assert.deepEqual(clocks.view(), { offsetMs: 10, peers, isOff: false });
});
