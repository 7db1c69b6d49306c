/**
 * Asking peers for addresses of others, answering the same question, telling our own, and taking
 * nothing else that we did not ask for. What becomes of an address is the book's and the dialer's
 * business, what we answer address-answers.ts's.
 *
 * Invariants: an answer holds at most 64 entries and never the asker's own address; a peer is
 * answered once in `peersAnswerMs`; no signature is checked beyond a peer's budget.
 * protocol-spec/09-connections §3
 */
import { defined } from "../../base/assert.ts";
import { equalBytes } from "../../base/bytes.ts";
import type { Conn } from "../../edge/conn.ts";
import type { Env } from "../../edge/env.ts";
import { isSignedRecord } from "../../model/address-record.ts";
import type { NodeId } from "../../model/ids.ts";
import { connectionLimits } from "../../params/limits.ts";
import {
  type AddressEntry,
  decodeAddressEntries,
  encodeAddressEntries,
  ip16Of,
  ipText,
  unknownOwner,
} from "../../wire/address.ts";
import type { WireCode } from "../../wire/errors.ts";
import type { ConnectionPort } from "../connections/connection-port.ts";
import type { Ready } from "../connections/connection-table.ts";
import { AddressAnswers } from "./address-answers.ts";
import type { AddressBook, BookEntry } from "./address-book.ts";
import { AddressBudget } from "./address-budget.ts";
import type { OwnersWord } from "./address-entry.ts";
import { dialableOnHearsay, type Endpoint, endpoint } from "./endpoint.ts";
import { OwnAddress, type OwnAddressOptions } from "./own-address.ts";

interface Exchange {
  /** Questions without an answer so far; a slow peer may owe us several. */
  owed: number;
  answeredAt: number;
  readonly budget: AddressBudget;
  /** Of the newest record of ours that it was told. */
  toldMs: number;
}

export interface ExchangeParts {
  readonly env: Env;
  readonly port: Pick<ConnectionPort, "send">;
  readonly book: AddressBook;
  readonly options: OwnAddressOptions;
  readonly rules: {
    /** No addresses are asked for, given or taken. */
    readonly exchangesPeers: boolean;
    /** Named to nobody. */
    isPrivate(nodeId: NodeId | undefined): boolean;
  };
}

const { addressesPerMessageMax: countMax, addressMaxAgeMs, recordAheadMs } = connectionLimits;
const owedMax = 8;
/** Told times are rounded down to it: they must not show whom we are connected to. */
const toldStepMs = 3_600_000;

export class PeerExchange {
  private readonly parts: ExchangeParts;
  private readonly own: OwnAddress;
  private readonly answers: AddressAnswers;
  private readonly exchanges = new Map<Conn, Exchange>();

  constructor(parts: ExchangeParts) {
    this.parts = parts;
    this.own = new OwnAddress(parts.env, parts.options);
    this.answers = new AddressAnswers(parts.env, parts.book);
  }

  onReady(conn: Conn): void {
    const budget = new AddressBudget();
    this.exchanges.set(conn, { owed: 0, answeredAt: Number.NEGATIVE_INFINITY, budget, toldMs: 0 });
  }

  onClosed(conn: Conn): void {
    this.exchanges.delete(conn);
  }

  get size(): number {
    return this.exchanges.size;
  }

  ask(conn: Conn): void {
    const exchange = this.exchanges.get(conn);
    if (exchange === undefined || !this.parts.rules.exchangesPeers) return;
    if (!this.parts.port.send(conn, { type: "get_peers", count: countMax })) return;
    exchange.owed = Math.min(exchange.owed + 1, owedMax);
    exchange.budget.grant(countMax);
  }

  /** Tells a peer where we are, once for each record of ours. */
  greet(peer: Ready): void {
    const exchange = this.exchanges.get(peer.conn);
    const { record } = this.own;
    if (exchange === undefined || record === undefined || !this.parts.rules.exchangesPeers) return;
    const { at, entry } = record;
    if (exchange.toldMs >= entry.signedAtMs || !this.mayKeep(at, peer.endpoint)) return;
    const entries = encodeAddressEntries([entry]);
    if (this.parts.port.send(peer.conn, { type: "peers", entries })) {
      exchange.toldMs = entry.signedAtMs;
    }
  }

  /** Notes what `peer` says. A code when it broke a rule, else undefined. */
  onPeers(peer: Ready, entries: Uint8Array): WireCode | undefined {
    const exchange = this.exchanges.get(peer.conn);
    if (exchange === undefined) return "unsolicited";
    const decoded = decodeAddressEntries(entries);
    if (decoded === undefined || decoded.length > countMax) return "bad-field";
    const [first] = decoded;
    const isGreeting =
      decoded.length === 1 && first?.nodeId === peer.nodeId && first.signature !== undefined;
    if (!isGreeting) {
      if (exchange.owed === 0) return "unsolicited";
      exchange.owed--;
    }
    if (!this.parts.rules.exchangesPeers) return undefined;
    const now = this.parts.env.clock.monotonicMs;
    for (const entry of decoded) {
      if (!exchange.budget.take(now)) return undefined;
      if (!this.learn(peer, entry)) return "bad-field";
    }
    return undefined;
  }

