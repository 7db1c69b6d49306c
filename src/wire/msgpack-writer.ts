/**
 * Writes the MsgPack subset of the wire: nil, booleans, non-negative integers, bin, str, array, each in its
 * shortest form. NOT a general encoder: no maps, floats, extensions, negative numbers.
 * Invariant: the buffer never grows beyond the size given to `reset`; running over it is our bug,
 * because every caller adds up sizes first (`uintBytes`, `binBytes`, `strBytes`).
 * protocol-spec/04-messages §1.
 *
 *   nil c0 | bool c2 c3 | uint 00-7f cc cd ce cf | bin c4 c5 c6 | str a0-bf d9 da | array 90-9f dc
 */
import { assert } from "../base/assert.ts";

/** Up to here a loop beats `set`. */
const loopBytesMax = 40;

/** Bytes of a non-negative integer below 2^53. */
export function uintBytes(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x100) return 2;
  if (value < 0x10000) return 3;
  return value <= 0xffffffff ? 5 : 9;
}

/** Bytes of a bin of `length` bytes, its header included. */
export function binBytes(length: number): number {
  if (length < 0x100) return 2 + length;
  return (length < 0x10000 ? 3 : 5) + length;
}

/** Bytes of a str of `length` ASCII characters, its header included. */
export function strBytes(length: number): number {
  if (length < 0x20) return 1 + length;
  return (length < 0x100 ? 2 : 3) + length;
}

/** Bytes of an array header. */
export function arrayBytes(count: number): number {
  return count < 0x10 ? 1 : 3;
}

export class MsgpackWriter {
  private bytes: Uint8Array;
  private bytesMax: number;
  private at = 0;

  constructor(bytesAtFirst: number) {
    this.bytes = new Uint8Array(bytesAtFirst);
    this.bytesMax = bytesAtFirst;
  }

  get size(): number {
    return this.at;
  }

  /** Forgets what was written; up to `bytesMax` bytes may come. */
  reset(bytesMax: number): void {
    this.bytesMax = bytesMax;
    this.at = 0;
  }

  /** Makes room for `count` more bytes; nothing else allocates. */
  reserve(count: number): void {
    const needed = this.at + count;
    assert(needed <= this.bytesMax, "sizes are added up before anything is written");
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.min(this.bytesMax, Math.max(needed, 2 * this.bytes.length)));
    grown.set(this.bytes.subarray(0, this.at));
    this.bytes = grown;
  }

  /** Lets a large buffer go; what was written is gone. */
  shrink(bytesKept: number): void {
    if (this.bytes.length > bytesKept) this.bytes = new Uint8Array(bytesKept);
    this.at = 0;
  }

  /** View of the bytes from `from` to the end; valid until the next `reset`. */
  written(from: number): Uint8Array {
    return this.bytes.subarray(from, this.at);
  }

  /** Leaves `count` bytes to be filled by `arrayAt`. */
  skip(count: number): void {
    this.at += count;
  }

  /** Writes an array header that ends just before `end`; returns where it begins. */
  arrayAt(end: number, count: number): number {
    const from = end - arrayBytes(count);
    const at = this.at;
    this.at = from;
    this.array(count);
    this.at = at;
    return from;
  }

  nil(): void {
    this.bytes[this.at++] = 0xc0;
  }

  bool(value: boolean): void {
    this.bytes[this.at++] = value ? 0xc3 : 0xc2;
  }

  array(count: number): void {
    assert(count >= 0 && count < 0x10000, "arrays of the wire have at most 65,535 elements");
    if (count < 0x10) {
      this.bytes[this.at++] = 0x90 | count;
    } else {
      this.bytes[this.at++] = 0xdc;
      this.put16(count);
    }
  }

  uint(value: number): void {
    assert(Number.isSafeInteger(value) && value >= 0, "integers of the wire are below 2^53");
    if (value < 0x80) {
      this.bytes[this.at++] = value;
    } else if (value < 0x100) {
      this.bytes[this.at++] = 0xcc;
      this.bytes[this.at++] = value;
    } else if (value < 0x10000) {
      this.bytes[this.at++] = 0xcd;
      this.put16(value);
    } else if (value <= 0xffffffff) {
      this.bytes[this.at++] = 0xce;
      this.put32(value);
    } else {
      this.bytes[this.at++] = 0xcf;
      this.put32(Math.floor(value / 0x100000000));
      this.put32(value % 0x100000000);
    }
  }

  bin(value: Uint8Array): void {
    const length = value.length;
    if (length < 0x100) {
      this.bytes[this.at++] = 0xc4;
      this.bytes[this.at++] = length;
    } else if (length < 0x10000) {
      this.bytes[this.at++] = 0xc5;
      this.put16(length);
    } else {
      this.bytes[this.at++] = 0xc6;
      this.put32(length);
    }
    if (length <= loopBytesMax) {
      for (let i = 0; i < length; i++) this.bytes[this.at + i] = value[i]!;
    } else {
      this.bytes.set(value, this.at);
    }
    this.at += length;
  }

  /** `value` must be ASCII. */
  str(value: string): void {
    const length = value.length;
    assert(length < 0x10000, "strings of the wire are short");
    if (length < 0x20) {
      this.bytes[this.at++] = 0xa0 | length;
    } else if (length < 0x100) {
      this.bytes[this.at++] = 0xd9;
      this.bytes[this.at++] = length;
    } else {
      this.bytes[this.at++] = 0xda;
      this.put16(length);
    }
    for (let i = 0; i < length; i++) this.bytes[this.at++] = value.charCodeAt(i);
  }

  private put16(value: number): void {
    this.bytes[this.at++] = value >>> 8;
    this.bytes[this.at++] = value;
  }

  private put32(value: number): void {
    this.bytes[this.at++] = value >>> 24;
    this.bytes[this.at++] = value >>> 16;
    this.bytes[this.at++] = value >>> 8;
    this.bytes[this.at++] = value;
  }
}
