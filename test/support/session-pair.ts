/**
 * Two sessions joined by a fake link in virtual time: "dialler" dialled "listener". Every write is
 * cut at random bytes, and chunks are overwritten after they were read, since they are borrowed.
 */
import { concatBytes, copyBytes } from "../../src/base/bytes.ts";
import { ed25519 } from "../../src/crypto/ed25519.ts";
import { dialledConn, type Ticket } from "../../src/edge/conn.ts";
import type { Env } from "../../src/edge/env.ts";
import { type NodeId, nodeIdOf } from "../../src/model/ids.ts";
import { wireLimits } from "../../src/params/limits.ts";
import { Session, type SessionEvent, type SessionOptions } from "../../src/peer/session.ts";
import type { Hello, Message } from "../../src/wire/messages.ts";

export class VirtualClock {
  monotonicMs = 1_000;
  readonly wallStartMs = 1_790_000_000_000;

  get wallMs(): number {
    return this.wallStartMs + this.monotonicMs;
  }
}

/** Reproducible numbers in [0, bound). */
export function seeded(seed: number): (bound: number) => number {
  let state = seed >>> 0;
  return (bound) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 0x100000000) * bound);
  };
}

export function testEnv(seed: number, clock = new VirtualClock()): Env & { clock: VirtualClock } {
  const below = seeded(seed);
  const bytes = (count: number): Uint8Array => Uint8Array.from({ length: count }, () => below(256));
  return { clock, random: { below, bytes }, signatures: ed25519 };
}

export const genesisHash: Uint8Array = new Uint8Array(32).fill(7);
export const networkFile: Uint8Array = new TextEncoder().encode('{"name":"test"}');
export const seedOf = (n: number): Uint8Array => new Uint8Array(32).fill(n);
export const nodeIdOfSeed = (n: number): NodeId => nodeIdOf(ed25519.publicKey(seedOf(n)));

export function testHello(overrides: Partial<Hello> = {}): Hello {
  return {
    versionMin: 1,
    versionMax: 1,
    agent: "test/1",
    bootId: new Uint8Array(8).fill(9),
    services: 1,
    role: "full",
    listenPort: 4321,
    height: 5,
    headHash: new Uint8Array(32).fill(1),
    finalizedHeight: 4,
    finalizedHash: new Uint8Array(32).fill(2),
    wallTimeMs: 1_790_000_000_000,
    seenAddress: "127.0.0.1:9999",
    bulkCredit: wireLimits.bulkCreditBytes,
    features: [],
    ...overrides,
  };
}

/** Options of a session whose identity comes from seed byte `n`. */
export function sessionOptions(
  role: "initiator" | "responder",
  n: number,
  overrides: Partial<SessionOptions> = {},
): SessionOptions {
  return {
    conn: dialledConn(n),
    role,
    genesisHash,
    nodeSeed: seedOf(n),
    nodeId: nodeIdOfSeed(n),
    expectedNodeId: undefined,
    hello: () => testHello(),
    remoteAddress: "127.0.0.1:4321",
    networkFile: () => networkFile,
    ...overrides,
  };
}

export class Side {
  readonly session: Session;
  readonly events: SessionEvent[] = [];
  /** What it gave to be written, segment by segment. */
  readonly sent: Uint8Array[] = [];
  /** What the other side wrote and this one has not read. */
  incoming: Uint8Array[] = [];
  /** False: the host reads nothing for now. */
  isReading = true;

  constructor(env: Env, options: SessionOptions) {
    this.session = new Session(env, options);
  }

  /** Messages received, in order, all frames. */
  get messages(): Message[] {
    return this.events.flatMap((event) => (event.type === "messages" ? event.messages : []));
  }

  get types(): string[] {
    return this.events.map((event) => event.type);
  }

  /** Code of the failure, if it failed. */
  get failure(): string | undefined {
    const event = this.events.find((each) => each.type === "failed");
    return event?.type === "failed" ? event.code : undefined;
  }

