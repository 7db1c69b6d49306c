/**
 * So many bytes in a row, however they come: whole in one chunk, without a copy, or in parts. Knows
 * nothing of what they mean. Invariant: takes memory when the first part is there, not before.
 * protocol-spec/02-handshake §1.
 */
import { assert } from "../base/assert.ts";
import { emptyBytes } from "../base/bytes.ts";

export class Piece {
  readonly length: number;
  private gathered = emptyBytes;
  private filled = 0;

  constructor(length: number) {
    this.length = length;
  }

  /** How many bytes are still to come. */
  get room(): number {
    return this.length - this.filled;
  }

  /** What came so far with `part`, which is borrowed; so is the result. */
  add(part: Uint8Array): Uint8Array {
    assert(part.length <= this.room, "a piece takes no more than its bytes");
    if (part.length === this.length) {
      this.filled = this.length;
      return part;
    }
    if (this.filled === 0) this.gathered = new Uint8Array(this.length);
    this.gathered.set(part, this.filled);
    this.filled += part.length;
    return this.gathered.subarray(0, this.filled);
  }
}