  /** Answers, unless the peer asks too often. */
  onGetPeers(peer: Ready, count: number): void {
    const { env, port, rules } = this.parts;
    const now = env.clock.monotonicMs;
    const exchange = this.exchanges.get(peer.conn);
    if (exchange === undefined || !rules.exchangesPeers) return;
    if (now - exchange.answeredAt < connectionLimits.peersAnswerMs) return;
    exchange.answeredAt = now;
    const asker = peer.endpoint;
    const told = this.answers
      .answerFor(peer.group, (entry) => this.mayTell(asker, entry))
      .filter((entry) => entry.endpoint.address !== peer.listens?.address)
      .map(entryOf);
    const { record } = this.own;
    if (record !== undefined && this.mayKeep(record.at, asker)) told.unshift(record.entry);
    const entries = encodeAddressEntries(told.slice(0, Math.min(count, countMax)));
    port.send(peer.conn, { type: "peers", entries });
  }

  /** An inbound peer said at which port it listens, and we saw its address ourselves. */
  learnListener(peer: Ready): void {
    const { listens, endpoint: seen, nodeId } = peer;
    const { book, env, rules } = this.parts;
    if (listens === undefined || rules.isPrivate(nodeId) || !this.mayKeep(listens, seen)) return;
    book.add(listens, {
      source: book.sourceOf(seen, nodeId),
      nodeId,
      services: peer.claims.services,
      lastSeenMs: env.clock.wallMs,
      isSeen: true,
    });
  }

  /** Whom we dialled answered there, proved who it is, and said where it sees us. */
  learnDialled(peer: Ready): void {
    const { listens, nodeId, claims } = peer;
    const { book, rules } = this.parts;
    this.own.onSeenAs(nodeId, book.sourceOf(peer.endpoint, nodeId), claims.seenAddress);
    if (listens === undefined || rules.isPrivate(nodeId) || !this.mayKeep(listens, undefined)) {
      return;
    }
    book.onConfirmed(listens, nodeId, claims.services);
  }

  mayKeep(about: Endpoint, teller: Endpoint | undefined): boolean {
    return dialableOnHearsay(about, teller, this.parts.options.allowPrivate);
  }

  /** False when its signature is wrong. */
  private learn(peer: Ready, entry: AddressEntry): boolean {
    const { book, options, rules } = this.parts;
    const { nodeId, services, lastSeenMs } = entry;
    const about = endpoint(ipText(entry.ip16), entry.port);
    if (about === undefined || !this.mayKeep(about, peer.endpoint)) return true;
    if (nodeId === options.self || rules.isPrivate(nodeId)) return true;
    const { isTimely, word } = this.wordOf(entry);
    if (!isTimely) return true;
    if (word !== undefined && !this.isTrue(about, entry, word)) return false;
    // Of itself a peer is believed only what it signs, or what we see: its IP and its HELLO.
    const isKnown = word !== undefined || (nodeId !== unknownOwner && nodeId !== peer.nodeId);
    book.add(about, {
      ...{ source: book.sourceOf(peer.endpoint, peer.nodeId), services, lastSeenMs, word },
      nodeId: isKnown ? nodeId : undefined,
      isSeen: nodeId === peer.nodeId && about.ip === peer.endpoint?.ip,
    });
    return true;
  }

  private wordOf({ signature, signedAtMs }: AddressEntry): {
    readonly isTimely: boolean;
    readonly word?: OwnersWord;
  } {
    if (signature === undefined) return { isTimely: true };
    const now = this.parts.env.clock.wallMs;
    const isTimely = signedAtMs <= now + recordAheadMs && signedAtMs >= now - addressMaxAgeMs;
    return { isTimely, word: { signedAtMs, signature } };
  }

  private isTrue(about: Endpoint, entry: AddressEntry, { signature }: OwnersWord): boolean {
    const { book, env, options } = this.parts;
    const known = book.get(about.address);
    const isChecked =
      known?.word !== undefined &&
      known.nodeId === entry.nodeId &&
      known.services === entry.services &&
      known.word.signedAtMs === entry.signedAtMs &&
      equalBytes(known.word.signature, signature);
    const { records } = options;
    if (isChecked || records === undefined) return true;
    return isSignedRecord(env.signatures, records.networkId, entry, signature);
  }

  private mayTell(asker: Endpoint | undefined, { endpoint: about, nodeId }: BookEntry): boolean {
    return this.mayKeep(about, asker) && !this.parts.rules.isPrivate(nodeId);
  }
}

function entryOf({ endpoint: at, nodeId, services, lastSeenMs, word }: BookEntry): AddressEntry {
  const ip16 = defined(ip16Of(at.ip), "an endpoint has an IP address");
  const told = { ip16, port: at.port, nodeId: nodeId ?? unknownOwner, services };
  const seenMs = lastSeenMs - (lastSeenMs % toldStepMs);
  const { signedAtMs = 0, signature } = nodeId === undefined ? {} : (word ?? {});
  return { ...told, lastSeenMs: seenMs, signedAtMs, signature };
}
