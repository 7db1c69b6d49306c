/**
 * Asking peers for addresses of others, answering the same question, and taking no answer that we
 * did not ask for. What becomes of an address is the book's and the dialer's business.
 *
 * Invariants: an answer holds at most 64 entries and never the asker's own address; a peer is
 * answered once in `peersAnswerMs`. protocol-spec/09-connections §3
 */
import { defined } from "../base/assert.ts";
import type { Conn } from "../edge/conn.ts";
import type { Env } from "../edge/env.ts";
import type { NodeId } from "../model/ids.ts";
import { connectionLimits } from "../params/limits.ts";
import {
  type AddressEntry,
  decodeAddressEntries,
  encodeAddressEntries,
  ip16Of,
  ipText,
} from "../wire/address.ts";
import type { WireCode } from "../wire/errors.ts";
import type { AddressBook } from "./address-book.ts";
import type { ConnectionPort } from "./connection-port.ts";
import type { Ready } from "./connection-table.ts";
import { dialableOnHearsay, type Endpoint, endpoint } from "./endpoint.ts";

interface Exchange {
  /** Questions without an answer so far; a slow peer may owe us several. */
  owed: number;
  answeredAt: number;
}

interface Told {
  readonly at: Endpoint;
  readonly nodeId: NodeId | undefined;
  readonly services: number;
  readonly lastSeenMs: number;
}

type ExchangePort = Pick<ConnectionPort, "send">;

export interface ExchangeOptions {
  readonly self: NodeId;
  readonly allowPrivate: boolean;
}

const unknownId = "0".repeat(64) as NodeId;
const countMax = connectionLimits.addressesPerMessageMax;

export class PeerExchange {
  private readonly env: Env;
  private readonly port: ExchangePort;
  private readonly book: AddressBook;
  private readonly options: ExchangeOptions;
  private readonly exchanges = new Map<Conn, Exchange>();

  constructor(env: Env, port: ExchangePort, book: AddressBook, options: ExchangeOptions) {
    this.env = env;
    this.port = port;
    this.book = book;
    this.options = options;
  }

  onReady(conn: Conn): void {
    this.exchanges.set(conn, { owed: 0, answeredAt: Number.NEGATIVE_INFINITY });
  }

  onClosed(conn: Conn): void {
    this.exchanges.delete(conn);
  }

  get size(): number {
    return this.exchanges.size;
  }

  ask(conn: Conn): void {
    const exchange = this.exchanges.get(conn);
    if (exchange === undefined) return;
    if (this.port.send(conn, { type: "get_peers", count: countMax })) exchange.owed++;
  }

  /** Notes what `peer` says. A code when it broke a rule, else undefined. */
  onPeers(peer: Ready, entries: Uint8Array): WireCode | undefined {
    const exchange = this.exchanges.get(peer.conn);
    if (exchange === undefined || exchange.owed === 0) return "unsolicited";
    exchange.owed--;
    const decoded = decodeAddressEntries(entries);
    if (decoded === undefined || decoded.length > countMax) return "bad-field";
    for (const entry of decoded) this.learn(peer, entry);
    return undefined;
  }

  /** Answers, unless the peer asks too often. `ready`: whom we are connected to. */
  onGetPeers(peer: Ready, count: number, ready: Iterable<Ready>): void {
    const now = this.env.clock.monotonicMs;
    const exchange = this.exchanges.get(peer.conn);
    if (exchange === undefined) return;
    if (now - exchange.answeredAt < connectionLimits.peersAnswerMs) return;
    exchange.answeredAt = now;
    const told = new Map<string, Told>();
    for (const other of ready) {
      const at = other.listens;
      if (at === undefined || !this.mayTell(peer, at)) continue;
      const lastSeenMs = this.env.clock.wallMs;
      const { nodeId, hello } = other;
      told.set(at.address, { at, nodeId, services: hello.services, lastSeenMs });
    }
    for (const { endpoint: at, fails, nodeId, services, lastSeenMs } of this.book.values()) {
      if (fails > 0 || told.has(at.address) || !this.mayTell(peer, at)) continue;
      told.set(at.address, { at, nodeId, services, lastSeenMs });
    }
    const chosen = this.someOf([...told.values()], Math.min(count, countMax));
    const entries = encodeAddressEntries(chosen.map(entryOf));
    this.port.send(peer.conn, { type: "peers", entries });
  }

  /** An inbound peer said at which port it listens, and we saw its address ourselves. */
  learnListener(peer: Ready): void {
    const { listens, endpoint: seen } = peer;
    if (listens === undefined || !this.mayKeep(listens, seen)) return;
    this.book.add(listens, {
      source: peer.nodeId,
      nodeId: peer.nodeId,
      services: peer.hello.services,
      lastSeenMs: this.env.clock.wallMs,
    });
  }

  /** Whom we dialled answered there and proved who it is. */
  learnDialled(peer: Ready): void {
    const { listens, nodeId, hello } = peer;
    if (listens === undefined || !this.mayKeep(listens, undefined)) return;
    this.book.onConfirmed(listens, nodeId, hello.services);
  }

  mayKeep(about: Endpoint, teller: Endpoint | undefined): boolean {
    return dialableOnHearsay(about, teller, this.options.allowPrivate);
  }

  private learn(peer: Ready, entry: AddressEntry): void {
    const about = endpoint(ipText(entry.ip16), entry.port);
    if (about === undefined || !this.mayKeep(about, peer.endpoint)) return;
    if (entry.nodeId === this.options.self) return;
    // Of itself a peer is believed only what we see: its IP, with the port of its HELLO.
    const isKnown = entry.nodeId !== unknownId && entry.nodeId !== peer.nodeId;
    this.book.add(about, {
      source: peer.nodeId,
      nodeId: isKnown ? entry.nodeId : undefined,
      services: entry.services,
      lastSeenMs: entry.lastSeenMs,
    });
  }

  private mayTell(asker: Ready, about: Endpoint): boolean {
    return about.address !== asker.listens?.address && this.mayKeep(about, asker.endpoint);
  }

  /** A random choice, by a partial Fisher-Yates shuffle. */
  private someOf(all: Told[], count: number): readonly Told[] {
    const chosen = Math.min(count, all.length);
    for (let i = 0; i < chosen; i++) {
      const j = i + this.env.random.below(all.length - i);
      [all[i], all[j]] = [all[j]!, all[i]!];
    }
    return all.slice(0, chosen);
  }
}

function entryOf({ at, nodeId, services, lastSeenMs }: Told): AddressEntry {
  const ip16 = defined(ip16Of(at.ip), "an endpoint has an IP address");
  return { ip16, port: at.port, nodeId: nodeId ?? unknownId, services, lastSeenMs };
}
