/**
 * Who we are connected to: dials, admits, deduplicates, disconnects. It composes the parts of this
 * folder and decides by asking them. It moves no bytes: sessions (peer/session.ts) authenticate,
 * the node closes what we close.
 *
 *     stranger -> handshake gate -> (proof) -> doorkeeper -> table <- outbound <- dialer <- book
 *                                                              rotation, lagging peers, load limit
 *
 * Invariants: one ready connection per identity, never to ourselves; slots and pending handshakes
 * within their limits; only an authenticated peer displaces another. What this class closes
 * through the port it has already forgotten: a later `onClosed` of it is nothing.
 * protocol-spec/09-connections
 */
import type { Conn } from "../../edge/conn.ts";
import type { Env } from "../../edge/env.ts";
import type { BlameCode } from "../../edge/port.ts";
import type { NodeId } from "../../model/ids.ts";
import { formatPeerAddress, parsePeerAddress } from "../../wire/address.ts";
import type { WireCode } from "../../wire/errors.ts";
import type { Feature, Hello } from "../../wire/messages.ts";
import { endpointOf } from "../addresses/endpoint.ts";
import type { Admission } from "../conduct/admission.ts";
import type { Misconduct } from "../conduct/misconduct.ts";
import type { UsefulKind } from "../conduct/peer-score.ts";
import { anchorsOf } from "./anchors.ts";
import { type ConnectionParts, connectionParts } from "./connection-parts.ts";
import type {
  ConnectionOptions,
  ConnectionPort,
  Penalty,
  ReadyVerdict,
} from "./connection-port.ts";
import {
  addressesOf,
  type Connection,
  type Handshaking,
  type Ready,
  readyFrom,
} from "./connection-table.ts";
import { type Refused, subjectOf } from "./doorkeeper.ts";
import { featuresFor } from "./link-features.ts";
import { type PeerView, peerView } from "./peer-view.ts";
import type { SlotUse } from "./slots.ts";

export type { PeerView } from "./peer-view.ts";

export class ConnectionManager {
  private readonly env: Env;
  private readonly port: ConnectionPort;
  private readonly options: ConnectionOptions;
  private readonly parts: ConnectionParts;
  private phase: "new" | "running" | "shut" = "new";

  constructor(env: Env, port: ConnectionPort, options: ConnectionOptions) {
    this.env = env;
    this.port = port;
    this.options = options;
    this.parts = connectionParts(env, port, options);
    const { book, dialer, exchange } = this.parts;
    book.restore(options.knownAddresses ?? [], (at) => exchange.mayKeep(at, undefined));
    dialer.addAnchors(options.anchors ?? []);
    for (const address of options.connect) this.addManual(address);
  }

  /** An instant of `clock.monotonicMs`; Infinity when nothing is due. */
  get deadline(): number {
    if (this.phase !== "running") return Number.POSITIVE_INFINITY;
    return Math.min(this.parts.upkeep.deadline, this.parts.outbound.deadline);
  }

  get counts(): SlotUse & { readonly addresses: number; readonly discouraged: number } {
    const { discouragedCount: discouraged } = this.parts.misconduct;
    return { ...this.parts.table.use, addresses: this.parts.book.size, discouraged };
  }

  get misconduct(): Misconduct {
    return this.parts.misconduct;
  }

  get admission(): Admission {
    return this.parts.admission;
  }

  peers(): readonly PeerView[] {
    const { admission, misconduct, table } = this.parts;
    return [...table.values()].map((connection) =>
      peerView(connection, misconduct.scoreOf(subjectOf(connection)), admission, this.options),
    );
  }

  /** To be kept over a restart, and handed in again by these names; the key is a secret. */
  keptPeers() {
    const { book, table } = this.parts;
    const anchors = anchorsOf(table.outboundValues());
    return { addressKey: book.key, knownAddresses: book.known(), anchors };
  }

  /** Whom the operator expects at what was dialled as `conn`. */
  expectedIdentity(conn: Conn): NodeId | undefined {
    return this.parts.table.get(conn)?.target?.pin;
  }

