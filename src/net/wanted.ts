/**
 * Which announced objects we still want, whom we asked, and whom to ask next. It sends nothing:
 * `relay.ts` does. Blocks on the way by sync are not here.
 *
 *     announced -> queued at a peer -> asked of it -> (arrived)
 *                        ^                |  late, not found, or gone
 *                        +-- next announcer, or forgotten when there is none
 *
 * Invariants: an item is held by exactly one peer, queued or asked; a peer holds at most
 * `inventoryPerMessageMax`, has at most `requestsPerPeerMax` of them asked, and displaces nobody
 * else's; nothing is held by a peer that went. protocol-spec/09-connections §4
 */
import { assert } from "../base/assert.ts";
import type { Conn } from "../edge/conn.ts";
import { relayLimits } from "../params/limits.ts";
import type { Item, ItemKey } from "./inventory.ts";

interface WantedItem {
  readonly item: Item;
  holder: Conn;
  /** Undefined while it waits its turn in the holder's queue. */
  askedAt: number | undefined;
  /** Others who have it, in order of announcement. */
  readonly announcers: Conn[];
}

interface Holder {
  /** In order of announcement. */
  readonly queued: Map<ItemKey, WantedItem>;
  readonly asked: Map<ItemKey, WantedItem>;
}

const heldPerPeerMax = relayLimits.inventoryPerMessageMax;

export class Wanted {
  private readonly items = new Map<ItemKey, WantedItem>();
  private readonly holders = new Map<Conn, Holder>();
  /** All that is asked, in order of asking: every request has the same patience. */
  private readonly asked = new Map<ItemKey, WantedItem>();

  get size(): number {
    return this.items.size;
  }

  get askedCount(): number {
    return this.asked.size;
  }

  askedOf(conn: Conn): number {
    return this.holders.get(conn)?.asked.size ?? 0;
  }

  /** When the oldest request is late; Infinity when none is open. */
  get deadline(): number {
    for (const wanted of this.asked.values()) {
      return (wanted.askedAt ?? 0) + relayLimits.requestMs;
    }
    return Number.POSITIVE_INFINITY;
  }

  /** All who announced it, but for `except`. */
  announcersOf(key: ItemKey, except: Conn): Conn[] {
    const wanted = this.items.get(key);
    if (wanted === undefined) return [];
    return [wanted.holder, ...wanted.announcers].filter((conn) => conn !== except);
  }

  isAskedOf(conn: Conn, key: ItemKey): boolean {
    return this.holders.get(conn)?.asked.has(key) ?? false;
  }

  onReady(conn: Conn): void {
    this.holders.set(conn, { queued: new Map(), asked: new Map() });
  }

  /** What `conn` held goes to the next announcers; returns those who may now be asked more. */
  onClosed(conn: Conn): ReadonlySet<Conn> {
    const holder = this.holders.get(conn);
    const heirs = new Set<Conn>();
    if (holder === undefined) return heirs;
    this.holders.delete(conn);
    for (const wanted of [...holder.asked.values(), ...holder.queued.values()]) {
      this.passOn(wanted, heirs);
    }
    return heirs;
  }

  /** `conn` has an item that we want. False when it was not noted, for lack of room. */
  onAnnounced(conn: Conn, item: Item): boolean {
    const holder = this.holders.get(conn);
    if (holder === undefined) return false;
    const known = this.items.get(item.key);
    if (known !== undefined) {
      if (known.holder === conn || known.announcers.includes(conn)) return true;
      if (known.announcers.length >= relayLimits.announcersPerItemMax) return false;
      known.announcers.push(conn);
      return true;
    }
    if (this.items.size >= relayLimits.wantedMax || isFull(holder)) return false;
    const wanted: WantedItem = { item, holder: conn, askedAt: undefined, announcers: [] };
    this.items.set(item.key, wanted);
    holder.queued.set(item.key, wanted);
    return true;
  }

  /** What to ask `conn` for now, marked as asked; empty when it has enough to do. */
  nextRequests(conn: Conn, now: number): readonly Item[] {
    const holder = this.holders.get(conn);
    const requests: Item[] = [];
    if (holder === undefined) return requests;
    // Refilled in batches, or every delivery would cost a message of one item.
    if (holder.asked.size > relayLimits.requestsPerPeerMax / 2) return requests;
    for (const [key, wanted] of holder.queued) {
      if (holder.asked.size >= relayLimits.requestsPerPeerMax) break;
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

  /** `conn` does not have it after all. */
  onMissing(conn: Conn, key: ItemKey, heirs: Set<Conn>): void {
    const wanted = this.items.get(key);
    if (wanted === undefined) return;
    const index = wanted.announcers.indexOf(conn);
    if (index >= 0) wanted.announcers.splice(index, 1);
    if (wanted.holder !== conn) return;
    this.release(wanted);
    this.passOn(wanted, heirs);
    heirs.add(conn);
  }

  /** Requests that are late at `now` go to the next announcers. Returns whom to ask. */
  expire(now: number): ReadonlySet<Conn> {
    const heirs = new Set<Conn>();
    for (const wanted of [...this.lateAt(now)]) {
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

  /** Gives a released item to the first announcer that is here and has room, or forgets it. */
  private passOn(wanted: WantedItem, heirs: Set<Conn>): void {
    const { key } = wanted.item;
    this.asked.delete(key);
    wanted.askedAt = undefined;
    for (;;) {
      const heir = wanted.announcers.shift();
      if (heir === undefined) {
        this.items.delete(key);
        return;
      }
      const holder = this.holders.get(heir);
      if (holder === undefined || isFull(holder)) continue;
      wanted.holder = heir;
      holder.queued.set(key, wanted);
      heirs.add(heir);
      return;
    }
  }
}

function isFull(holder: Holder): boolean {
  return holder.queued.size + holder.asked.size >= heldPerPeerMax;
}
