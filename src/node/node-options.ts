/** What a node is told when it is made: who it is, its network, whom to connect to. */
import type { PublicKey } from "../model/ids.ts";
import type { NetworkFile } from "../model/network-file.ts";

export interface NodeOptions {
  readonly networkFile: NetworkFile;
  /** The file's text as bytes, given to fresh joiners. */
  readonly networkFileBytes: Uint8Array;
  /** 32-byte seed of the node key (identity on the wire). */
  readonly nodeSeed: Uint8Array;
  /** Public key of the validator whose slots we seal; its secret is with the signer. */
  readonly validatorKey: PublicKey | undefined;
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
