/**
 * Addresses where nodes may listen, in two tables: *new* by hearsay, *tried* where somebody
 * answered our dial. It neither dials nor decides what may enter (endpoint.ts) nor who is next
 * (dialer.ts).
 *
 * Invariants: bounded, also per netgroup and teller (address-tables.ts); never one of our own
 * addresses; who answered keeps its place against a newcomer unless it is found dead. Keys are
 * `ip:port` in one spelling. protocol-spec/09-connections §3
 */
import { BoundedSet } from "../../base/bounded.ts";
import type { Env } from "../../edge/env.ts";
import type { NodeId } from "../../model/ids.ts";
import { connectionLimits } from "../../params/limits.ts";
import {
  type BookEntry,
  believe,
  chanceOf,
  type Hearsay,
  isUseless,
  type KnownAddress,
  knownOf,
} from "./address-entry.ts";
import { AddressPlaces } from "./address-places.ts";
import { AddressTests } from "./address-tests.ts";
import { type Endpoint, endpointOf } from "./endpoint.ts";
import { isExempt, netgroupOf } from "./netgroup.ts";

export type { BookEntry, Hearsay, KnownAddress } from "./address-entry.ts";

const { addressPlacesMax, bookDrawsMax, smallBook } = connectionLimits;
/** A claimed time from the future is nonsense; the claim is then taken for this old. */
const nonsenseAgeMs = 5 * 86_400_000;

export interface BookOptions {
  /** 32 secret bytes, kept with the addresses over a restart. */
  readonly key?: Uint8Array | undefined;
  readonly groupOf?: (at: Endpoint) => string;
  /** Places that are not peers' but ours, whatever anybody says. */
  readonly isOurs?: (at: Endpoint) => boolean;
}

export class AddressBook {
  /** Of the places; to be kept secret. */
  readonly key: Uint8Array;
  private readonly env: Pick<Env, "clock" | "random">;
  private readonly options: BookOptions;
  private readonly entries = new Map<string, BookEntry>();
  private readonly tests: AddressTests;
  private readonly own = new BoundedSet<string>(connectionLimits.ownAddressesMax);
  private readonly places: AddressPlaces;

  constructor(env: Pick<Env, "clock" | "random">, options: BookOptions = {}) {
    this.env = env;
    this.options = options;
    this.key = options.key ?? env.random.bytes(32);
    this.places = new AddressPlaces(this.key);
    this.tests = new AddressTests(env.clock);
  }

  get size(): number {
    return this.entries.size;
  }

  /** Addresses whose place was won by an answer of theirs. */
  get triedSize(): number {
    return this.places.triedSize;
  }

  get(address: string): BookEntry | undefined {
    return this.entries.get(address);
  }

  values(): IterableIterator<BookEntry> {
    return this.entries.values();
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
    if (this.isOurs(endpoint)) return false;
    const lastSeenMs = this.believed(said);
    const known = this.entries.get(endpoint.address);
    if (known !== undefined) {
      known.lastSeenMs = Math.max(known.lastSeenMs, lastSeenMs);
      believe(known, said);
      const places = known.newPlaces.length;
      const isPlaced = known.triedPlace !== undefined || places >= addressPlacesMax;
      // Each further place is half as likely: heard often is worth more, but not without end.
      if (!isPlaced && this.env.random.below(2 ** places) === 0) this.hear(known, said.source);
      return true;
    }
    if (this.env.clock.wallMs - lastSeenMs > connectionLimits.addressMaxAgeMs) return false;
    const entry = this.entryOf(endpoint, said, lastSeenMs);
    if (!this.hear(entry, said.source)) return false;
    this.entries.set(endpoint.address, entry);
    return true;
  }

  /** Takes what was kept over a restart, but for what `mayKeep` rules out or nobody can read. */
  restore(known: readonly KnownAddress[], mayKeep: (at: Endpoint) => boolean): void {
    for (const each of known) {
      const at = endpointOf(each.address);
      if (at === undefined || !mayKeep(at) || this.isOurs(at) || this.entries.has(at.address)) {
        continue;
      }
      const source = each.source ?? at.address;
      const entry = this.entryOf(at, { ...each, source }, each.lastSeenMs);
      entry.confirmed = each.confirmed;
      entry.answeredMs = each.answeredMs ?? (each.confirmed ? each.lastSeenMs : 0);
      entry.fails = each.fails ?? 0;
      const isTried = each.confirmed && this.places.standing(entry) === undefined;
      if (isTried) this.places.settle(entry);
      if (isTried || this.hear(entry, source)) this.entries.set(at.address, entry);
    }
  }

  /** What `restore` takes. */
  known(): readonly KnownAddress[] {
    return [...this.entries.values()].map(knownOf);
  }

  /** Whom we dialled there proved to be `nodeId`. */
  onConfirmed(endpoint: Endpoint, nodeId: NodeId, services: number): void {
    if (this.isOurs(endpoint)) return;
    const { wallMs } = this.env.clock;
    const said = { source: this.sourceOf(endpoint, nodeId), nodeId, services, lastSeenMs: wallMs };
    const known = this.entries.get(endpoint.address);
    const entry = known ?? this.entryOf(endpoint, said, wallMs);
    if (entry.nodeId !== nodeId || entry.services !== services) entry.word = undefined;
    entry.confirmed = true;
    entry.nodeId = nodeId;
    entry.services = services;
    entry.lastSeenMs = wallMs;
    entry.answeredMs = wallMs;
    const isKept = this.promote(entry) || known !== undefined || this.hear(entry, said.source);
    if (isKept) this.entries.set(endpoint.address, entry);
  }

