import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import type { PoolEntry } from "../../../src/mempool/account-queue.ts";
import { Expiry } from "../../../src/mempool/expiry.ts";
import { draft } from "../../support/pool-world.ts";

function entryOf(sequence: number, expiresAt: number, validUntilSlot: number): PoolEntry {
  const transaction = draft(0, { nonce: sequence, validUntilSlot });
  return { transaction, rate: 1n, roundRate: 1, places: [-1, -1], sequence, expiresAt };
}

test("it takes exactly those that are too old or whose last slot is over", () => {
  const drafted = fc.record({ age: fc.nat(20), lastSlot: fc.nat(10), isDeleted: fc.boolean() });
  fc.assert(
    fc.property(fc.array(drafted, { maxLength: 40 }), fc.nat(20), fc.nat(10), (all, now, slot) => {
      const expiry = new Expiry();
      const kept: PoolEntry[] = [];
      for (const [index, { age, lastSlot, isDeleted }] of all.entries()) {
        const entry = entryOf(index, age, lastSlot);
        expiry.add(entry);
        if (isDeleted) expiry.delete(entry);
        else kept.push(entry);
      }
      const isDue = ({ expiresAt, transaction: { validUntilSlot } }: PoolEntry) =>
        expiresAt <= now || (validUntilSlot !== 0 && validUntilSlot < slot);
      const taken = expiry.take(now, slot);
      const order = (a: PoolEntry, b: PoolEntry) => a.sequence - b.sequence;
      assert.deepEqual([...taken].sort(order), kept.filter(isDue));
      const left = kept.filter((entry) => !isDue(entry)).map(({ expiresAt }) => expiresAt);
      assert.equal(expiry.deadline, Math.min(Number.POSITIVE_INFINITY, ...left));
    }),
    { seed: 5 },
  );
});

test("of very many it takes some, asks to go on at once, and forgets none", () => {
  const expiry = new Expiry();
  const total = 4500;
  for (let n = 0; n < total; n++) expiry.add(entryOf(n, n % 7, 0));
  let now = 100;
  let taken = 0;
  let steps = 0;
  while (taken < total) {
    const some = expiry.take(now, 0).length;
    assert.ok(some > 0 && some <= 2000);
    taken += some;
    steps++;
    if (taken < total) assert.equal(expiry.deadline, now + 1, "every deadline lies ahead");
    now++;
  }
  assert.equal(steps, 3);
  assert.equal(expiry.deadline, Number.POSITIVE_INFINITY);
});
