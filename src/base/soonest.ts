/**
 * The earliest deadline of many things that each know their own. Kept, for to ask all of them after
 * every input costs more than most inputs. Whoever changes one says so (`onMoved`); all are asked
 * again only when the one that was first has moved back, or what they share has changed.
 * NOT a timer, and no queue of who is due.
 * Invariant: `at` is what asking all of them would give.
 */
const never = Number.POSITIVE_INFINITY;

export class Soonest<T> {
  private readonly all: () => Iterable<T>;
  /** Infinity for never, and for one that is not among `all` any more. */
  private readonly deadlineOf: (one: T) => number;
  private readonly moved = new Set<T>();
  private first: T | undefined;
  private firstAt = never;
  private isUnknown = false;

  constructor(all: () => Iterable<T>, deadlineOf: (one: T) => number) {
    this.all = all;
    this.deadlineOf = deadlineOf;
  }

  /** The deadline of `one` may be another: it came, was used, or has gone. */
  onMoved(one: T): void {
    this.moved.add(one);
  }

  onAllMoved(): void {
    this.isUnknown = true;
  }

  get at(): number {
    for (const one of this.moved) this.look(one);
    this.moved.clear();
    if (this.isUnknown) this.askAll();
    return this.firstAt;
  }

  private look(one: T): void {
    const at = this.deadlineOf(one);
    if (at < this.firstAt) {
      this.first = one;
      this.firstAt = at;
    } else if (at > this.firstAt && one === this.first) this.isUnknown = true;
  }

  private askAll(): void {
    this.isUnknown = false;
    this.first = undefined;
    this.firstAt = never;
    for (const one of this.all()) this.look(one);
  }
}
