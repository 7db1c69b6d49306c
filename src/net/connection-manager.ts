/**
 * Who we are connected to: dials, admits, deduplicates, disconnects. It composes the table, the
 * slots, the book, the dialer, the exchange and the list of offenders, and decides by asking them.
 * It moves no bytes: sessions (peer/session.ts) authenticate, the node closes what we close.
 *
 * Invariants: one ready connection per identity, never to ourselves; slots and pending handshakes
 * within their limits; only an authenticated peer displaces another. What this class closes
 * through the port it has already forgotten: a later `onClosed` of it is nothing.
 * protocol-spec/09-connections
 */
import type { Conn } from "../edge/conn.ts";
import type { Env } from "../edge/env.ts";
import type { BlameCode } from "../edge/port.ts";
import type { NodeId } from "../model/ids.ts";
import { connectionLimits } from "../params/limits.ts";
import { formatPeerAddress, parsePeerAddress } from "../wire/address.ts";
import type { WireCode } from "../wire/errors.ts";
import type { DisconnectCode, Hello } from "../wire/messages.ts";
import { AddressBook, type KnownAddress } from "./address-book.ts";
import type {
  ConnectionOptions,
  ConnectionPort,
  Penalty,
  ReadyVerdict,
} from "./connection-port.ts";
import {
  type Connection,
  ConnectionTable,
  type Handshaking,
  type Ready,
  readyFrom,
} from "./connection-table.ts";
import { Dialer, type DialOutcome } from "./dialer.ts";
import { Doorkeeper, subjectOf } from "./doorkeeper.ts";
import { endpointOf } from "./endpoint.ts";
import { Misconduct, ofIdentity, ofOrigin } from "./misconduct.ts";
import { Outbound, outcomeOf } from "./outbound.ts";
import { PeerExchange } from "./peer-exchange.ts";
import { type PeerView, peerView } from "./peer-view.ts";
import { Slots, type SlotUse } from "./slots.ts";

export type { PeerView } from "./peer-view.ts";

export class ConnectionManager {
  private readonly env: Env;
  private readonly port: ConnectionPort;
  private readonly options: ConnectionOptions;
  private readonly table = new ConnectionTable();
  private readonly slots: Slots;
  private readonly book: AddressBook;
  private readonly dialer: Dialer;
  private readonly outbound: Outbound;
  private readonly exchange: PeerExchange;
  private readonly misconduct: Misconduct;
  private readonly doorkeeper: Doorkeeper;
  private phase: "new" | "running" | "shut" = "new";
  private discoveryAt = Number.POSITIVE_INFINITY;

  constructor(env: Env, port: ConnectionPort, options: ConnectionOptions) {
    this.env = env;
    this.port = port;
    this.options = options;
    this.slots = new Slots(options);
    this.book = new AddressBook(env.clock);
    this.misconduct = new Misconduct(env.clock);
    this.doorkeeper = new Doorkeeper(env.clock, options, this.table, this.slots, this.misconduct);
    this.exchange = new PeerExchange(env, port, this.book, options);
    this.dialer = new Dialer(env, this.book, {
      isBusy: (address, nodeId) =>
        this.table.isInUse(address) ||
        this.book.isOwn(address) ||
        (nodeId !== undefined && this.table.ready(nodeId) !== undefined),
      isShunned: (entry) =>
        this.misconduct.isDiscouraged(ofOrigin(entry.endpoint.origin)) ||
        (entry.nodeId !== undefined && this.misconduct.isDiscouraged(ofIdentity(entry.nodeId))),
    });
    this.outbound = new Outbound(env, port, this.table, this.slots, this.dialer);
    this.book.restore(options.knownAddresses ?? [], (at) => this.exchange.mayKeep(at, undefined));
    for (const address of options.connect) this.addManual(address);
  }

  /** An instant of `clock.monotonicMs`; Infinity when nothing is due. */
  get deadline(): number {
    if (this.phase !== "running") return Number.POSITIVE_INFINITY;
    return Math.min(this.discoveryAt, this.outbound.deadline);
  }

