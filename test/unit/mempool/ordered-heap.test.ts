import { strict as assert } from "node:assert";
import { test } from "node:test";
import fc from "fast-check";
import { MergeHeap, OrderedHeap, type Placed } from "../../../src/mempool/ordered-heap.ts";

interface Item extends Placed {
  readonly id: number;
  rank: number;
}

const operation = fc.record({ id: fc.nat(40), rank: fc.nat(20), isDeleted: fc.boolean() });

test("a heap gives its items in order after any sets, moves and deletions, and peeking changes nothing", () => {
  const run = (operations: readonly { id: number; rank: number; isDeleted: boolean }[]) => {
    const heap = new OrderedHeap<Item>(1, {
      key: ({ rank }) => Math.floor(rank / 3),
      before: (a, b) => a.rank - b.rank < 0 || (a.rank === b.rank && a.id < b.id),
    });
    const items = new Map<number, Item>();
    for (const { id, rank, isDeleted } of operations) {
      const item = items.get(id) ?? { id, rank, places: [-1, -1] };
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

test("a merge heap gives the least of what it was given, however pushes and pops alternate", () => {
  const numbers = fc.array(fc.option(fc.nat(30), { nil: undefined }), { maxLength: 150 });
  fc.assert(
    fc.property(numbers, (steps) => {
      const heap = new MergeHeap<number>((a, b) => a < b);
      const plain: number[] = [];
      for (const step of steps) {
        if (step === undefined) assert.equal(heap.pop(), plain.shift());
        else heap.push(step);
        if (step !== undefined) plain.push(step);
        plain.sort((a, b) => a - b);
        assert.equal(heap.first, plain[0]);
      }
    }),
    { seed: 1, numRuns: 300 },
  );
});
