/** What a node is told when it is made: who it is, its network, whom to connect to. */
import type { BlockRef } from "../chain/records.ts";
import type { SignerFloors } from "../edge/signer-floors.ts";
import type { PublicKey } from "../model/ids.ts";
import type { NetworkFile } from "../model/network-file.ts";
import type { Recovery } from "../model/recovery.ts";

export interface ValidatorOptions {
  /** Its secret is with the signer. */
  readonly key: PublicKey;
  readonly floors: SignerFloors;
  /** The signer's file is new, so no other process can have signed: it need not watch first. */
  readonly isFresh: boolean;
}

export interface NodeOptions {
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
  readonly agent: string;
  readonly peersMax: number;
  readonly outboundTarget: number;
  /** Loopback and private addresses may be learned, dialled and told on. */
  readonly allowPrivate: boolean;
  /** Keep the last frame of each peer, up to 512 KiB, as evidence for third parties. */
  readonly recordFrames?: boolean;
}
