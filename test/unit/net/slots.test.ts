/** How many of which kind: slots, and the limit that follows the load. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { LoadLimit } from "../../../src/net/connections/load-limit.ts";
import { Slots, type SlotUse } from "../../../src/net/connections/slots.ts";
import { connectionLimits } from "../../../src/params/limits.ts";

const noUse: SlotUse = {
  manualReady: 0,
  inboundReady: 0,
  fullReady: 0,
  blockOnlyReady: 0,
  fullPending: 0,
  blockOnlyPending: 0,
  feelerPending: 0,
  inboundPending: 0,
};
const none = { full: false, blockOnly: false };

describe("slots", () => {
  test("a node of few slots leaves half of them to those who dial it", () => {
    const few = new Slots({ peersMax: 4, outboundTarget: 8 });
    assert.deepEqual([few.fullMax, few.blockOnlyMax, few.inboundMax], [2, 0, 2]);
    const usual = new Slots({ peersMax: 50, outboundTarget: 8 });
    assert.deepEqual([usual.fullMax, usual.blockOnlyMax, usual.inboundMax], [8, 2, 39]);
    const many = new Slots({ peersMax: 1_000, outboundTarget: 8 });
    assert.deepEqual([many.fullMax, many.blockOnlyMax, many.inboundMax], [8, 2, 989]);
    const closed = new Slots({ peersMax: 8, outboundTarget: 0 });
    assert.deepEqual([closed.fullMax, closed.blockOnlyMax, closed.inboundMax], [0, 0, 8]);
  });

  test("all kinds together are never more than the operator said", () => {
    const property = fc.property(
      fc.integer({ min: 1, max: 1_000 }),
      fc.integer({ min: 0, max: 1_000 }),
      (peersMax, target) => {
        const slots = new Slots({ peersMax, outboundTarget: Math.min(target, peersMax) });
        const { fullMax, blockOnlyMax, inboundMax } = slots;
        assert.ok(fullMax >= 0 && blockOnlyMax >= 0 && inboundMax >= 0);
        assert.ok(fullMax + blockOnlyMax + inboundMax <= peersMax);
        assert.ok(fullMax <= Math.ceil(peersMax / 2));
      },
    );
    fc.assert(property, { seed: 1, numRuns: 300 });
  });

  test("block-only links are dialled when no full slot is free, anchors before all others", () => {
    const slots = new Slots({ peersMax: 50, outboundTarget: 8 });
    const wanted = (use: Partial<SlotUse>, extras = none, hasAnchors = false) =>
      slots.dialsWanted("block-only", { ...noUse, ...use }, extras, hasAnchors);
    assert.equal(wanted({ fullReady: 7 }), 0);
    assert.equal(wanted({ fullReady: 7, fullPending: 1 }), 0);
    assert.equal(wanted({ fullReady: 8 }), 2);
    assert.equal(wanted({ fullReady: 5, manualReady: 3 }), 2);
    assert.equal(wanted({}, none, true), 2);
    assert.equal(wanted({ fullReady: 8, blockOnlyReady: 2 }), 0);
    assert.equal(wanted({ fullReady: 8, blockOnlyReady: 2 }, { full: false, blockOnly: true }), 1);
  });

  test("one address, and one netgroup, get a share of the inbound slots", () => {
    const slots = new Slots({ peersMax: 1_000, outboundTarget: 8 });
    assert.deepEqual([slots.perAddressMax, slots.perGroupMax], [123, 247]);
    const few = new Slots({ peersMax: 10, outboundTarget: 8 });
    assert.deepEqual([few.perAddressMax, few.perGroupMax], [4, 8]);
  });

  test("what a lower limit takes, inbound peers lose", () => {
    const slots = new Slots({ peersMax: 50, outboundTarget: 8 });
    slots.setLimit(20);
    assert.deepEqual([slots.fullMax, slots.blockOnlyMax, slots.inboundMax], [8, 2, 9]);
    slots.setLimit(8);
    assert.equal(slots.inboundMax, 0);
  });
});

describe("the limit of connections", () => {
  const { overloadMs, loadCheckMs, overloadedChecks, peersMin } = connectionLimits;

  test("falls by a quarter when deadlines are late again and again, and rises by one in peace", () => {
    const load = new LoadLimit(50, 10);
    let now = 0;
    const look = (lateMs: number) => {
      now += loadCheckMs;
      return load.onTick(lateMs, now);
    };
    for (let i = 1; i < overloadedChecks; i++) assert.equal(look(overloadMs), false);
    assert.equal(look(overloadMs), true);
    assert.equal(load.limit, 38);
    assert.equal(look(0), true);
    assert.equal(load.limit, 39);
    for (let i = 0; i < 100; i++) look(overloadMs);
    assert.equal(load.limit, 10);
    for (let i = 0; i < 100; i++) look(0);
    assert.equal(load.limit, 50);
  });

  test("does not fall for a process that was stopped once, nor below what a small node has", () => {
    const load = new LoadLimit(50, 3);
    assert.equal(load.onTick(3_600_000, loadCheckMs), false);
    assert.equal(load.limit, 50);
    const small = new LoadLimit(4, 2);
    for (let i = 0; i < 100; i++) small.onTick(overloadMs, i * loadCheckMs);
    assert.equal(small.limit, 4);
    const least = new LoadLimit(1_000, 2);
    for (let i = 0; i < 300; i++) least.onTick(overloadMs, i * loadCheckMs);
    assert.equal(least.limit, peersMin);
  });
});
