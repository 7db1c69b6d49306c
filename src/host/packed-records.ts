/**
 * Many small records in one piece of memory: a state of 100,000 accounts as entries of their own
 * would take ten times its bytes. Filled in key order, then read. NOT for records that outlive the
 * start: what is read of it are views of the whole.
 */
import { assert } from "../base/assert.ts";
import { compareBytes } from "../base/bytes.ts";
import type { StoreImage } from "../edge/store-image.ts";

export class PackedRecords implements StoreImage {
  private bytes = new Uint8Array(64 * 1024);
  /** Of record n: at 2n where its key begins, then where its value does; its end is the next's. */
  private places = new Float64Array(2048);
  private count = 0;

  /** Copies both. Keys ascend. */
  add(key: Uint8Array, value: Uint8Array): void {
    assert(this.count === 0 || compareBytes(this.keyAt(this.count - 1), key) < 0, "keys ascend");
    const at = this.places[2 * this.count]!;
    const valueAt = at + key.length;
    const end = valueAt + value.length;
    while (this.bytes.length < end) this.bytes = grown(this.bytes, new Uint8Array(2 * end));
    if (this.places.length < 2 * this.count + 3) {
      this.places = grown(this.places, new Float64Array(2 * this.places.length));
    }
    this.bytes.set(key, at);
    this.bytes.set(value, valueAt);
    this.places[2 * this.count + 1] = valueAt;
    this.places[2 * this.count + 2] = end;
    this.count++;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    const n = this.firstFrom(key);
    return n < this.count && compareBytes(this.keyAt(n), key) === 0 ? this.valueAt(n) : undefined;
  }

  *range(prefix: Uint8Array): Iterable<readonly [Uint8Array, Uint8Array]> {
    for (let n = this.firstFrom(prefix); n < this.count; n++) {
      const key = this.keyAt(n);
      if (compareBytes(key.subarray(0, prefix.length), prefix) !== 0) return;
      yield [key, this.valueAt(n)];
    }
  }

  private keyAt(n: number): Uint8Array {
    return this.bytes.subarray(this.places[2 * n], this.places[2 * n + 1]);
  }

  private valueAt(n: number): Uint8Array {
    return this.bytes.subarray(this.places[2 * n + 1], this.places[2 * n + 2]);
  }

  /** The first record whose key is not below `key`. */
  private firstFrom(key: Uint8Array): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareBytes(this.keyAt(middle), key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function grown<T extends Uint8Array | Float64Array>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}
