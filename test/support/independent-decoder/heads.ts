/** Heads of MsgPack values in their shortest form. 04-messages §1. */
import { join, u16, u32, u64 } from "./bytes.ts";

export const sized = (bytes: Uint8Array, small: number, tags: readonly number[]): Uint8Array => {
  const { length } = bytes;
  if (length < small) return join(Uint8Array.of(0xa0 | length), bytes);
  if (length < 256) return join(Uint8Array.of(tags[0]!, length), bytes);
  const isShort = length < 65_536;
  const head = isShort ? u16(length) : u32(length);
  return join(Uint8Array.of(tags[isShort ? 1 : 2]!), head, bytes);
};

export function shortestUint(value: number): Uint8Array {
  if (value < 0x80) return Uint8Array.of(value);
  if (value < 0x100) return Uint8Array.of(0xcc, value);
  if (value < 0x10000) return join(Uint8Array.of(0xcd), u16(value));
  const isShort = value <= 0xffffffff;
  return join(Uint8Array.of(isShort ? 0xce : 0xcf), isShort ? u32(value) : u64(value));
}

export const arrayHead = (count: number): Uint8Array =>
  count < 16 ? Uint8Array.of(0x90 | count) : join(Uint8Array.of(0xdc), u16(count));
