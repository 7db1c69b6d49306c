/**
 * What waits for one peer, in lanes, and which of it makes up the next frame. Encodes, but neither
 * seals nor sends; composes only when asked, so that late arrivals ride along.
 * Invariant: a message parked on a ticket is never composed before `onDurable` covers it.
 * protocol-spec/03-frames §5.
 *
 *   frames:  vote lane alone | block, control and transaction together | BULK alone
 *
 * Lanes share by weight (start-time fair queueing): the lane that had the least for its weight goes
 * next, so none starves. A message too large for a frame, and bulk that exceeds the room, is cut
 * into a MORE chain of BULK frames; other frames may come between its pieces. Bulk is deflated (§9)
 * when it may leave, and goes in pieces likewise.
 */
import { defined } from "../base/assert.ts";
import type { Ticket } from "../edge/conn.ts";
import { wireLimits } from "../params/limits.ts";
import { encodedBytes, PayloadWriter } from "../wire/codec.ts";
import { bodyBytesOf, frameFlags, payloadBytesOf } from "../wire/frame.ts";
import { type Lane, type Message, messageRules } from "../wire/messages.ts";
import type { Deflation } from "./deflation.ts";
import { LaneQueue } from "./lane-queue.ts";
import { PayloadChain } from "./payload-chain.ts";
import type { RoomShare, SharedRoom } from "./shared-room.ts";

/** A payload and the flags of the frame it is to travel in. */
export interface Composed {
  readonly flags: number;
  /** Perhaps a view of the writer: seal it before the next is composed. */
  readonly payload: Uint8Array;
}

/** What may leave now. */
export interface Room {
  /** Aim for frame bodies of about this size. */
  readonly bodyBytes: number;
  /** What the peer still takes in BULK frame bodies. */
  readonly creditBytes: number;
  /** False: only what fills a frame that is not small. */
  readonly small: boolean;
  /** True: only votes and what travels with them. */
  readonly urgentOnly: boolean;
  /** Monotonic, ms. */
  readonly now: number;
  /** Bulk is to be deflated, if that pays. */
  readonly deflation?: Deflation | undefined;
}

/** The rest of a payload that did not fit into one frame. */
interface Chain {
  readonly lane: LaneQueue;
  readonly payload: PayloadChain;
}

/** No piece with MORE is smaller, but for the few bytes that its last one needs. */
const smallBytes = wireLimits.smallFrameBodyBytes;
/** What the smallest legal frame carries; the last piece of a chain has at least as much. */
const pieceBytesMin = payloadBytesOf(wireLimits.frameBodyBytesMin);
const never = Number.POSITIVE_INFINITY;
/** A message of more bytes cannot travel in one frame. */
const wholeBytesMax = wireLimits.framePayloadBytesMax - 1;

export class Outbox {
  private readonly vote = new LaneQueue("vote", 16, wireLimits.outboxVoteBytesMax);
  private readonly block = new LaneQueue("block", 8, wireLimits.outboxBlockBytesMax);
  private readonly control = new LaneQueue("control", 4, wireLimits.outboxControlBytesMax);
  private readonly transaction = new LaneQueue(
    "transaction",
    2,
    wireLimits.outboxTransactionBytesMax,
  );
  private readonly bulk = new LaneQueue("bulk", 1, wireLimits.outboxBulkBytesMax);
  /** In order of priority, which decides when weights do not. */
  private readonly lanes = [this.vote, this.block, this.control, this.transaction, this.bulk];
  private readonly mixed = [this.block, this.control, this.transaction];
  private readonly sharedWriter: PayloadWriter | undefined;
  private chain: Chain | undefined;
  private passNow = 0;
  private durableThrough = Number.NEGATIVE_INFINITY;
  private readonly share: RoomShare | undefined;

  /** `writer` may serve many outboxes: what it holds is sealed before the next use. */
  constructor(writer?: PayloadWriter, room?: SharedRoom) {
    this.sharedWriter = writer;
    this.share = room?.open();
  }

  /** False when the lane is full. The bytes in `message` must not change until it has left. */
  push(message: Message, after: Ticket | undefined, now: number): boolean {
    const queue = this.queueOf(messageRules[message.type].lane);
    const queued = { message, bytes: encodedBytes(message) };
    const isLarge = queue === this.bulk || queue === this.block;
    if (isLarge && this.share?.has(queued.bytes) === false) return false;
    const isTaken =
      after === undefined || after <= this.durableThrough
        ? queue.push(queued, this.passNow, now)
        : queue.park(queued, after);
    if (isLarge) this.settle(now);
    return isTaken;
  }

