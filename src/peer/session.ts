/**
 * One connection, from its first byte to its last: opening, handshake, messages, goodbye. Composes
 * the parts of this folder and holds the one place where a peer's fault is caught. Opens no socket,
 * blames nobody, and knows no other connection.
 * Invariant: after a failure nothing more is read; what `take` still gives may be sent.
 * protocol-spec/00-overview §3.
 *
 *   handshaking -> ready -> closing -> closed
 */
import { assert, defined } from "../base/assert.ts";
import type { Conn, Ticket } from "../edge/conn.ts";
import type { Env } from "../edge/env.ts";
import { idBytes, type NodeId, ownIdBytes } from "../model/ids.ts";
import { connectionLimits } from "../params/limits.ts";
import type { PayloadWriter } from "../wire/codec.ts";
import { bothDeflate } from "../wire/deflated.ts";
import { type WireCode, WireError } from "../wire/errors.ts";
import type { DisconnectCode, Hello, Lane, Message } from "../wire/messages.ts";
import type { RecordedFrame } from "../wire/recorded-frame.ts";
import { Handshake } from "./handshake.ts";
import type { Pong } from "./keepalive.ts";
import { MessageLink } from "./message-link.ts";
import { SecureChannel } from "./secure-channel.ts";
import type { SessionEvent } from "./session-event.ts";
import type { SharedLimits } from "./shared-limits.ts";

export type { SessionEvent } from "./session-event.ts";

export interface SessionOptions {
  readonly conn: Conn;
  readonly role: "initiator" | "responder";
  /** The id of the network: another value once it went through a recovery (05-objects §10). */
  readonly genesisHash: Uint8Array;
  readonly nodeSeed: Uint8Array;
  readonly nodeId: NodeId;
  /** The X25519 key of this process, 32 bytes; one of its own when absent. */
  readonly staticSecret?: Uint8Array | undefined;
  /** Pinned or known identity of whom we dialled. */
  readonly expectedNodeId: NodeId | undefined;
  readonly hello: (remoteAddress: string) => Hello;
  readonly remoteAddress: string;
  /** Called for a genesis request; undefined refuses it. */
  readonly networkFile: (remoteAddress: string) => Uint8Array | undefined;
  /** One for all sessions of a process saves each frame a buffer. */
  readonly writer?: PayloadWriter | undefined;
  /** One for all sessions of a node; without it a session is bound by its own limits alone. */
  readonly shared?: SharedLimits;
}

type State =
  | { readonly type: "handshaking"; readonly handshake: Handshake }
  | { readonly type: "ready"; readonly link: MessageLink }
  /** A LAST frame of ours waits; without a link only what the handshake left. */
  | { readonly type: "closing"; readonly link: MessageLink | undefined }
  /** The peer's LAST frame came: one byte more is a fault. */
  | { readonly type: "ended" }
  | { readonly type: "closed" };

const never = Number.POSITIVE_INFINITY;

export class Session {
  readonly conn: Conn;
  /** Monotonic, ms. */
  readonly connectedAt: number;
  bytesReceived = 0;
  bytesSent = 0;
  private readonly env: Env;
  /** Until the handshake is done; it holds what the peer will never see again. */
  private options: SessionOptions | undefined;
  private state: State;
  /** What the handshake has to send. */
  private readonly output: Uint8Array[];

  constructor(env: Env, options: SessionOptions) {
    this.env = env;
    this.options = options;
    this.conn = options.conn;
    this.connectedAt = env.clock.monotonicMs;
    const handshake = new Handshake(env, {
      signatures: env.signatures,
      genesisHash: options.genesisHash,
      role: options.role,
      nodeSeed: options.nodeSeed,
      nodeId: options.nodeId,
      expectedNodeId: options.expectedNodeId,
      staticSecret: options.staticSecret ?? env.random.bytes(32),
      hello: () => options.hello(options.remoteAddress),
      networkFile: () => options.networkFile(options.remoteAddress),
    });
    this.output = handshake.output;
    this.state = { type: "handshaking", handshake };
  }

  get phase(): "opening" | "handshaking" | "ready" | "closing" | "closed" {
    switch (this.state.type) {
      case "handshaking":
        return this.state.handshake.isOpening ? "opening" : "handshaking";
      case "ended":
        return "closed";
      default:
        return this.state.type;
    }
  }

  /** When `tick` must be called next, monotonic ms; Infinity for never. */
  get deadline(): number {
    if (this.state.type === "handshaking") return this.connectedAt + connectionLimits.handshakeMs;
    return this.state.type === "ready" ? this.state.link.deadline : never;
  }

  /** True when `take` would give something now. */
  get hasOutput(): boolean {
    return this.output.length > 0 || (this.link?.hasOutput ?? false);
  }

  /** `hasOutput`, and who asks will `take` until there is nothing: no deadline wakes it for that. */
  offer(): boolean {
    return (this.link?.offer() ?? false) || this.output.length > 0;
  }

  /** The last answer to a ping, another object each time. */
  get pong(): Pong | undefined {
    return this.link?.pong;
  }

  /** The last frame received, while `record(true)` holds: evidence that a third party can check. */
  get lastFrame(): RecordedFrame | undefined {
    return this.link?.lastFrame;
  }

  record(on: boolean): void {
    this.link?.record(on);
  }

  /** Takes what the peer sent; `bytes` are borrowed for the call. */
  receive(bytes: Uint8Array): readonly SessionEvent[] {
    this.bytesReceived += bytes.length;
    return this.guard((events) => this.read(bytes, events));
  }

