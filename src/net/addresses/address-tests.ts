/**
 * Newcomers that proved themselves and whose place in the tried table is taken: who stands there is
 * felt first. Bounded, so that nobody can wear the table out; it dials nothing and moves nobody.
 *
 * Invariant: a test is asked for once, and whoever answered lately is not tested at all.
 * protocol-spec/09-connections §3
 */
import { BoundedMap } from "../../base/bounded.ts";
import type { Clock } from "../../edge/env.ts";
import { connectionLimits } from "../../params/limits.ts";
import type { BookEntry } from "./address-entry.ts";

interface AddressTest {
  readonly standing: string;
  readonly sinceMs: number;
  isAsked: boolean;
}

export class AddressTests {
  private readonly clock: Clock;
  /** By the newcomer. */
  private readonly tests = new BoundedMap<string, AddressTest>(connectionLimits.addressTestsMax);

  constructor(clock: Clock) {
    this.clock = clock;
  }

  note(newcomer: string, standing: BookEntry): void {
    const sinceMs = this.clock.monotonicMs;
    for (const [each, test] of [...this.tests.entries()]) {
      if (sinceMs - test.sinceMs > connectionLimits.addressTestMs) this.tests.delete(each);
    }
    if (this.isFresh(standing)) return;
    if (this.tests.has(newcomer) || this.tests.size >= this.tests.max) return;
    this.tests.set(newcomer, { standing: standing.endpoint.address, sinceMs, isAsked: false });
  }

  /** Who is to be felt now. */
  take(entryOf: (address: string) => BookEntry | undefined): BookEntry | undefined {
    const { monotonicMs } = this.clock;
    for (const [newcomer, test] of [...this.tests.entries()]) {
      const standing = entryOf(test.standing);
      const isGone = standing?.triedPlace === undefined || entryOf(newcomer) === undefined;
      const isLate = monotonicMs - test.sinceMs > connectionLimits.addressTestMs;
      if (isGone || isLate || this.isFresh(standing)) this.tests.delete(newcomer);
      else if (!test.isAsked && standing.retryAt <= monotonicMs) {
        test.isAsked = true;
        return standing;
      }
    }
    return undefined;
  }

  /** Whoever answered lately lives: nobody has its place by being dialled more often. */
  private isFresh({ answeredMs }: BookEntry): boolean {
    return this.clock.wallMs - answeredMs < connectionLimits.triedSafeMs;
  }

  /** The newcomers that waited for the test of `standing`. */
  end(standing: string): readonly string[] {
    const waiting: string[] = [];
    for (const [newcomer, test] of [...this.tests.entries()]) {
      if (test.standing !== standing) continue;
      this.tests.delete(newcomer);
      waiting.push(newcomer);
    }
    return waiting;
  }
}
