/**
 * The other end of a virtual node's connection: a real `Session` without a socket, whose time is its
 * owner's. It says what it is told to say, and answers what a node may ask of anybody.
 */
import type { Conn } from "../src/edge/conn.ts";
import { dialledConn } from "../src/edge/conn.ts";
import type { Env } from "../src/edge/env.ts";
import { nodeIdOf } from "../src/model/ids.ts";
import { wireLimits } from "../src/params/limits.ts";
import { Session } from "../src/peer/session.ts";
import type { Hello, Message } from "../src/wire/messages.ts";

export class VirtualPeer {
  /** As the node names the connection. */
  readonly conn: Conn;
  readonly address: string;
  /** From the node, not yet read. */
  readonly toRead: Uint8Array[] = [];
  isReady = false;
  private readonly session: Session;

  constructor(env: Env, conn: Conn, address: string, genesisHash: Uint8Array) {
    this.conn = conn;
    this.address = address;
    const nodeSeed = env.random.bytes(32);
    this.session = new Session(env, {
      conn: dialledConn(0),
      role: "initiator",
      genesisHash,
      nodeSeed,
      nodeId: nodeIdOf(env.signatures.publicKey(nodeSeed)),
      expectedNodeId: undefined,
      hello: (seenAddress) => helloOf(env, seenAddress),
      remoteAddress: "10.0.0.1:4321",
      networkFile: () => undefined,
    });
  }

  send(message: Message): void {
    this.session.send(message);
  }

  /** What leaves now. */
  take(): Uint8Array[] {
    const frames: Uint8Array[] = [];
    for (;;) {
      const bytes = this.session.take(wireLimits.frameBodyBytesMax);
      if (bytes === undefined) return frames;
      frames.push(bytes.slice());
    }
  }

  get hasOutput(): boolean {
    return this.session.hasOutput;
  }

  get deadline(): number {
    return this.session.deadline;
  }

  tick(): void {
    this.session.tick();
  }

  read(): void {
    for (const bytes of this.toRead.splice(0)) {
      for (const event of this.session.receive(bytes)) {
        if (event.type === "ready") this.isReady = true;
        if (event.type === "messages") for (const message of event.messages) this.answer(message);
        if (event.type === "failed" || event.type === "ended") {
          throw new Error(`a peer of the bench was cut off: ${event.code}`);
        }
      }
    }
  }

  private answer(message: Message): void {
    if (message.type === "get_headers") {
      const { request } = message;
      this.send({ type: "headers", request, headers: new Uint8Array(0) });
    }
    if (message.type === "get_peers") this.send({ type: "peers", entries: new Uint8Array(0) });
  }
}

function helloOf({ clock, random }: Env, seenAddress: string): Hello {
  const zeros = new Uint8Array(32);
  return {
    ...{ versionMin: wireLimits.version, versionMax: wireLimits.version },
    ...{ agent: "windlass-bench/1", bootId: random.bytes(8), services: 0, role: "full" },
    ...{ listenPort: 0, height: 0, headHash: zeros, finalizedHeight: 0, finalizedHash: zeros },
    ...{ wallTimeMs: clock.wallMs, seenAddress, bulkCredit: wireLimits.bulkCreditBytes },
    features: [],
  };
}