  /** What our HELLO says of what `conn` is for. */
  features(conn: Conn): readonly Feature[] {
    return featuresFor(this.parts.table.get(conn)?.target?.kind);
  }

  /** No addresses and no transactions pass there. */
  isBlockOnly(conn: Conn): boolean {
    const peer = this.parts.table.get(conn);
    return peer?.target?.kind === "block-only" || (peer?.type === "ready" && peer.quiet);
  }

  onStarted(): void {
    this.phase = "running";
    this.parts.upkeep.onStarted();
    this.dialDue();
  }

  tick(): void {
    if (this.phase !== "running") return;
    const lateMs = this.env.clock.monotonicMs - this.deadline;
    this.parts.outbound.tick();
    this.parts.upkeep.tick(lateMs);
    this.dialDue();
  }

  /** Dial and keep `[identity@]host:port`. False when it is none, or there are too many. */
  connect(address: string): boolean {
    if (this.phase === "shut" || !this.addManual(address)) return false;
    if (this.phase === "running") this.dialDue();
    return true;
  }

  /** dialling -> handshaking, or a stranger's connection begins. False: close it at once. */
  onConnected(conn: Conn, inbound: boolean, address: string): boolean {
    const known = this.parts.table.get(conn);
    const target = known?.type === "dialling" ? known.target : undefined;
    const at = endpointOf(address);
    const group = this.parts.groupOf(address) ?? "unknown";
    const next: Handshaking = { type: "handshaking", conn, address, endpoint: at, group, target };
    if (this.phase !== "running" || (!inbound && target === undefined)) return false;
    const verdict = inbound ? this.parts.gate.judge(next) : undefined;
    if (verdict?.type === "refused") {
      const { code, detail } = verdict;
      const nodeId = undefined;
      this.port.notify({ type: "connection-refused", conn, nodeId, address, code, detail });
      return false;
    }
    const { closing } = this.parts;
    if (verdict?.instead !== undefined) closing.evict(verdict.instead, "handshakes-full");
    this.parts.table.set(next);
    return true;
  }

  onDialFailed(conn: Conn, reason: string): void {
    this.parts.outbound.onDialFailed(conn, reason);
    this.dialDue();
  }

  /** handshaking -> ready, when it may stay. May close another peer through the port. */
  onReady(conn: Conn, nodeId: NodeId, hello: Hello): ReadyVerdict {
    const from = this.parts.table.get(conn);
    if (from?.type !== "handshaking") {
      return { keep: false, code: "requested", text: "closed meanwhile" };
    }
    const { admission, dialer } = this.parts;
    const isNamed = dialer.isManualIdentity(nodeId) || admission.isOwn(nodeId);
    const manual = from.target?.kind === "manual" || isNamed;
    const peer = readyFrom(from, { nodeId, hello, manual }, this.env.clock);
    if (from.target !== undefined && nodeId !== this.options.self) {
      // It answered and proved an identity, whether or not we keep the connection.
      this.parts.dialer.onReady(from.target, nodeId);
      this.parts.exchange.learnDialled(peer);
    }
    const { closing, doorkeeper } = this.parts;
    const verdict = doorkeeper.judge(peer);
    if (verdict.type === "refused") return this.refuse(from, peer, verdict);
    if (verdict.type === "displaces") {
      closing.close(verdict.loser, "duplicate", "displaced by a newer connection", "neutral");
    }
    if (verdict.type === "evicts") closing.evict(verdict.victim, verdict.code);
    this.admit(peer);
    this.dialDue();
    return { keep: true };
  }

  /** The connection is gone, by the peer, the network, or the node. */
  onClosed(conn: Conn): void {
    const connection = this.parts.table.get(conn);
    if (connection === undefined) return;
    this.parts.closing.drop(connection);
    // A stranger's handshake that ends changes nothing for the dialer: no work for a flood.
    if (connection.type === "ready" || connection.target !== undefined) this.dialDue();
  }

