/** What a node is told when it is made: who it is, its network, whom to connect to. */
import type { BlockRef } from "../chain/records.ts";
import type { SignerFloors } from "../edge/signer-floors.ts";
import type { PublicKey } from "../model/ids.ts";
import type { NetworkFile } from "../model/network-file.ts";
import type { Recovery } from "../model/recovery.ts";
import type { KnownAddress } from "../net/addresses/address-book.ts";
import type { AsnOf } from "../net/addresses/netgroup.ts";
import type { AccessOptions } from "../net/conduct/admission.ts";
import type { KeptConduct } from "../net/conduct/misconduct.ts";

export interface ValidatorOptions {
  /** Its secret is with the signer. */
  readonly key: PublicKey;
  readonly floors: SignerFloors;
  /** The signer's file is new, so no other process can have signed: it need not watch first. */
  readonly isFresh: boolean;
}

export interface NodeOptions extends AccessOptions, KeptConduct {
  readonly networkFile: NetworkFile;
  /** The file's text as bytes, given to fresh joiners. */
  readonly networkFileBytes: Uint8Array;
  /** 32-byte seed of the node key (identity on the wire). */
  readonly nodeSeed: Uint8Array;
  /** Whose slots we seal and in whose name we vote; undefined: neither. */
  readonly validator: ValidatorOptions | undefined;
  /** No other block at its height is believed. */
  readonly checkpoint?: BlockRef | undefined;
  /** What the network went through; whoever adopted others is on another network. */
  readonly recoveries?: readonly Recovery[] | undefined;
  /** Port where we accept connections, told to peers; 0 for none. */
  readonly listenPort: number;
  /** Peers to keep connected, `[identity@]host:port`. */
  readonly connect: readonly string[];
  /** Asked for addresses, in random order, while few are known. */
  readonly bootstrap?: readonly string[] | undefined;
  /** `ip:port` where others reach us, or "off" to say none; undefined: as peers see us. */
  readonly advertise?: string | undefined;
  /** Of the last run. */
  readonly knownAddresses?: readonly KnownAddress[] | undefined;
  /** Of the last run, 32 secret bytes. */
  readonly addressKey?: Uint8Array | undefined;
  /** Block-only peers of the last run, `ip:port`. */
  readonly anchors?: readonly string[] | undefined;
  readonly asnOf?: AsnOf | undefined;
  /** Where our own HTTP API is no peer, whatever others say. */
  readonly httpPort?: number | undefined;
  readonly ownIps?: readonly string[] | undefined;
  readonly agent: string;
  readonly peersMax: number;
  readonly outboundTarget: number;
  /** Loopback and private addresses may be learned, dialled and told on. */
  readonly allowPrivate: boolean;
  /** Keep the last frame of each peer, up to 512 KiB, as evidence for third parties. */
  readonly recordFrames?: boolean;
  /** A thin line: small windows, and transactions passed on to few. */
  readonly isLow?: boolean | undefined;
  /** What the line is to bear; no limits when absent. */
  readonly line?: LineOptions | undefined;
}

/** 0: no limit. */
export interface LineOptions {
  /** Kilobits a second over all peers. */
  readonly uploadKbps: number;
  readonly downloadKbps: number;
  /** Megabytes a day, beyond which old blocks are refused. */
  readonly uploadTargetMb: number;
}

export const noLineLimits: LineOptions = { uploadKbps: 0, downloadKbps: 0, uploadTargetMb: 0 };
