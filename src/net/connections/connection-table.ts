/**
 * Every connection and its state, indexed by what the rules ask for: connection, identity, address
 * in use, origin of a pending handshake. It decides nothing.
 *
 *     dialling -> handshaking -> ready -> (gone)
 *        accepted ----^
 *
 * Invariant: at most one ready connection per identity, and the indexes hold exactly what the
 * table holds. Keys are our own counters and strings, never a peer's number.
 * protocol-spec/09-connections §1
 */
import { assert } from "../../base/assert.ts";
import { toHex } from "../../base/bytes.ts";
import { Counter } from "../../base/counter.ts";
import type { Conn } from "../../edge/conn.ts";
import type { Clock } from "../../edge/env.ts";
import type { NodeId } from "../../model/ids.ts";
import { hasFeature } from "../../wire/hello.ts";
import type { Hello } from "../../wire/messages.ts";
import { type Endpoint, endpoint } from "../addresses/endpoint.ts";
import type { DialKind, DialTarget } from "./dialer.ts";
import { helloFeatures } from "./link-features.ts";
import { type Merits, noMerits } from "./merits.ts";
import type { SlotUse } from "./slots.ts";

export interface Dialling {
  readonly type: "dialling";
  readonly conn: Conn;
  readonly target: DialTarget;
  /** Of `ip:port`; undefined for a name. */
  readonly group: string | undefined;
  readonly startedAt: number;
}

export interface Handshaking {
  readonly type: "handshaking";
  readonly conn: Conn;
  /** The remote `ip:port`; undefined endpoint when the host gave something else. */
  readonly address: string;
  readonly endpoint: Endpoint | undefined;
  /** Its netgroup; `unknown` when the address is no `ip:port`. */
  readonly group: string;
  /** What we dialled; undefined when the peer dialled us. */
  readonly target: DialTarget | undefined;
}

export interface Ready {
  readonly type: "ready";
  readonly conn: Conn;
  readonly address: string;
  readonly endpoint: Endpoint | undefined;
  readonly group: string;
  readonly target: DialTarget | undefined;
  readonly nodeId: NodeId;
  readonly bootId: string;
  readonly claims: Claims;
  /** Where the peer listens, as far as we know: what we dialled, or its IP with its listen port. */
  readonly listens: Endpoint | undefined;
  readonly manual: boolean;
  /** Both know that no addresses and no transactions pass: a block-only link. */
  readonly quiet: boolean;
  readonly readyAt: number;
  readonly readyWallMs: number;
  /** `useful`: it sent something that we wanted. `offending`: it is closed for a fault. */
  conduct: "silent" | "useful" | "offending";
  readonly merits: Merits;
}

export type Connection = Dialling | Handshaking | Ready;

/** What it said in HELLO, as far as it is asked later: the hashes are views of a whole message. */
export type Claims = Pick<Hello, "agent" | "services" | "height" | "seenAddress" | "features">;

/** What the handshake proved, and what we make of it. */
interface Proof {
  readonly nodeId: NodeId;
  readonly hello: Hello;
  readonly manual: boolean;
}

export function readyFrom(from: Handshaking, proof: Proof, clock: Clock): Ready {
  const at = from.endpoint;
  const accepted = from.target === undefined && at !== undefined;
  // Named one by one: an object made by spreading has a shape of its own, 450 bytes of it.
  return {
    type: "ready",
    conn: from.conn,
    address: from.address,
    endpoint: at,
    group: from.group,
    target: from.target,
    nodeId: proof.nodeId,
    bootId: toHex(proof.hello.bootId),
    claims: claimsOf(proof.hello),
    manual: proof.manual,
    quiet: isQuiet(from.target?.kind, proof.hello),
    listens: accepted ? endpoint(at.ip, proof.hello.listenPort) : at,
    readyAt: clock.monotonicMs,
    readyWallMs: clock.wallMs,
    conduct: "silent",
    merits: noMerits(),
  };
}

function claimsOf({ agent, services, height, seenAddress, features }: Hello): Claims {
  return { agent, services, height, seenAddress, features };
}

/** Effective when both list it (02-handshake §4); an acceptor always does. */
function isQuiet(kind: DialKind | undefined, hello: Hello): boolean {
  if (kind !== undefined && kind !== "block-only") return false;
  return hasFeature(hello, helloFeatures.blockOnly);
}

export class ConnectionTable {
  private readonly byConn = new Map<Conn, Connection>();
  private readonly byIdentity = new Map<NodeId, Ready>();
  private readonly addresses = new Counter();
  /** Likewise, of block-only links. */
  private readonly quietAddresses = new Counter();
  private readonly pendingOrigins = new Counter();
  private readonly readyOrigins = new Counter();
  private readonly readyGroups = new Counter();
  /** In order of starting. */
  private readonly dials = new Map<Conn, Dialling>();
  /** Handshakes that others began, in order of starting. */
  private readonly knocking = new Map<Conn, Handshaking>();
  /** Dialled by us, in whatever state. */
  private readonly dialled = new Map<Conn, Connection>();
  private readonly counted = {
    manualReady: 0,
    inboundReady: 0,
    fullReady: 0,
    blockOnlyReady: 0,
    fullPending: 0,
    blockOnlyPending: 0,
    feelerPending: 0,
    inboundPending: 0,
  };

