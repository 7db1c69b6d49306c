/** A clock that a test moves, what happens by it, and chance that is the same in every run. */
import { assert } from "../../src/base/assert.ts";
import { Heap } from "../../src/base/heap.ts";
import type { Env } from "../../src/edge/env.ts";

const zeros = new Uint8Array(32);

/** Virtual time and reproducible chance. */
export class VirtualTime {
  readonly clock = { monotonicMs: 1_000, wallMs: 1_700_000_000_000 };
  readonly env: Env;
  private readonly events = new Heap<() => void>();
  private state: number;

  constructor(seed: number, signatures?: Env["signatures"]) {
    this.state = seed * 2_654_435_761 + 1;
    const below = (bound: number) => Math.floor(this.next() * bound);
    this.env = {
      clock: this.clock,
      random: { below, bytes: (count) => new Uint8Array(count).map(() => below(256)) },
      signatures: signatures ?? {
        publicKey: () => zeros,
        sign: () => new Uint8Array(64),
        verify: () => true,
      },
    };
  }

  after(ms: number, what: () => void): void {
    this.events.push(this.clock.monotonicMs + ms, what);
  }

  /** Performs what is next, a tick of `part` included; false when nothing is before `until`. */
  step(part: { readonly deadline: number; tick(): void }, until: number): boolean {
    const at = Math.min(this.events.nextAt, part.deadline);
    if (at > until) return false;
    const isTick = part.deadline <= this.events.nextAt;
    this.clock.wallMs += Math.max(0, at - this.clock.monotonicMs);
    this.clock.monotonicMs = Math.max(at, this.clock.monotonicMs);
    if (isTick) {
      part.tick();
      assert(part.deadline > this.clock.monotonicMs, "after a tick the deadline lies ahead");
    } else this.events.pop()!.value();
    return true;
  }

  private next(): number {
    this.state = (Math.imul(this.state ^ (this.state >>> 15), 2_246_822_507) + 0x9e3779b9) | 0;
    let mixed = this.state;
    mixed = Math.imul(mixed ^ (mixed >>> 13), 3_266_489_909);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
  }
}
