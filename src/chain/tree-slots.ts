/**
 * Where a state tree keeps its inner nodes and leaves: numbered places in typed arrays. While a
 * second version of the tree is written (`begin`), the places of the first are not touched: those
 * taken since are `fresh`, those given back wait until one version is dropped. NOT the shape of the
 * tree (`state-tree.ts`).
 *
 * Invariant: a place is used by a version, or free, or waits; number 0 is never given out.
 */
import { assert } from "../base/assert.ts";
import { accountBytes } from "./account.ts";

/** Numbers of places, and which of them are free. */
class Numbers {
  private fresh = new Uint8Array(0);
  private used = 1;
  private readonly free: number[] = [];
  private isRecording = false;
  /** Taken since `begin`; one that was given back meanwhile and taken again stands there twice. */
  private born: number[] = [];
  /** Given back since `begin`, but not taken since: the first version has them. */
  private retired: number[] = [];

  /** Was it taken since `begin`? */
  isFresh(number: number): boolean {
    return this.fresh[number] === 1;
  }

  /** `grow` is called first when more than `count` are needed. */
  take(count: number, grow: (count: number) => void): number {
    const number = this.free.pop() ?? this.used++;
    if (number >= count) grow(2 * number);
    if (this.isRecording) {
      this.fresh[number] = 1;
      this.born.push(number);
    }
    return number;
  }

  release(number: number): void {
    if (this.isRecording && !this.isFresh(number)) {
      this.retired.push(number);
    } else {
      this.fresh[number] = 0;
      this.free.push(number);
    }
  }

  begin(): void {
    this.isRecording = true;
  }

  /** The second version stays. Returns the numbers that are free now. */
  keep(): readonly number[] {
    for (const number of this.born) this.fresh[number] = 0;
    return this.end(this.retired);
  }

  /** The first version stays. */
  drop(): readonly number[] {
    const gone: number[] = [];
    for (const number of this.born) {
      if (this.fresh[number] === 1) gone.push(number);
      this.fresh[number] = 0;
    }
    return this.end(gone);
  }

  grow(count: number): void {
    this.fresh = grown(this.fresh, new Uint8Array(count));
  }

  clear(): void {
    this.end([]);
    this.fresh.fill(0);
    this.free.length = 0;
    this.used = 1;
  }

  private end(freed: readonly number[]): readonly number[] {
    this.isRecording = false;
    this.born = [];
    this.retired = [];
    for (const number of freed) this.free.push(number);
    return freed;
  }
}

export class NodeSlots {
  /** Of inner node n: its children at 2n and 2n + 1. */
  children = new Int32Array(0);
  hashes = new Uint8Array(0);
  /** 1: the hash is to be worked out again. */
  stale = new Uint8Array(0);
  private readonly numbers = new Numbers();

  constructor() {
    this.grow(64);
  }

  isFresh(node: number): boolean {
    return this.numbers.isFresh(node);
  }

  /** Stale, with any children. */
  take(): number {
    const node = this.numbers.take(this.stale.length, (count) => this.grow(count));
    this.stale[node] = 1;
    return node;
  }

  release(node: number): void {
    this.numbers.release(node);
  }

  begin(): void {
    this.numbers.begin();
  }

  keep(): void {
    this.numbers.keep();
  }

  drop(): void {
    this.numbers.drop();
  }

  clear(): void {
    this.numbers.clear();
  }

  private grow(count: number): void {
    this.children = grown(this.children, new Int32Array(2 * count));
    this.hashes = grown(this.hashes, new Uint8Array(32 * count));
    this.stale = grown(this.stale, new Uint8Array(count));
    this.numbers.grow(count);
  }
}

export class LeafSlots {
  /** 32 bytes each. */
  keys = new Uint8Array(0);
  hashes = new Uint8Array(0);
  stale = new Uint8Array(0);
  /** Values of account size; the few of other sizes are in `odd`. */
  private values = new Uint8Array(0);
  private readonly odd = new Map<number, Uint8Array>();
  private readonly numbers = new Numbers();

  constructor() {
    this.grow(64);
  }

  isFresh(leaf: number): boolean {
    return this.numbers.isFresh(leaf);
  }

  take(key: Uint8Array, value: Uint8Array): number {
    const leaf = this.numbers.take(this.stale.length, (count) => this.grow(count));
    this.keys.set(key, 32 * leaf);
    this.put(leaf, value);
    return leaf;
  }

  put(leaf: number, value: Uint8Array): void {
    if (this.odd.size > 0) this.odd.delete(leaf);
    if (value.length === accountBytes) this.values.set(value, accountBytes * leaf);
    else this.odd.set(leaf, value.slice());
    this.stale[leaf] = 1;
  }

  keyOf(leaf: number): Uint8Array {
    return this.keys.subarray(32 * leaf, 32 * leaf + 32);
  }

  keyEquals(leaf: number, key: Uint8Array): boolean {
    const at = 32 * leaf;
    const { keys } = this;
    for (let i = 0; i < 32; i++) if (keys[at + i] !== key[i]) return false;
    return true;
  }

  /** A copy. */
  valueOf(leaf: number): Uint8Array {
    const at = accountBytes * leaf;
    return this.odd.get(leaf)?.slice() ?? this.values.slice(at, at + accountBytes);
  }

  copyTo(leaf: number, out: Uint8Array, at: number): void {
    assert(!this.odd.has(leaf), "an account's value has its size");
    const { values } = this;
    const from = accountBytes * leaf;
    for (let i = 0; i < accountBytes; i++) out[at + i] = values[from + i]!;
  }

  /** Valid until the next write. */
  peek(leaf: number): Uint8Array {
    const at = accountBytes * leaf;
    return this.odd.get(leaf) ?? this.values.subarray(at, at + accountBytes);
  }

  release(leaf: number): void {
    this.numbers.release(leaf);
  }

  begin(): void {
    this.numbers.begin();
  }

  keep(): void {
    for (const leaf of this.numbers.keep()) this.odd.delete(leaf);
  }

  drop(): void {
    for (const leaf of this.numbers.drop()) this.odd.delete(leaf);
  }

  clear(): void {
    this.numbers.clear();
    this.odd.clear();
  }

  private grow(count: number): void {
    this.keys = grown(this.keys, new Uint8Array(32 * count));
    this.hashes = grown(this.hashes, new Uint8Array(32 * count));
    this.stale = grown(this.stale, new Uint8Array(count));
    this.values = grown(this.values, new Uint8Array(accountBytes * count));
    this.numbers.grow(count);
  }
}

function grown<T extends Uint8Array | Int32Array>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}
