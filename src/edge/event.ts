/**
 * Facts for onlookers: log, metrics, terminal, HTTP stream. Nothing inside the node listens.
 * Strings that a peer chose are already cut and made printable here.
 */
import type { BlockHash, NodeId, PublicKey, TxId } from "../model/ids.ts";
import type { DisconnectCode } from "../wire/messages.ts";
import type { Conn } from "./conn.ts";
import type { BlameCode } from "./port.ts";

/** Why a newcomer is turned away (09-connections §1). */
export type RefusalCode =
  | "banned"
  | "handshakes-of-address"
  | "handshake-rate-of-address"
  | "handshake-rate-of-group"
  | "address-full"
  | "group-full"
  | "slots-full"
  | "duplicate"
  | "self"
  | "feeler"
  | "not-a-member";

/** Why a connection makes room (09-connections §1, §2). */
export type EvictionCode =
  | "handshakes-full"
  | "inbound-full"
  | "overload"
  | "extra-full"
  | "rotated"
  | "extra-block-only"
  | "same-group"
  | "lagging";

/** Why a connection ended: a farewell (04-messages §5), a fault (07-errors), or without a word. */
export type CloseCode = DisconnectCode | BlameCode | "closed";

export type NodeEvent =
  | { readonly type: "dialling"; readonly conn: Conn; readonly address: string }
  | {
      readonly type: "dial-failed";
      readonly address: string;
      readonly reason: string;
      readonly retryMs: number;
    }
  | {
      readonly type: "peer-ready";
      readonly conn: Conn;
      readonly nodeId: NodeId;
      readonly address: string;
      readonly inbound: boolean;
      readonly agent: string;
      readonly height: number;
    }
  /** Turned away: before a byte was read, or (with `nodeId`) once it had proved who it is. */
  | {
      readonly type: "connection-refused";
      readonly conn: Conn;
      readonly nodeId: NodeId | undefined;
      readonly address: string;
      readonly code: RefusalCode;
      readonly detail: string;
    }
  /** We end a connection that did nothing wrong; `peer-closed` follows when it had a session. */
  | {
      readonly type: "connection-evicted";
      readonly conn: Conn;
      readonly nodeId: NodeId | undefined;
      readonly address: string;
      readonly inbound: boolean;
      readonly code: EvictionCode;
    }
  /** `subject` is `ip:...` or `id:...`; it is neither dialled nor let in for `forMs`. */
  | {
      readonly type: "peer-discouraged";
      readonly subject: string;
      readonly code: BlameCode;
      readonly forMs: number;
    }
  /** The operator turns away an address, a range or an identity; undefined: until lifted. */
  | {
      readonly type: "banned";
      readonly subject: string;
      readonly reason: string;
      readonly forMs: number | undefined;
    }
  | { readonly type: "ban-lifted"; readonly subject: string }
  /** The network came to look partitioned from here, or whole again. */
  | {
      readonly type: "reach-changed";
      readonly isPartitioned: boolean;
      readonly peers: { readonly known: number; readonly reached: number };
      readonly validators: { readonly count: number; readonly silent: number };
    }
  | {
      readonly type: "peer-closed";
      readonly conn: Conn;
      readonly nodeId: NodeId | undefined;
      readonly address: string;
      readonly code: CloseCode;
      readonly detail: string;
      readonly byUs: boolean;
    }
  | {
      readonly type: "peer-blamed";
      readonly conn: Conn;
      readonly nodeId: NodeId | undefined;
      readonly address: string;
      readonly code: BlameCode;
      readonly detail: string;
    }
  | {
      readonly type: "head-moved";
      readonly height: number;
      readonly hash: BlockHash;
      readonly slot: number;
      readonly transactions: number;
      /** Blocks undone; 0 when the chain only grew. */
      readonly disconnected: number;
      readonly connected: number;
    }
  | { readonly type: "sealed"; readonly height: number; readonly hash: BlockHash }
  | { readonly type: "seal-refused"; readonly slot: number; readonly reason: string }
  /** A certificate made a block the root of the fork choice. */
  | {
      readonly type: "justified";
      readonly slot: number;
      readonly height: number;
      readonly hash: BlockHash;
    }
  /** Our vote left. */
  | { readonly type: "voted"; readonly slot: number; readonly hash: BlockHash }
  | { readonly type: "vote-refused"; readonly slot: number; readonly reason: string }
  | {
      readonly type: "finalized";
      readonly slot: number;
      readonly height: number;
      readonly hash: BlockHash;
    }
  /** A validator signed what no honest one does; `kind` as in 05-objects §6. */
  | {
      readonly type: "evidence-found";
      readonly validator: PublicKey;
      readonly kind: "double-seal" | "double-vote" | "surround";
      readonly slot: number;
    }
  /** Two final blocks contradict each other: a third of the validators or more cheated. */
  | { readonly type: "safety-halt"; readonly detail: string }
  /** Somebody else signs with our validator key. */
  | { readonly type: "doppelganger"; readonly what: "seal" | "vote"; readonly slot: number }
  /** Sealing and voting rest: the wall clock moved against the monotonic one. */
  | { readonly type: "clock-jumped"; readonly byMs: number }
  /** Our clock came to differ from those of most outbound peers, or to agree again. */
  | {
      readonly type: "clock-compared";
      /** Theirs are ahead by this. */
      readonly byMs: number;
      readonly peers: number;
      readonly isOff: boolean;
    }
  /** Who seals and votes from the next block on. */
  | { readonly type: "validators-changed"; readonly height: number; readonly count: number }
  | { readonly type: "block-rejected"; readonly hash: BlockHash; readonly code: string }
  | { readonly type: "orphan-resolved"; readonly hash: BlockHash }
  | { readonly type: "deep-fork-refused"; readonly hash: BlockHash; readonly height: number }
  | { readonly type: "transaction-accepted"; readonly id: TxId }
  | { readonly type: "transaction-rejected"; readonly id: TxId; readonly code: string };
