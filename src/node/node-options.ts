/** What a node is told when it is made: who it is, its network, whom to connect to. */
import type { VerifyMode } from "../chain/certified-ranges.ts";
import type { BlockRef } from "../chain/records.ts";
import type { SignerFloors } from "../edge/signer-floors.ts";
import type { PublicKey } from "../model/ids.ts";
import type { NetworkFile } from "../model/network-file.ts";
import type { Recovery } from "../model/recovery.ts";
import type { ConnectionOptions } from "../net/connections/connection-port.ts";

export interface ValidatorOptions {
  /** Its secret is with the signer. */
  readonly key: PublicKey;
  readonly floors: SignerFloors;
  /** The signer's file is new, so no other process can have signed: it need not watch first. */
  readonly isFresh: boolean;
  /** Pending transactions from which a block is prepared before its slot; 512 when absent. */
  readonly prepareFrom?: number | undefined;
}

/** What the connection manager is told by others, or finds out from the rest. */
type OfNode = "self" | "bootId" | "slotMs" | "records";

/** With all that the connection manager is told (net/connections/connection-port.ts). */
export interface NodeOptions extends Omit<ConnectionOptions, OfNode> {
  readonly networkFile: NetworkFile;
  /** The file's text as bytes, given to fresh joiners. */
  readonly networkFileBytes: Uint8Array;
  /** 32-byte seed of the node key (identity on the wire). */
  readonly nodeSeed: Uint8Array;
  /** Whose slots we seal and in whose name we vote; undefined: neither. */
  readonly validator: ValidatorOptions | undefined;
  /** No other block at its height is believed. */
  readonly checkpoint?: BlockRef | undefined;
  /** "certified" leaves out what a certificate above makes superfluous; "full" when absent. */
  readonly verify?: VerifyMode | undefined;
  /** Seals of one answer that are worth a job; `chainLimits.sealJobMin` when absent. */
  readonly sealJobMin?: number | undefined;
  /** What the network went through; whoever adopted others is on another network. */
  readonly recoveries?: readonly Recovery[] | undefined;
  readonly agent: string;
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