  onDurable(through: Ticket): void {
    this.durableThrough = Math.max(this.durableThrough, through);
    for (const queue of this.lanes) queue.onDurable(through, this.passNow);
  }

  /** May so much be read from disk for it? `onTheWay`: is being read, for whomever. */
  hasForRead(lane: Lane, bytes: number, onTheWay: number): boolean {
    return this.queueOf(lane).fits(bytes) && (this.share?.hasForRead(bytes, onTheWay) ?? true);
  }

  /** Bytes waiting or parked in a lane. */
  heldBytes(lane: Lane): number {
    const chain = this.chain?.lane.lane === lane ? this.chain : undefined;
    return this.queueOf(lane).heldBytes + (chain?.payload.leftBytes ?? 0);
  }

  /**
   * When a peer that takes nothing is to be given up: of what matters, or of anything while others
   * need the room. `isHeldBack`: it is us who let it wait.
   */
  stalledAt(isHeldBack: boolean): number {
    const { vote, block, control } = this;
    const since = Math.min(vote.fullSince, block.fullSince, control.fullSince);
    const shareUntil = isHeldBack ? never : (this.share?.stalledAt ?? never);
    return Math.min(since + wireLimits.outboxStalledMs, shareUntil);
  }

  /** That nothing left until now was not the peer's doing. */
  excuse(now: number): void {
    this.share?.excuse(now);
  }

  /** True when nothing waits that could leave, whatever the room. Asked after every step. */
  get isIdle(): boolean {
    const { vote, block, control, transaction, bulk } = this;
    if (this.chain !== undefined || !vote.isEmpty || !block.isEmpty) return false;
    return control.isEmpty && transaction.isEmpty && bulk.isEmpty;
  }

  /** BULK frames will follow when they may. */
  get hasBulk(): boolean {
    return this.chain !== undefined || !this.bulk.isEmpty;
  }

  /** True when `compose` would give something. */
  isReady(room: Room): boolean {
    return this.next(room) !== undefined;
  }

  /** The next frame's worth, or undefined when nothing may leave. */
  compose(room: Room): Composed | undefined {
    const queue = this.next(room);
    if (queue === undefined) return undefined;
    const composed = this.composeOf(queue, room);
    this.settle(room.now);
    return composed;
  }

  private composeOf(queue: LaneQueue, room: Room): Composed {
    this.passNow = queue.pass;
    const bodyBytes = Math.min(Math.max(room.bodyBytes, smallBytes), wireLimits.frameBodyBytesMax);
    if (this.travelsAsBulk(queue)) {
      const payloadBytesMax = payloadBytesOf(Math.min(bodyBytes, room.creditBytes));
      return this.composeBulk(queue, payloadBytesMax, room);
    }
    return this.gather(queue === this.vote ? [queue] : this.mixed, payloadBytesOf(bodyBytes));
  }

  /** Before a goodbye: what was promised to the peer goes first, what it asked for does not. */
  dropOptional(now: number): void {
    this.bulk.clear();
    this.chain = undefined;
    for (const queue of this.lanes) queue.clearParked();
    this.settle(now);
  }

  clear(): void {
    for (const queue of this.lanes) queue.clear();
    this.chain = undefined;
    this.share?.settle(0, never);
  }

  /** Tells the shared room what is held now of the lanes that large things wait in. */
  private settle(now: number): void {
    this.share?.settle(this.heldBytes("block") + this.heldBytes("bulk"), now);
  }

  private queueOf(lane: Lane): LaneQueue {
    return this[lane];
  }

  /** Of the lanes that may send, the one with the lowest virtual time. */
  private next(room: Room): LaneQueue | undefined {
    let best: LaneQueue | undefined;
    for (const queue of this.lanes) {
      if (best !== undefined && best.pass <= queue.pass) continue;
      if (this.maySend(queue, room)) best = queue;
    }
    return best;
  }

  private maySend(queue: LaneQueue, room: Room): boolean {
    if (room.urgentOnly && queue !== this.vote) return false;
    if (this.chain?.lane !== queue && queue.isEmpty) return false;
    if (this.travelsAsBulk(queue)) return this.mayBulk(queue, room);
    if (room.small) return true;
    if (queue === this.vote) return queue.bytes >= smallBytes;
    let bytes = 0;
    for (const each of this.mixed) if (!this.travelsAsBulk(each)) bytes += each.bytes;
    return bytes >= smallBytes;
  }

