/**
 * Flooding of small objects (votes, certificates, evidence): whoever learns a new one sends it, whole
 * and unasked, to every peer that is not known to have it. It keeps no object, judges none and asks
 * for none; large objects are announced first (`relay.ts`). What is new, and worth passing on, the
 * caller knows.
 *
 *     A ---vote---> we ---vote---> B, C        not back to A, not to D who sent it to us too
 *
 * Invariants: nothing is sent to a peer that is known to have it, nor to one that is not ready;
 * what a full lane refused is not taken for known; a peer that goes takes its memory with it, and
 * one to whom nothing was said has none. protocol-spec/04-messages §6
 */
import { BoundedMap, BoundedSet } from "../../base/bounded.ts";
import { toHex } from "../../base/bytes.ts";
import { sha256 } from "../../crypto/hash.ts";
import type { Conn, Ticket } from "../../edge/conn.ts";
import type { PeerPort } from "../../edge/port.ts";
import { relayLimits } from "../../params/limits.ts";
import type { Message } from "../../wire/messages.ts";

export type GossipId = string;

/** Of the object's bytes, signature included: another signature is another object. */
export function gossipId(bytes: Uint8Array): GossipId {
  return toHex(sha256(bytes).subarray(0, 16));
}

const knownMax = relayLimits.gossipKnownPerPeerMax;

export class Gossip {
  private readonly port: Pick<PeerPort, "send">;
  /** Ready peers and what each has; undefined until there is something to remember. */
  private readonly peers = new Map<Conn, BoundedSet<GossipId> | undefined>();
  /** One string for all peers that have the object: ids are most of the memory here. */
  private readonly ids = new BoundedMap<GossipId, GossipId>(knownMax);

  constructor(port: Pick<PeerPort, "send">) {
    this.port = port;
  }

  onReady(conn: Conn): void {
    this.peers.set(conn, undefined);
  }

  onClosed(conn: Conn): void {
    this.peers.delete(conn);
  }

  /**
   * `conn` sent us the object, so it has it, whatever we think of it. False when it was known to
   * have it already: it sends it once more, or we have just sent it.
   */
  onReceived(conn: Conn, id: GossipId): boolean {
    if (!this.peers.has(conn)) return true;
    if (this.peers.get(conn)?.has(id)) return false;
    this.remember(conn, this.sharedId(id));
    return true;
  }

  /** To every ready peer that is not known to have it; `after` must be durable first. */
  broadcast(message: Message, id: GossipId, except?: Conn, after?: Ticket): void {
    const shared = this.sharedId(id);
    for (const conn of this.peers.keys()) {
      if (conn !== except) this.offer(conn, message, shared, after);
    }
  }

  /** To one peer, if it is ready and not known to have it. */
  send(conn: Conn, message: Message, id: GossipId): void {
    if (this.peers.has(conn)) this.offer(conn, message, this.sharedId(id), undefined);
  }

  private offer(conn: Conn, message: Message, id: GossipId, after: Ticket | undefined): void {
    if (this.peers.get(conn)?.has(id)) return;
    if (this.port.send(conn, message, after)) this.remember(conn, id);
  }

  private remember(conn: Conn, id: GossipId): void {
    let known = this.peers.get(conn);
    if (known === undefined) {
      known = new BoundedSet(knownMax);
      this.peers.set(conn, known);
    }
    known.add(id);
  }

  private sharedId(id: GossipId): GossipId {
    const shared = this.ids.get(id);
    if (shared !== undefined) return shared;
    this.ids.set(id, id);
    return id;
  }
}
