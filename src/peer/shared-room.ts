/**
 * Memory for what waits to be sent, over all connections: while there is room it is anybody's, then
 * each has an equal part. NOT the bound of one connection (its lanes have that).
 * Invariant: at most `bytesMax`, and beyond it one part for each that holds something.
 * protocol-spec/08-limits §3.
 */
import { assert } from "../base/assert.ts";
import { messageRules } from "../wire/messages.ts";

/** A part always holds one full block, or it could never be sent. */
const partBytesMin = messageRules.new_block.bytesMax;

export class SharedRoom {
  private readonly bytesMax: number;
  private heldBytes = 0;
  private holders = 0;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.heldBytes;
  }

  /** May who holds `ownBytes` have `more`? */
  has(ownBytes: number, more: number): boolean {
    if (this.heldBytes + more <= this.bytesMax) return true;
    const holders = this.holders + (ownBytes === 0 ? 1 : 0);
    return ownBytes + more <= Math.max(partBytesMin, this.bytesMax / holders);
  }

  /** One that held `before` holds `after`. */
  move(before: number, after: number): void {
    this.heldBytes += after - before;
    this.holders += Number(after > 0) - Number(before > 0);
    assert(this.heldBytes >= 0 && this.holders >= 0, "nobody gives back what it did not take");
  }
}
