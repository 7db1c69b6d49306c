/**
 * The kinds of field that messages and HELLO are made of, each with its range: integers, booleans, bins of
 * fixed or bounded length, lists of fixed-size things in one bin, printable strings.
 * NOT which message has which field (`message-fields.ts`).
 * Invariant: a value outside the range is an assertion when written, "bad-field" when read.
 * protocol-spec/04-messages §1.
 */
import { assert } from "../base/assert.ts";
import { WireError } from "./errors.ts";
import type { MsgpackReader } from "./msgpack-reader.ts";
import { binBytes, type MsgpackWriter, strBytes, uintBytes } from "./msgpack-writer.ts";

/** An integer from `min` to `max`, at most 2^53-1. */
export class UintField {
  readonly min: number;
  readonly max: number;

  constructor(min: number, max: number) {
    assert(Number.isSafeInteger(max) && min >= 0 && min <= max, "a range of safe integers");
    this.min = min;
    this.max = max;
  }

  size(value: number): number {
    return uintBytes(value);
  }

  write(writer: MsgpackWriter, value: number): void {
    assert(value >= this.min && value <= this.max, "an integer of ours is in range");
    writer.uint(value);
  }

  read(reader: MsgpackReader): number {
    const value = reader.uint(this.max);
    if (value < this.min) throw new WireError("bad-field", `integer ${value} below ${this.min}`);
    return value;
  }
}

/** A bin of `minCount` to `maxCount` items of `itemBytes` bytes each. */
export class BinField {
  readonly itemBytes: number;
  readonly bytesMin: number;
  readonly bytesMax: number;

  constructor(itemBytes: number, minCount: number, maxCount: number) {
    this.itemBytes = itemBytes;
    this.bytesMin = itemBytes * minCount;
    this.bytesMax = itemBytes * maxCount;
  }

  size(value: Uint8Array): number {
    return binBytes(value.length);
  }

  write(writer: MsgpackWriter, value: Uint8Array): void {
    const length = value.length;
    assert(length >= this.bytesMin && length <= this.bytesMax, "a bin of ours is in range");
    assert(length % this.itemBytes === 0, "a list of ours holds whole items");
    writer.bin(value);
  }

  read(reader: MsgpackReader): Uint8Array {
    const view = reader.bin(this.bytesMin, this.bytesMax);
    if (view.length % this.itemBytes !== 0) {
      throw new WireError("bad-field", `${view.length} bytes, not items of ${this.itemBytes}`);
    }
    return view;
  }
}

/** Printable ASCII of at most `bytesMax` characters. */
export class TextField {
  readonly bytesMax: number;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  size(value: string): number {
    return strBytes(value.length);
  }

  write(writer: MsgpackWriter, value: string): void {
    assert(value === printable(value, this.bytesMax), "a string of ours is short and printable");
    writer.str(value);
  }

  read(reader: MsgpackReader): string {
    return reader.str(this.bytesMax);
  }
}

export const boolField = {
  size: (_: boolean): number => 1,
  write: (writer: MsgpackWriter, value: boolean): void => writer.bool(value),
  read: (reader: MsgpackReader): boolean => reader.bool(),
} as const;

/** What was read, unless something is wrong with it. */
export function faultless(bytes: Uint8Array, fault: string | undefined): Uint8Array {
  if (fault !== undefined) throw new WireError("bad-field", fault);
  return bytes;
}

/** `text` cut to `bytesMax` characters, with `?` for whatever is not printable ASCII. */
export function printable(text: string, bytesMax: number): string {
  return text.slice(0, bytesMax).replace(/[^\x20-\x7e]/g, "?");
}

/** Some bytes, `min` to `max`. */
export const bytesField = (min: number, max: number): BinField => new BinField(1, min, max);
/** Exactly `count` bytes. */
export const fixedField = (count: number): BinField => new BinField(1, count, count);

export const u16Field = new UintField(0, 0xffff);
export const u32Field = new UintField(0, 0xffffffff);
/** Heights, byte counts, wall-clock milliseconds. */
export const u53Field = new UintField(0, Number.MAX_SAFE_INTEGER);
export const hashField = fixedField(32);

/** Name by number for a table of numbers by name. */
export function namesOf<T extends string>(
  numbers: Readonly<Record<T, number>>,
): readonly (T | undefined)[] {
  const names: (T | undefined)[] = [];
  for (const name of Object.keys(numbers) as T[]) names[numbers[name]] = name;
  return names;
}
