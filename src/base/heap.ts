/** A binary heap of values ordered by `(at, sequence)`: equal instants keep insertion order. */
interface Item<T> {
  readonly at: number;
  readonly sequence: number;
  readonly value: T;
}

export class Heap<T> {
  private readonly items: Item<T>[] = [];
  private nextSequence = 0;

  get size(): number {
    return this.items.length;
  }

  /** The earliest instant, or Infinity when empty. */
  get nextAt(): number {
    return this.items[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  push(at: number, value: T): void {
    const items = this.items;
    const item = { at, sequence: this.nextSequence++, value };
    let index = items.length;
    items.push(item);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!before(item, items[parent]!)) break;
      items[index] = items[parent]!;
      index = parent;
    }
    items[index] = item;
  }

  /** Removes and returns the earliest value. */
  pop(): { readonly at: number; readonly value: T } | undefined {
    const items = this.items;
    const first = items[0];
    const last = items.pop();
    if (first === undefined || last === undefined || items.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && before(items[child + 1]!, items[child]!)) child++;
      if (!before(items[child]!, last)) break;
      items[index] = items[child]!;
      index = child;
    }
    items[index] = last;
    return first;
  }
}

function before<T>(a: Item<T>, b: Item<T>): boolean {
  return a.at < b.at || (a.at === b.at && a.sequence < b.sequence);
}
