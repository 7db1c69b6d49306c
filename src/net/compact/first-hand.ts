/**
 * Blocks that come compact and unasked from whoever sealed them, and those that we give so: the
 * rule of both sides. One key seals at most once in a slot and never goes back, so of one peer they
 * come in rising slots; whoever sends another is no sealer. NOT who else may push (`push-peers.ts`)
 * and no judge of a seal: that comes after. Invariant: a slot and a hash for each peer, no more.
 * protocol-spec/04-messages §8.
 */
import type { Conn } from "../../edge/conn.ts";
import type { BlockHash } from "../../model/ids.ts";

/** What is looked at of a block. */
export interface Dated {
  readonly hash: BlockHash;
  readonly slot: number;
}

export class FirstHand {
  /** The newest of each peer. */
  private readonly taken = new Map<Conn, Dated>();
  private givenSlot = -1;

  onClosed(conn: Conn): void {
    this.taken.delete(conn);
  }

  /** May `conn` have sealed it, by what it sent before? Then nothing as old is taken of it again. */
  take(conn: Conn, { hash, slot }: Dated): boolean {
    const before = this.taken.get(conn);
    if (before !== undefined && slot <= before.slot) return false;
    this.taken.set(conn, { hash, slot });
    return true;
  }

  /** Did `conn` give that block so? The newest alone is remembered. */
  gave(conn: Conn, hash: BlockHash): boolean {
    return this.taken.get(conn)?.hash === hash;
  }

  /**
   * Is a block that nobody gave us to be given so? Not one that is older than the slot it is: what
   * was read from disk has no giver either, and nobody waits for it.
   */
  mayGive(slot: number, currentSlot: number): boolean {
    if (slot !== currentSlot || slot <= this.givenSlot) return false;
    this.givenSlot = slot;
    return true;
  }
}