  /** The peer sent something that we wanted: it is worth dialling again. */
  onDelivered(conn: Conn, kind: UsefulKind = "block"): void {
    const peer = this.parts.table.get(conn);
    if (peer?.type !== "ready") return;
    this.parts.misconduct.scores.onUseful(peer.nodeId, kind);
    if (peer.conduct === "silent") peer.conduct = "useful";
    const now = this.env.clock.monotonicMs;
    if (kind === "block") peer.merits.blockAt = now;
    if (kind === "transaction") peer.merits.transactionAt = now;
  }

  onPing(conn: Conn, pingMs: number): void {
    const peer = this.parts.table.get(conn);
    if (peer?.type === "ready") peer.merits.pingMs = Math.min(peer.merits.pingMs, pingMs);
  }

  /** The peer has the block that we know at `height`: it sent, announced or listed it. */
  onShown(conn: Conn, height: number | undefined): void {
    const peer = this.parts.table.get(conn);
    if (peer?.type !== "ready" || height === undefined) return;
    peer.merits.shownHeight = Math.max(peer.merits.shownHeight, height);
  }

  /**
   * A fault, called before the connection is closed for it. The caller closes what `penalty` says
   * to disconnect and reports why; a peer whose soft faults have added up is closed from here.
   * `code` is what it did: for onlookers, and to learn that a dial reached ourselves.
   */
  onPenalty(conn: Conn, penalty: Penalty, code?: BlameCode): void {
    const peer = this.parts.table.get(conn);
    if (peer === undefined) return;
    if (code === "self-connection") this.markOwn(peer);
    if (!this.parts.offences.add(peer, penalty, code)) return;
    this.parts.closing.close(peer, "protocol", "its faults have added up", "failed");
    this.dialDue();
  }

  onGetPeers(conn: Conn, count: number): void {
    const peer = this.parts.table.get(conn);
    if (peer?.type !== "ready" || this.isBlockOnly(conn)) return;
    this.parts.exchange.onGetPeers(peer, count);
  }

  /** A code when the peer broke a rule. `entries` are borrowed. */
  onPeers(conn: Conn, entries: Uint8Array): WireCode | undefined {
    const peer = this.parts.table.get(conn);
    if (peer?.type !== "ready") return undefined;
    const code = this.parts.exchange.onPeers(peer, entries);
    if (code === undefined) this.dialDue();
    return code;
  }

  /** Closes everything; nothing is dialled or let in any more. */
  shutdown(): void {
    this.phase = "shut";
    for (const connection of [...this.parts.table.values()]) {
      this.parts.closing.close(connection, "shutdown", "");
    }
  }

  private addManual(text: string): boolean {
    const parsed = parsePeerAddress(text);
    if (parsed === undefined) return false;
    const address = formatPeerAddress({ ...parsed, nodeId: undefined });
    if (!this.parts.dialer.addManual(address, parsed.nodeId)) return false;
    this.parts.table.makeManual(address);
    return true;
  }

  private dialDue(): void {
    if (this.phase === "running") this.parts.outbound.dialDue();
  }

  private refuse(from: Handshaking, peer: Ready, refusal: Refused): ReadyVerdict {
    const { code, reason, text } = refusal;
    const { conn, nodeId, address } = peer;
    if (this.parts.doorkeeper.isThisProcess(peer)) this.markOwn(peer);
    const event = { conn, nodeId, address, code: reason, detail: text };
    this.port.notify({ type: "connection-refused", ...event });
    const outcome = reason === "feeler" ? "lasted" : reason === "duplicate" ? "neutral" : "failed";
    this.parts.closing.drop(from, outcome);
    this.dialDue();
    return { keep: false, code, text };
  }

  private admit(peer: Ready): void {
    this.parts.table.set(peer);
    this.parts.misconduct.scores.onConnected(peer.nodeId);
    if (this.isBlockOnly(peer.conn)) return;
    this.parts.exchange.onReady(peer.conn);
    this.parts.exchange.greet(peer);
    if (peer.target === undefined) this.parts.exchange.learnListener(peer);
    else this.parts.exchange.ask(peer.conn);
  }

  private markOwn(connection: Connection): void {
    if (connection.target === undefined) return;
    for (const address of addressesOf(connection)) this.parts.book.markOwn(address);
  }
}
