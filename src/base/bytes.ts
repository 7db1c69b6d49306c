/**
 * Bytes: joining, comparing, hexadecimal, and big-endian integers of fixed layouts.
 * Knows nothing of any layout. Integers up to 2^53-1 are numbers, amounts are BigInt.
 */
import { assert } from "./assert.ts";

export const emptyBytes = new Uint8Array(0);

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    putBytes(out, at, part);
    at += part.length;
  }
  return out;
}

/** Below it a loop is cheaper than the call of `set`. */
const shortBytes = 16;

function putBytes(out: Uint8Array, at: number, part: Uint8Array): void {
  if (part.length > shortBytes) out.set(part, at);
  else for (let i = 0; i < part.length; i++) out[at + i] = part[i]!;
}

/** A copy that shares no memory with `bytes`: for whatever outlives the step it arrived in. */
export function copyBytes(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length);
  out.set(bytes);
  return out;
}

/** Equality of public bytes; not constant-time (secrets: `crypto/secret.ts`). */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Lexicographic order; negative when `a` comes first. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = a[i]! - b[i]!;
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

export function isZero(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte !== 0) return false;
  return true;
}

/** The two digits of a byte, as character codes. A table: ids are converted all the time. */
const digitsOf = Uint8Array.from({ length: 512 }, (_, at) => {
  const byte = at >> 1;
  return (at % 2 === 0 ? byte >> 4 : byte & 0xf).toString(16).charCodeAt(0);
});
/** Digits on their way into a text; 64 are an id. */
const digits = Buffer.alloc(64);

/** Lower-case hexadecimal. */
export function toHex(bytes: Uint8Array): string {
  return partToHex(bytes, 0, bytes.length);
}

/** `toHex` of the bytes from `from` to `to`, both inside. */
export function partToHex(bytes: Uint8Array, from: number, to: number): string {
  const count = to - from;
  if (2 * count > digits.length) {
    return Buffer.from(bytes.buffer, bytes.byteOffset + from, count).toString("hex");
  }
  for (let i = 0; i < count; i++) {
    const at = 2 * bytes[from + i]!;
    digits[2 * i] = digitsOf[at]!;
    digits[2 * i + 1] = digitsOf[at + 1]!;
  }
  return digits.toString("latin1", 0, 2 * count);
}

const notHex = 0xff;
/** Value of a hex digit by its character code. A table: ids are converted all the time. */
const nibbleOf = Uint8Array.from({ length: 103 }, (_, code) => {
  const value = Number.parseInt(String.fromCharCode(code), 16);
  return Number.isNaN(value) ? notHex : value;
});

/** Bytes of lower- or upper-case hex; undefined when `hex` is not hex of even length. */
export function fromHex(hex: string): Uint8Array | undefined {
  if (hex.length % 2 !== 0) return undefined;
  const out = new Uint8Array(hex.length / 2);
  return putHex(out, 0, hex) ? out : undefined;
}

/** Bytes of hex that we made ourselves. */
export function hexBytes(hex: string): Uint8Array {
  const bytes = new Uint8Array(hex.length >> 1);
  writeHex(bytes, 0, hex);
  return bytes;
}

/** Writes the bytes of hex that we made ourselves. */
export function writeHex(bytes: Uint8Array, at: number, hex: string): void {
  const isThereRoom = hex.length % 2 === 0 && at + hex.length / 2 <= bytes.length;
  // The text is made when it is needed: these are called all the time.
  if (!(isThereRoom && putHex(bytes, at, hex))) {
    assert(false, `hex expected, got ${hex.slice(0, 80)}`);
  }
}

/** False when `hex`, of even length, is not hex. */
function putHex(out: Uint8Array, at: number, hex: string): boolean {
  for (let from = 0; from < hex.length; from += 2) {
    // Codes above "f" read as undefined, which is no number below 256.
    const high = nibbleOf[hex.charCodeAt(from)] ?? notHex;
    const low = nibbleOf[hex.charCodeAt(from + 1)] ?? notHex;
    if (high === notHex || low === notHex) return false;
    out[at + (from >> 1)] = (high << 4) | low;
  }
  return true;
}

/** ASCII text as bytes (tags, names); asserts that it is ASCII. */
export function asciiBytes(text: string): Uint8Array {
  const out = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    assert(code < 0x80, `ASCII expected: ${text}`);
    out[i] = code;
  }
  return out;
}

/** ASCII bytes as text: in one piece, where adding up characters would make a chain of them. */
export function asciiText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

export function readU16(bytes: Uint8Array, at: number): number {
  assert(at + 2 <= bytes.length, "u16 inside the buffer");
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

export function readU24(bytes: Uint8Array, at: number): number {
  assert(at + 3 <= bytes.length, "u24 inside the buffer");
  return (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
}

export function readU32(bytes: Uint8Array, at: number): number {
  assert(at + 4 <= bytes.length, "u32 inside the buffer");
  return bytes[at]! * 0x1000000 + ((bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!);
}

export function readU64(bytes: Uint8Array, at: number): bigint {
  const high = readU32(bytes, at);
  if (high < 0x200000) return BigInt(high * 0x100000000 + readU32(bytes, at + 4));
  return (BigInt(high) << 32n) | BigInt(readU32(bytes, at + 4));
}

/** A u64 that must be below 2^53 (slots, heights, times); undefined when it is not. */
export function readSafeU64(bytes: Uint8Array, at: number): number | undefined {
  const high = readU32(bytes, at);
  return high >= 0x200000 ? undefined : high * 0x100000000 + readU32(bytes, at + 4);
}

export function writeU16(bytes: Uint8Array, at: number, value: number): void {
  if (!(Number.isInteger(value) && value >= 0 && value < 0x10000)) {
    assert(false, `u16 expected, got ${value}`);
  }
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

export function writeU24(bytes: Uint8Array, at: number, value: number): void {
  if (!(Number.isInteger(value) && value >= 0 && value < 0x1000000)) {
    assert(false, `u24 expected, got ${value}`);
  }
  bytes[at] = value >>> 16;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value;
}

export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  if (!(Number.isInteger(value) && value >= 0 && value <= 0xffffffff)) {
    assert(false, `u32, got ${value}`);
  }
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

const safeMax = BigInt(Number.MAX_SAFE_INTEGER);

/** A number below 2^53 or a bigint below 2^64, as 8 bytes. */
export function writeU64(bytes: Uint8Array, at: number, value: number | bigint): void {
  if (typeof value === "bigint") {
    if (value >= 0n && value <= safeMax) {
      writeU64(bytes, at, Number(value));
      return;
    }
    assert(value >= 0n && value < 1n << 64n, `u64 expected, got ${value}`);
    writeU32(bytes, at, Number(value >> 32n));
    writeU32(bytes, at + 4, Number(value & 0xffffffffn));
    return;
  }
  if (!(Number.isSafeInteger(value) && value >= 0)) assert(false, `u53 expected, got ${value}`);
  writeU32(bytes, at, Math.floor(value / 0x100000000));
  writeU32(bytes, at + 4, value % 0x100000000);
}

export function u16Bytes(value: number): Uint8Array {
  const out = new Uint8Array(2);
  writeU16(out, 0, value);
  return out;
}

export function u32Bytes(value: number): Uint8Array {
  const out = new Uint8Array(4);
  writeU32(out, 0, value);
  return out;
}

export function u64Bytes(value: number | bigint): Uint8Array {
  const out = new Uint8Array(8);
  writeU64(out, 0, value);
  return out;
}
