/**
 * Connections from their first byte to their last: opens a session for each, feeds it, tells the
 * parts when a peer is ready or gone, and prices faults. Decides nothing about who may connect
 * (net/connections/connection-manager) or what a message means (node/router).
 * Invariant: every end of a connection that had a session comes by `closed`, once.
 */
import { unreachable } from "../base/assert.ts";
import type { Conn, Ticket } from "../edge/conn.ts";
import type { Env } from "../edge/env.ts";
import type { CloseCode } from "../edge/event.ts";
import type { BlameCode, PeerPort } from "../edge/port.ts";
import type { NodeId } from "../model/ids.ts";
import type { ConnectionManager } from "../net/connections/connection-manager.ts";
import { PeerClocks } from "../net/connections/peer-clocks.ts";
import { UploadTarget } from "../net/relay/upload-target.ts";
import { Session, type SessionEvent, type SessionOptions } from "../peer/session.ts";
import { SharedLimits } from "../peer/shared-limits.ts";
import type { DisconnectCode, Hello, Lane, Message } from "../wire/messages.ts";
import type { EffectQueue } from "./effect-queue.ts";
import { type Link, Links } from "./links.ts";
import { Membership, type MembershipParts } from "./membership.ts";
import type { LineOptions } from "./node-options.ts";
import { penalties } from "./penalties.ts";

/** Whom `Peers` tells; the node implements it. */
export interface PeersPort {
  readonly connections: ConnectionManager;
  readonly slotMs: number;
  readonly membership: MembershipParts;
  onReady(conn: Conn, nodeId: NodeId, hello: Hello): void;
  onMessage(conn: Conn, message: Message): void;
  onClosed(conn: Conn, nodeId: NodeId | undefined, code: CloseCode): void;
}

/** What all sessions of a node share. */
export type SessionBase = Omit<
  SessionOptions,
  "conn" | "role" | "expectedNodeId" | "remoteAddress" | "shared"
> & {
  readonly line: LineOptions;
  /** As the operator says: `isLow` of the node. */
  readonly isThin: boolean;
};

const bytesPerKilobit = 125;
const bytesPerMegabyte = 1_000_000;

type SessionReady = Extract<SessionEvent, { type: "ready" }>;

/** A stranger's opening is refused without a byte (protocol-spec/01-opening §2): say what it may be. */
const unheardMeans =
  "without a word: it may be a node of another network (compare the genesis), or full";

export class Peers implements PeerPort {
  readonly links: Links;
  readonly clocks: PeerClocks;
  readonly members: Membership;
  private readonly env: Env;
  private readonly effects: EffectQueue;
  private readonly base: SessionBase;
  private readonly shared: SharedLimits;
  readonly uploadTarget: UploadTarget;
  private readonly port: PeersPort;
  /** While their memory is short, who takes nothing has less time. */
  private wasShort = false;

  constructor(env: Env, effects: EffectQueue, base: SessionBase, port: PeersPort) {
    this.env = env;
    this.effects = effects;
    this.base = base;
    this.port = port;
    const { uploadKbps, downloadKbps, uploadTargetMb } = base.line;
    this.shared = new SharedLimits({
      uploadPerSecond: uploadKbps * bytesPerKilobit,
      downloadPerSecond: downloadKbps * bytesPerKilobit,
      isThin: base.isThin,
    });
    this.uploadTarget = new UploadTarget(env.clock, uploadTargetMb * bytesPerMegabyte);
    this.links = new Links(effects, (bytes) => this.uploadTarget.onSent(bytes));
    this.clocks = new PeerClocks(env.clock, port.slotMs);
    this.members = new Membership(env, port.membership, this);
  }

  /** Bytes that were not sent, because they were sent deflated. */
  get savedBytes(): number {
    return this.shared.deflation.savedBytes;
  }

  get deadline(): number {
    return Math.min(this.members.deadline, this.sessionDeadline);
  }

  private get sessionDeadline(): number {
    const { isShort } = this.shared.room;
    if (isShort !== this.wasShort) this.links.onSharedMoved();
    this.wasShort = isShort;
    return this.links.deadline;
  }

  tick(): void {
    this.members.tick();
    const now = this.env.clock.monotonicMs;
    if (this.sessionDeadline > now) return;
    for (const link of [...this.links.all()]) {
      if (link.session.deadline > now) continue;
      this.links.touch(link.conn);
      this.onSessionEvents(link, link.session.tick());
    }
  }

  send(conn: Conn, message: Message, after?: Ticket): boolean {
    return this.links.send(conn, message, after);
  }

  hasForRead(conn: Conn, lane: Lane, bytes: number, onTheWay: number): boolean {
    return this.links.get(conn)?.session.hasForRead(lane, bytes, onTheWay) ?? false;
  }

  blame(conn: Conn, code: BlameCode, detail: string): void {
    const link = this.links.get(conn);
    if (link === undefined) return;
    const penalty = penalties[code];
    if (penalty.score > 0) {
      const { nodeId, address } = link;
      this.effects.notify({ type: "peer-blamed", conn, nodeId, address, code, detail });
    }
    this.port.connections.onPenalty(conn, penalty, code);
    if (penalty.disconnect) this.disconnect(conn, "protocol", `${code}: ${detail}`);
  }

