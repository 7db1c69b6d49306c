/**
 * A binary heap by a number and, among equal ones, a comparison; its items can be removed and moved
 * when their order changes. The numbers stand beside each other: with 50,000 items what costs is
 * memory that is far apart. Not the heap of instants (base/heap.ts).
 *
 * Invariant: an item stands in it at most once, and knows where (`places`), so add, remove and move
 * cost O(log n) and no look-up. protocol-spec/06-validation §7.
 */
import { assert } from "../base/assert.ts";

export interface Placed {
  /** Where it stands in each of two heaps, -1 for nowhere. The heaps write it, nobody else. */
  readonly places: [number, number];
}

export interface HeapOrder<T> {
  /** The least comes first. */
  readonly key: (item: T) => number;
  /** Of two with one key: `a` comes first. A total order, or equal items come in any order. */
  readonly before: (a: T, b: T) => boolean;
}

export class OrderedHeap<T extends Placed> {
  private readonly order: HeapOrder<T>;
  private readonly which: 0 | 1;
  private readonly items: T[] = [];
  /** Of the items, as they were set. */
  private readonly keys: number[] = [];

  /** `which` of the places of its items is this heap's. */
  constructor(which: 0 | 1, order: HeapOrder<T>) {
    this.which = which;
    this.order = order;
  }

  get size(): number {
    return this.items.length;
  }

  get first(): T | undefined {
    return this.items[0];
  }

  has(item: T): boolean {
    return item.places[this.which] >= 0;
  }

  /** Adds `item`, or moves it after its order changed. */
  set(item: T): void {
    const key = this.order.key(item);
    let place = item.places[this.which];
    if (place < 0) {
      place = this.items.push(item) - 1;
      this.keys.push(key);
    }
    this.settle(item, key, place);
  }

  delete(item: T): boolean {
    const index = item.places[this.which];
    if (index < 0) return false;
    item.places[this.which] = -1;
    const last = this.items.pop();
    const key = this.keys.pop();
    assert(last !== undefined && key !== undefined, "what has a place is in the heap");
    if (last !== item) this.settle(last, key, index);
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
    const { items } = this;
    if (items.length === 0) return;
    const frontier = new MergeHeap<number>((a, b) => this.isBefore(a, b));
    frontier.push(0);
    for (let next = frontier.pop(); next !== undefined; next = frontier.pop()) {
      yield items[next]!;
      const child = 2 * next + 1;
      if (child < items.length) frontier.push(child);
      if (child + 1 < items.length) frontier.push(child + 1);
    }
  }

  private settle(item: T, key: number, from: number): void {
    const { items, keys } = this;
    const { before } = this.order;
    let index = from;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const parentKey = keys[parent]!;
      if (key > parentKey || (key === parentKey && !before(item, items[parent]!))) break;
      this.put(items[parent]!, parentKey, index);
      index = parent;
    }
    for (;;) {
      let child = 2 * index + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && this.isBefore(child + 1, child)) child++;
      const childKey = keys[child]!;
      if (childKey > key || (childKey === key && !before(items[child]!, item))) break;
      this.put(items[child]!, childKey, index);
      index = child;
    }
    this.put(item, key, index);
  }

  private isBefore(a: number, b: number): boolean {
    const [keyA, keyB] = [this.keys[a]!, this.keys[b]!];
    return keyA !== keyB ? keyA < keyB : this.order.before(this.items[a]!, this.items[b]!);
  }

  private put(item: T, key: number, index: number): void {
    this.items[index] = item;
    this.keys[index] = key;
    item.places[this.which] = index;
  }
}

/** A heap that only takes and gives: its items stay as they are and know nothing of it. */
export class MergeHeap<T> {
  private readonly before: (a: T, b: T) => boolean;
  private readonly items: T[] = [];

  constructor(before: (a: T, b: T) => boolean) {
    this.before = before;
  }

  get first(): T | undefined {
    return this.items[0];
  }

  push(item: T): void {
    const { items, before } = this;
    let index = items.push(item) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!before(item, items[parent]!)) break;
      items[index] = items[parent]!;
      index = parent;
    }
    items[index] = item;
  }

  pop(): T | undefined {
    const { items, before } = this;
    const first = items[0];
    const item = items.pop();
    if (item === undefined || items.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && before(items[child + 1]!, items[child]!)) child++;
      if (!before(items[child]!, item)) break;
      items[index] = items[child]!;
      index = child;
    }
    items[index] = item;
    return first;
  }
}
