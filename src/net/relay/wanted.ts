/**
 * Which announced objects of one kind we still want, whom we asked, and whom to ask next. It sends
 * nothing and does not remember who announced what: `relay.ts` does. Sync's blocks are not here.
 *
 *     announced -> queued at a peer -> asked of it -> (arrived)
 *                        ^                |  late, not found, or gone
 *                        +-- another announcer, or forgotten when there is none
 *
 * Invariants: an item is held by exactly one peer, queued or asked; all of them and those of one
 * peer are bounded, and when there is no more room who holds most gives way, so that no number of
 * liars keeps an honest announcement out; nothing is held by a peer that went.
 * protocol-spec/09-connections §4
 */
import { assert } from "../../base/assert.ts";
import type { Conn } from "../../edge/conn.ts";
import { relayLimits } from "../../params/limits.ts";
import type { Item, ItemKey } from "./inventory.ts";

interface WantedItem {
  readonly item: Item;
  holder: Conn;
  /** Undefined while it waits its turn in the holder's queue. */
  askedAt: number | undefined;
}

interface Holder {
  /** In order of announcement. */
  readonly queued: Map<ItemKey, WantedItem>;
  readonly asked: Map<ItemKey, WantedItem>;
}

export interface WantedLimits {
  /** Over all peers. */
  readonly itemsMax: number;
  /** Queued and asked of one peer. */
  readonly heldPerPeerMax: number;
  readonly askedPerPeerMax: number;
}

export const wantedLimits = {
  transactions: {
    itemsMax: relayLimits.wantedMax,
    heldPerPeerMax: relayLimits.inventoryPerMessageMax,
    askedPerPeerMax: relayLimits.requestsPerPeerMax,
  },
  blocks: {
    itemsMax: relayLimits.blocksWantedMax,
    heldPerPeerMax: relayLimits.blocksPerPeerMax,
    askedPerPeerMax: relayLimits.blockRequestsPerPeerMax,
  },
} as const satisfies Readonly<Record<string, WantedLimits>>;

/** What is known of who has what. */
export interface Announcers {
  /** Peers that announced it and neither failed us nor sent it since, in any order. */
  announcersOf(key: ItemKey): Iterable<Conn>;
  /** It let us wait too long: not to be named again. */
  onLate(conn: Conn, key: ItemKey): void;
}

export class Wanted {
  private readonly limits: WantedLimits;
  private readonly announcers: Announcers;
  private readonly items = new Map<ItemKey, WantedItem>();
  /** Ready peers; undefined until something was wanted of one. */
  private readonly holders = new Map<Conn, Holder | undefined>();
  /** All that is asked, in order of asking: every request has the same patience. */
  private readonly asked = new Map<ItemKey, WantedItem>();

  constructor(limits: WantedLimits, announcers: Announcers) {
    this.limits = limits;
    this.announcers = announcers;
  }

  get size(): number {
    return this.items.size;
  }

  get askedCount(): number {
    return this.asked.size;
  }

  /** When the oldest request is late; Infinity when none is open. */
  get deadline(): number {
    for (const wanted of this.asked.values()) {
      return (wanted.askedAt ?? 0) + relayLimits.requestMs;
    }
    return Number.POSITIVE_INFINITY;
  }

  has(key: ItemKey): boolean {
    return this.items.has(key);
  }

  isAskedOf(conn: Conn, key: ItemKey): boolean {
    return this.holders.get(conn)?.asked.has(key) ?? false;
  }

  onReady(conn: Conn): void {
    this.holders.set(conn, undefined);
  }

  /** What `conn` held goes to other announcers; returns those who may now be asked more. */
  onClosed(conn: Conn): ReadonlySet<Conn> {
    const holder = this.holders.get(conn);
    const heirs = new Set<Conn>();
    this.holders.delete(conn);
    if (holder === undefined) return heirs;
    for (const wanted of [...holder.asked.values(), ...holder.queued.values()]) {
      this.passOn(wanted, heirs);
    }
    return heirs;
  }

  /** `conn` has an item that we want; nothing changes when somebody is to be asked for it already. */
  onAnnounced(conn: Conn, item: Item): void {
    if (this.items.has(item.key)) return;
    const holder = this.holderOf(conn);
    if (holder === undefined || !this.makeRoom(holder)) return;
    const wanted: WantedItem = { item, holder: conn, askedAt: undefined };
    this.items.set(item.key, wanted);
    holder.queued.set(item.key, wanted);
  }