  get size(): number {
    return this.byConn.size;
  }

  get use(): SlotUse {
    return this.counted;
  }

  get(conn: Conn): Connection | undefined {
    return this.byConn.get(conn);
  }

  ready(nodeId: NodeId): Ready | undefined {
    return this.byIdentity.get(nodeId);
  }

  values(): IterableIterator<Connection> {
    return this.byConn.values();
  }

  /** In order of becoming ready. */
  readyValues(): IterableIterator<Ready> {
    return this.byIdentity.values();
  }

  /** A live connection dials, was dialled at, or listens at `address`. */
  isInUse(address: string): boolean {
    return this.addresses.has(address);
  }

  /** Dialled by us, manual ones too, in whatever state. */
  outboundValues(): IterableIterator<Connection> {
    return this.dialled.values();
  }

  /** Handshakes that others began, the oldest first. */
  knockingValues(): IterableIterator<Handshaking> {
    return this.knocking.values();
  }

  /** Is `address` in use by nothing but block-only links? */
  isQuietAt(address: string): boolean {
    return this.addresses.get(address) === this.quietAddresses.get(address);
  }

  get oldestDial(): Dialling | undefined {
    for (const dial of this.dials.values()) return dial;
    return undefined;
  }

  pendingFrom(origin: string): number {
    return this.pendingOrigins.get(origin);
  }

  /** Inbound, ready, and not named by the operator. */
  inboundFrom(origin: string): number {
    return this.readyOrigins.get(origin);
  }

  inboundOfGroup(group: string): number {
    return this.readyGroups.get(group);
  }

  /** Adds a connection, or moves one to its next state. */
  set(connection: Connection): void {
    this.remove(connection.conn);
    this.byConn.set(connection.conn, connection);
    if (connection.type === "dialling") this.dials.set(connection.conn, connection);
    if (connection.type === "ready") {
      assert(!this.byIdentity.has(connection.nodeId), "one ready connection per identity");
      this.byIdentity.set(connection.nodeId, connection);
    }
    if (connection.target !== undefined) this.dialled.set(connection.conn, connection);
    if (connection.type === "handshaking" && connection.target === undefined) {
      this.knocking.set(connection.conn, connection);
    }
    this.count(connection, 1);
  }

  /** The operator names whoever is ready at `address`. */
  makeManual(address: string): void {
    for (const peer of [...this.readyValues()]) {
      const isThere = peer.target?.address === address || peer.listens?.address === address;
      if (isThere && !peer.manual) this.set({ ...peer, manual: true });
    }
  }

  remove(conn: Conn): Connection | undefined {
    const connection = this.byConn.get(conn);
    if (connection === undefined) return undefined;
    this.byConn.delete(conn);
    this.dials.delete(conn);
    this.knocking.delete(conn);
    this.dialled.delete(conn);
    if (connection.type === "ready") this.byIdentity.delete(connection.nodeId);
    this.count(connection, -1);
    return connection;
  }

  private count(connection: Connection, by: 1 | -1): void {
    const isQuiet = connection.type === "ready" && connection.quiet;
    for (const address of addressesOf(connection)) {
      this.addresses.add(address, by);
      if (isQuiet) this.quietAddresses.add(address, by);
    }
    const { target } = connection;
    if (connection.type === "ready") this.countReady(connection, by);
    else if (target === undefined) {
      this.counted.inboundPending += by;
      this.pendingOrigins.add(originOf(connection), by);
    } else if (target.kind === "full") this.counted.fullPending += by;
    else if (target.kind === "block-only") this.counted.blockOnlyPending += by;
    else if (target.kind === "feeler") this.counted.feelerPending += by;
  }

  private countReady(peer: Ready, by: 1 | -1): void {
    const { target } = peer;
    if (peer.manual) this.counted.manualReady += by;
    else if (target?.kind === "block-only") this.counted.blockOnlyReady += by;
    else if (target !== undefined) this.counted.fullReady += by;
    else {
      this.counted.inboundReady += by;
      this.readyOrigins.add(originOf(peer), by);
      this.readyGroups.add(peer.group, by);
    }
  }
}

/** Whom a connection counts against in caps per IP. */
export function originOf(connection: Connection): string {
  if (connection.type === "dialling") return connection.target.address;
  return connection.endpoint?.origin ?? connection.address;
}

/** Where it was dialled, where that is, and where its peer listens. */
export function addressesOf(connection: Connection): ReadonlySet<string> {
  const found = new Set<string>();
  if (connection.target !== undefined) {
    found.add(connection.target.address);
    if (connection.type !== "dialling" && connection.endpoint !== undefined) {
      found.add(connection.endpoint.address);
    }
  }
  if (connection.type === "ready" && connection.listens !== undefined) {
    found.add(connection.listens.address);
  }
  return found;
}
