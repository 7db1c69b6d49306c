/**
 * Reads from the store what a node needs in memory to start: state, validator sets, unburied
 * headers with their bodies, and the meta records. Released once `restore` has run.
 */
import { compareBytes } from "../base/bytes.ts";
import {
  bodyKey,
  decodeBlockKey,
  metaPrefix,
  nodePrefix,
  setPrefix,
  statePrefix,
} from "../chain/records.ts";
import type { StoreImage } from "../edge/store-image.ts";
import { damaged, type LevelStore } from "./level-store.ts";

type Entry = readonly [Uint8Array, Uint8Array];

const wholePrefixes = [metaPrefix, nodePrefix, setPrefix, statePrefix];

export async function preload(store: LevelStore): Promise<StoreImage> {
  const entries: Entry[] = [];
  // Whatever was persisted before is to be seen.
  await store.load([]);
  try {
    for (const prefix of wholePrefixes) {
      const range = { gte: prefix, lt: Uint8Array.of(prefix[0]! + 1) };
      for await (const [key, value] of store.level.iterator(range)) entries.push([key, value]);
    }
  } catch (error) {
    throw damaged(store.level.location, error);
  }
  const bodyKeys = entries
    .filter(([key]) => key[0] === nodePrefix[0])
    .map(([key]) => decodeBlockKey(key))
    .filter((ref) => ref !== undefined)
    .map((ref) => bodyKey(ref));
  const bodies = await store.load(bodyKeys);
  bodies.forEach((body, index) => {
    if (body !== undefined) entries.push([bodyKeys[index]!, body]);
  });
  return new MemoryImage(entries);
}

/** Entries in key order, found by bisection. */
export class MemoryImage implements StoreImage {
  private readonly entries: readonly Entry[];

  constructor(entries: readonly Entry[]) {
    this.entries = [...entries].sort(([a], [b]) => compareBytes(a, b));
  }

  get(key: Uint8Array): Uint8Array | undefined {
    const entry = this.entries[this.firstFrom(key)];
    return entry !== undefined && compareBytes(entry[0], key) === 0 ? entry[1] : undefined;
  }

  *range(prefix: Uint8Array): Iterable<Entry> {
    for (let at = this.firstFrom(prefix); at < this.entries.length; at++) {
      const entry = this.entries[at]!;
      if (compareBytes(entry[0].subarray(0, prefix.length), prefix) !== 0) return;
      yield entry;
    }
  }

  /** Index of the first entry whose key is not below `key`. */
  private firstFrom(key: Uint8Array): number {
    let low = 0;
    let high = this.entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareBytes(this.entries[middle]![0], key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