  private travelsAsBulk(queue: LaneQueue): boolean {
    return queue === this.bulk || this.chain?.lane === queue || isOversized(queue);
  }

  private mayBulk(queue: LaneQueue, room: Room): boolean {
    if (this.chain !== undefined && this.chain.lane !== queue) return false;
    const bytes = this.chain?.payload.leftBytes ?? queue.bytes + 1;
    const needed = Math.min(bodyBytesOf(Math.min(bytes, smallBytes)), smallBytes);
    return room.creditBytes >= needed && (room.small || needed === smallBytes);
  }

  private composeBulk(queue: LaneQueue, payloadBytesMax: number, room: Room): Composed {
    const first = queue.first;
    if (this.chain === undefined && first !== undefined) {
      const deflated = this.deflated(queue, room);
      if (deflated === undefined && queue === this.bulk && first.bytes + 1 <= payloadBytesMax) {
        return this.gatherBulk(payloadBytesMax);
      }
      const writer = this.sharedWriter ?? new PayloadWriter();
      const payload = deflated ?? PayloadChain.of(queue.shift().message, writer);
      this.chain = { lane: queue, payload };
    }
    const { payload: whole } = defined(this.chain, "an empty lane sends the rest of its chain");
    let bytes = Math.min(payloadBytesMax, whole.leftBytes);
    const rest = whole.leftBytes - bytes;
    if (rest > 0 && rest < pieceBytesMin) bytes -= pieceBytesMin;
    const payload = whole.take(bytes);
    queue.spend(bytes);
    if (whole.leftBytes > 0) return { flags: whole.flags | frameFlags.more, payload };
    this.chain = undefined;
    return { flags: whole.flags, payload };
  }

  /** What is first in the lane, deflated and taken off it; undefined when it is to stay plain. */
  private deflated(queue: LaneQueue, room: Room): PayloadChain | undefined {
    // A frame that shrinks may be a small one. What is deflated is held for one peer alone.
    if (room.deflation === undefined || !room.small || this.share?.isShort) return undefined;
    const first = defined(queue.first, "the lane is not empty");
    const writer = this.begin(Math.max(wireLimits.deflatePayloadBytes, 1 + first.bytes));
    const countMax = queue === this.bulk ? wireLimits.payloadMessagesMax : 1;
    for (let next = queue.at(0); next !== undefined; next = queue.at(writer.count)) {
      if (writer.count === countMax || !writer.add(next.message)) break;
    }
    if (writer.size < wireLimits.deflatePayloadBytesMin) return undefined;
    const payload = room.deflation.deflate(writer.finish(), room.now);
    if (payload === undefined) return undefined;
    for (let count = writer.count; count > 0; count--) queue.shift();
    return PayloadChain.deflated(payload);
  }

  /** Whole bulk messages, as many as fit: credit leaves no room for one more. */
  private gatherBulk(payloadBytesMax: number): Composed {
    const writer = this.begin(payloadBytesMax);
    while (this.bulk.first !== undefined && writer.add(this.bulk.first.message)) {
      this.bulk.spend(this.bulk.shift().bytes);
    }
    return { flags: frameFlags.bulk, payload: writer.finish() };
  }

  /** Messages of these lanes by weight until the target is reached; the last may exceed it. */
  private gather(queues: readonly LaneQueue[], targetBytes: number): Composed {
    const writer = this.begin(wireLimits.framePayloadBytesMax);
    let bytes = 0;
    while (bytes < targetBytes) {
      let best: LaneQueue | undefined;
      for (const queue of queues) {
        if (queue.isEmpty || this.travelsAsBulk(queue)) continue;
        if (best === undefined || queue.pass < best.pass) best = queue;
      }
      if (best?.first === undefined || !writer.add(best.first.message)) break;
      bytes += best.first.bytes;
      best.spend(best.shift().bytes);
    }
    return { flags: 0, payload: writer.finish() };
  }

  private begin(bytesMax: number): PayloadWriter {
    const writer = this.sharedWriter ?? new PayloadWriter();
    writer.begin(bytesMax);
    return writer;
  }
}

function isOversized(queue: LaneQueue): boolean {
  return queue.first !== undefined && queue.first.bytes > wholeBytesMax;
}
