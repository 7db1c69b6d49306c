import { strict as assert } from "node:assert";
import { test } from "node:test";
import fc from "fast-check";
import { OrderedHeap } from "../../../src/mempool/ordered-heap.ts";

interface Item {
  readonly id: number;
  rank: number;
}

const operation = fc.record({ id: fc.nat(40), rank: fc.nat(20), isDeleted: fc.boolean() });

test("a heap gives its items in order after any sets, moves and deletions, and peeking changes nothing", () => {
  const run = (operations: readonly { id: number; rank: number; isDeleted: boolean }[]) => {
    const heap = new OrderedHeap<Item>(
      (a, b) => a.rank - b.rank < 0 || (a.rank === b.rank && a.id < b.id),
    );
    const items = new Map<number, Item>();
    for (const { id, rank, isDeleted } of operations) {
      const item = items.get(id) ?? { id, rank };
      if (isDeleted) {
        assert.equal(heap.delete(item), items.delete(id));
        continue;
      }
      item.rank = rank;
      items.set(id, item);
      heap.set(item);
    }
    const sorted = [...items.values()].sort((a, b) => a.rank - b.rank || a.id - b.id);
    assert.equal(heap.size, sorted.length);
    assert.deepEqual([...heap.inOrder()], sorted);
    assert.deepEqual([...heap.inOrder()], sorted);
    const popped: Item[] = [];
    for (let item = heap.pop(); item !== undefined; item = heap.pop()) popped.push(item);
    assert.deepEqual(popped, sorted);
  };
  fc.assert(fc.property(fc.array(operation, { maxLength: 150 }), run), { seed: 1, numRuns: 300 });
});
