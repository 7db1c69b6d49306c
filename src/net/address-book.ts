/**
 * Addresses where nodes may listen, what became of our dials to them, and who told us. It neither
 * dials nor decides what may enter (endpoint.ts) nor who is next (dialer.ts).
 *
 * Invariants: bounded, also per teller; never one of our own addresses; an address that answered
 * gives way to hearsay only after it failed often. Keys are `ip:port` in one spelling.
 * protocol-spec/09-connections §3
 */
import { BoundedSet } from "../base/bounded.ts";
import type { Clock } from "../edge/env.ts";
import type { NodeId } from "../model/ids.ts";
import { connectionLimits } from "../params/limits.ts";
import { type Endpoint, endpointOf } from "./endpoint.ts";

export interface BookEntry {
  readonly endpoint: Endpoint;
  /** Who told us: `nodeId` itself, when we saw its IP. Counted against its share of the book. */
  readonly source: string;
  /** Who answered there, when `confirmed`; else who is said to. */
  nodeId: NodeId | undefined;
  /** We dialled it and it proved who it is. */
  confirmed: boolean;
  services: number;
  /** Wall clock; what others say is dated back, so that it never beats what we saw ourselves. */
  lastSeenMs: number;
  /** Failed dials, or connections that did not last, in a row. */
  fails: number;
  /** Monotonic: not dialled before. */
  retryAt: number;
}

/** What is kept of an address over a restart. */
export interface KnownAddress {
  readonly address: string;
  readonly nodeId: NodeId | undefined;
  readonly confirmed: boolean;
  readonly services: number;
  /** Wall clock. */
  readonly lastSeenMs: number;
}

export interface Hearsay {
  readonly source: string;
  readonly nodeId: NodeId | undefined;
  readonly services: number;
  /** Wall clock, as claimed. */
  readonly lastSeenMs: number;
}

/** An address that answered keeps its place until it failed this often in a row. */
const failsForgiven = 10;
/** A claimed time from the future is nonsense; the claim is then taken for this old. */
const nonsenseAgeMs = 5 * 86_400_000;

export class AddressBook {
  private readonly entriesByAddress = new Map<string, BookEntry>();
  private readonly countBySource = new Map<string, number>();
  private readonly own = new BoundedSet<string>(connectionLimits.ownAddressesMax);
  private readonly clock: Clock;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  get size(): number {
    return this.entriesByAddress.size;
  }

  get(address: string): BookEntry | undefined {
    return this.entriesByAddress.get(address);
  }

  values(): IterableIterator<BookEntry> {
    return this.entriesByAddress.values();
  }

  isOwn(address: string): boolean {
    return this.own.has(address);
  }

  /** A dial to `address` reached ourselves. Not kept of a name: it may mean another node later. */
  markOwn(address: string): void {
    if (endpointOf(address) === undefined) return;
    this.own.add(address);
    this.delete(address);
  }

  /** Somebody says that a node listens there. False when it was not taken. */
  add(endpoint: Endpoint, said: Hearsay): boolean {
    if (this.own.has(endpoint.address)) return false;
    const lastSeenMs = this.believed(said.lastSeenMs);
    const known = this.entriesByAddress.get(endpoint.address);
    if (known !== undefined) {
      known.lastSeenMs = Math.max(known.lastSeenMs, lastSeenMs);
      if (!known.confirmed && known.source === said.source) known.nodeId = said.nodeId;
      return true;
    }
    if (this.clock.wallMs - lastSeenMs > connectionLimits.addressMaxAgeMs) return false;
    if (!this.makeRoom(said.source)) return false;
    this.insert({
      endpoint,
      source: said.source,
      nodeId: said.nodeId,
      confirmed: false,
      services: said.services,
      lastSeenMs,
      fails: 0,
      retryAt: 0,
    });
    return true;
  }

