/**
 * Collections whose size limit is part of their type. When full, the oldest entry goes.
 * Never keyed by a number a peer chooses: V8 hashes integers predictably
 * (protocol-spec/08-limits §3), so keys are strings or our own counters.
 */
import { assert } from "./assert.ts";

/** What all that were never written to share: a `Map` takes 200 bytes, and most of a peer's stay so. */
const unwritten = new Map<never, never>();

/** Insertion-ordered map of at most `max` entries; `set` beyond that drops the oldest. */
export class BoundedMap<K extends string, V> {
  private entriesByKey: Map<K, V> = unwritten;
  readonly max: number;
  /**
   * Stands before the oldest entry. A fresh one would walk over all that was deleted from a `Map`
   * since its last rehash: thousands of steps for each `set` of a full map.
   */
  private oldest: Iterator<[K, V]> | undefined;
  /** Deletions since it moved: one left behind for long keeps the map's old tables alive. */
  private staleness = 0;

  constructor(max: number) {
    assert(Number.isInteger(max) && max > 0, "a bound is a positive integer");
    this.max = max;
  }

  get size(): number {
    return this.entriesByKey.size;
  }

  get(key: K): V | undefined {
    return this.entriesByKey.get(key);
  }

  has(key: K): boolean {
    return this.entriesByKey.has(key);
  }

  /** Stores `value` as the newest entry; returns the entry that had to go, if any. */
  set(key: K, value: V): readonly [K, V] | undefined {
    if (this.entriesByKey === unwritten) this.entriesByKey = new Map();
    this.delete(key);
    this.entriesByKey.set(key, value);
    if (this.entriesByKey.size <= this.max) return undefined;
    this.oldest ??= this.entriesByKey.entries();
    this.staleness = 0;
    const oldest = this.oldest.next().value!;
    this.entriesByKey.delete(oldest[0]);
    return oldest;
  }

  delete(key: K): boolean {
    if (!this.entriesByKey.delete(key)) return false;
    if (this.staleness++ > this.max) this.oldest = undefined;
    return true;
  }

  clear(): void {
    this.entriesByKey.clear();
    this.oldest = undefined;
  }

  keys(): IterableIterator<K> {
    return this.entriesByKey.keys();
  }

  values(): IterableIterator<V> {
    return this.entriesByKey.values();
  }

  entries(): IterableIterator<[K, V]> {
    return this.entriesByKey.entries();
  }
}

/** Insertion-ordered set of at most `max` keys; `add` beyond that drops the oldest. */
export class BoundedSet<K extends string> {
  private readonly map: BoundedMap<K, true>;

  constructor(max: number) {
    this.map = new BoundedMap(max);
  }

  get size(): number {
    return this.map.size;
  }

  has(key: K): boolean {
    return this.map.has(key);
  }

  /** True when `key` was not there yet. */
  add(key: K): boolean {
    if (this.map.has(key)) return false;
    this.map.set(key, true);
    return true;
  }

  delete(key: K): boolean {
    return this.map.delete(key);
  }

  clear(): void {
    this.map.clear();
  }

  values(): IterableIterator<K> {
    return this.map.keys();
  }
}