  /** What to ask `conn` for now, marked as asked; empty when it has enough to do. */
  nextRequests(conn: Conn, now: number): readonly Item[] {
    const holder = this.holders.get(conn);
    const requests: Item[] = [];
    const { askedPerPeerMax } = this.limits;
    // Refilled in batches, or every delivery would cost a message of one item.
    if (holder === undefined || holder.asked.size > askedPerPeerMax / 2) return requests;
    for (const [key, wanted] of holder.queued) {
      if (holder.asked.size >= askedPerPeerMax) break;
      holder.queued.delete(key);
      wanted.askedAt = now;
      holder.asked.set(key, wanted);
      this.asked.set(key, wanted);
      requests.push(wanted.item);
    }
    return requests;
  }

  /** We have it, from wherever. Returns whose turn it is to be asked more. */
  onArrived(key: ItemKey): Conn | undefined {
    const wanted = this.items.get(key);
    if (wanted === undefined) return undefined;
    this.items.delete(key);
    this.release(wanted);
    return wanted.holder;
  }

  /** `conn`, which no announcer list names any more, does not have it after all. */
  onMissing(conn: Conn, key: ItemKey, heirs: Set<Conn>): void {
    const wanted = this.items.get(key);
    if (wanted === undefined || wanted.holder !== conn) return;
    this.release(wanted);
    this.passOn(wanted, heirs);
    heirs.add(conn);
  }

  /** Requests that are late at `now` go to other announcers. Returns whom to ask. */
  expire(now: number): ReadonlySet<Conn> {
    const heirs = new Set<Conn>();
    for (const wanted of [...this.lateAt(now)]) {
      this.announcers.onLate(wanted.holder, wanted.item.key);
      this.release(wanted);
      heirs.add(wanted.holder);
      this.passOn(wanted, heirs);
    }
    return heirs;
  }

  private *lateAt(now: number): Iterable<WantedItem> {
    for (const wanted of this.asked.values()) {
      assert(wanted.askedAt !== undefined, "what is asked was asked at some time");
      if (wanted.askedAt + relayLimits.requestMs > now) return;
      yield wanted;
    }
  }

  private release(wanted: WantedItem): void {
    const { key } = wanted.item;
    const holder = this.holders.get(wanted.holder);
    holder?.queued.delete(key);
    holder?.asked.delete(key);
    this.asked.delete(key);
    wanted.askedAt = undefined;
  }

  /** Gives a released item to an announcer that is here and has room, or forgets it. */
  private passOn(wanted: WantedItem, heirs: Set<Conn>): void {
    const { key } = wanted.item;
    this.asked.delete(key);
    wanted.askedAt = undefined;
    for (const heir of this.announcers.announcersOf(key)) {
      const holder = this.holderOf(heir);
      if (holder === undefined || this.isFull(holder)) continue;
      wanted.holder = heir;
      holder.queued.set(key, wanted);
      heirs.add(heir);
      return;
    }
    this.items.delete(key);
  }

  /** Undefined for a peer that is not ready. */
  private holderOf(conn: Conn): Holder | undefined {
    const known = this.holders.get(conn);
    if (known !== undefined || !this.holders.has(conn)) return known;
    const holder = { queued: new Map(), asked: new Map() };
    this.holders.set(conn, holder);
    return holder;
  }

  private isFull(holder: Holder): boolean {
    return heldBy(holder) >= this.limits.heldPerPeerMax;
  }

  /** Room for one more at `holder`: when all is taken, from whoever holds most, and more than it. */
  private makeRoom(holder: Holder): boolean {
    if (this.isFull(holder)) return false;
    if (this.items.size < this.limits.itemsMax) return true;
    let fullest = holder;
    for (const each of this.holders.values()) {
      if (each !== undefined && heldBy(each) > heldBy(fullest)) fullest = each;
    }
    if (fullest === holder) return false;
    const victim = first(fullest.queued) ?? first(fullest.asked);
    assert(victim !== undefined, "who holds more than another holds something");
    // Its answer may still come; asked twice it would answer twice, and be blamed for it.
    if (victim.askedAt !== undefined) this.announcers.onLate(victim.holder, victim.item.key);
    this.items.delete(victim.item.key);
    this.release(victim);
    return true;
  }
}

function heldBy(holder: Holder): number {
  return holder.queued.size + holder.asked.size;
}

function first(items: ReadonlyMap<ItemKey, WantedItem>): WantedItem | undefined {
  for (const wanted of items.values()) return wanted;
  return undefined;
}
