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
import { BoundedSet } from "../../base/bounded.ts";
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
import { fullUse, type LinkUse, noCompact, RelayPeers } from "./relay-peers.ts";
import { Trickle } from "./trickle.ts";
import { Wanted, wantedLimits } from "./wanted.ts";

export class Relay {
  private readonly env: Env;
  private readonly port: PeerPort;
  private readonly transactionPeersMax: number;
  private readonly peers: RelayPeers;
  private readonly blocks: Wanted;
  private readonly transactions: Wanted;
  /** Objects that arrived, whatever became of them, so that a bad one is not fetched again. */
  private readonly seen: LRUCache<ItemKey, ItemKey>;
  /** Delivered and not yet judged: the others who announced it are asked if the copy is forged. */
  private readonly unjudged = new BoundedSet<ItemKey>(relayLimits.inventoryPerMessageMax);
  /** Blocks that could not be put together of their compact form: asked for whole. */
  private readonly whole = new BoundedSet<ItemKey>(relayLimits.blocksPerPeerMax);
  private readonly trickle: Trickle;

  /** `transactionPeersMax`: to how many peers a transaction is announced. */
  constructor(env: Env, port: PeerPort, transactionPeersMax = Number.POSITIVE_INFINITY) {
    this.env = env;
    this.port = port;
    this.transactionPeersMax = transactionPeersMax;
    this.peers = new RelayPeers(port);
    this.trickle = new Trickle(env);
    this.blocks = new Wanted(wantedLimits.blocks, this.peers);
    this.transactions = new Wanted(wantedLimits.transactions, this.peers);
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
    return Math.min(this.blocks.deadline, this.transactions.deadline, this.trickle.deadline);
  }

  tick(): void {
    const now = this.env.clock.monotonicMs;
    for (const conn of this.trickle.dueNow()) this.flushTrickle(conn);
    for (const conn of this.blocks.expire(now)) this.ask(conn);
    for (const conn of this.transactions.expire(now)) this.ask(conn);
  }

  onReady(conn: Conn, use: LinkUse = fullUse): void {
    this.peers.onReady(conn, use);
    this.blocks.onReady(conn);
    this.transactions.onReady(conn);
  }

  onClosed(conn: Conn): void {
    this.peers.onClosed(conn);
    this.trickle.take(conn);
    for (const heir of this.blocks.onClosed(conn)) this.ask(heir);
    for (const heir of this.transactions.onClosed(conn)) this.ask(heir);
  }

  /** It wants compact blocks unasked from now on, or no more; false: it cannot. */
  onRelayMode(conn: Conn, push: boolean): boolean {
    const peer = this.peers.get(conn);
    if (peer?.takesCompact !== true) return false;
    peer.wantsPush = push;
    return true;
  }

  /** Does it understand compact blocks? */
  takesCompact(conn: Conn): boolean {
    return this.peers.get(conn)?.takesCompact ?? false;
  }

  /**
   * To every peer that does not know it, at once: to whom asked for that the block itself, to the
   * others its hash. `after` must be durable first. `isOwn`: the block itself to all who take it.
   */
  announceBlock(
    hash: BlockHash,
    except?: Conn,
    after?: Ticket,
    compact = noCompact,
    isOwn = false,
  ): void {
    const item = itemOf(inventoryKinds.block, hash);
    this.settle(item);
    this.pushBlock(hash, except, after, compact, isOwn);
    const message = { type: "inv", items: encodeItems([item]) } as const;
    this.peers.tell(item.key, except, after, () => message);
  }

  /** Of a block that is not executed yet: only to whom asked to be sent blocks. */
  pushBlock(
    hash: BlockHash,
    except?: Conn,
    after?: Ticket,
    compact = noCompact,
    isOwn = false,
  ): void {
    const { key } = itemOf(inventoryKinds.block, hash);
    this.peers.tell(key, except, after, ({ takesCompact, wantsPush }) =>
      wantsPush || (isOwn && takesCompact) ? compact() : undefined,
    );
  }

  /** To every peer that does not know it by then, to each after a random time of its own. */
  announceTransaction(id: TxId, except?: Conn): void {
    const item = itemOf(inventoryKinds.transaction, id);
    this.settle(item);
    let left = this.transactionPeersMax;
    for (const [conn, peer] of this.peers.entries()) {
      if (conn === except || !peer.takesTransactions || peer.known.has(item.key)) continue;
      if (left-- <= 0) return;
      if (this.trickle.add(conn, item)) this.flushTrickle(conn);
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
      this.peers.onAnnounced(conn, seenKey ?? item.key);
      if (seenKey === undefined && !have(item.kind, item.id)) wanted.onAnnounced(conn, item);
    }
    this.ask(conn);
  }

  /**
   * An object arrived from `conn`. True when we asked that peer for it or it had announced it;
   * false for what nobody asked for. Nobody is asked for it any more, unless `onUnusable` follows.
   * `isPush`: it may come unasked.
   */
  onObject(conn: Conn, kind: InventoryKind, id: string, isPush = false): boolean {
    const peer = this.peers.get(conn);
    if (peer === undefined) return false;
    const item = itemOf(kind, id);
    const isAsked = this.wantedOf(kind).isAskedOf(conn, item.key);
    const expected = this.peers.onDelivered(conn, item.key) || isAsked || isPush;
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
    const sources = [...this.peers.announcersOf(item.key)];
    for (const conn of sources) this.wantedOf(kind).onAnnounced(conn, item);
    for (const conn of sources) this.ask(conn);
  }

  /** `conn` has it, and may be asked for it. */
  onShown(conn: Conn, hash: BlockHash): void {
    this.peers.onAnnounced(conn, itemOf(inventoryKinds.block, hash).key);
  }

  /** What came of the compact form is not the block: `conn`, which has it, is asked for all of it. */
  fetchWhole(conn: Conn, hash: BlockHash): void {
    const item = itemOf(inventoryKinds.block, hash);
    this.whole.add(item.key);
    this.seen.delete(item.key);
    this.onShown(conn, hash);
    this.blocks.onAnnounced(conn, item);
    this.ask(conn);
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
      this.peers.onMissing(conn, key);
      this.wantedOf(kind).onMissing(conn, key, heirs);
    }
    for (const heir of heirs) this.ask(heir);
  }

  /** Does the peer have the object, because it said so, sent it, or heard of it from us? */
  known(conn: Conn, kind: InventoryKind, id: string): boolean {
    return this.peers.get(conn)?.known.has(itemOf(kind, id).key) ?? false;
  }

  /** Did the peer send us that block? */
  hasSent(conn: Conn, hash: BlockHash): boolean {
    return this.peers.hasSent(conn, itemOf(inventoryKinds.block, hash).key);
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
    for (const { key } of requests) this.peers.onAsked(conn, key);
    // When the lane is full the requests are late by and by, and go to somebody else.
    const isCompact = ({ key }: Item) => this.takesCompact(conn) && !this.whole.has(key);
    const items = encodeItems(requests, isCompact);
    this.port.send(conn, { type: "get_data", items });
  }

  private flushTrickle(conn: Conn): void {
    const waiting = this.trickle.take(conn);
    const peer = this.peers.get(conn);
    if (peer === undefined) return;
    const unknown = waiting.filter((item) => !peer.known.has(item.key));
    if (unknown.length === 0) return;
    if (!this.port.send(conn, { type: "inv", items: encodeItems(unknown) })) return;
    for (const item of unknown) peer.known.set(item.key, "told-by-us");
  }
}
