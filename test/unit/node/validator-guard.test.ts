/** When a validator key may be used: not while another process may be using it too. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { NodeEvent } from "../../../src/edge/event.ts";
import { ValidatorGuard } from "../../../src/node/validator-guard.ts";
import { ChainBuilder } from "../../support/chain-builder.ts";
import { genesisTimeMs, networkOf, slotMs } from "../../support/chain-network.ts";
import { VirtualTime } from "../../support/virtual-time.ts";

const builder = new ChainBuilder(networkOf(4));
const key = builder.file.validators[1]!;
/** Validator 1 seals slots 1, 5, 9 … */
const [b1, b2, b3, b4, b5] = builder.chain(builder.genesis, 5);
const headerOf = (block = b1) => block!.sealed.header;

interface Setup {
  readonly isFresh?: boolean;
  readonly slot?: number;
  readonly count?: number;
  readonly floor?: number;
}

function guardOf({ isFresh = false, slot = 100, count = 4, floor = 0 }: Setup = {}) {
  const { env, clock } = new VirtualTime(1);
  const events: NodeEvent[] = [];
  const to = (at: number, steadyMs?: number) => {
    const wallMs = genesisTimeMs + at * slotMs;
    clock.monotonicMs += steadyMs ?? wallMs - clock.wallMs;
    clock.wallMs = wallMs;
  };
  to(slot);
  const floors = { sealSlot: floor, sourceSlot: 0, targetSlot: floor };
  const guard = new ValidatorGuard(
    env,
    builder.file,
    { key, floors, isFresh },
    () => count,
    (event) => events.push(event),
  );
  const maySignAt = (at: number, steadyMs?: number) => {
    to(at, steadyMs);
    guard.tick();
    return guard.maySign;
  };
  return { guard, events, maySignAt };
}

test("after a start it watches two rotations before it signs", () => {
  const { maySignAt, events } = guardOf();
  assert.deepEqual(
    [100, 107, 108, 109, 500].map((slot) => maySignAt(slot)),
    [false, false, false, true, true],
  );
  assert.deepEqual(events, []);
});

test("a new key signs at once at the birth of the network, later it watches too", () => {
  assert.ok(guardOf({ isFresh: true, slot: 8 }).guard.maySign);
  assert.ok(!guardOf({ isFresh: true, slot: 9 }).guard.maySign);
  assert.ok(!guardOf({ isFresh: false, slot: 3 }).guard.maySign);
});

test("a lone validator need not watch: nobody else would see a second one either", () => {
  assert.ok(guardOf({ count: 1 }).guard.maySign);
});

test("an own block that it did not seal silences it for good, and is reported once", () => {
  const { guard, events, maySignAt } = guardOf();
  assert.ok(maySignAt(200));
  guard.onHeader(headerOf(b1));
  guard.onHeader(headerOf(b5));
  assert.ok(!guard.maySign);
  assert.ok(!maySignAt(10_000));
  assert.deepEqual(events, [{ type: "doppelganger", what: "seal", slot: 1 }]);
});

test("an own vote that it did not cast silences it too, also while it watches", () => {
  const { guard, events, maySignAt } = guardOf();
  guard.onVote(builder.vote(b2!, 1));
  assert.ok(!maySignAt(200));
  assert.deepEqual(events, [{ type: "doppelganger", what: "vote", slot: 2 }]);
});

test("what it signed itself, and what others sign, is no sign of another", () => {
  const { guard, events, maySignAt } = guardOf();
  guard.onSigned(b1!.hash);
  guard.onHeader(headerOf(b1));
  for (const other of [b2, b3, b4]) guard.onHeader(headerOf(other));
  guard.onSigned(`vote ${b2!.hash}`);
  guard.onVote(builder.vote(b2!, 1));
  guard.onVote(builder.vote(b3!, 0));
  assert.ok(maySignAt(200));
  assert.deepEqual(events, []);
});

test("what its record may hold from before the start is no sign of another", () => {
  const { guard, events } = guardOf({ floor: 4 });
  guard.onHeader(headerOf(b1));
  guard.onVote(builder.vote(b4!, 1));
  assert.deepEqual(events, []);
  guard.onHeader(headerOf(b5));
  assert.deepEqual(events, [{ type: "doppelganger", what: "seal", slot: 5 }]);
});

test("having voted for a block is not having sealed it", () => {
  const { guard, events } = guardOf();
  guard.onSigned(`vote ${b1!.hash}`);
  guard.onHeader(headerOf(b1));
  assert.equal(events.length, 1);
});

test("a wall clock that jumps by more than a slot, either way, makes it watch again", () => {
  for (const jump of [2, -2]) {
    const { maySignAt, events } = guardOf();
    assert.ok(maySignAt(200));
    assert.ok(!maySignAt(200 + jump, 0));
    assert.deepEqual(events, [{ type: "clock-jumped", byMs: jump * slotMs }]);
    assert.ok(!maySignAt(200 + jump + 8));
    assert.ok(maySignAt(200 + jump + 9));
    assert.equal(events.length, 1);
  }
});

test("a clock that is set by up to a slot is followed, however often", () => {
  const { maySignAt, events } = guardOf();
  assert.ok(maySignAt(200));
  for (let i = 1; i <= 5; i++) assert.ok(maySignAt(200 + i, 0));
  assert.deepEqual(events, []);
});
