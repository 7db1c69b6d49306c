/**
 * Two known nodes exchanging messages: frames, lanes, credit, budgets and keepalive as one thing.
 * Answers ping, pong, credit and disconnect itself. Faults are thrown as WireError, and then
 * nothing more is read; only `finish` and `take` follow. protocol-spec/03-frames.
 *
 *   bytes -> SecureChannel -> Inbox -> events           take <- SecureChannel <- Outbox <- send
 */
import { copyBytes } from "../base/bytes.ts";
import type { Ticket } from "../edge/conn.ts";
import type { Env } from "../edge/env.ts";
import { wireLimits } from "../params/limits.ts";
import { encodePayload, type PayloadWriter } from "../wire/codec.ts";
import { WireError } from "../wire/errors.ts";
import { type FrameHeader, frameFlags } from "../wire/frame.ts";
import type { DisconnectCode, Lane, Message, MessageOf } from "../wire/messages.ts";
import { type RecordedFrame, recordFrame } from "../wire/recorded-frame.ts";
import { SendingCredit } from "./credit.ts";
import { Inbox } from "./inbox.ts";
import { Intake } from "./intake.ts";
import { Keepalive, type Pong } from "./keepalive.ts";
import { Outbox, type Room } from "./outbox.ts";
import type { OpenedFrame, SecureChannel } from "./secure-channel.ts";
import { SendingBudget } from "./sending-budget.ts";
import type { SessionEvent } from "./session-event.ts";
import type { SharedLimits } from "./shared-limits.ts";

export interface LinkOptions {
  /** What our HELLO granted. */
  readonly creditGrantedBytes: number;
  /** What the peer's HELLO granted. */
  readonly creditReceivedBytes: number;
  /** Both take DEFLATED frames. */
  readonly deflates?: boolean;
  readonly writer: PayloadWriter | undefined;
  readonly isInitiator: boolean;
  /** How long the peer took to answer in the handshake, and its clock then. */
  readonly met: Pong;
  /** What it shares with other connections; alone when absent. */
  readonly shared?: SharedLimits | undefined;
}

const never = Number.POSITIVE_INFINITY;
const nothingOwed: readonly MessageOf<"ping" | "credit">[] = [];
/** A frame of any size: only what waits limits it. */
const anyBodyBytes = wireLimits.frameBodyBytesMax;

export class MessageLink {
  private readonly env: Env;
  private readonly channel: SecureChannel;
  private readonly inbox: Inbox;
  private readonly outbox: Outbox;
  private readonly credit: SendingCredit;
  private readonly keepalive: Keepalive;
  private readonly isInitiator: boolean;
  private readonly budget: SendingBudget;
  private readonly intake: Intake;
  /** Since when a frame is incomplete; Infinity between frames. */
  private frameBegunAt = never;
  /** The responder's first frame, alone in it: small, and it confirms us. */
  private greeting: Message | undefined;
  private farewell: Message | undefined;
  /** A ping or credit that found its lane full: it is counted as sent, so it must be. */
  private owed: readonly MessageOf<"ping" | "credit">[] = nothingOwed;
  /**
   * Something waits for the budget until then, and nobody who writes knows of it. Kept, not derived
   * from the clock: as that moves on, the alarm would be forgotten.
   */
  private heldUntil = never;
  /** The last frame; false: none is kept. */
  private recorded: OpenedFrame | false | undefined = false;

  constructor(env: Env, channel: SecureChannel, options: LinkOptions) {
    this.env = env;
    this.channel = channel;
    this.inbox = new Inbox(options.creditGrantedBytes, options.deflates);
    this.outbox = new Outbox(options.writer, options.shared?.room);
    this.budget = new SendingBudget(options.shared, options.deflates);
    this.intake = new Intake(options.shared);
    this.credit = new SendingCredit(options.creditReceivedBytes);
    this.isInitiator = options.isInitiator;
    this.keepalive = new Keepalive(env, options.met);
    // Nothing new, and no answer is due: it only shows that message 3 was good.
    if (options.isInitiator) return;
    this.greeting = { type: "credit", totalBytes: options.creditGrantedBytes };
  }

  get pong(): Pong | undefined {
    return this.keepalive.pong;
  }

