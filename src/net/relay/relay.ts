/**
 * Telling peers what we have, and fetching what they have: announcement by `inv`, one request at a
 * time per object. It never looks into an object and keeps none; the node answers `get_data`.
 *
 *     announced by A, B ---get_data---> A ---late---> B ---object---> cleared everywhere
 *
 * Invariants: nothing is announced to a peer that knows it; all memory per peer and over all
 * peers is bounded; a peer that goes takes its requests with it; whoever announced an object is
 * asked before it is given up; transactions take no room of blocks. 09-connections §4
 */
import { LRUCache } from "lru-cache";
import { BoundedMap, BoundedSet } from "../../base/bounded.ts";
import type { Conn, Ticket } from "../../edge/conn.ts";
import type { Env } from "../../edge/env.ts";
import type { PeerPort } from "../../edge/port.ts";
import type { BlockHash, TxId } from "../../model/ids.ts";
import { relayLimits } from "../../params/limits.ts";
import { inventoryKinds } from "../../wire/messages.ts";
import {
  decodeItems,
  encodeItems,
  type InventoryKind,
  type Item,
  type ItemKey,
  itemOf,
} from "./inventory.ts";
import { type Announcers, Wanted } from "./wanted.ts";

/**
 * Why a peer is known to have an item. Only what it `announced` may it send unasked, and once;
 * `late`: it announced, was asked, and let us wait.
 */
type Knowledge = "announced" | "late" | "delivered" | "told-by-us";

interface RelayPeer {
  readonly known: BoundedMap<ItemKey, Knowledge>;
  /** Transactions for its next `inv`. */
  trickle: Item[];
  trickleAt: number;
  readonly takesTransactions: boolean;
}

const never = Number.POSITIVE_INFINITY;
const unjudgedMax = relayLimits.inventoryPerMessageMax;
const transactionLimits = {
  itemsMax: relayLimits.wantedMax,
  heldPerPeerMax: relayLimits.inventoryPerMessageMax,
  askedPerPeerMax: relayLimits.requestsPerPeerMax,
};
const blockLimits = {
  itemsMax: relayLimits.blocksWantedMax,
  heldPerPeerMax: relayLimits.blocksPerPeerMax,
  askedPerPeerMax: relayLimits.blockRequestsPerPeerMax,
};

export class Relay implements Announcers {
  private readonly env: Env;
  private readonly port: PeerPort;
  private readonly transactionPeersMax: number;
  private readonly peers = new Map<Conn, RelayPeer>();
  private readonly blocks: Wanted;
  private readonly transactions: Wanted;
  /** Objects that arrived, whatever became of them, so that a bad one is not fetched again. */
  private readonly seen: LRUCache<ItemKey, ItemKey>;
  /** Delivered and not yet judged: the others who announced it are asked if the copy is forged. */
  private readonly unjudged = new BoundedSet<ItemKey>(unjudgedMax);

  /** `transactionPeersMax`: to how many peers a transaction is announced. */
  constructor(env: Env, port: PeerPort, transactionPeersMax = Number.POSITIVE_INFINITY) {
    this.env = env;
    this.port = port;
    this.transactionPeersMax = transactionPeersMax;
    this.blocks = new Wanted(blockLimits, this);
    this.transactions = new Wanted(transactionLimits, this);
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
    const { blocks, transactions, seen } = this;
    const wanted = blocks.size + transactions.size;
    return { wanted, asked: blocks.askedCount + transactions.askedCount, seen: seen.size };
  }

  get deadline(): number {
    let deadline = Math.min(this.blocks.deadline, this.transactions.deadline);
    for (const { trickleAt } of this.peers.values()) deadline = Math.min(deadline, trickleAt);
    return deadline;
  }

  tick(): void {
    const now = this.env.clock.monotonicMs;
    for (const [conn, peer] of this.peers) {
      if (peer.trickleAt <= now) this.flushTrickle(conn, peer);
    }
    for (const conn of this.blocks.expire(now)) this.ask(conn);
    for (const conn of this.transactions.expire(now)) this.ask(conn);
  }

  *announcersOf(key: ItemKey): Iterable<Conn> {
    for (const [conn, { known }] of this.peers) if (known.get(key) === "announced") yield conn;
  }

  onLate(conn: Conn, key: ItemKey): void {
    this.peers.get(conn)?.known.set(key, "late");
  }

