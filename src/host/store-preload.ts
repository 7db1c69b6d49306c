/**
 * Reads from the store what a node needs in memory to start: the meta records, unburied headers
 * with their bodies, the validator sets that these name, and the state. Released once `restore` has
 * run. Invariant: what is read does not grow with the chain. ARCHITECTURE "Store".
 */
import { compareBytes, toHex } from "../base/bytes.ts";
import {
  bodyKey,
  decodeAnchor,
  decodeBlockKey,
  decodeNode,
  metaKey,
  metaPrefix,
  nodePrefix,
  setKey,
  statePrefix,
} from "../chain/records.ts";
import type { StoreImage } from "../edge/store-image.ts";
import type { SealedHeader } from "../model/header.ts";
import { damaged, type LevelStore } from "./level-store.ts";
import { PackedRecords } from "./packed-records.ts";

type Entry = readonly [Uint8Array, Uint8Array];

/** Records read at once. */
const pageEntries = 1000;

export async function preload(store: LevelStore): Promise<StoreImage> {
  // Whatever was persisted before is to be seen.
  await store.load([]);
  const meta = await recordsOf(store, metaPrefix);
  const nodes = await recordsOf(store, nodePrefix);
  const bodies = await recordsAt(
    store,
    nodes.map(([key]) => {
      const ref = decodeBlockKey(key);
      return ref && bodyKey(ref);
    }),
  );
  const sets = await recordsAt(store, setKeysOf(meta, nodes));
  const state = new PackedRecords();
  for await (const page of pagesOf(store, statePrefix)) {
    for (const [key, value] of page) state.add(key, value);
  }
  return new JointImage([
    new MemoryImage([...bodies, ...meta, ...nodes]),
    state,
    new MemoryImage(sets),
  ]);
}

async function recordsOf(store: LevelStore, prefix: Uint8Array): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  for await (const page of pagesOf(store, prefix)) entries.push(...page);
  return entries;
}

/** Those that there are. */
async function recordsAt(
  store: LevelStore,
  wanted: readonly (Uint8Array | undefined)[],
): Promise<readonly Entry[]> {
  const keys = wanted.filter((key) => key !== undefined);
  const values = await store.load(keys);
  return keys.flatMap((key, index) => {
    const value = values[index];
    return value === undefined ? [] : [[key, value] as const];
  });
}

async function* pagesOf(store: LevelStore, prefix: Uint8Array): AsyncGenerator<readonly Entry[]> {
  const range = { gte: prefix, lt: Uint8Array.of(prefix[0]! + 1) };
  try {
    const iterator = store.level.iterator(range);
    try {
      for (let page = await iterator.nextv(pageEntries); page.length > 0; ) {
        yield page;
        page = await iterator.nextv(pageEntries);
      }
    } finally {
      await iterator.close();
    }
  } catch (error) {
    throw damaged(store.level.location, error);
  }
}

/** Of whoever sealed the anchor and what stands on it. What is cut is for `restore` to refuse. */
function setKeysOf(meta: readonly Entry[], nodes: readonly Entry[]): readonly Uint8Array[] {
  const anchorKey = metaKey("anchor");
  const anchor = meta.find(([key]) => compareBytes(key, anchorKey) === 0);
  const sealed: (SealedHeader | undefined)[] = [
    anchor && decodeAnchor(anchor[1])?.sealed,
    ...nodes.map(([, value]) => decodeNode(value)?.sealed),
  ];
  const keys = new Map<string, Uint8Array>();
  for (const each of sealed) {
    if (each === undefined) continue;
    const { validatorsHash } = each.header;
    keys.set(toHex(validatorsHash), setKey(validatorsHash));
  }
  return [...keys.values()];
}

/** Several images as one: each holds keys above those of the one before. */
class JointImage implements StoreImage {
  private readonly images: readonly StoreImage[];

  constructor(images: readonly StoreImage[]) {
    this.images = images;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    for (const image of this.images) {
      const value = image.get(key);
      if (value !== undefined) return value;
    }
    return undefined;
  }

  *range(prefix: Uint8Array): Iterable<Entry> {
    for (const image of this.images) yield* image.range(prefix);
  }
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
