/**
 * A whole node in virtual time: its effects are performed in memory, on wires that its owner makes.
 * The same `Node` as under the real host. Nothing is stored: what is buried is gone, so nobody can
 * sync from it. NOT the simulator (`src/sim`): no faults, no checks, no trace.
 */
import { Heap } from "../src/base/heap.ts";
import { firstBad } from "../src/chain/first-bad.ts";
import type { SignatureScheme } from "../src/crypto/signature-scheme.ts";
import { acceptedConn, type Conn } from "../src/edge/conn.ts";
import type { Effect } from "../src/edge/effect.ts";
import type { Env } from "../src/edge/env.ts";
import type { NodeEvent } from "../src/edge/event.ts";
import type { Input } from "../src/edge/input.ts";
import { preimageOf } from "../src/edge/signing-rule.ts";
import { emptyImage } from "../src/edge/store-image.ts";
import { systemRandom } from "../src/host/system.ts";
import { Node } from "../src/node/node.ts";
import type { NodeOptions } from "../src/node/node-options.ts";
import { wireLimits } from "../src/params/limits.ts";

/** A clock that moves from one thing that happens to the next. */
export class VirtualWorld {
  readonly clock = { monotonicMs: 1000, wallMs: 1_800_000_000_000 };
  private readonly heap = new Heap<() => void>();

  after(ms: number, action: () => void): void {
    this.heap.push(this.clock.monotonicMs + ms, action);
  }

  /** Everything up to that many milliseconds from now. */
  run(ms: number): void {
    const until = this.clock.monotonicMs + ms;
    while (this.heap.nextAt <= until) {
      const { at, value } = this.heap.pop()!;
      this.moveTo(at);
      value();
    }
    this.moveTo(until);
  }

  private moveTo(at: number): void {
    this.clock.wallMs += Math.max(0, at - this.clock.monotonicMs);
    this.clock.monotonicMs = Math.max(at, this.clock.monotonicMs);
  }
}

export interface VirtualNodeOptions {
  readonly node: NodeOptions;
  readonly signatures: SignatureScheme;
  /** Of the validator key, if it has one. */
  readonly seed: Uint8Array | undefined;
  readonly fsyncMs: number;
  /** So late a new deadline may be noticed, as with timers that are not exact; else at once. */
  readonly timerMs?: number;
  readonly dial: (from: VirtualNode, conn: Conn, address: string) => void;
  /** `bytes` leave. */
  readonly write: (from: VirtualNode, conn: Conn, bytes: Uint8Array) => void;
  readonly onEvent: (event: NodeEvent) => void;
}

export class VirtualNode {
  readonly node: Node;
  private readonly world: VirtualWorld;
  private readonly options: VirtualNodeOptions;
  private acceptedCount = 0;
  private armedFor = Number.POSITIVE_INFINITY;
  private isToArm = false;

  constructor(world: VirtualWorld, options: VirtualNodeOptions) {
    this.world = world;
    this.options = options;
    const { signatures } = options;
    const env: Env = { clock: world.clock, random: systemRandom, signatures };
    this.node = new Node(env, options.node, emptyImage);
  }

  /** A name for a connection that somebody made to this node. */
  nextConn(): Conn {
    return acceptedConn(this.acceptedCount++);
  }

  step(input: Input): void {
    for (const effect of this.node.handle(input)) this.perform(effect);
    if (this.isToArm) return;
    // Once for all that happens until then: the deadline is asked of every part.
    this.isToArm = true;
    this.world.after(this.options.timerMs ?? 0, () => {
      this.isToArm = false;
      this.arm();
    });
  }

  private arm(): void {
    const at = Math.max(this.node.deadline, this.world.clock.monotonicMs);
    if (at >= this.armedFor || at === Number.POSITIVE_INFINITY) return;
    this.armedFor = at;
    this.world.after(at - this.world.clock.monotonicMs, () => {
      if (this.armedFor !== at) return;
      this.armedFor = Number.POSITIVE_INFINITY;
      if (this.node.deadline <= this.world.clock.monotonicMs) this.step({ type: "tick" });
      else this.arm();
    });
  }

  private perform(effect: Effect): void {
    const { fsyncMs, signatures, seed } = this.options;
    switch (effect.type) {
      case "dial":
        return this.options.dial(this, effect.conn, effect.address);
      case "flush":
        return this.flush(effect.conn);
      case "persist":
        if (!effect.sync) return;
        return this.later(fsyncMs, { type: "persisted", through: effect.ticket });
      case "load": {
        const values = effect.keys.map(() => undefined);
        return this.later(0, { type: "loaded", job: effect.job, values });
      }
      case "verify": {
        const { job, check } = effect;
        return this.later(0, { type: "verified", job, firstBad: firstBad(signatures, check) });
      }
      case "sign": {
        const signature = signatures.sign(seed!, preimageOf(effect.request));
        return this.later(fsyncMs, { type: "signed", job: effect.job, signature });
      }
      case "notify":
        return this.options.onEvent(effect.event);
      case "reading":
      case "close":
      case "answer":
        return;
    }
  }

  private flush(conn: Conn): void {
    const bytesMax = wireLimits.frameBodyBytesMax;
    let isWritten = false;
    for (;;) {
      const bytes = this.node.take(conn, bytesMax);
      if (bytes === undefined) break;
      isWritten = true;
      this.options.write(this, conn, bytes);
    }
    if (isWritten) this.later(0, { type: "room", conn });
  }

  private later(ms: number, input: Input): void {
    this.world.after(ms, () => this.step(input));
  }
}