  /** Takes what was kept over a restart, but for what `mayKeep` rules out or nobody can read. */
  restore(known: readonly KnownAddress[], mayKeep: (at: Endpoint) => boolean): void {
    for (const { address, nodeId, confirmed, services, lastSeenMs } of known) {
      const at = endpointOf(address);
      if (at === undefined || !mayKeep(at) || this.entriesByAddress.has(at.address)) continue;
      if (this.entriesByAddress.size >= connectionLimits.addressBookMax) return;
      const untried = { fails: 0, retryAt: 0 };
      // Each its own teller: what several told before the restart is nobody's share now.
      this.insert({
        endpoint: at,
        source: at.address,
        nodeId,
        confirmed,
        services,
        lastSeenMs,
        ...untried,
      });
    }
  }

  /** What `restore` takes. */
  known(): readonly KnownAddress[] {
    const known: KnownAddress[] = [];
    for (const { endpoint: at, nodeId, confirmed, services, lastSeenMs } of this.values()) {
      known.push({ address: at.address, nodeId, confirmed, services, lastSeenMs });
    }
    return known;
  }

  /** Whom we dialled there proved to be `nodeId`. */
  onConfirmed(endpoint: Endpoint, nodeId: NodeId, services: number): void {
    this.add(endpoint, { source: nodeId, nodeId, services, lastSeenMs: this.clock.wallMs });
    const entry = this.entriesByAddress.get(endpoint.address);
    if (entry === undefined) return;
    entry.confirmed = true;
    entry.nodeId = nodeId;
    entry.services = services;
    entry.lastSeenMs = this.clock.wallMs;
  }

  /** Sets when the address may be dialled again. */
  onFailed(address: string, fails: number, retryAt: number): void {
    const entry = this.entriesByAddress.get(address);
    if (entry === undefined) return;
    entry.fails = fails;
    entry.retryAt = retryAt;
  }

  /** The peer at `address` was alive until now. */
  onSeen(address: string): void {
    const entry = this.entriesByAddress.get(address);
    if (entry !== undefined) entry.lastSeenMs = this.clock.wallMs;
  }

  /** Forgets what nobody has seen for `addressMaxAgeMs`. */
  expire(): void {
    const oldestMs = this.clock.wallMs - connectionLimits.addressMaxAgeMs;
    for (const entry of [...this.entriesByAddress.values()]) {
      if (entry.lastSeenMs < oldestMs) this.delete(entry.endpoint.address);
    }
  }

  private believed(claimedMs: number): number {
    const now = this.clock.wallMs;
    const nonsense = claimedMs > now + connectionLimits.addressGossipAgeMs;
    const said = nonsense ? now - nonsenseAgeMs : Math.min(claimedMs, now);
    return Math.max(0, said - connectionLimits.addressGossipAgeMs);
  }

  /** A teller who used up its share, or a full book, pays with its least useful entry. */
  private makeRoom(source: string): boolean {
    const share = this.countBySource.get(source) ?? 0;
    const shareIsFull = share >= connectionLimits.addressesPerSourceMax;
    if (!shareIsFull && this.entriesByAddress.size < connectionLimits.addressBookMax) return true;
    let worst: BookEntry | undefined;
    for (const entry of this.entriesByAddress.values()) {
      if (shareIsFull && entry.source !== source) continue;
      if (entry.confirmed && entry.fails < failsForgiven) continue;
      if (worst === undefined || isWorse(entry, worst)) worst = entry;
    }
    if (worst === undefined) return false;
    this.delete(worst.endpoint.address);
    return true;
  }

  private insert(entry: BookEntry): void {
    this.entriesByAddress.set(entry.endpoint.address, entry);
    this.countBySource.set(entry.source, (this.countBySource.get(entry.source) ?? 0) + 1);
  }

  private delete(address: string): void {
    const entry = this.entriesByAddress.get(address);
    if (entry === undefined) return;
    this.entriesByAddress.delete(address);
    const left = (this.countBySource.get(entry.source) ?? 0) - 1;
    if (left > 0) this.countBySource.set(entry.source, left);
    else this.countBySource.delete(entry.source);
  }
}

/** More failures first, then the one seen longer ago. */
function isWorse(a: BookEntry, b: BookEntry): boolean {
  if (a.fails !== b.fails) return a.fails > b.fails;
  return a.lastSeenMs < b.lastSeenMs;
}
