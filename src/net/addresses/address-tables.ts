/**
 * Where an address of the book has its place: fixed slots in buckets that a secret key chooses, so
 * that nobody outside knows which addresses compete. It judges no address (address-book.ts).
 *
 * Invariants: whatever one netgroup tells has its places in `newBucketsPerSource` of the buckets,
 * and the addresses of one netgroup in `triedBucketsPerGroup` of those that answered; a table never
 * holds more than its slots. protocol-spec/09-connections §3
 */
import { assert, defined } from "../../base/assert.ts";
import { asciiBytes, readU32 } from "../../base/bytes.ts";
import { tagged } from "../../crypto/hash.ts";
import type { Random } from "../../edge/env.ts";
import { connectionLimits } from "../../params/limits.ts";

const { newBuckets, triedBuckets, bucketSlots, newBucketsPerSource, triedBucketsPerGroup } =
  connectionLimits;
const placeHash = tagged("wl/book/1");
const separator = asciiBytes("|");

/** A slot of a table, counted over all its buckets. */
export type Place = number;

/** Chooses places under a key of 32 secret bytes. */
export class PlaceChooser {
  private readonly key: Uint8Array;

  constructor(key: Uint8Array) {
    assert(key.length === 32, "a key has 32 bytes");
    this.key = key;
  }

  /** `group`: of the address; `source`: of who told. */
  newPlace(address: string, group: string, source: string): Place {
    const nth = this.below(newBucketsPerSource, "new", group, source);
    return this.placeIn("new", this.below(newBuckets, "source", source, `${nth}`), address);
  }

  triedPlace(address: string, group: string): Place {
    const nth = this.below(triedBucketsPerGroup, "tried", address);
    return this.placeIn("tried", this.below(triedBuckets, "group", group, `${nth}`), address);
  }

  private placeIn(table: string, bucket: number, address: string): Place {
    return bucket * bucketSlots + this.below(bucketSlots, "slot", table, `${bucket}`, address);
  }

  private below(bound: number, ...parts: readonly string[]): number {
    const bytes = parts.flatMap((part) => [asciiBytes(part), separator]);
    return readU32(placeHash(this.key, ...bytes), 0) % bound;
  }
}

/** Slots in buckets, drawn from by bucket first: a full bucket weighs no more than a sparse one. */
export class BucketTable<T> {
  private readonly cells: (T | undefined)[];
  private readonly counts: number[];
  /** Buckets that hold something, and where each stands in this list. */
  private readonly filled: number[] = [];
  private readonly filledAt = new Map<number, number>();
  private held = 0;

  constructor(buckets: number) {
    this.cells = new Array<T | undefined>(buckets * bucketSlots).fill(undefined);
    this.counts = new Array<number>(buckets).fill(0);
  }

  /** Slots in use. */
  get size(): number {
    return this.held;
  }

  get(place: Place): T | undefined {
    return this.cells[place];
  }

  put(place: Place, value: T): void {
    assert(this.cells[place] === undefined, "an empty slot");
    this.cells[place] = value;
    this.held++;
    const bucket = Math.floor(place / bucketSlots);
    const before = this.counts[bucket]!;
    this.counts[bucket] = before + 1;
    if (before > 0) return;
    this.filledAt.set(bucket, this.filled.length);
    this.filled.push(bucket);
  }

  clear(place: Place): void {
    if (this.cells[place] === undefined) return;
    this.cells[place] = undefined;
    this.held--;
    const bucket = Math.floor(place / bucketSlots);
    const left = this.counts[bucket]! - 1;
    this.counts[bucket] = left;
    if (left > 0) return;
    const at = defined(this.filledAt.get(bucket), "a bucket in use is listed");
    const last = defined(this.filled.pop(), "a bucket in use is listed");
    this.filledAt.delete(bucket);
    if (last === bucket) return;
    this.filled[at] = last;
    this.filledAt.set(last, at);
  }

  /** Any of any bucket in use; undefined when the table is empty. */
  draw(random: Random): T | undefined {
    if (this.filled.length === 0) return undefined;
    const bucket = this.filled[random.below(this.filled.length)]!;
    let skip = random.below(this.counts[bucket]!);
    for (let place = bucket * bucketSlots; ; place++) {
      const value = this.cells[place];
      if (value !== undefined && skip-- === 0) return value;
    }
  }
}