  get counts(): SlotUse & { readonly addresses: number; readonly discouraged: number } {
    const { discouragedCount: discouraged } = this.misconduct;
    return { ...this.table.use, addresses: this.book.size, discouraged };
  }

  peers(): readonly PeerView[] {
    const views: PeerView[] = [];
    for (const connection of this.table.values()) {
      views.push(peerView(connection, this.misconduct.scoreOf(subjectOf(connection))));
    }
    return views;
  }

  /** To be kept over a restart, and handed in again as `knownAddresses`. */
  knownAddresses(): readonly KnownAddress[] {
    return this.book.known();
  }

  /** Whom the operator expects at what was dialled as `conn`. */
  expectedIdentity(conn: Conn): NodeId | undefined {
    return this.table.get(conn)?.target?.pin;
  }

  onStarted(): void {
    this.phase = "running";
    this.discoveryAt = this.env.clock.monotonicMs + connectionLimits.discoveryMs;
    this.dialDue();
  }

  tick(): void {
    if (this.phase !== "running") return;
    this.outbound.tick();
    if (this.discoveryAt <= this.env.clock.monotonicMs) this.discover();
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
    const known = this.table.get(conn);
    const target = known?.type === "dialling" ? known.target : undefined;
    const at = endpointOf(address);
    const next: Handshaking = { type: "handshaking", conn, address, endpoint: at, target };
    if (this.phase !== "running" || (!inbound && target === undefined)) return false;
    const refused = inbound ? this.doorkeeper.refusal(next) : undefined;
    if (refused !== undefined) {
      this.port.notify({ type: "connection-refused", conn, address, ...refused });
      return false;
    }
    this.table.set(next);
    return true;
  }

  onDialFailed(conn: Conn, reason: string): void {
    this.outbound.onDialFailed(conn, reason);
    this.dialDue();
  }

  /** handshaking -> ready, when it may stay. May close a duplicate through the port. */
  onReady(conn: Conn, nodeId: NodeId, hello: Hello): ReadyVerdict {
    const from = this.table.get(conn);
    if (from?.type !== "handshaking") {
      return { keep: false, code: "requested", text: "closed meanwhile" };
    }
    const manual = from.target?.manual === true || this.dialer.isManualIdentity(nodeId);
    const peer = readyFrom(from, { nodeId, hello, manual }, this.env.clock);
    if (from.target !== undefined && nodeId !== this.options.self) {
      // It answered and proved an identity, whether or not we keep the connection.
      this.dialer.onReady(from.target, nodeId);
      this.exchange.learnDialled(peer);
    }
    const admission = this.doorkeeper.judge(peer);
    if (admission.type === "refused") {
      const { code, text } = admission;
      if (this.doorkeeper.isThisProcess(peer)) this.markOwn(peer);
      const outcome = code === "duplicate" ? "neutral" : "failed";
      this.drop(from, outcome);
      this.dialDue();
      return { keep: false, code, text };
    }
    if (admission.type === "displaces") {
      this.close(admission.loser, "duplicate", "displaced by a newer connection", "neutral");
    }
    this.admit(peer);
    this.dialDue();
    return { keep: true };
  }

  /** The connection is gone, by the peer, the network, or the node. */
  onClosed(conn: Conn): void {
    const connection = this.table.get(conn);
    if (connection === undefined) return;
    this.drop(connection, outcomeOf(connection, this.env.clock.monotonicMs));
    // A stranger's handshake that ends changes nothing for the dialer: no work for a flood.
    if (connection.type === "ready" || connection.target !== undefined) this.dialDue();
  }

  /** The peer sent something that we wanted: it is worth dialling again. */
  onDelivered(conn: Conn): void {
    const peer = this.table.get(conn);
    if (peer?.type === "ready" && peer.conduct === "silent") peer.conduct = "useful";
  }

