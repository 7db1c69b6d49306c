/**
 * A binary heap by a comparison, whose items can be removed and moved when their order changes.
 * Not the heap of instants (base/heap.ts). Invariant: an item stands in it at most once, and
 * `place` says where, so add, remove and move cost O(log n). protocol-spec/06-validation §7.
 */
import { assert } from "../base/assert.ts";

export class OrderedHeap<T extends object> {
  private readonly before: (a: T, b: T) => boolean;
  private readonly items: T[] = [];
  private readonly place = new Map<T, number>();

  /** `before(a, b)`: a comes first. A total order, or equal items come in any order. */
  constructor(before: (a: T, b: T) => boolean) {
    this.before = before;
  }

  get size(): number {
    return this.items.length;
  }

  get first(): T | undefined {
    return this.items[0];
  }

  has(item: T): boolean {
    return this.place.has(item);
  }

  /** Adds `item`, or moves it after its order changed. */
  set(item: T): void {
    const index = this.place.get(item) ?? this.items.push(item) - 1;
    this.place.set(item, index);
    this.settle(item, index);
  }

  delete(item: T): boolean {
    const index = this.place.get(item);
    if (index === undefined) return false;
    this.place.delete(item);
    const last = this.items.pop();
    assert(last !== undefined, "what has a place is in the heap");
    if (last === item) return true;
    this.items[index] = last;
    this.settle(last, index);
    return true;
  }

  pop(): T | undefined {
    const first = this.items[0];
    if (first !== undefined) this.delete(first);
    return first;
  }

  /**
   * Items in order without removing any: k items cost O(k log k), whatever the heap's size.
   * The heap must not change meanwhile.
   */
  *inOrder(): Generator<T, undefined> {
    if (this.items.length === 0) return;
    const frontier = new OrderedHeap<{ readonly index: number }>((a, b) =>
      this.before(this.items[a.index]!, this.items[b.index]!),
    );
    frontier.set({ index: 0 });
    for (let next = frontier.pop(); next !== undefined; next = frontier.pop()) {
      yield this.items[next.index]!;
      for (const index of [2 * next.index + 1, 2 * next.index + 2]) {
        if (index < this.items.length) frontier.set({ index });
      }
    }
  }

  private settle(item: T, from: number): void {
    const { items, place, before } = this;
    let index = from;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!before(item, items[parent]!)) break;
      items[index] = items[parent]!;
      place.set(items[index]!, index);
      index = parent;
    }
    for (;;) {
      let child = 2 * index + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && before(items[child + 1]!, items[child]!)) child++;
      if (!before(items[child]!, item)) break;
      items[index] = items[child]!;
      place.set(items[index]!, index);
      index = child;
    }
    items[index] = item;
    place.set(item, index);
  }
}
