/** Bytes and big-endian integers, read from the pages of protocol-spec alone. */
import { refuse } from "./fault.ts";

export const unhex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "hex"));
export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
export const join = (...parts: readonly Uint8Array[]): Uint8Array =>
  Uint8Array.from(Buffer.concat(parts));
export const zeros = (count: number): Uint8Array => new Uint8Array(count);
export const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
export const ascii = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "latin1"));

/** Byte i is i mod 251. */
export const pattern = (count: number): Uint8Array =>
  Uint8Array.from({ length: count }, (_, i) => i % 251);

export function u16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 255);
}

export function u32(value: number): Uint8Array {
  const out = new DataView(new ArrayBuffer(4));
  out.setUint32(0, value);
  return new Uint8Array(out.buffer);
}

export function u64(value: number | bigint): Uint8Array {
  const out = new DataView(new ArrayBuffer(8));
  out.setBigUint64(0, BigInt(value));
  return new Uint8Array(out.buffer);
}

/** Reads from the front; `code` is the fault for whatever does not fit. */
export class Reader {
  readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly code: string;
  at = 0;

  constructor(bytes: Uint8Array, code: string) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.code = code;
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  take(count: number): Uint8Array {
    if (count > this.left) refuse(this.code);
    this.at += count;
    return this.bytes.slice(this.at - count, this.at);
  }

  u8(): number {
    return this.take(1)[0]!;
  }

  u16(): number {
    this.take(2);
    return this.view.getUint16(this.at - 2);
  }

  u24(): number {
    return this.u8() * 65_536 + this.u16();
  }

  u32(): number {
    this.take(4);
    return this.view.getUint32(this.at - 4);
  }

  u64(): bigint {
    this.take(8);
    return this.view.getBigUint64(this.at - 8);
  }

  u53(): number {
    const value = this.u64();
    if (value >= 2n ** 53n) refuse(this.code);
    return Number(value);
  }

  hash(): string {
    return hex(this.take(32));
  }

  end(): void {
    if (this.left !== 0) refuse(this.code);
  }
}
