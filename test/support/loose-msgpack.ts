/** MsgPack without rules: what a test wants to say, right or wrong, every number in its widest form. */
import { concatBytes, u16Bytes } from "../../src/base/bytes.ts";

export type Loose = number | string | boolean | null | Uint8Array | readonly Loose[] | Verbatim;

export interface Verbatim {
  readonly verbatim: Uint8Array;
}

export const verbatim = (...bytes: readonly number[]): Verbatim => ({
  verbatim: Uint8Array.from(bytes),
});

export function pack(value: Loose): Uint8Array {
  if (value === null) return Uint8Array.of(0xc0);
  if (typeof value === "boolean") return Uint8Array.of(value ? 0xc3 : 0xc2);
  if (typeof value === "number") return packNumber(value);
  if (typeof value === "string") {
    const bytes = new TextEncoder().encode(value);
    return concatBytes(Uint8Array.of(0xda, ...u16Bytes(bytes.length)), bytes);
  }
  if (value instanceof Uint8Array) {
    const length = Buffer.alloc(5);
    length.writeUInt8(0xc6);
    length.writeUInt32BE(value.length, 1);
    return concatBytes(length, value);
  }
  if ("verbatim" in value) return value.verbatim;
  const head = Uint8Array.of(0xdc, ...u16Bytes(value.length));
  return concatBytes(head, ...value.map(pack));
}

function packNumber(value: number): Uint8Array {
  const out = Buffer.alloc(9);
  out.writeUInt8(value < 0 ? 0xd3 : 0xcf);
  if (value < 0) out.writeBigInt64BE(BigInt(value), 1);
  else out.writeBigUInt64BE(BigInt(value), 1);
  return out;
}