  /** Lent for the call: whoever kept a view of it would read something else. */
  receive(bytes: Uint8Array): void {
    const lent = bytes.slice();
    const events = this.session.receive(lent);
    lent.fill(0xee);
    this.onEvents(events);
  }

  tick(): void {
    this.onEvents(this.session.tick());
  }

  onEvents(events: readonly SessionEvent[]): void {
    for (const event of events) {
      this.events.push(event);
      if (event.type === "reading") this.isReading = event.on;
    }
  }
}

export interface PairOptions {
  readonly seed?: number;
  /** Largest piece a write is cut into; absent: not cut. */
  readonly pieceBytesMax?: number;
  readonly dialler?: Partial<SessionOptions>;
  readonly listener?: Partial<SessionOptions>;
  /** Sees and may replace each segment on its way. */
  readonly tamper?: (
    from: "dialler" | "listener",
    segment: Uint8Array,
    index: number,
  ) => Uint8Array;
  /** Body bytes that the host asks for. */
  readonly takeBytes?: number;
}

export class SessionPair {
  readonly clock = new VirtualClock();
  readonly dialler: Side;
  readonly listener: Side;
  private readonly options: PairOptions;
  private readonly below: (bound: number) => number;

  constructor(options: PairOptions = {}) {
    const seed = options.seed ?? 1;
    this.options = options;
    this.below = seeded(seed + 1_000);
    const dialler = sessionOptions("initiator", 1, options.dialler);
    const listener = sessionOptions("responder", 2, options.listener);
    this.dialler = new Side(testEnv(2 * seed, this.clock), dialler);
    this.listener = new Side(testEnv(2 * seed + 1, this.clock), listener);
  }

  /** A pair whose handshake and first pings are done. */
  static ready(options: PairOptions = {}): SessionPair {
    const pair = new SessionPair(options);
    pair.run();
    return pair;
  }

  /** Moves bytes both ways until nobody has anything to say at this instant. */
  run(): void {
    let moved = true;
    while (moved) {
      moved = this.write("dialler", this.dialler, this.listener);
      moved = this.write("listener", this.listener, this.dialler) || moved;
      moved = this.read(this.dialler) || moved;
      moved = this.read(this.listener) || moved;
    }
  }

  /** Lets `ms` pass, stopping at every deadline. */
  advance(ms: number): void {
    const end = this.clock.monotonicMs + ms;
    this.run();
    for (;;) {
      const next = Math.min(this.dialler.session.deadline, this.listener.session.deadline);
      if (next > end) break;
      this.clock.monotonicMs = Math.max(next, this.clock.monotonicMs);
      for (const side of [this.dialler, this.listener]) {
        if (side.session.deadline > this.clock.monotonicMs) continue;
        side.tick();
        if (side.session.deadline <= this.clock.monotonicMs) throw new Error("a deadline stays");
      }
      this.run();
    }
    this.clock.monotonicMs = end;
  }

  /** One segment from one side onto the link. */
  write(name: "dialler" | "listener", from: Side, to: Side): boolean {
    const segment = from.session.take(this.options.takeBytes ?? 65_536);
    if (segment === undefined) return false;
    const index = from.sent.length;
    from.sent.push(copyBytes(segment));
    to.incoming.push(this.options.tamper?.(name, segment, index) ?? segment);
    return true;
  }

  private read(side: Side): boolean {
    if (!side.isReading || side.incoming.length === 0) return false;
    let rest = concatBytes(...side.incoming);
    side.incoming = [];
    while (rest.length > 0 && side.isReading) {
      const most = this.options.pieceBytesMax ?? rest.length;
      const piece = rest.slice(0, 1 + this.below(most));
      rest = rest.subarray(piece.length);
      side.receive(piece);
      piece.fill(0xee);
    }
    if (rest.length > 0) side.incoming.push(rest);
    return true;
  }
}

export const ticket = (n: number): Ticket => n as Ticket;
