/**
 * Writes that wait to go to disk in one batch: a record that is written again takes the place of
 * the older write. While a chain is caught up with, most writes of state are such. NOT a batch of
 * LevelDB, and no order: in a batch only the last write of a key counts.
 *
 *   block 1: A=1 B=1 head=1 | block 2: A=2 head=2      ->  A=2 B=1 head=2
 *
 * Invariant: of two writes of one key the later stands later, or alone. Where the newest write of a
 * key stands is kept for the latest keys only, in a table of fixed size that whoever chooses keys
 * cannot fill or slow: what it has forgotten is written twice.
 */
import { equalBytes } from "../base/bytes.ts";
import type { Write } from "../edge/effect.ts";

/** A power of two; 64 KiB. */
const slots = 16_384;

export class WriteMerge {
  /** By a hash of the key: 1 + the place of its newest write; 0 is none. */
  private readonly places = new Int32Array(slots);
  private writes: Write[] = [];

  add(write: Write): void {
    const { writes, places } = this;
    const slot = slotOf(write.key);
    const place = places[slot]! - 1;
    if (place >= 0 && equalBytes(writes[place]!.key, write.key)) {
      writes[place] = write;
      return;
    }
    writes.push(write);
    places[slot] = writes.length;
  }

  /** All that was added since. */
  take(): readonly Write[] {
    const { writes } = this;
    this.writes = [];
    this.places.fill(0);
    return writes;
  }
}

/** From the end, where keys of heights and hashes differ, and the letter of the kind. */
function slotOf(key: Uint8Array): number {
  const end = key.length;
  const tail = key[end - 1]! ^ (key[end - 2]! << 6) ^ (key[end - 3]! << 3);
  return (tail ^ (key[0]! << 5)) & (slots - 1);
}