  onConnected(conn: Conn, inbound: boolean, address: string): void {
    const { connections } = this.port;
    if (!connections.onConnected(conn, inbound, address)) return this.effects.close(conn);
    const { genesisHash, nodeSeed, nodeId, staticSecret, networkFile, writer } = this.base;
    // Named one by one: an object made by spreading has a shape of its own, 450 bytes of it.
    const session = new Session(this.env, {
      conn,
      genesisHash,
      nodeSeed,
      nodeId,
      staticSecret,
      networkFile,
      writer,
      shared: this.shared,
      role: inbound ? "responder" : "initiator",
      expectedNodeId: connections.expectedIdentity(conn),
      remoteAddress: address,
      hello: (seen) => ({ ...this.base.hello(seen), features: connections.features(conn) }),
    });
    this.links.add({ conn, address, inbound, session, nodeId: undefined });
  }

  onBytes(conn: Conn, bytes: Uint8Array): void {
    const link = this.links.get(conn);
    if (link === undefined) return; // Closed by us while these were on their way.
    this.links.touch(conn);
    this.links.traffic.received += bytes.length;
    const { pong } = link.session;
    this.onSessionEvents(link, link.session.receive(bytes));
    if (link.session.pong !== pong) {
      this.notePing(link);
      this.onPong(link);
    }
  }

  /** Undefined until it is proven. */
  nodeIdOf(conn: Conn): NodeId | undefined {
    return this.links.get(conn)?.nodeId;
  }

  /** TCP is gone. */
  onClosed(conn: Conn, reason: string): void {
    const link = this.links.forget(conn);
    if (link === undefined) return;
    const isUnheard = !link.inbound && link.session.phase === "opening";
    const { truncated } = link.session.onClosed();
    const detail = isUnheard ? `${reason}, ${unheardMeans}` : reason;
    this.closed(link, truncated ? "truncated" : "closed", detail, false);
  }

  /** Says goodbye and closes; a dial that has not got through is given up. */
  disconnect(conn: Conn, code: DisconnectCode, text: string): void {
    const link = this.links.disconnect(conn, code, text);
    if (link === undefined) this.effects.close(conn);
    else this.closed(link, code, text, true);
  }

  private onSessionEvents(link: Link, events: readonly SessionEvent[]): void {
    for (const event of events) {
      if (this.links.get(link.conn) !== link) return;
      switch (event.type) {
        case "ready":
          this.onReady(link, event);
          break;
        case "messages":
          for (const message of event.messages) {
            if (this.links.get(link.conn) !== link) return;
            if (this.members.onMessage(link.conn, message)) continue;
            this.port.onMessage(link.conn, message);
          }
          break;
        case "reading":
          this.effects.reading(link.conn, event.on);
          break;
        case "failed":
          this.onFailed(link, event.code, event.detail);
          break;
        case "ended":
          this.links.close(link.conn);
          this.closed(link, event.code, event.text, false);
          break;
        default:
          unreachable(event);
      }
    }
  }

  /** A member, or one that needs no proof: `held` came while it was waited for. */
  onMember(conn: Conn, held: readonly Message[]): void {
    const link = this.links.get(conn);
    if (link?.hello === undefined || link.nodeId === undefined) return;
    this.admit(link, link.nodeId, link.hello);
    for (const message of held) {
      if (this.links.get(conn) !== link) return;
      this.port.onMessage(conn, message);
    }
  }

  refuse(conn: Conn, detail: string): void {
    const link = this.links.get(conn);
    if (link === undefined) return;
    const { nodeId, address } = link;
    const code = "not-a-member";
    this.effects.notify({ type: "connection-refused", conn, nodeId, address, code, detail });
    this.disconnect(conn, "banned", detail);
  }

  private onReady(link: Link, { nodeId, hello, handshakeHash }: SessionReady): void {
    const { conn } = link;
    link.nodeId = nodeId;
    link.hello = hello;
    const isPinned = this.port.connections.expectedIdentity(conn) === nodeId;
    if (this.members.begin({ conn, nodeId, hello, handshakeHash, isPinned })) return;
    this.admit(link, nodeId, hello);
  }

  private admit(link: Link, nodeId: NodeId, hello: Hello): void {
    const { conn, address, inbound } = link;
    link.hello = undefined;
    const verdict = this.port.connections.onReady(conn, nodeId, hello);
    if (!verdict.keep) return this.disconnect(conn, verdict.code, verdict.text);
    const { agent, height } = hello;
    this.effects.notify({ type: "peer-ready", conn, nodeId, address, inbound, agent, height });
    this.port.onReady(conn, nodeId, hello);
    this.notePing(link);
  }

  private notePing({ conn, session: { pong } }: Link): void {
    if (pong !== undefined) this.port.connections.onPing(conn, pong.pingMs);
  }

  /** Those who chose us do not count: they may be one. */
  private onPong({ inbound, nodeId, session: { pong } }: Link): void {
    if (inbound || nodeId === undefined || pong === undefined) return;
    const turned = this.clocks.onPong(nodeId, pong);
    if (turned?.offsetMs === undefined) return;
    const { offsetMs: byMs, peers, isOff } = turned;
    this.effects.notify({ type: "clock-compared", byMs, peers, isOff });
  }

  private onFailed(link: Link, code: BlameCode, detail: string): void {
    this.port.connections.onPenalty(link.conn, penalties[code], code);
    if (this.links.get(link.conn) !== link) return;
    this.links.close(link.conn);
    this.closed(link, code, detail, true);
  }

  private closed(link: Link, code: CloseCode, detail: string, byUs: boolean): void {
    const { conn, nodeId, address } = link;
    this.members.onClosed(conn);
    this.port.connections.onClosed(conn);
    this.port.onClosed(conn, nodeId, code);
    this.effects.notify({ type: "peer-closed", conn, nodeId, address, code, detail, byUs });
  }
}