  /** `takesTransactions`: not so on a block-only link (09-connections §1). */
  onReady(conn: Conn, takesTransactions = true): void {
    const known = new BoundedMap<ItemKey, Knowledge>(relayLimits.knownPerPeerMax);
    this.peers.set(conn, { known, trickle: [], trickleAt: never, takesTransactions });
    this.blocks.onReady(conn);
    this.transactions.onReady(conn);
  }

  onClosed(conn: Conn): void {
    this.peers.delete(conn);
    for (const heir of this.blocks.onClosed(conn)) this.ask(heir);
    for (const heir of this.transactions.onClosed(conn)) this.ask(heir);
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

  /** To every peer that does not know it by then, to each after a random time of its own. */
  announceTransaction(id: TxId, except?: Conn): void {
    const item = itemOf(inventoryKinds.transaction, id);
    this.settle(item);
    let left = this.transactionPeersMax;
    for (const [conn, peer] of this.peers) {
      if (conn === except || !peer.takesTransactions || peer.known.has(item.key)) continue;
      if (left-- <= 0) return;
      peer.trickle.push(item);
      if (peer.trickle.length >= relayLimits.inventoryPerMessageMax) this.flushTrickle(conn, peer);
      else if (peer.trickleAt === never) {
        const waitMs = 1 + this.env.random.below(2 * relayLimits.transactionTrickleMs);
        peer.trickleAt = this.env.clock.monotonicMs + waitMs;
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
      const wanted = this.wantedOf(item.kind);
      // Who let us wait gets no second turn before the others had theirs.
      if (peer.known.get(item.key) === "late" && wanted.has(item.key)) continue;
      peer.known.set(seenKey ?? item.key, "announced");
      if (seenKey === undefined && !have(item.kind, item.id)) wanted.onAnnounced(conn, item);
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
    const knowledge = peer.known.get(item.key);
    const isAsked = this.wantedOf(kind).isAskedOf(conn, item.key);
    const expected = isAsked || knowledge === "announced" || knowledge === "late";
    peer.known.set(item.key, "delivered");
    // What nobody asked for must not keep us from asking those who announce it.
    if (!expected) return false;
    if (this.seen.has(item.key)) return true;
    this.seen.set(item.key, item.key);
    this.unjudged.add(item.key);
    this.forget(item);
    return true;
  }

  /**
   * The copy that arrived was not what its id names: a body of another block, a signature that
   * does not fit. The others who announced it are asked, or anyone could suppress an object by
   * delivering a forged copy first.
   */
  onUnusable(kind: InventoryKind, id: string): void {
    const item = itemOf(kind, id);
    this.seen.delete(item.key);
    if (!this.unjudged.delete(item.key)) return;
    const sources = [...this.announcersOf(item.key)];
    for (const conn of sources) this.wantedOf(kind).onAnnounced(conn, item);
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
    for (const { key, kind } of this.decode(conn, items)) {
      peer.known.delete(key);
      this.wantedOf(kind).onMissing(conn, key, heirs);
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
    this.forget(item);
  }

  private wantedOf(kind: InventoryKind): Wanted {
    return kind === inventoryKinds.block ? this.blocks : this.transactions;
  }

  private forget({ kind, key }: Item): void {
    const free = this.wantedOf(kind).onArrived(key);
    if (free !== undefined) this.ask(free);
  }

  private decode(conn: Conn, items: Uint8Array): readonly Item[] {
    const decoded = decodeItems(items);
    if (decoded !== undefined) return decoded;
    this.port.blame(conn, "bad-field", "inventory of whole items and known kinds expected");
    return [];
  }

  private ask(conn: Conn): void {
    const now = this.env.clock.monotonicMs;
    const requests = [
      ...this.blocks.nextRequests(conn, now),
      ...this.transactions.nextRequests(conn, now),
    ];
    if (requests.length === 0) return;
    // When the lane is full the requests are late by and by, and go to somebody else.
    this.port.send(conn, { type: "get_data", items: encodeItems(requests) });
  }

  private flushTrickle(conn: Conn, peer: RelayPeer): void {
    const unknown = peer.trickle.filter((item) => !peer.known.has(item.key));
    peer.trickle = [];
    peer.trickleAt = never;
    if (unknown.length === 0) return;
    if (!this.port.send(conn, { type: "inv", items: encodeItems(unknown) })) return;
    for (const item of unknown) peer.known.set(item.key, "told-by-us");
  }
}