  /**
   * Queues a message; false when its lane is full or the session is not ready. With `after` it
   * stays until that ticket is durable. Its bytes must not change until it has left.
   */
  send(message: Message, after?: Ticket): boolean {
    assert(message.type !== "disconnect", "goodbye is said by disconnect()");
    return this.state.type === "ready" && this.state.link.send(message, after);
  }

  /** May so many bytes be read from disk for that lane, beside those being read for any? */
  hasForRead(lane: Lane, bytes: number, onTheWay: number): boolean {
    return this.state.type === "ready" && this.state.link.hasForRead(lane, bytes, onTheWay);
  }

  /** Everything up to and including this ticket survives a power cut. */
  onDurable(through: Ticket): void {
    if (this.state.type === "ready") this.state.link.onDurable(through);
  }

  /** ready -> closing, saying why, after what is queued; handshaking -> closed in silence. */
  disconnect(code: DisconnectCode, text: string): void {
    switch (this.state.type) {
      case "ready":
        this.state.link.finish(code, text, true);
        this.state = { type: "closing", link: this.state.link };
        break;
      case "handshaking":
        this.onClosed();
        break;
      default:
    }
  }

  /**
   * What is to be written next: handshake bytes, or exactly one sealed frame whose body has about
   * `bytesMax` bytes. The memory is the caller's. Undefined when nothing may leave now.
   */
  take(bytesMax: number): Uint8Array | undefined {
    const bytes = this.output.shift() ?? this.link?.take(bytesMax);
    if (bytes !== undefined) this.bytesSent += bytes.length;
    return bytes;
  }

  /** Does what is due at the deadline: pings, timeouts, reading on. */
  tick(): readonly SessionEvent[] {
    return this.guard((events) => {
      if (this.state.type === "ready") events.push(...this.state.link.tick());
      if (this.state.type !== "handshaking" || this.env.clock.monotonicMs < this.deadline) return;
      throw new WireError("timeout-handshake", `not done in ${connectionLimits.handshakeMs} ms`);
    });
  }

  /** any -> closed: TCP ended. Truncated: without the peer's goodbye, or ours. */
  onClosed(): { readonly truncated: boolean } {
    const truncated = this.state.type === "ready";
    if (this.state.type === "handshaking") this.state.handshake.fail();
    this.link?.wipe();
    this.output.length = 0;
    this.state = { type: "closed" };
    return { truncated };
  }

  private get link(): MessageLink | undefined {
    const { state } = this;
    return state.type === "ready" || state.type === "closing" ? state.link : undefined;
  }

  /** The one place where a peer's fault is caught. */
  private guard(act: (events: SessionEvent[]) => void): readonly SessionEvent[] {
    const events: SessionEvent[] = [];
    try {
      act(events);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      // A goodbye with bytes after it is a fault, not a goodbye.
      if (events.at(-1)?.type === "ended") events.pop();
      events.push({ type: "failed", code: error.code, detail: error.message });
      this.fail(error.code);
    }
    return events;
  }

  private read(bytes: Uint8Array, events: SessionEvent[]): void {
    let at = 0;
    if (this.state.type === "handshaking") {
      const { handshake } = this.state;
      at = handshake.receive(bytes, at);
      if (handshake.state === "genesis-served") {
        this.state = { type: "closing", link: undefined };
        events.push({ type: "ended", code: "requested", text: "the network file was sent" });
      }
      if (handshake.state === "established") this.onEstablished(handshake, events);
    }
    if (at === bytes.length) return;
    if (this.state.type === "ended") {
      throw new WireError("data-after-last", "bytes after the LAST frame");
    }
    if (this.state.type !== "ready") return;
    const { link } = this.state;
    link.receive(bytes, at, events);
    if (events.at(-1)?.type !== "ended") return;
    link.wipe();
    this.output.length = 0;
    this.state = { type: "ended" };
  }

  /** handshaking -> ready */
  private onEstablished(handshake: Handshake, events: SessionEvent[]): void {
    const { peer, ownHello, send, receive, handshakeHash } = handshake.established;
    const pingMs = this.env.clock.monotonicMs - handshake.spokeAt;
    const options = defined(this.options, "they are kept for it");
    const { genesisHash, nodeSeed, nodeId, role, writer, shared } = options;
    this.options = undefined;
    const channel = new SecureChannel({
      signatures: this.env.signatures,
      isInitiator: role === "initiator",
      genesisHash,
      handshakeHash,
      nodeSeed,
      nodeId: ownIdBytes(nodeId),
      peerNodeId: idBytes(peer.nodeId),
      send,
      receive,
    });
    const link = new MessageLink(this.env, channel, {
      creditGrantedBytes: ownHello.bulkCredit,
      creditReceivedBytes: peer.hello.bulkCredit,
      deflates: bothDeflate(ownHello, peer.hello),
      writer,
      shared,
      isInitiator: role === "initiator",
      met: { sentAtMs: peer.hello.wallTimeMs, pingMs },
    });
    this.state = { type: "ready", link };
    events.push({ type: "ready", ...peer, handshakeHash });
  }

  /** ready -> closing with a LAST frame; handshaking -> closing with what may still be said. */
  private fail(code: WireCode): void {
    switch (this.state.type) {
      case "handshaking":
        this.state.handshake.fail();
        this.state = { type: "closing", link: undefined };
        break;
      case "ready":
        this.state.link.finish(farewellOf(code), code, false);
        this.state = { type: "closing", link: this.state.link };
        break;
      default:
        this.state = { type: "closed" };
    }
  }
}

function farewellOf(code: WireCode): DisconnectCode {
  if (code === "timeout-pong" || code === "timeout-idle") return "idle";
  return code === "stalled-reader" ? "useless" : "protocol";
}
