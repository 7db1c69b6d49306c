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
import { assert } from "../base/assert.ts";
import { toHex } from "../base/bytes.ts";
import type { Conn } from "../edge/conn.ts";
import type { Clock } from "../edge/env.ts";
import type { NodeId } from "../model/ids.ts";
import type { Hello } from "../wire/messages.ts";
import type { DialTarget } from "./dialer.ts";
import { type Endpoint, endpoint } from "./endpoint.ts";
import type { SlotUse } from "./slots.ts";

export interface Dialling {
  readonly type: "dialling";
  readonly conn: Conn;
  readonly target: DialTarget;
  readonly startedAt: number;
}

export interface Handshaking {
  readonly type: "handshaking";
  readonly conn: Conn;
  /** The remote `ip:port`; undefined endpoint when the host gave something else. */
  readonly address: string;
  readonly endpoint: Endpoint | undefined;
  /** What we dialled; undefined when the peer dialled us. */
  readonly target: DialTarget | undefined;
}

export interface Ready {
  readonly type: "ready";
  readonly conn: Conn;
  readonly address: string;
  readonly endpoint: Endpoint | undefined;
  readonly target: DialTarget | undefined;
  readonly nodeId: NodeId;
  readonly bootId: string;
  readonly hello: Hello;
  /** Where the peer listens, as far as we know: what we dialled, or its IP with its listen port. */
  readonly listens: Endpoint | undefined;
  readonly manual: boolean;
  readonly readyAt: number;
  readonly readyWallMs: number;
  /** `useful`: it sent something that we wanted. `offending`: it is closed for a fault. */
  conduct: "silent" | "useful" | "offending";
}

export type Connection = Dialling | Handshaking | Ready;

/** What the handshake proved, and what we make of it. */
interface Proof {
  readonly nodeId: NodeId;
  readonly hello: Hello;
  readonly manual: boolean;
}

export function readyFrom(from: Handshaking, proof: Proof, clock: Clock): Ready {
  const at = from.endpoint;
  const accepted = from.target === undefined && at !== undefined;
  return {
    ...from,
    ...proof,
    type: "ready",
    bootId: toHex(proof.hello.bootId),
    listens: accepted ? endpoint(at.ip, proof.hello.listenPort) : at,
    readyAt: clock.monotonicMs,
    readyWallMs: clock.wallMs,
    conduct: "silent",
  };
}

export class ConnectionTable {
  private readonly byConn = new Map<Conn, Connection>();
  private readonly byIdentity = new Map<NodeId, Ready>();
  private readonly addresses = new Counter();
  private readonly pendingOrigins = new Counter();
  /** In order of starting. */
  private readonly dials = new Map<Conn, Dialling>();
  private readonly counted = {
    manualReady: 0,
    inboundReady: 0,
    outboundReady: 0,
    outboundPending: 0,
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

  get oldestDial(): Dialling | undefined {
    for (const dial of this.dials.values()) return dial;
    return undefined;
  }

  pendingFrom(origin: string): number {
    return this.pendingOrigins.get(origin);
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
    this.count(connection, 1);
  }

  remove(conn: Conn): Connection | undefined {
    const connection = this.byConn.get(conn);
    if (connection === undefined) return undefined;
    this.byConn.delete(conn);
    this.dials.delete(conn);
    if (connection.type === "ready") this.byIdentity.delete(connection.nodeId);
    this.count(connection, -1);
    return connection;
  }

  private count(connection: Connection, by: 1 | -1): void {
    for (const address of addressesOf(connection)) this.addresses.add(address, by);
    const { target } = connection;
    if (connection.type === "ready") {
      if (connection.manual) this.counted.manualReady += by;
      else if (target === undefined) this.counted.inboundReady += by;
      else this.counted.outboundReady += by;
    } else if (target === undefined) {
      this.counted.inboundPending += by;
      this.pendingOrigins.add(originOf(connection), by);
    } else if (!target.manual) this.counted.outboundPending += by;
  }
}

/** Whom a connection counts against in caps per IP. */
export function originOf(connection: Connection): string {
  if (connection.type === "dialling") return connection.target.address;
  return connection.endpoint?.origin ?? connection.address;
}

function addressesOf(connection: Connection): ReadonlySet<string> {
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

/** How often each string is held; those held no more are gone. */
class Counter {
  private readonly counts = new Map<string, number>();

  has(key: string): boolean {
    return this.counts.has(key);
  }

  get(key: string): number {
    return this.counts.get(key) ?? 0;
  }

  add(key: string, by: number): void {
    const count = this.get(key) + by;
    assert(count >= 0, "never released more often than held");
    if (count === 0) this.counts.delete(key);
    else this.counts.set(key, count);
  }
}