  /** A dial to `address` begins. */
  onDialled(address: string): void {
    const entry = this.entries.get(address);
    if (entry !== undefined) entry.triedMs = this.env.clock.wallMs;
  }

  /** Sets when the address may be dialled again. */
  onFailed(address: string, fails: number, retryAt: number): void {
    const entry = this.entries.get(address);
    if (entry === undefined) return;
    entry.fails = fails;
    entry.retryAt = retryAt;
  }

  /** The peer at `address` was alive until now. */
  onSeen(address: string): void {
    const entry = this.entries.get(address);
    if (entry === undefined) return;
    entry.lastSeenMs = this.env.clock.wallMs;
    if (entry.confirmed) entry.answeredMs = entry.lastSeenMs;
  }

  /** Somebody whose place a newcomer wants and who was not heard of lately: feel whether it lives. */
  takeTest(): BookEntry | undefined {
    return this.tests.take((address) => this.entries.get(address));
  }

  /** A dead one gives its place to whoever wanted it. */
  onTested(address: string, isAlive: boolean): void {
    const standing = this.entries.get(address);
    for (const newcomer of this.tests.end(address)) {
      if (isAlive || standing?.triedPlace === undefined) continue;
      this.demote(standing);
      const entry = this.entries.get(newcomer);
      if (entry?.confirmed) this.promote(entry);
    }
  }

  /**
   * By chance: the bucket first, then one of it, less likely the more often it failed; undefined
   * when none of the draws fits, and in a small book only when none fits at all.
   */
  select(
    from: "new" | "tried" | "any",
    fits: (entry: BookEntry) => boolean,
  ): BookEntry | undefined {
    if (from === "any") {
      const first = this.env.random.below(2) === 0 ? "tried" : "new";
      return this.select(first, fits) ?? this.select(first === "new" ? "tried" : "new", fits);
    }
    let fallback: BookEntry | undefined;
    for (let i = 0; i < bookDrawsMax; i++) {
      const entry = this.places.draw(from, this.env.random);
      if (entry === undefined) return undefined;
      if (!fits(entry)) continue;
      if (this.env.random.below(256) < chanceOf(entry)) return entry;
      fallback ??= entry;
    }
    if (fallback !== undefined || this.size > smallBook) return fallback;
    const all = [...this.entries.values()].filter(
      (entry) => (entry.triedPlace !== undefined) === (from === "tried") && fits(entry),
    );
    return all.length === 0 ? undefined : all[this.env.random.below(all.length)];
  }

  /** Forgets what nobody has seen for `addressMaxAgeMs`. */
  expire(): void {
    const oldestMs = this.env.clock.wallMs - connectionLimits.addressMaxAgeMs;
    for (const entry of [...this.entries.values()]) {
      if (entry.lastSeenMs < oldestMs) this.delete(entry.endpoint.address);
    }
  }

  /** The key under which what `teller` says competes: one machine of ours is one teller. */
  sourceOf(teller: Endpoint | undefined, nodeId: NodeId): string {
    const group = teller === undefined ? undefined : this.groupOf(teller);
    return group === undefined || isExempt(group) ? nodeId : group;
  }

  private isOurs(at: Endpoint): boolean {
    return this.own.has(at.address) || this.options.isOurs?.(at) === true;
  }

  private groupOf(at: Endpoint): string {
    return this.options.groupOf?.(at) ?? netgroupOf(at);
  }

  private believed({ lastSeenMs: claimedMs, isSeen }: Hearsay): number {
    const now = this.env.clock.wallMs;
    if (isSeen) return Math.min(claimedMs, now);
    const nonsense = claimedMs > now + connectionLimits.addressGossipAgeMs;
    const said = nonsense ? now - nonsenseAgeMs : Math.min(claimedMs, now);
    return Math.max(0, said - connectionLimits.addressGossipAgeMs);
  }

  private entryOf(endpoint: Endpoint, said: Hearsay, lastSeenMs: number): BookEntry {
    const { source, nodeId, services, isSeen = false, word } = said;
    const untried = { confirmed: false, answeredMs: 0, triedMs: 0, fails: 0, retryAt: 0 };
    const group = this.groupOf(endpoint);
    const told = { endpoint, group, source, nodeId, services, isSeen, word, lastSeenMs };
    return { ...told, ...untried, newPlaces: [], triedPlace: undefined };
  }

  private hear(entry: BookEntry, source: string, isForced = false): boolean {
    const how = isForced ? "forced" : this.env.clock.wallMs;
    const { isPlaced, lost } = this.places.hear(entry, source, how);
    if (lost !== undefined) this.entries.delete(lost.endpoint.address);
    return isPlaced;
  }

  /** Into the tried table; when somebody who may be alive stands there, it is noted for a test. */
  private promote(entry: BookEntry): boolean {
    if (entry.triedPlace !== undefined) return true;
    const standing = this.places.standing(entry);
    if (standing !== undefined) {
      if (!isUseless(standing, this.env.clock.wallMs)) {
        this.tests.note(entry.endpoint.address, standing);
        return false;
      }
      this.demote(standing);
    }
    this.places.settle(entry);
    return true;
  }

  private demote(entry: BookEntry): void {
    this.places.remove(entry);
    entry.confirmed = false;
    this.hear(entry, entry.source, true);
  }

  private delete(address: string): void {
    const entry = this.entries.get(address);
    if (entry === undefined) return;
    this.places.remove(entry);
    this.entries.delete(address);
  }
}
