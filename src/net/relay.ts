/**
 * Telling peers what we have, and fetching what they have: announcement by `inv`, one request at a
 * time per object. It never looks into an object and keeps none; the node answers `get_data`.
 *
 *     announced by A, B ---get_data---> A ---late---> B ---object---> cleared everywhere
 *
 * Invariants: nothing is announced to a peer that knows it; all memory per peer and over all
 * peers is bounded; a peer that goes takes its requests with it. protocol-spec/09-connections §4
 */
import { LRUCache } from "lru-cache";
import { BoundedMap } from "../base/bounded.ts";
import type { Conn, Ticket } from "../edge/conn.ts";
import type { Env } from "../edge/env.ts";
import type { PeerPort } from "../edge/port.ts";
import type { BlockHash, TxId } from "../model/ids.ts";
import { relayLimits } from "../params/limits.ts";
import { inventoryKinds } from "../wire/messages.ts";
import {
  decodeItems,
  encodeItems,
  type InventoryKind,
  type Item,
  type ItemKey,
  itemOf,
} from "./inventory.ts";
import { Wanted } from "./wanted.ts";

/** Why a peer is known to have an item. Only what it `announced` may it send unasked, and once. */
type Knowledge = "announced" | "delivered" | "told-by-us";

interface RelayPeer {
  readonly known: BoundedMap<ItemKey, Knowledge>;
  /** Transactions for its next `inv`. */
  trickle: Item[];
}

const unjudgedMax = relayLimits.inventoryPerMessageMax;

export class Relay {
  private readonly env: Env;
  private readonly port: PeerPort;
  private readonly peers = new Map<Conn, RelayPeer>();
  private readonly wanted = new Wanted();
  /** Objects that arrived, whatever became of them, so that a bad one is not fetched again. */
  private readonly seen: LRUCache<ItemKey, ItemKey>;
  /** Delivered and not yet judged: who else has it, should the copy prove to be forged. */
  private readonly unjudged = new BoundedMap<ItemKey, Conn[]>(unjudgedMax);
  private trickleAt = Number.POSITIVE_INFINITY;

  constructor(env: Env, port: PeerPort) {
    this.env = env;
    this.port = port;
    // Bounded by `maxSize`, not `max`, which would allocate the whole table at once; resolution 0,
    // or the cache would use a timer to remember the time.
    this.seen = new LRUCache<ItemKey, ItemKey>({
      maxSize: relayLimits.seenMax,
      sizeCalculation: () => 1,
      ttl: relayLimits.seenMs,
      ttlResolution: 0,
      // Never zero: the cache takes 0 for "no time set".
      perf: { now: () => env.clock.monotonicMs + 1 },
    });
  }

  /** Figures for tests and metrics. */
  get counts(): { readonly wanted: number; readonly asked: number; readonly seen: number } {
    return { wanted: this.wanted.size, asked: this.wanted.askedCount, seen: this.seen.size };
  }

  get deadline(): number {
    return Math.min(this.trickleAt, this.wanted.deadline);
  }

  tick(): void {
    const now = this.env.clock.monotonicMs;
    if (this.trickleAt <= now) {
      this.trickleAt = Number.POSITIVE_INFINITY;
      for (const [conn, peer] of this.peers) this.flushTrickle(conn, peer);
    }
    for (const conn of this.wanted.expire(now)) this.ask(conn);
  }

  onReady(conn: Conn): void {
    this.peers.set(conn, { known: new BoundedMap(relayLimits.knownPerPeerMax), trickle: [] });
    this.wanted.onReady(conn);
  }

  onClosed(conn: Conn): void {
    this.peers.delete(conn);
    for (const heir of this.wanted.onClosed(conn)) this.ask(heir);
    if (this.peers.size === 0) this.trickleAt = Number.POSITIVE_INFINITY;
  }

  /** To every peer that does not know it, at once; `after` must be durable first. */
  announceBlock(hash: BlockHash, except?: Conn, after?: Ticket): void {
    const item = itemOf(inventoryKinds.block, hash);
    this.settle(item);
    const message = { type: "inv", items: encodeItems([item]) } as const;
    for (const [conn, peer] of this.peers) {
      if (conn === except || peer.known.has(item.key)) continue;
      // A full lane drops it; the peer will ask for headers.
      if (this.port.send(conn, message, after)) peer.known.set(item.key, "told-by-us");
    }
  }

  /** To every peer that does not know it by then, collected for `transactionTrickleMs`. */
  announceTransaction(id: TxId, except?: Conn): void {
    const item = itemOf(inventoryKinds.transaction, id);
    this.settle(item);
    for (const [conn, peer] of this.peers) {
      if (conn === except || peer.known.has(item.key)) continue;
      peer.trickle.push(item);
      if (peer.trickle.length >= relayLimits.inventoryPerMessageMax) this.flushTrickle(conn, peer);
      else if (this.trickleAt === Number.POSITIVE_INFINITY) {
        this.trickleAt = this.env.clock.monotonicMs + relayLimits.transactionTrickleMs;
      }
    }
  }