  get deadline(): number {
    const { keepalive, intake, heldUntil } = this;
    const readBy = this.frameBegunAt + wireLimits.frameReadMs;
    const stalledAt = this.outbox.stalledAt(heldUntil !== never);
    return Math.min(keepalive.deadline, stalledAt, readBy, intake.resumeAt, heldUntil);
  }

  /** True when `take` would give something now. */
  get hasOutput(): boolean {
    if (this.greeting !== undefined || this.farewell !== undefined) return true;
    return !this.outbox.isIdle && this.outbox.isReady(this.room(anyBodyBytes));
  }

  /** `hasOutput`, and who asks will `take` until there is nothing; otherwise the deadline does. */
  offer(): boolean {
    const { hasOutput, outbox } = this;
    this.endHold();
    if (hasOutput || outbox.isIdle) return hasOutput;
    const later = { ...this.room(anyBodyBytes), small: true, urgentOnly: false };
    if (outbox.isReady(later)) this.heldUntil = this.budget.nextAt(this.env.clock.monotonicMs);
    return false;
  }

  get lastFrame(): RecordedFrame | undefined {
    const frame = this.recorded;
    if (!frame) return undefined;
    return recordFrame(this.channel.fieldsOf(frame), frame.payload, frame.signature);
  }

  record(on: boolean): void {
    this.recorded = on && undefined;
  }

  hasForRead(lane: Lane, bytes: number, onTheWay: number): boolean {
    return this.outbox.hasForRead(lane, bytes, onTheWay);
  }

  send(message: Message, after: Ticket | undefined): boolean {
    return this.outbox.push(message, after, this.env.clock.monotonicMs);
  }

  onDurable(through: Ticket): void {
    this.outbox.onDurable(through);
  }

  /** Takes bytes (borrowed) from `from`. An "ended" event is the last one. Throws WireError. */
  receive(bytes: Uint8Array, from: number, events: SessionEvent[]): void {
    const now = this.env.clock.monotonicMs;
    this.keepalive.onBytes();
    this.intake.onBytes(bytes.length - from, now);
    let at = from;
    while (at < bytes.length) {
      const { at: next, step } = this.channel.read(bytes, at);
      at = next;
      if (step.type === "header") this.onHeader(step.header, now);
      if (step.type === "frame") {
        this.frameBegunAt = never;
        if (this.onFrame(step.frame, now, events)) break;
      }
    }
    if (at < bytes.length) throw new WireError("data-after-last", "bytes after the LAST frame");
    if (this.channel.isReading) this.frameBegunAt = Math.min(this.frameBegunAt, now);
    if (!this.intake.mayRead(now)) events.push({ type: "reading", on: false });
  }

  /** One sealed frame of about `bytesMax` bytes, or undefined when nothing may leave now. */
  take(bytesMax: number): Uint8Array | undefined {
    if (this.greeting !== undefined) {
      const greeting = encodePayload([this.greeting]);
      this.greeting = undefined;
      return this.seal(0, greeting);
    }
    const composed = this.outbox.compose(this.room(bytesMax));
    if (composed !== undefined) {
      const frame = this.seal(composed.flags, composed.payload);
      this.sendOwed();
      return frame;
    }
    if (this.farewell === undefined) {
      this.offer();
      return undefined;
    }
    const last = this.seal(frameFlags.last, encodePayload([this.farewell]));
    this.farewell = undefined;
    this.outbox.clear();
    this.channel.wipe();
    return last;
  }

  /** Queues the LAST frame. `orderly`: what is already queued, bulk aside, still goes before it. */
  finish(code: DisconnectCode, text: string, orderly: boolean): void {
    if (orderly) this.outbox.dropOptional(this.env.clock.monotonicMs);
    else this.outbox.clear();
    this.owed = nothingOwed;
    this.farewell = { type: "disconnect", code, text };
  }

  /** Throws WireError when the peer's time is up. */
  tick(): readonly SessionEvent[] {
    const now = this.env.clock.monotonicMs;
    if (now >= this.frameBegunAt + wireLimits.frameReadMs) {
      throw new WireError("timeout-frame", `a frame took over ${wireLimits.frameReadMs} ms`);
    }
    if (now >= this.outbox.stalledAt(this.heldUntil !== never)) {
      throw new WireError("stalled-reader", "it takes nothing of what waits for it");
    }
    const ping = this.nextPing();
    if (ping !== undefined) this.owe(ping);
    // Who ticks looks for output after it.
    if (now >= this.heldUntil) this.endHold();
    return this.intake.tick(now) ? [{ type: "reading", on: true }] : [];
  }

