/**
 * What one peer may send, and when it is read again: buckets for small frames, for bytes, and for
 * each kind of message, and its part of what all peers share. It delays: the caller stops reading.
 * Only a peer that is far behind in one kind is refused, before anything of it is decoded.
 * Invariant: a kind costs no more than its rate, its burst and `rateDebtMs`, however it is sent.
 * protocol-spec/03-frames §8, 08-limits §2.
 */
import type { FairShare } from "../base/fair-budget.ts";
import { TokenBucket } from "../base/token-bucket.ts";
import { wireLimits } from "../params/limits.ts";
import { type KindRate, kindRates, type Rate, type RatedKind } from "../params/rates.ts";
import { WireError } from "../wire/errors.ts";
import { namesOf } from "../wire/field.ts";
import { type FrameHeader, frameFlags } from "../wire/frame.ts";
import { messageNumbers } from "../wire/messages.ts";
import { scanPayload } from "../wire/scan.ts";
import type { SharedLimits } from "./shared-limits.ts";

const never = Number.POSITIVE_INFINITY;
/** To verify a frame's signature, and to decrypt and hash 1 KiB. */
const frameWorkUs = 45;
const workUsPerKib = 4;
/** To inflate: once, and for 1 KiB of what comes out. */
const inflateWorkUs = 20;
const inflateWorkUsPerKib = 4;

/** By type number. */
const kinds: readonly (RatedKind | undefined)[] = namesOf(messageNumbers);

export class Intake {
  private readonly smallFrames = new TokenBucket(
    wireLimits.smallFramesPerSecondReceived,
    wireLimits.smallFramesBurstReceived,
  );
  private readonly work: FairShare | undefined;
  private readonly download: FairShare | undefined;
  /** By type number: when the bucket of messages, and that of bytes, would be full again. */
  private countFullAt: number[] | undefined;
  private bytesFullAt: number[] | undefined;
  private plainFullAt = 0;
  /** The latest instant at which one of the buckets has a token. */
  private kindsAt = 0;
  /** When it is read again; Infinity while it is read. */
  resumeAt = never;

  constructor(shared: SharedLimits | undefined) {
    this.work = shared?.work.open();
    this.download = shared?.download?.open();
  }

  /** Bytes came from the socket, whatever they are. */
  onBytes(count: number, now: number): void {
    this.download?.charge(count, now);
  }

  /** Before a byte of the body is decrypted. Throws WireError. */
  onHeader({ flags, bodyBytes }: FrameHeader, now: number): void {
    if (bodyBytes < wireLimits.smallFrameBodyBytes) this.smallFrames.charge(now);
    if (this.work === undefined) return;
    this.work.charge(frameWorkUs + (bodyBytes * workUsPerKib) / 1_024, now);
    if ((flags & frameFlags.bulk) !== 0) return; // Credit binds it.
    this.plainFullAt = Math.max(this.plainFullAt, now) + bodyBytes * plainRate.intervalMs;
    this.owe(this.plainFullAt, plainRate, now, "bytes");
  }

  /** Before so much is inflated. How much that may be for what came is the protocol's affair. */
  onInflate(bytes: number, now: number): void {
    this.work?.charge(inflateWorkUs + (bytes * inflateWorkUsPerKib) / 1_024, now);
  }

  /** Before a whole payload is decoded. Throws WireError. */
  onPayload(payload: Uint8Array, now: number): void {
    if (this.work === undefined) return;
    let workUs = 0;
    scanPayload(payload, (typeNumber, bytes) => {
      const kind = kinds[typeNumber];
      if (kind === undefined) return; // The codec refuses it.
      const rate = kindRates[kind];
      this.onMessage(typeNumber, kind, rate, bytes, now);
      workUs += rate.workUs + (bytes * rate.workUsPerKib) / 1_024;
    });
    this.work.charge(workUs, now);
  }

  /** False: stop reading it now, until `tick` says otherwise. */
  mayRead(now: number): boolean {
    if (this.resumeAt !== never) return true; // It was told before.
    const at = Math.min(this.availableAt(now), now + wireLimits.pauseMsMax);
    if (at <= now) return true;
    this.resumeAt = Math.ceil(at);
    return false;
  }

  /** True when it is to be read again. */
  tick(now: number): boolean {
    if (now < this.resumeAt) return false;
    this.resumeAt = never;
    return true;
  }

  close(): void {
    this.work?.close();
    this.download?.close();
  }

  private availableAt(now: number): number {
    return Math.max(
      this.smallFrames.availableAt,
      this.kindsAt,
      this.work?.availableAt(now) ?? now,
      this.download?.availableAt(now) ?? now,
    );
  }

  private onMessage(
    typeNumber: number,
    kind: RatedKind,
    { count, bytes }: KindRate,
    size: number,
    now: number,
  ): void {
    this.countFullAt ??= kinds.map(() => 0);
    const countAt = Math.max(this.countFullAt[typeNumber] ?? 0, now) + count.intervalMs;
    this.countFullAt[typeNumber] = countAt;
    this.owe(countAt, count, now, kind);
    if (bytes === undefined) return;
    this.bytesFullAt ??= kinds.map(() => 0);
    const bytesAt = Math.max(this.bytesFullAt[typeNumber] ?? 0, now) + size * bytes.intervalMs;
    this.bytesFullAt[typeNumber] = bytesAt;
    this.owe(bytesAt, bytes, now, kind);
  }

  private owe(fullAt: number, { burstMs }: Rate, now: number, what: string): void {
    const at = fullAt - burstMs;
    if (at - now > wireLimits.rateDebtMs) {
      throw new WireError("flooding", `${what}: ${Math.ceil(at - now)} ms ahead of its rate`);
    }
    this.kindsAt = Math.max(this.kindsAt, at);
  }
}

const plainRate: Rate = {
  intervalMs: 1_000 / wireLimits.plainBytesPerSecond,
  burstMs: (1_000 * wireLimits.plainBytesBurst) / wireLimits.plainBytesPerSecond,
};
