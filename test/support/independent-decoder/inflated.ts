/** 03-frames §9: what a DEFLATED payload says that it is, and what it is. RFC 1951, read bit by bit. */
import { Reader } from "./bytes.ts";
import { check, refuse } from "./fault.ts";
import { type Message, readPayload } from "./payload.ts";

const bad = "bad-deflate";

export function declaredBytes(payload: Uint8Array): number {
  check(payload.length >= 5, bad);
  const n = new Reader(payload, bad).u32();
  check(n >= 1 && n <= 1_049_105, bad);
  return n;
}

export function inflated(payload: Uint8Array): Message[] {
  const n = declaredBytes(payload);
  check(payload.length < n && n <= 16 * payload.length, bad);
  const messages = readPayload(new Bits(payload.subarray(4)).inflate(n));
  check(n <= 524_088 || messages.length === 1, "more-chain-broken");
  return messages;
}

/** RFC 1951 §3.2.5: least length or distance of each code, and its extra bits. */
const lengths = codes(29, 3, (code) => (code < 8 || code === 28 ? 0 : (code >> 2) - 1));
const distances = codes(30, 1, (code) => (code < 4 ? 0 : (code >> 1) - 1));
lengths[28] = [258, 0];

function codes(count: number, first: number, extraOf: (code: number) => number) {
  let least = first;
  return Array.from({ length: count }, (_, code): [number, number] => {
    const extra = extraOf(code);
    const entry: [number, number] = [least, extra];
    least += 2 ** extra;
    return entry;
  });
}

/** By length and bits of the code: the symbol. */
type Codes = ReadonlyMap<string, number>;

/** No code twice, and none left over, but that one alone may have a single bit (§3.2.7). */
function codesOf(sizes: readonly number[], mayBeOne = true): Codes {
  const out = new Map<string, number>();
  let code = 0;
  let used = 0;
  for (let size = 1; size <= 15; size++, code *= 2) {
    for (const [symbol, each] of sizes.entries()) {
      if (each !== size) continue;
      out.set(code.toString(2).padStart(size, "0"), symbol);
      code++;
      used += 2 ** (15 - size);
    }
  }
  const isOne = Math.max(...sizes) <= 1 && used <= 2 ** 15;
  check(used === 2 ** 15 || (mayBeOne && isOne), bad);
  return out;
}

const fixedSizes = [144, 112, 24, 8].flatMap((n, at) => Array<number>(n).fill([8, 9, 7, 8][at]!));
const fixed = [codesOf(fixedSizes), codesOf(Array<number>(32).fill(5))] as const;
const orderOfSizes = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

class Bits {
  private readonly bytes: Uint8Array;
  private at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  inflate(n: number): Uint8Array {
    const out: number[] = [];
    let isLast = false;
    while (!isLast) {
      isLast = this.take(1) === 1;
      const type = this.take(2);
      if (type === 0) this.stored(out, n);
      else this.coded(out, n, type === 1 ? fixed : type === 2 ? this.dynamic() : refuse(bad));
    }
    check(out.length === n && Math.ceil(this.at / 8) === this.bytes.length, bad);
    return Uint8Array.from(out);
  }

  private take(count: number): number {
    let value = 0;
    for (let bit = 0; bit < count; bit++, this.at++) {
      check(this.at < 8 * this.bytes.length, bad);
      value += ((this.bytes[this.at >> 3]! >> (this.at & 7)) & 1) * 2 ** bit;
    }
    return value;
  }

  private symbol(of: Codes): number {
    for (let read = ""; read.length < 15; ) {
      read += this.take(1);
      const symbol = of.get(read);
      if (symbol !== undefined) return symbol;
    }
    return refuse(bad);
  }

  private stored(out: number[], n: number): void {
    this.at = 8 * Math.ceil(this.at / 8);
    const length = this.take(16);
    check(this.take(16) === (length ^ 0xffff) && out.length + length <= n, bad);
    for (let i = 0; i < length; i++) out.push(this.take(8));
  }

  private coded(out: number[], n: number, [literals, backs]: readonly [Codes, Codes]): void {
    for (;;) {
      const symbol = this.symbol(literals);
      if (symbol === 256) return;
      if (symbol < 256) {
        out.push(symbol);
        check(out.length <= n, bad);
        continue;
      }
      const [least, extra] = lengths[symbol - 257] ?? refuse(bad);
      const length = least + this.take(extra);
      const [near, more] = distances[this.symbol(backs)] ?? refuse(bad);
      const back = near + this.take(more);
      check(back <= out.length && out.length + length <= n, bad);
      for (let i = 0; i < length; i++) out.push(out[out.length - back]!);
    }
  }

  private dynamic(): readonly [Codes, Codes] {
    const [literals, backs, count] = [this.take(5) + 257, this.take(5) + 1, this.take(4) + 4];
    const sizes = Array<number>(19).fill(0);
    for (const place of orderOfSizes.slice(0, count)) sizes[place] = this.take(3);
    check(literals <= 286 && backs <= 30, bad);
    const ofSizes = codesOf(sizes, false);
    const all: number[] = [];
    while (all.length < literals + backs) {
      const symbol = this.symbol(ofSizes);
      if (symbol < 16) all.push(symbol);
      else if (symbol === 16) all.push(...Array(3 + this.take(2)).fill(all.at(-1) ?? refuse(bad)));
      else all.push(...Array(symbol === 17 ? 3 + this.take(3) : 11 + this.take(7)).fill(0));
    }
    check(all.length === literals + backs && all[256] !== 0, bad);
    return [codesOf(all.slice(0, literals)), codesOf(all.slice(literals))];
  }
}