  /** Erases the session keys, and gives back what it shares. */
  wipe(): void {
    this.channel.wipe();
    this.outbox.clear();
    this.budget.close();
    this.intake.close();
  }

  private endHold(): void {
    if (this.heldUntil === never) return;
    this.heldUntil = never;
    this.outbox.excuse(this.env.clock.monotonicMs);
  }

  private room(bodyBytes: number): Room {
    const now = this.env.clock.monotonicMs;
    // A closing link waits for no credit and no budget: the connection ends either way.
    return this.farewell === undefined
      ? this.budget.room(bodyBytes, this.credit.leftBytes, now)
      : { bodyBytes, creditBytes: 0, small: true, urgentOnly: false, now };
  }

  private seal(flags: number, payload: Uint8Array): Uint8Array {
    const frame = this.channel.seal(flags, payload);
    const bodyBytes = frame.length - wireLimits.frameHeaderBytes;
    this.budget.charge(flags, bodyBytes, this.outbox.hasBulk, this.env.clock.monotonicMs);
    if ((flags & frameFlags.bulk) !== 0) this.credit.spend(bodyBytes);
    return frame;
  }

  private onHeader(header: FrameHeader, now: number): void {
    const isFirst = this.isInitiator && this.channel.openedCount === 0;
    if (isFirst && header.bodyBytes > wireLimits.frameBodyBeforeReadyBytesMax) {
      throw new WireError("frame-too-large", `a first frame of ${header.bodyBytes} bytes`);
    }
    this.inbox.onHeader(header);
    this.intake.onHeader(header, now);
  }

  /** True when it was the LAST frame. */
  private onFrame(frame: OpenedFrame, now: number, events: SessionEvent[]): boolean {
    if (this.recorded !== false) this.recorded = frame;
    const messages: Message[] = [];
    let ended = false;
    const payload = this.inbox.onFrame(frame, (bytes) => this.intake.onInflate(bytes, now));
    if (payload !== undefined) this.intake.onPayload(payload, now);
    for (const message of payload === undefined ? [] : this.inbox.decode(frame, payload)) {
      switch (message.type) {
        case "ping":
          this.answerPing(message.nonce);
          break;
        case "pong":
          this.keepalive.onPong(message.nonce, message.sentAtMs);
          break;
        case "credit":
          this.credit.onCredit(message.totalBytes);
          break;
        case "disconnect":
          events.push({ type: "ended", code: message.code, text: message.text });
          ended = true;
          break;
        default:
          messages.push(message);
      }
    }
    if (messages.length > 0) events.push({ type: "messages", messages });
    const totalBytes = this.inbox.onConsumed(frame, now, this.keepalive.pingMinMs);
    if (totalBytes !== undefined) this.owe({ type: "credit", totalBytes });
    return ended;
  }

  /** Only the latest of its type matters: a credit total replaces an older one. */
  private owe(message: MessageOf<"ping" | "credit">): void {
    this.owed = [...this.owed.filter(({ type }) => type !== message.type), message];
    this.sendOwed();
  }

  /** A full lane empties by `take`, which tries again. */
  private sendOwed(): void {
    if (this.owed.length === 0) return;
    const still = this.owed.filter((message) => !this.send(message, undefined));
    this.owed = still.length === 0 ? nothingOwed : still;
  }

  /** The ping that is due. Throws WireError when the last one was not answered. */
  private nextPing(): MessageOf<"ping"> | undefined {
    const action = this.keepalive.tick();
    if (action === undefined) return undefined;
    if (action.type === "dead") throw new WireError(action.code, "the peer is silent");
    return { type: "ping", nonce: action.nonce, sentAtMs: this.env.clock.wallMs };
  }

  private answerPing(ofPeer: Uint8Array): void {
    const nonce = copyBytes(ofPeer);
    this.send({ type: "pong", nonce, sentAtMs: this.env.clock.wallMs }, undefined);
  }
}
