/**
 * When this connection may send what: its own budget of small frames, and its part of the line if
 * the operator limits that. What finality waits for does not wait for the line, but counts.
 * Invariant: an instant that was told stays the alarm until it came or the budget was asked again.
 * protocol-spec/03-frames §5, 08-limits §2.
 */
import type { FairShare } from "../base/fair-budget.ts";
import { TokenBucket } from "../base/token-bucket.ts";
import { wireLimits } from "../params/limits.ts";
import { frameFlags } from "../wire/frame.ts";
import { Deflation, SharedDeflation } from "./deflation.ts";
import type { Room } from "./outbox.ts";
import type { SharedLimits } from "./shared-limits.ts";

export class SendingBudget {
  private readonly smallFrames = new TokenBucket(
    wireLimits.smallFramesPerSecondSent,
    wireLimits.smallFramesBurstSent,
  );
  private readonly upload: FairShare | undefined;
  /** Undefined: the peer does not take what is deflated. */
  private readonly deflating: SharedDeflation | undefined;
  /** None until there is bulk to send: most peers never ask for any. */
  private deflation: Deflation | undefined;

  /** `deflates`: so both of us said. */
  constructor(shared: SharedLimits | undefined, deflates = false) {
    this.upload = shared?.upload?.open();
    if (deflates) this.deflating = shared?.deflation ?? new SharedDeflation(false);
  }

  /** What may leave now, to a peer that still takes `creditBytes` in bulk. */
  room(bodyBytes: number, creditBytes: number, now: number): Room {
    if (this.deflating?.isThin === true) this.deflation ??= new Deflation(this.deflating);
    return {
      bodyBytes: Math.min(bodyBytes, this.frameBytesMax),
      creditBytes,
      small: this.smallFrames.has(now),
      urgentOnly: this.upload !== undefined && this.upload.availableAt(now) > now,
      now,
      deflation: this.deflation?.isDue(now) === true ? this.deflation : undefined,
    };
  }

  /** On a limited line a frame is no larger than need be, or one peer's would be a long turn. */
  private get frameBytesMax(): number {
    return this.upload === undefined
      ? wireLimits.frameBodyBytesMax
      : wireLimits.smallFrameBodyBytes;
  }

  /** The next whole millisecond at which one of them has more than at `now`. */
  nextAt(now: number): number {
    const smallAt = this.smallFrames.availableAt;
    const lineAt = this.upload?.availableAt(now) ?? now;
    if (smallAt <= now) return Math.ceil(lineAt);
    return Math.ceil(lineAt <= now ? smallAt : Math.min(smallAt, lineAt));
  }

  /** A frame leaves. `isMoreBulk`: more bulk waits. */
  charge(flags: number, bodyBytes: number, isMoreBulk: boolean, now: number): void {
    if (bodyBytes < wireLimits.smallFrameBodyBytes) this.smallFrames.charge(now);
    this.upload?.charge(wireLimits.frameHeaderBytes + bodyBytes, now);
    if ((flags & frameFlags.bulk) === 0) return;
    this.deflation ??= this.deflating && new Deflation(this.deflating);
    this.deflation?.onSent(bodyBytes, isMoreBulk, now);
  }

  close(): void {
    this.upload?.close();
    this.deflation?.close();
  }
}
