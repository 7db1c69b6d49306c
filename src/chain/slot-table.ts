/**
 * How many headers of one validator and slot are kept: the second is evidence, the third would be
 * a flood. Counts whatever waits or stands in the tree. NOT evidence itself.
 * Invariant: an entry for each header held, and no other. protocol-spec/06-validation §1.
 */
import type { Header } from "../model/header.ts";
import type { BlockHash, PublicKey } from "../model/ids.ts";
import { chainLimits } from "../params/limits.ts";

export class SlotTable {
  private readonly hashes = new Map<string, BlockHash[]>();

  get size(): number {
    return this.hashes.size;
  }

  /** Is it held already, or is there room for one more of its validator and slot? */
  hasRoom(header: Header): boolean {
    const held = this.hashes.get(keyOf(header));
    if (held === undefined || held.length < chainLimits.headersPerSlotMax) return true;
    return held.includes(header.hash);
  }

  /** Of that validator and slot, in the order in which they came. */
  of(sealer: PublicKey, slot: number): readonly BlockHash[] {
    return this.hashes.get(`${sealer}:${slot}`) ?? [];
  }

  add(header: Header): void {
    const key = keyOf(header);
    const held = this.hashes.get(key);
    if (held === undefined) this.hashes.set(key, [header.hash]);
    else if (!held.includes(header.hash)) held.push(header.hash);
  }

  delete(header: Header): void {
    const key = keyOf(header);
    const held = this.hashes.get(key);
    const at = held?.indexOf(header.hash) ?? -1;
    if (held === undefined || at < 0) return;
    if (held.length === 1) this.hashes.delete(key);
    else held.splice(at, 1);
  }
}

const keyOf = (header: Header): string => `${header.sealer}:${header.slot}`;
