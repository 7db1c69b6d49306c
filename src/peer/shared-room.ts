/**
 * Memory for what waits to be sent, over all connections: while there is room it is anybody's, then
 * each has an equal part. NOT the bound of one connection (its lanes have that).
 * Invariant: at most `bytesMax`, and beyond it one message for each that holds something, for a part
 * that could hold no full block could never send one: of what is in memory anyway any, of what is
 * read from disk for it a small one. Who holds while it is short and takes nothing is to be let go.
 * protocol-spec/03-frames §5, 08-limits §3.
 */
import { assert } from "../base/assert.ts";
import { chainLimits, syncLimits, wireLimits } from "../params/limits.ts";

const never = Number.POSITIVE_INFINITY;

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

  /** Somebody may have to wait: a full block would not find room. */
  get isShort(): boolean {
    return this.heldBytes + chainLimits.blockBodyBytesMax > this.bytesMax;
  }

  open(): RoomShare {
    return new RoomShare(this);
  }

  /** More would not exceed the bound, or the equal part of one that holds `ownBytes`. */
  hasPart(ownBytes: number, more: number): boolean {
    if (this.heldBytes + more <= this.bytesMax) return true;
    return ownBytes > 0 && ownBytes + more <= this.bytesMax / this.holders;
  }

  /** One that held `before` holds `after`. */
  move(before: number, after: number): void {
    this.heldBytes += after - before;
    this.holders += Number(after > 0) - Number(before > 0);
    assert(this.heldBytes >= 0 && this.holders >= 0, "nobody gives back what it did not take");
  }
}

/** What one connection has of it. */
export class RoomShare {
  private readonly room: SharedRoom;
  private bytes = 0;
  /** When some of it left, or the first came. */
  private movedAt = never;

  constructor(room: SharedRoom) {
    this.room = room;
  }

  /** May it have `more` that is in memory already? */
  has(more: number): boolean {
    return this.bytes === 0 || this.room.hasPart(this.bytes, more);
  }

  /** Not the time to hold alone what may be held once for many. */
  get isShort(): boolean {
    return this.room.isShort;
  }

  /** May `more` be read from disk for it, beside what is being read, for whomever? */
  hasForRead(more: number, onTheWay: number): boolean {
    const isSmall = more <= syncLimits.answerLoadBytesMax;
    return (this.bytes === 0 && isSmall) || this.room.hasPart(this.bytes, more + onTheWay);
  }

  /** When it is to give up what it does not take. */
  get stalledAt(): number {
    return this.bytes > 0 && this.room.isShort ? this.movedAt + wireLimits.roomStalledMs : never;
  }

  /** As if something had just left. */
  excuse(now: number): void {
    this.movedAt = now;
  }

  /** It holds `bytes` now. */
  settle(bytes: number, now: number): void {
    if (bytes === this.bytes) return;
    if (bytes < this.bytes || this.bytes === 0) this.movedAt = now;
    this.room.move(this.bytes, bytes);
    this.bytes = bytes;
  }
}
