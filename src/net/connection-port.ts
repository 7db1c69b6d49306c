/** What the connection manager is given, asks of the node, and answers it. No behaviour. */
import type { Conn } from "../edge/conn.ts";
import type { NodeEvent } from "../edge/event.ts";
import type { NodeId } from "../model/ids.ts";
import type { DisconnectCode, Message } from "../wire/messages.ts";
import type { KnownAddress } from "./address-book.ts";

export interface ConnectionPort {
  dial(conn: Conn, address: string): void;
  /** Says why, if the session can, and closes. The manager has forgotten `conn` by then. */
  close(conn: Conn, code: DisconnectCode, text: string): void;
  send(conn: Conn, message: Message): boolean;
  notify(event: NodeEvent): void;
}

export interface ConnectionOptions {
  readonly self: NodeId;
  readonly bootId: Uint8Array;
  /** `[identity@]host:port`, checked by the configuration; what is none is left out. */
  readonly connect: readonly string[];
  readonly listenPort: number;
  readonly peersMax: number;
  readonly outboundTarget: number;
  /** Do loopback and private addresses count as places where peers are? */
  readonly allowPrivate: boolean;
  readonly knownAddresses?: readonly KnownAddress[];
}

export type ReadyVerdict =
  | { readonly keep: true }
  | { readonly keep: false; readonly code: DisconnectCode; readonly text: string };

/** The price of a fault (node/penalties.ts). */
export interface Penalty {
  /** Points that add up and fade. */
  readonly score: number;
  /** The caller closes the connection. */
  readonly disconnect: boolean;
  readonly discourage: boolean;
}
