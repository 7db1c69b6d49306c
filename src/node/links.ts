/**
 * The sessions of a node by connection, and the way out to them. Decides nothing about who may
 * connect (net/connections/connection-manager) or what is said (node/router).
 * Invariant: a closing link gives what it still has to say and is then forgotten.
 */
import { assert } from "../base/assert.ts";
import { Soonest } from "../base/soonest.ts";
import type { Conn, Ticket } from "../edge/conn.ts";
import type { NodeId } from "../model/ids.ts";
import type { Session } from "../peer/session.ts";
import type { DisconnectCode, Hello, Message } from "../wire/messages.ts";
import type { EffectQueue } from "./effect-queue.ts";

export interface Link {
  readonly conn: Conn;
  readonly address: string;
  readonly inbound: boolean;
  readonly session: Session;
  /** Known once the handshake is done. */
  nodeId: NodeId | undefined;
  /** While it waits to be admitted. */
  hello?: Hello | undefined;
}

/** Connections that still flush their farewell; beyond it the oldest is cut off. */
const closingMax = 256;

export class Links {
  private readonly effects: EffectQueue;
  private readonly open = new Map<Conn, Link>();
  private readonly closing = new Map<Conn, Session>();
  /** Links that may have got something to say in this step. */
  private readonly touched = new Set<Conn>();
  private readonly soonest = new Soonest<Conn>(
    () => this.open.keys(),
    (conn) => this.open.get(conn)?.session.deadline ?? Number.POSITIVE_INFINITY,
  );
  /** Since the start, over all connections. */
  readonly traffic = { received: 0, sent: 0 };

  private readonly onSent: (bytes: number) => void;

  constructor(effects: EffectQueue, onSent: (bytes: number) => void = () => {}) {
    this.effects = effects;
    this.onSent = onSent;
  }

  add(link: Link): void {
    assert(!this.open.has(link.conn), "a connection is named once");
    this.open.set(link.conn, link);
    this.touched.add(link.conn);
  }

  get(conn: Conn): Link | undefined {
    return this.open.get(conn);
  }

  all(): IterableIterator<Link> {
    return this.open.values();
  }

  /** Marks a link whose session was fed: it may have answered by itself. */
  touch(conn: Conn): void {
    this.touched.add(conn);
  }

  /** The earliest deadline of all sessions, as it was after the last step or `take`. */
  get deadline(): number {
    return this.soonest.at;
  }

  /** What all sessions share has changed, and with it the deadline of any of them. */
  onSharedMoved(): void {
    this.soonest.onAllMoved();
  }

  send(conn: Conn, message: Message, after?: Ticket): boolean {
    const link = this.open.get(conn);
    if (link === undefined) return false;
    this.touched.add(conn);
    return link.session.send(message, after);
  }

  /** Says goodbye with a reason (once both sides are known) and closes after it. */
  disconnect(conn: Conn, code: DisconnectCode, text: string): Link | undefined {
    const link = this.open.get(conn);
    if (link === undefined) return undefined;
    link.session.disconnect(code, text);
    return this.close(conn);
  }

  /** Closes after what is queued. */
  close(conn: Conn): Link | undefined {
    const link = this.forget(conn);
    if (link === undefined) return undefined;
    this.closing.set(conn, link.session);
    if (this.closing.size > closingMax) {
      for (const oldest of this.closing.keys()) {
        this.letGo(oldest);
        break;
      }
    }
    this.effects.close(conn);
    return link;
  }

  /** TCP is gone: nothing more can be said. */
  forget(conn: Conn): Link | undefined {
    this.letGo(conn);
    const link = this.open.get(conn);
    this.open.delete(conn);
    this.touched.delete(conn);
    this.soonest.onMoved(conn);
    return link;
  }

  onDurable(through: Ticket): void {
    for (const link of this.open.values()) {
      link.session.onDurable(through);
      this.touched.add(link.conn);
    }
  }

  take(conn: Conn, bytesMax: number): Uint8Array | undefined {
    const closing = this.closing.get(conn);
    const bytes = (this.open.get(conn)?.session ?? closing)?.take(bytesMax);
    this.soonest.onMoved(conn);
    if (closing !== undefined && bytes === undefined) this.letGo(conn);
    this.traffic.sent += bytes?.length ?? 0;
    if (bytes !== undefined) this.onSent(bytes.length);
    return bytes;
  }

  /** A closing session has nothing more to say: what it shares with others is free again. */
  private letGo(conn: Conn): void {
    this.closing.get(conn)?.onClosed();
    this.closing.delete(conn);
  }

  /** One flush effect for each touched link that has output; called once at the end of a step. */
  flushTouched(): void {
    for (const conn of this.touched) {
      this.soonest.onMoved(conn);
      if (this.open.get(conn)?.session.offer()) this.effects.flush(conn);
    }
    this.touched.clear();
  }
}
