/**
 * Reproducible chance: sfc32 seeded by a hash. Every node and every part of the world draws from a
 * stream of its own (`fork`), so that one draw more in one place does not reshuffle the rest.
 */
import { assert } from "../base/assert.ts";
import { readU32 } from "../base/bytes.ts";
import { sha256 } from "../crypto/hash.ts";
import type { Random } from "../edge/env.ts";

export class SeededRandom implements Random {
  private readonly name: string;
  private a: number;
  private b: number;
  private c: number;
  private counter = 1;

  constructor(name: string) {
    this.name = name;
    const digest = sha256(new TextEncoder().encode(name));
    this.a = readU32(digest, 0) | 0;
    this.b = readU32(digest, 4) | 0;
    this.c = readU32(digest, 8) | 0;
    for (let i = 0; i < 12; i++) this.next();
  }

  /** A stream of its own, the same for the same name. */
  fork(name: string): SeededRandom {
    return new SeededRandom(`${this.name}/${name}`);
  }

  below(bound: number): number {
    assert(Number.isInteger(bound) && bound > 0 && bound <= 2 ** 32, `bound ${bound}`);
    return Math.floor((this.next() / 2 ** 32) * bound);
  }

  bytes(count: number): Uint8Array {
    const out = new Uint8Array(count);
    for (let i = 0; i < count; i++) out[i] = this.next() >>> 24;
    return out;
  }

  /** True in `percent` of 100 cases. */
  chance(percent: number): boolean {
    return this.below(10_000) < percent * 100;
  }

  /** An integer in [min, max]. */
  between(min: number, max: number): number {
    return min + this.below(max - min + 1);
  }

  pick<T>(items: readonly T[]): T {
    assert(items.length > 0, "something to pick from");
    return items[this.below(items.length)]!;
  }

  private next(): number {
    const sum = (((this.a + this.b) | 0) + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (this.c << 21) | (this.c >>> 11);
    this.c = (this.c + sum) | 0;
    return sum >>> 0;
  }
}
