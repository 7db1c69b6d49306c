/**
 * One lane of an outbox: what waits, how many bytes, and its place in the order of lanes. Messages
 * that wait for the disk are parked beside the queue but count against the same cap.
 * protocol-spec/03-frames §5.
 */
import { defined } from "../base/assert.ts";
import type { Ticket } from "../edge/conn.ts";
import type { Lane, Message } from "../wire/messages.ts";

export interface Queued {
  readonly message: Message;
  /** Encoded, without the header of the payload. */
  readonly bytes: number;
}

interface Parked extends Queued {
  readonly after: Ticket;
}

/** Shared by all lanes that hold nothing, which most do; never written to. */
const nothing: Queued[] = [];
const nothingParked: Parked[] = [];

/** What is taken off the front is cut away in steps of this many, not one by one. */
const trimCount = 1_024;

export class LaneQueue {
  readonly lane: Lane;
  private readonly bytesMax: number;
  /** Bytes times this move the lane back in the order: the inverse of its weight. */
  private readonly cost: number;
  private queue = nothing;
  private head = 0;
  private parked = nothingParked;
  private parkedBytes = 0;
  /** Bytes that could be sent now. */
  bytes = 0;
  /** Virtual time: the lane with the lowest goes first. */
  pass = 0;
  /** Since when messages have been refused while the peer takes nothing; Infinity when not so. */
  fullSince = Number.POSITIVE_INFINITY;

  constructor(lane: Lane, weight: number, bytesMax: number) {
    this.lane = lane;
    this.cost = 1 / weight;
    this.bytesMax = bytesMax;
  }

  get isEmpty(): boolean {
    return this.head === this.queue.length;
  }

  get first(): Queued | undefined {
    return this.queue[this.head];
  }

  /** The one that `index` others are before. */
  at(index: number): Queued | undefined {
    return this.queue[this.head + index];
  }

  /** Waiting and parked bytes. */
  get heldBytes(): number {
    return this.bytes + this.parkedBytes;
  }

  fits(bytes: number): boolean {
    return this.heldBytes + bytes <= this.bytesMax;
  }

  /** False when the lane is full. `passNow`: the order's present, where an idle lane re-enters. */
  push(message: Queued, passNow: number, now: number): boolean {
    if (!this.fits(message.bytes)) {
      // What the disk holds up is not the peer's fault.
      if (!this.isEmpty) this.fullSince = Math.min(this.fullSince, now);
      return false;
    }
    this.enqueue(message, passNow);
    return true;
  }

  /** Like `push`, for a message that must not leave before `after` is durable. */
  park(message: Queued, after: Ticket): boolean {
    if (!this.fits(message.bytes)) return false;
    if (this.parked === nothingParked) this.parked = [];
    this.parked.push({ ...message, after });
    this.parkedBytes += message.bytes;
    return true;
  }

  onDurable(through: Ticket, passNow: number): void {
    if (this.parked.length === 0) return;
    const still: Parked[] = [];
    for (const message of this.parked) {
      if (message.after > through) {
        still.push(message);
        continue;
      }
      this.parkedBytes -= message.bytes;
      this.enqueue(message, passNow);
    }
    this.parked = still.length === 0 ? nothingParked : still;
  }

  /** Takes the first message; the caller says with `spend` what it cost. */
  shift(): Queued {
    const first = defined(this.queue[this.head], "the lane is not empty");
    this.head++;
    this.bytes -= first.bytes;
    if (this.isEmpty || this.head === trimCount) {
      this.queue = this.isEmpty ? nothing : this.queue.slice(this.head);
      this.head = 0;
    }
    return first;
  }

  /** Bytes leave: moves the lane back in the order. A peer that takes them is not stalled. */
  spend(bytes: number): void {
    this.fullSince = Number.POSITIVE_INFINITY;
    this.pass += bytes * this.cost;
  }

  clear(): void {
    this.queue = nothing;
    this.head = 0;
    this.bytes = 0;
    this.fullSince = Number.POSITIVE_INFINITY;
    this.clearParked();
  }

  clearParked(): void {
    this.parked = nothingParked;
    this.parkedBytes = 0;
  }

  private enqueue(message: Queued, passNow: number): void {
    if (this.isEmpty) this.pass = Math.max(this.pass, passNow);
    if (this.queue === nothing) this.queue = [];
    this.queue.push(message);
    this.bytes += message.bytes;
  }
}
