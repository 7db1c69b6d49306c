/**
 * What each ready peer is known to have of blocks and transactions, and what may be sent to it.
 * It asks for nothing (`wanted.ts`) and judges nothing. Invariant: nothing is told to a peer that
 * knows it; what a full lane refused is not taken for known; at most `relay.knownPerPeerMax` ids
 * of a peer are kept, and go with it. protocol-spec/09-connections §4.
 */
import { BoundedMap } from "../../base/bounded.ts";
import type { Conn, Ticket } from "../../edge/conn.ts";
import type { PeerPort } from "../../edge/port.ts";
import { relayLimits } from "../../params/limits.ts";
import type { Message } from "../../wire/messages.ts";
import type { ItemKey } from "./inventory.ts";
import type { Announcers } from "./wanted.ts";

/**
 * Why a peer is known to have an item, and whether it may still send it. `announced`: unasked, once;
 * `asked`: its answer is under way; `late`: likewise, and it let us wait; `asked-twice`: two answers
 * are, because what came from elsewhere was no use. An answer comes for each question, however late.
 */
export type Knowledge = "announced" | "asked" | "late" | "asked-twice" | "delivered" | "told-by-us";

/** What passes on a connection. */
export interface LinkUse {
  /** Not so on a block-only link (09-connections §1). */
  readonly takesTransactions: boolean;
  /** Both ends understand compact blocks (04-messages §8). */
  readonly takesCompact: boolean;
}

export const fullUse: LinkUse = { takesTransactions: true, takesCompact: false };

/** Would make the compact form of a block: there is none. */
export const noCompact = (): Message | undefined => undefined;

export interface RelayPeer extends LinkUse {
  readonly known: BoundedMap<ItemKey, Knowledge>;
  /** It asked to be sent compact blocks unasked. */
  wantsPush: boolean;
}

export class RelayPeers implements Announcers {
  private readonly port: PeerPort;
  private readonly peers = new Map<Conn, RelayPeer>();

  constructor(port: PeerPort) {
    this.port = port;
  }

  get(conn: Conn): RelayPeer | undefined {
    return this.peers.get(conn);
  }

  entries(): Iterable<[Conn, RelayPeer]> {
    return this.peers;
  }

  onReady(conn: Conn, use: LinkUse): void {
    const known = new BoundedMap<ItemKey, Knowledge>(relayLimits.knownPerPeerMax);
    const { takesTransactions, takesCompact } = use;
    // Named one by one: an object made by spreading has a shape of its own, 450 bytes of it.
    this.peers.set(conn, { takesTransactions, takesCompact, known, wantsPush: false });
  }

  onClosed(conn: Conn): void {
    this.peers.delete(conn);
  }

  *announcersOf(key: ItemKey): Iterable<Conn> {
    for (const [conn, { known }] of this.peers) {
      const knowledge = known.get(key);
      if (knowledge === "announced" || knowledge === "asked") yield conn;
    }
  }

  /** It has the item, and is free to send it. */
  onAnnounced(conn: Conn, key: ItemKey): void {
    const known = this.peers.get(conn)?.known;
    if (!isUnderWay(known?.get(key))) known?.set(key, "announced");
  }

  onAsked(conn: Conn, key: ItemKey): void {
    const known = this.peers.get(conn)?.known;
    known?.set(key, isUnderWay(known.get(key)) ? "asked-twice" : "asked");
  }

  onLate(conn: Conn, key: ItemKey): void {
    const known = this.peers.get(conn)?.known;
    if (known?.get(key) !== "asked-twice") known?.set(key, "late");
  }

  /** It sent the item. False when it was neither asked for it nor had announced it. */
  onDelivered(conn: Conn, key: ItemKey): boolean {
    const known = this.peers.get(conn)?.known;
    const knowledge = known?.get(key);
    known?.set(key, knowledge === "asked-twice" ? "late" : "delivered");
    return knowledge === "announced" || isUnderWay(knowledge);
  }

  hasSent(conn: Conn, key: ItemKey): boolean {
    return this.peers.get(conn)?.known.get(key) === "delivered";
  }

  /** It does not have the item after all. */
  onMissing(conn: Conn, key: ItemKey): void {
    const known = this.peers.get(conn)?.known;
    if (known?.get(key) === "asked-twice") known.set(key, "late");
    else known?.delete(key);
  }

  /** To every peer that does not know `key` what `make` gives for it, if it gives something. */
  tell(
    key: ItemKey,
    except: Conn | undefined,
    after: Ticket | undefined,
    make: (peer: RelayPeer) => Message | undefined,
  ): void {
    for (const [conn, peer] of this.peers) {
      if (conn === except || peer.known.has(key)) continue;
      const message = make(peer);
      if (message === undefined) continue;
      if (this.port.send(conn, message, after)) peer.known.set(key, "told-by-us");
    }
  }
}

function isUnderWay(knowledge: Knowledge | undefined): boolean {
  return knowledge === "asked" || knowledge === "late" || knowledge === "asked-twice";
}
