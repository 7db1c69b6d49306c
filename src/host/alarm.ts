/**
 * The one timer of a host. Rings once, perhaps too early (a far deadline, a coarse clock): whoever
 * hears it looks at the deadline again. Invariant: never armed after `stop`.
 */
const delayMsMax = 0x7fffffff;

export class Alarm {
  private readonly onRing: () => void;
  private timer: NodeJS.Timeout | undefined;
  private ringsAt = Number.POSITIVE_INFINITY;
  private isStopped = false;

  constructor(onRing: () => void) {
    this.onRing = onRing;
  }

  get isArmed(): boolean {
    return this.timer !== undefined;
  }

  /** Rings no later than `deadline` (monotonic ms). Moving it back is left to the next ring. */
  arm(deadline: number): void {
    if (this.isStopped || deadline >= this.ringsAt) return;
    clearTimeout(this.timer);
    this.ringsAt = deadline;
    const delayMs = Math.max(0, Math.ceil(deadline - performance.now()));
    this.timer = setTimeout(() => this.ring(), Math.min(delayMs, delayMsMax));
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
    this.timer = undefined;
    this.ringsAt = Number.POSITIVE_INFINITY;
  }
}
