/**
 * Reads the MsgPack subset of the wire: nil, bool, integers, bin, str, array. NOT a general decoder:
 * the caller says what must come next, and anything else throws `WireError`.
 * Invariant: bounds are compared before a byte is read, counts and lengths before anything is
 * allocated; reading allocates nothing but one view per bin. Never reads beyond `limit`.
 * protocol-spec/04-messages §1.
 */
import { asciiText } from "../base/bytes.ts";
import { type WireCode, WireError } from "./errors.ts";

const typeNames = "uint, bin, str, array or nil as the table of messages says";

export class MsgpackReader {
  private readonly bytes: Uint8Array;
  private readonly buffer: ArrayBufferLike;
  private readonly byteOffset: number;
  private at = 0;
  private limit: number;
  /** What it means to run over the limit: the payload was cut, or its message is too large. */
  private overrun: WireCode = "malformed-message";

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.buffer = bytes.buffer;
    this.byteOffset = bytes.byteOffset;
    this.limit = bytes.length;
  }

  get offset(): number {
    return this.at;
  }

  /** Up to the limit, not only to the end of the bytes. */
  get remaining(): number {
    return this.limit - this.at;
  }

  /** From now on reading must end within `count` bytes from `from`, else "message-too-large". */
  limitTo(from: number, count: number): void {
    const length = this.bytes.length;
    const capped = from + count < length;
    this.limit = capped ? from + count : length;
    this.overrun = capped ? "message-too-large" : "malformed-message";
  }

  /** True when the next value is nil, which is then read. */
  takeNil(): boolean {
    this.need(1);
    if (this.bytes[this.at] !== 0xc0) return false;
    this.at++;
    return true;
  }

  bool(): boolean {
    const type = this.type();
    if (type !== 0xc2 && type !== 0xc3) return this.wrongType("bool", type);
    return type === 0xc3;
  }

  /** Count of an array. Every element takes a byte, so it is at most what remains. */
  array(): number {
    const type = this.type();
    let count: number;
    if (type >= 0x90 && type <= 0x9f) count = type & 0x0f;
    else if (type === 0xdc) count = this.u16();
    else if (type === 0xdd) count = this.u32();
    else return this.wrongType("array", type);
    this.need(count);
    return count;
  }

  /** An integer from 0 to `max` (at most 2^53-1), in any of 00-7f, cc-cf, d0-d3. */
  uint(max: number): number {
    const type = this.type();
    const value = type < 0x80 ? type : this.wideUint(type);
    if (value > max) throw new WireError("bad-field", `integer ${value} exceeds ${max}`);
    return value;
  }

  /** A view of a bin of `min` to `max` bytes. */
  bin(min: number, max: number): Uint8Array {
    const type = this.type();
    let length: number;
    if (type === 0xc4) length = this.u8();
    else if (type === 0xc5) length = this.u16();
    else if (type === 0xc6) length = this.u32();
    else return this.wrongType("bin", type);
    if (length < min || length > max) {
      throw new WireError("bad-field", `bin of ${length} bytes, ${min} to ${max} expected`);
    }
    this.need(length);
    const view = new Uint8Array(this.buffer, this.byteOffset + this.at, length);
    this.at += length;
    return view;
  }

  /** Printable ASCII of at most `max` bytes: what a peer chooses may be logged. */
  str(max: number): string {
    const type = this.type();
    let length: number;
    if (type >= 0xa0 && type <= 0xbf) length = type & 0x1f;
    else if (type === 0xd9) length = this.u8();
    else if (type === 0xda) length = this.u16();
    else if (type === 0xdb) length = this.u32();
    else return this.wrongType("str", type);
    if (length > max) throw new WireError("bad-field", `str of ${length} bytes, at most ${max}`);
    this.need(length);
    for (let i = 0; i < length; i++) {
      const code = this.bytes[this.at + i]!;
      if (code < 0x20 || code > 0x7e) {
        throw new WireError("bad-field", `byte 0x${code.toString(16)} in a printable ASCII str`);
      }
    }
    const text = asciiText(this.bytes.subarray(this.at, this.at + length));
    this.at += length;
    return text;
  }

  /**
   * Reads over `count` values of the subset, negative integers included: elements that a later
   * version added. Not recursive; refuses as soon as more elements are promised than bytes remain.
   */
  skip(count: number): void {
    let pending = count;
    while (pending > 0) {
      if (pending > this.remaining) this.need(pending);
      pending--;
      const type = this.type();
      if (type < 0x80 || type >= 0xe0 || type === 0xc0 || type === 0xc2 || type === 0xc3) continue;
      if (type <= 0x8f) this.wrongType(typeNames, type);
      else if (type <= 0x9f) pending += type & 0x0f;
      else if (type <= 0xbf) this.pass(type & 0x1f);
      else if (type === 0xdc) pending += this.u16();
      else if (type === 0xdd) pending += this.u32();
      else this.pass(this.bodyLength(type));
    }
  }

  /** Throws when a byte is left. */
  end(): void {
    const left = this.bytes.length - this.at;
    if (left !== 0) throw new WireError("trailing-bytes", `${left} bytes after the last value`);
  }

  private bodyLength(type: number): number {
    if (type === 0xc4 || type === 0xd9) return this.u8();
    if (type === 0xc5 || type === 0xda) return this.u16();
    if (type === 0xc6 || type === 0xdb) return this.u32();
    if (type >= 0xcc && type <= 0xcf) return 1 << (type - 0xcc);
    if (type >= 0xd0 && type <= 0xd3) return 1 << (type - 0xd0);
    return this.wrongType(typeNames, type);
  }

  private pass(count: number): void {
    this.need(count);
    this.at += count;
  }

  private wideUint(type: number): number {
    switch (type) {
      case 0xcc:
        return this.u8();
      case 0xcd:
        return this.u16();
      case 0xce:
        return this.u32();
      case 0xcf:
        return this.u64();
      case 0xd0:
        return notNegative(this.u8(), 0x80);
      case 0xd1:
        return notNegative(this.u16(), 0x8000);
      case 0xd2:
        return notNegative(this.u32(), 0x80000000);
      case 0xd3:
        return this.u64();
      default:
        return this.wrongType("uint", type);
    }
  }

  private type(): number {
    this.need(1);
    return this.bytes[this.at++]!;
  }

  private u8(): number {
    this.need(1);
    return this.bytes[this.at++]!;
  }

  private u16(): number {
    this.need(2);
    const { bytes, at } = this;
    this.at = at + 2;
    return (bytes[at]! << 8) | bytes[at + 1]!;
  }

  private u32(): number {
    this.need(4);
    const { bytes, at } = this;
    this.at = at + 4;
    return (
      bytes[at]! * 0x1000000 + ((bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!)
    );
  }

  /** Also of d3: a negative one has its high bit set and is out of range like any above 2^53-1. */
  private u64(): number {
    const high = this.u32();
    const low = this.u32();
    if (high >= 0x200000) throw new WireError("bad-field", "integer below 2^53 expected");
    return high * 0x100000000 + low;
  }

  private need(count: number): void {
    if (count > this.limit - this.at) {
      throw new WireError(this.overrun, `${count} bytes needed, ${this.limit - this.at} allowed`);
    }
  }

  private wrongType(expected: string, type: number): never {
    const hex = type.toString(16).padStart(2, "0");
    throw new WireError(
      "malformed-message",
      `${expected} expected at ${this.at - 1}, got 0x${hex}`,
    );
  }
}

function notNegative(value: number, signBit: number): number {
  if (value >= signBit) throw new WireError("bad-field", "a non-negative integer expected");
  return value;
}
