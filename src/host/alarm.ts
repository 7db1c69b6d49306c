/**
 * The one timer of a host. Rings once, perhaps too early (a far deadline, a coarse clock): whoever
 * hears it looks at the deadline again. Invariant: never armed after `stop`.
 */
const delayMsMax = 0x7fffffff;

export class Alarm {
  private readonly onRing: () => void;
  private timer: NodeJS.Timeout | undefined;
  /** Instead of the timer, which would take a millisecond: the deadline has passed. */
  private turn: NodeJS.Immediate | undefined;
  private ringsAt = Number.POSITIVE_INFINITY;
  private isStopped = false;

  constructor(onRing: () => void) {
    this.onRing = onRing;
  }

  get isArmed(): boolean {
    return this.timer !== undefined || this.turn !== undefined;
  }

  /** Rings no later than `deadline` (monotonic ms). Moving it back is left to the next ring. */
  arm(deadline: number): void {
    if (this.isStopped || deadline >= this.ringsAt) return;
    this.disarm();
    this.ringsAt = deadline;
    const delayMs = Math.ceil(deadline - performance.now());
    if (delayMs <= 0) this.turn = setImmediate(() => this.ring());
    else this.timer = setTimeout(() => this.ring(), Math.min(delayMs, delayMsMax));
  }

  stop(): void {
    this.isStopped = true;
    this.disarm();
  }

  private ring(): void {
    this.disarm();
    this.onRing();
  }

  private disarm(): void {
    clearTimeout(this.timer);
    clearImmediate(this.turn);
    this.timer = undefined;
    this.turn = undefined;
    this.ringsAt = Number.POSITIVE_INFINITY;
  }
}
