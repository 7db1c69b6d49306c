/**
 * One end of a connection: a real `Session` on a real socket, driven as the host drives it (two
 * writes in flight, the clock read before each step). NOT the host: no policy, no chain.
 */
import type { Socket } from "node:net";
import { ed25519 } from "../src/crypto/ed25519.ts";
import { acceptedConn, dialledConn } from "../src/edge/conn.ts";
import type { Env } from "../src/edge/env.ts";
import { SystemClock, systemRandom } from "../src/host/system.ts";
import { nodeIdOf } from "../src/model/ids.ts";
import { wireLimits } from "../src/params/limits.ts";
import { Session, type SessionEvent } from "../src/peer/session.ts";
import { PayloadWriter } from "../src/wire/codec.ts";
import type { Hello, Message } from "../src/wire/messages.ts";

export interface WireEvents {
  onReady?(): void;
  onMessages?(messages: readonly Message[]): void;
  /** Before each frame is taken: the place to queue more. */
  onRoom?(session: Session): void;
  onGone?(reason: string): void;
}

const writesInFlightMax = 2;
const frameBytes = wireLimits.frameBodyBytesMax;

const clock = new SystemClock();
const env: Env = { clock, random: systemRandom, signatures: ed25519 };
const writer = new PayloadWriter();
const staticSecret = systemRandom.bytes(32);

export const benchGenesis: Uint8Array = new Uint8Array(32).fill(7);

/** An identity for each call, or one for all connections of a process. */
export const newIdentity = () => {
  const seed = systemRandom.bytes(32);
  return { seed, nodeId: nodeIdOf(ed25519.publicKey(seed)) };
};

export type Identity = ReturnType<typeof newIdentity>;

export class WireEnd {
  readonly session: Session;
  readonly socket: Socket;
  framesWritten = 0;
  private readonly events: WireEvents;
  private writesInFlight = 0;

  constructor(
    socket: Socket,
    role: "initiator" | "responder",
    identity: Identity,
    events: WireEvents,
    genesisHash: Uint8Array = benchGenesis,
  ) {
    clock.read();
    this.socket = socket;
    this.events = events;
    this.session = new Session(env, {
      conn: role === "initiator" ? dialledConn(0) : acceptedConn(0),
      role,
      genesisHash,
      nodeSeed: identity.seed,
      nodeId: identity.nodeId,
      staticSecret,
      expectedNodeId: undefined,
      hello: benchHello,
      remoteAddress: `${socket.remoteAddress}:${socket.remotePort}`,
      networkFile: () => new Uint8Array(0),
      writer,
    });
    socket.setNoDelay(true);
    socket.on("data", (bytes) => {
      clock.read();
      this.onEvents(this.session.receive(bytes as Buffer));
      this.flush();
    });
    socket.on("error", (error) => this.events.onGone?.(error.message));
    socket.once("close", () => {
      this.session.onClosed();
      this.events.onGone?.("closed");
    });
    this.flush();
  }

  /** Queues what `onRoom` gives and writes what may leave. */
  flush(): void {
    while (this.writesInFlight < writesInFlightMax && this.socket.writable) {
      this.events.onRoom?.(this.session);
      const bytes = this.session.take(frameBytes);
      if (bytes === undefined) return;
      this.writesInFlight++;
      this.framesWritten++;
      this.socket.write(bytes, () => {
        this.writesInFlight--;
        clock.read();
        this.flush();
      });
    }
  }

  /** Does what is due, as the host does at the deadline. */
  tick(): void {
    clock.read();
    if (this.session.deadline > clock.monotonicMs) return;
    this.onEvents(this.session.tick());
    this.flush();
  }

  private onEvents(events: readonly SessionEvent[]): void {
    for (const event of events) {
      switch (event.type) {
        case "ready":
          this.events.onReady?.();
          break;
        case "messages":
          this.events.onMessages?.(event.messages);
          break;
        case "reading":
          if (event.on) this.socket.resume();
          else this.socket.pause();
          break;
        case "failed":
          this.events.onGone?.(`${event.code}: ${event.detail}`);
          break;
        case "ended":
          this.events.onGone?.(event.code);
          break;
      }
    }
  }
}

function benchHello(seenAddress: string): Hello {
  return {
    versionMin: wireLimits.version,
    versionMax: wireLimits.version,
    agent: "windlass-bench/1",
    bootId: new Uint8Array(8),
    services: 1,
    role: "full",
    listenPort: 0,
    height: 0,
    headHash: new Uint8Array(32),
    finalizedHeight: 0,
    finalizedHash: new Uint8Array(32),
    wallTimeMs: clock.wallMs,
    seenAddress,
    bulkCredit: wireLimits.bulkCreditBytes,
    features: [],
  };
}
