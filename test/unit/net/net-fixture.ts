/** A settable clock, seeded chance, and ports that only take notes: shared by the tests of net. */
import type { Conn, Ticket } from "../../../src/edge/conn.ts";
import type { Env } from "../../../src/edge/env.ts";
import type { NodeEvent } from "../../../src/edge/event.ts";
import type { NodeId } from "../../../src/model/ids.ts";
import type {
  ConnectionOptions,
  ConnectionPort,
  Tip,
} from "../../../src/net/connections/connection-port.ts";
import type { Hello, Message } from "../../../src/wire/messages.ts";

export interface TestEnv extends Env {
  readonly clock: { monotonicMs: number; wallMs: number };
}

export function testEnv(seed: number): TestEnv {
  let state = seed * 2_654_435_761 + 1;
  const next = () => {
    // mulberry32
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
  return {
    clock: { monotonicMs: 0, wallMs: 1_700_000_000_000 },
    random: {
      below: (bound) => next() % bound,
      bytes: (count) => Uint8Array.from({ length: count }, () => next() & 0xff),
    },
    signatures: {
      publicKey: (key) => key,
      sign: () => new Uint8Array(64),
      verify: () => true,
    },
  };
}

export function pass(env: TestEnv, ms: number): void {
  env.clock.monotonicMs += ms;
  env.clock.wallMs += ms;
}

export const idOf = (n: number): NodeId => n.toString(16).padStart(64, "0") as NodeId;
export const conn = (n: number): Conn => n as Conn;

export function helloOf(bootId: number, listenPort: number, height = 7): Hello {
  return {
    versionMin: 1,
    versionMax: 1,
    agent: "test/1",
    bootId: new Uint8Array(8).fill(bootId & 0xff),
    services: 1,
    role: "full",
    listenPort,
    height,
    headHash: new Uint8Array(32),
    finalizedHeight: 0,
    finalizedHash: new Uint8Array(32),
    wallTimeMs: 0,
    seenAddress: "",
    bulkCredit: 0,
    features: [],
  };
}

export class NotedPort implements ConnectionPort {
  readonly dials: { conn: Conn; address: string }[] = [];
  readonly closed: { conn: Conn; code: string }[] = [];
  readonly sent: { conn: Conn; message: Message; after: Ticket | undefined }[] = [];
  readonly blamed: { conn: Conn; code: string }[] = [];
  readonly events: NodeEvent[] = [];
  readonly asked: Conn[] = [];
  ourTip: Tip = { height: 0, isFetching: false };
  laneIsFull = false;

  dial(conn: Conn, address: string): void {
    this.dials.push({ conn, address });
  }

  close(conn: Conn, code: string): void {
    this.closed.push({ conn, code });
  }

  send(conn: Conn, message: Message, after?: Ticket): boolean {
    if (this.laneIsFull) return false;
    this.sent.push({ conn, message, after });
    return true;
  }

  blame(conn: Conn, code: string): void {
    this.blamed.push({ conn, code });
  }

  notify(event: NodeEvent): void {
    this.events.push(event);
  }

  tip(): Tip {
    return this.ourTip;
  }

  askTip(conn: Conn): void {
    this.asked.push(conn);
  }

  /** Takes out what was sent so far. */
  drain(): { conn: Conn; message: Message }[] {
    return this.sent.splice(0);
  }
}

export function optionsOf(some: Partial<ConnectionOptions> = {}): ConnectionOptions {
  return {
    self: idOf(1000),
    bootId: new Uint8Array(8).fill(255),
    connect: [],
    listenPort: 4321,
    peersMax: 50,
    outboundTarget: 8,
    allowPrivate: true,
    slotMs: 1_000,
    knownAddresses: [],
    ...some,
  };
}