  /**
   * A fault, called before the connection is closed for it. The caller closes what `penalty` says
   * to disconnect and reports why; a peer whose soft faults have added up is closed from here.
   * `code` is what it did: for onlookers, and to learn that a dial reached ourselves.
   */
  onPenalty(conn: Conn, penalty: Penalty, code: BlameCode | undefined = undefined): void {
    const peer = this.table.get(conn);
    if (peer === undefined) return;
    if (code === "self-connection") this.markOwn(peer);
    const subject = subjectOf(peer);
    this.misconduct.add(subject, penalty.score);
    const { addedUp, discourage } = this.doorkeeper.sentence(peer, penalty);
    if (discourage) {
      this.misconduct.discourage(subject);
      const forMs = connectionLimits.discourageMs;
      this.port.notify({ type: "peer-discouraged", subject, code: code ?? "protocol", forMs });
    }
    if (peer.type === "ready" && (addedUp || penalty.disconnect)) peer.conduct = "offending";
    if (!addedUp || penalty.disconnect) return;
    this.close(peer, "protocol", "its faults have added up", "failed");
    this.dialDue();
  }

  onGetPeers(conn: Conn, count: number): void {
    const peer = this.table.get(conn);
    if (peer?.type !== "ready") return;
    this.exchange.onGetPeers(peer, count, this.table.readyValues());
  }

  /** A code when the peer broke a rule. `entries` are borrowed. */
  onPeers(conn: Conn, entries: Uint8Array): WireCode | undefined {
    const peer = this.table.get(conn);
    if (peer?.type !== "ready") return undefined;
    const code = this.exchange.onPeers(peer, entries);
    if (code === undefined) this.dialDue();
    return code;
  }

  /** Closes everything; nothing is dialled or let in any more. */
  shutdown(): void {
    this.phase = "shut";
    for (const connection of [...this.table.values()]) {
      const outcome = outcomeOf(connection, this.env.clock.monotonicMs);
      this.close(connection, "shutdown", "", outcome);
    }
  }

  private addManual(text: string): boolean {
    const parsed = parsePeerAddress(text);
    if (parsed === undefined) return false;
    const address = formatPeerAddress({ ...parsed, nodeId: undefined });
    if (!this.dialer.addManual(address, parsed.nodeId)) return false;
    for (const peer of [...this.table.readyValues()]) {
      const named = peer.target?.address === address || peer.listens?.address === address;
      if (named && !peer.manual) this.table.set({ ...peer, manual: true });
    }
    return true;
  }

  private dialDue(): void {
    if (this.phase === "running") this.outbound.dialDue();
  }

  private discover(): void {
    this.discoveryAt = this.env.clock.monotonicMs + connectionLimits.discoveryMs;
    this.book.expire();
    for (const peer of this.table.readyValues()) {
      if (peer.listens !== undefined) this.book.onSeen(peer.listens.address);
      if (peer.target !== undefined) this.exchange.ask(peer.conn);
    }
  }

  private admit(peer: Ready): void {
    this.table.set(peer);
    this.exchange.onReady(peer.conn);
    if (peer.target === undefined) this.exchange.learnListener(peer);
    else this.exchange.ask(peer.conn);
  }

  private markOwn(connection: Connection): void {
    if (connection.target === undefined) return;
    this.book.markOwn(connection.target.address);
    if (connection.type !== "dialling" && connection.endpoint !== undefined) {
      this.book.markOwn(connection.endpoint.address);
    }
  }

  /** Forgotten first, so that whatever `close` calls back finds nothing. */
  private close(
    connection: Connection,
    code: DisconnectCode,
    text: string,
    outcome: DialOutcome,
  ): void {
    this.drop(connection, outcome);
    this.port.close(connection.conn, code, text);
  }

  private drop({ conn, target }: Connection, outcome: DialOutcome): void {
    this.table.remove(conn);
    this.exchange.onClosed(conn);
    if (target !== undefined) this.dialer.onEnded(target, outcome);
  }
}
