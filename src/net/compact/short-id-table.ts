/**
 * The short ids of one compact block: which of them is this? Open addressing over typed arrays, as
 * it is asked once for each transaction at hand, 50,000 times for a block. A peer chooses the ids,
 * so their places are made with a secret of ours: it cannot know which will collide.
 * Invariant: at most half full, so that a look-up ends. protocol-spec/04-messages §8.
 */
import type { Random } from "../../edge/env.ts";
import { readShortId } from "../../model/compact-block.ts";

const smallest = 16;
const none = -1;

export class ShortIdTable {
  private readonly ids: Float64Array;
  private readonly indexes: Int32Array;
  private readonly mask: number;
  private readonly secretLow: number;
  private readonly secretHigh: number;
  /** Two of them are alike: the block can only be had whole. */
  readonly hasTwins: boolean;

  /** `shortIds`: `count` of 6 bytes. */
  constructor(random: Random, shortIds: Uint8Array, count: number) {
    let size = smallest;
    while (size < 2 * count) size *= 2;
    this.mask = size - 1;
    this.ids = new Float64Array(size);
    this.indexes = new Int32Array(size).fill(none);
    this.secretLow = random.below(0x100000000) | 1;
    this.secretHigh = random.below(0x100000000) | 1;
    let hasTwins = false;
    for (let index = 0; index < count; index++) {
      const id = readShortId(shortIds, index);
      const place = this.placeOf(id);
      if (this.indexes[place] !== none) hasTwins = true;
      this.ids[place] = id;
      this.indexes[place] = index;
    }
    this.hasTwins = hasTwins;
  }

  /** Which one it is; -1: none. */
  find(id: number): number {
    return this.indexes[this.placeOf(id)]!;
  }

  /** Where `id` is, or would be. */
  private placeOf(id: number): number {
    const low = Math.imul(id | 0, this.secretLow);
    const high = Math.imul((id / 0x100000000) | 0, this.secretHigh);
    let mixed = low + high;
    mixed ^= mixed >>> 15;
    let place = Math.imul(mixed, this.secretLow) >>> 0;
    place = (place ^ (place >>> 16)) & this.mask;
    while (this.indexes[place] !== none && this.ids[place] !== id) place = (place + 1) & this.mask;
    return place;
  }
}
