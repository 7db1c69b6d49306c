/** What the connection manager is given, asks of the node, and answers it. No behaviour. */
import type { Conn } from "../../edge/conn.ts";
import type { NodeEvent } from "../../edge/event.ts";
import type { NodeId } from "../../model/ids.ts";
import type { DisconnectCode, Message } from "../../wire/messages.ts";
import type { KnownAddress } from "../addresses/address-book.ts";
import type { OwnPlaces } from "../addresses/endpoint.ts";
import type { AsnOf, CountryOf } from "../addresses/netgroup.ts";
import type { RecordKeys } from "../addresses/own-address.ts";
import type { AccessOptions } from "../conduct/admission.ts";
import type { KeptConduct } from "../conduct/misconduct.ts";

/** Our best header, and whether anything that may better it is on its way. */
export interface Tip {
  readonly height: number;
  readonly isFetching: boolean;
}

export interface ConnectionPort {
  dial(conn: Conn, address: string): void;
  /** Says why, if the session can, and closes. The manager has forgotten `conn` by then. */
  close(conn: Conn, code: DisconnectCode, text: string): void;
  send(conn: Conn, message: Message): boolean;
  notify(event: NodeEvent): void;
  tip(): Tip;
  /** Asks the peer for headers, so that it can show what it has (`onShown`). */
  askTip(conn: Conn): void;
}

export interface ConnectionOptions extends AccessOptions, KeptConduct, OwnPlaces {
  readonly self: NodeId;
  readonly bootId: Uint8Array;
  /** Kept connected: `[identity@]host:port`, checked by the configuration; what is none is left out. */
  readonly connect: readonly string[];
  /** Told to peers; 0 for none. */
  readonly listenPort: number;
  readonly peersMax: number;
  readonly outboundTarget: number;
  /** May loopback and private addresses be learned, dialled and told on? */
  readonly allowPrivate: boolean;
  readonly slotMs: number;
  /** Of the last run. */
  readonly knownAddresses?: readonly KnownAddress[] | undefined;
  /** What `addressKey` said before the restart: 32 secret bytes. */
  readonly addressKey?: Uint8Array | undefined;
  /** `[identity@]host:port`, asked when few addresses are known. */
  readonly bootstrap?: readonly string[] | undefined;
  /** `ip:port` to tell others, or "off"; undefined: where peers see us. */
  readonly advertise?: string | undefined;
  /** Undefined: we sign no address, and check none. */
  readonly records?: RecordKeys | undefined;
  /** Block-only peers of the last run (anchors.ts). */
  readonly anchors?: readonly string[] | undefined;
  readonly asnOf?: AsnOf | undefined;
  readonly countryOf?: CountryOf | undefined;
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
