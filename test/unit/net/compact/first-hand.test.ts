import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FirstHand } from "../../../../src/net/compact/first-hand.ts";
import { conn, idOf } from "../net-fixture.ts";

const [a, b] = [conn(1), conn(2)];
const block = (slot: number, n = slot) => ({ slot, hash: idOf(n) as never });

test("of one peer blocks are taken in rising slots, whatever others give", () => {
  const firstHand = new FirstHand();
  assert.equal(firstHand.take(a, block(5)), true);
  assert.equal(firstHand.take(a, block(5)), false, "the same");
  assert.equal(firstHand.take(a, block(5, 6)), false, "a rival");
  assert.equal(firstHand.take(a, block(4)), false, "older");
  assert.equal(firstHand.take(b, block(5)), true);
  assert.equal(firstHand.take(a, block(6)), true);
  assert.equal(firstHand.gave(a, block(6).hash), true);
  assert.equal(firstHand.gave(b, block(6).hash), false);
});

test("who goes is forgotten", () => {
  const firstHand = new FirstHand();
  firstHand.take(a, block(5));
  firstHand.onClosed(a);
  assert.equal(firstHand.gave(a, block(5).hash), false);
  assert.equal(firstHand.take(a, block(1)), true);
});

test("we give so what is of this slot, once, and never go back", () => {
  const firstHand = new FirstHand();
  assert.equal(firstHand.mayGive(3, 4), false, "read from disk, or late");
  assert.equal(firstHand.mayGive(4, 4), true);
  assert.equal(firstHand.mayGive(4, 4), false, "the head came back to it");
  assert.equal(firstHand.mayGive(3, 3), false, "the clock went back");
  assert.equal(firstHand.mayGive(5, 5), true);
});

test("what one node gives another takes, whatever heads move and clocks do", () => {
  const moves = fc.array(fc.tuple(fc.nat(20), fc.nat(20)), { maxLength: 60 });
  fc.assert(
    fc.property(moves, (pairs) => {
      const [giver, taker] = [new FirstHand(), new FirstHand()];
      for (const [slot, now] of pairs) {
        if (giver.mayGive(slot, now)) assert.equal(taker.take(a, block(slot)), true);
      }
    }),
  );
});
