/**
 * Memory for what waits to be sent, over all connections: while there is room it is anybody's, then
 * each has an equal part. NOT the bound of one connection (its lanes have that).
 * Invariant: at most `bytesMax`, and beyond it one message for each that holds something: a part
 * that could hold no full block could never send one.
 * protocol-spec/08-limits §3.
 */
import { assert } from "../base/assert.ts";

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
    return ownBytes === 0 || ownBytes + more <= this.bytesMax / this.holders;
  }

  /** One that held `before` holds `after`. */
  move(before: number, after: number): void {
    this.heldBytes += after - before;
    this.holders += Number(after > 0) - Number(before > 0);
    assert(this.heldBytes >= 0 && this.holders >= 0, "nobody gives back what it did not take");
  }
}