  /** A peer has `items`. `have`: do we hold this object, or know that we do not want it? */
  onInv(conn: Conn, items: Uint8Array, have: (kind: InventoryKind, id: string) => boolean): void {
    const peer = this.peers.get(conn);
    if (peer === undefined) return;
    for (const item of this.decode(conn, items)) {
      // Ids are long strings and thousands of them are kept per peer: share them where we can.
      const seenKey = this.seen.get(item.key);
      peer.known.set(seenKey ?? item.key, "announced");
      if (seenKey !== undefined) this.noteSource(item.key, conn);
      else if (!have(item.kind, item.id)) this.wanted.onAnnounced(conn, item);
    }
    this.ask(conn);
  }

  /**
   * An object arrived from `conn`. True when we asked that peer for it or it had announced it;
   * false for what nobody asked for. Nobody is asked for it any more, unless `onUnusable` follows.
   */
  onObject(conn: Conn, kind: InventoryKind, id: string): boolean {
    const peer = this.peers.get(conn);
    if (peer === undefined) return false;
    const item = itemOf(kind, id);
    const expected =
      this.wanted.isAskedOf(conn, item.key) || peer.known.get(item.key) === "announced";
    peer.known.set(item.key, "delivered");
    // What nobody asked for must not keep us from asking those who announce it.
    if (!expected) return false;
    if (this.seen.has(item.key)) return true;
    this.seen.set(item.key, item.key);
    this.unjudged.set(item.key, this.wanted.announcersOf(item.key, conn));
    this.forget(item.key);
    return true;
  }

  /**
   * The copy that arrived was not what its id names: a body of another block, a signature that
   * does not fit. The others who announced it are asked, or anyone could suppress an object by
   * delivering a forged copy first.
   */
  onUnusable(kind: InventoryKind, id: string): void {
    const item = itemOf(kind, id);
    const sources = this.unjudged.get(item.key) ?? [];
    this.unjudged.delete(item.key);
    this.seen.delete(item.key);
    for (const conn of sources) this.wanted.onAnnounced(conn, item);
    for (const conn of sources) this.ask(conn);
  }

  /** We have it by another way (sync, an operator), so nobody need be asked for it. */
  onObtained(kind: InventoryKind, id: string): void {
    this.settle(itemOf(kind, id));
  }

  /** We sent the object to `conn`, at its request. */
  onSent(conn: Conn, kind: InventoryKind, id: string): void {
    const { key } = itemOf(kind, id);
    const known = this.peers.get(conn)?.known;
    if (known !== undefined && !known.has(key)) known.set(key, "told-by-us");
  }

  onNotFound(conn: Conn, items: Uint8Array): void {
    const peer = this.peers.get(conn);
    if (peer === undefined) return;
    const heirs = new Set<Conn>();
    for (const { key } of this.decode(conn, items)) {
      peer.known.delete(key);
      this.wanted.onMissing(conn, key, heirs);
    }
    for (const heir of heirs) this.ask(heir);
  }

  /** Does the peer have the object, because it said so, sent it, or heard of it from us? */
  known(conn: Conn, kind: InventoryKind, id: string): boolean {
    return this.peers.get(conn)?.known.has(itemOf(kind, id).key) ?? false;
  }

  private settle(item: Item): void {
    this.seen.set(item.key, item.key);
    this.unjudged.delete(item.key);
    this.forget(item.key);
  }

  private forget(key: ItemKey): void {
    const free = this.wanted.onArrived(key);
    if (free !== undefined) this.ask(free);
  }

  private noteSource(key: ItemKey, conn: Conn): void {
    const sources = this.unjudged.get(key);
    if (sources === undefined || sources.includes(conn)) return;
    if (sources.length < relayLimits.announcersPerItemMax) sources.push(conn);
  }

  private decode(conn: Conn, items: Uint8Array): readonly Item[] {
    const decoded = decodeItems(items);
    if (decoded !== undefined) return decoded;
    this.port.blame(conn, "bad-field", "inventory of whole items and known kinds expected");
    return [];
  }

  private ask(conn: Conn): void {
    const requests = this.wanted.nextRequests(conn, this.env.clock.monotonicMs);
    if (requests.length === 0) return;
    // When the lane is full the requests are late by and by, and go to somebody else.
    this.port.send(conn, { type: "get_data", items: encodeItems(requests) });
  }

  private flushTrickle(conn: Conn, peer: RelayPeer): void {
    const unknown = peer.trickle.filter((item) => !peer.known.has(item.key));
    peer.trickle = [];
    if (unknown.length === 0) return;
    if (!this.port.send(conn, { type: "inv", items: encodeItems(unknown) })) return;
    for (const item of unknown) peer.known.set(item.key, "told-by-us");
  }
}
