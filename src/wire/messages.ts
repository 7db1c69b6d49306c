/**
 * The messages of wire version 1: one documented variant each, and the table that says how large
 * one may be, in which lane it travels and in which states it is legal. Encoding is in `codec.ts`.
 * protocol-spec/04-messages.
 *
 * On the wire a message is a MsgPack array `[type, ...fields]`, fields in the order given here.
 * Lists of fixed-size things are one `bin`.
 */

/** Lanes share a connection by weight; earlier ones go first. 03-frames §5. */
export type Lane = "vote" | "block" | "control" | "transaction" | "bulk";

export type DisconnectCode =
  | "shutdown"
  | "duplicate"
  | "too-many-peers"
  | "self"
  | "protocol"
  | "idle"
  | "banned"
  | "useless"
  | "requested";

/** On the wire a small integer; never reused for another meaning. */
export const disconnectNumbers = {
  shutdown: 1,
  duplicate: 2,
  "too-many-peers": 3,
  self: 4,
  protocol: 5,
  idle: 6,
  banned: 7,
  useless: 8,
  requested: 9,
} as const satisfies Record<DisconnectCode, number>;

/** How the sender verified its chain: every seal, or some by certificates above them only. */
export const verifyModeNumbers = { full: 0, certified: 1 } as const;

/** Kinds of an inventory item, its first byte. `compact`: a block, wanted as `compact_block`. */
export const inventoryKinds = { transaction: 1, block: 2, compact: 3 } as const;

/** 33 bytes an item: kind 1 | id 32. */
export const inventoryItemBytes = 33;
/**
 * 134 bytes an entry: IPv6 or mapped IPv4 16 | port u16 | node id 32 | services u32 | last seen, ms,
 * u64 | signed at, ms, u64 | signature 64.
 */
export const addressEntryBytes = 134;
/** Header 356 | seal 64. */
export const sealedHeaderBytes = 420;
/** Of `compact_block`: what short ids are keyed with. */
export const saltBytes = 8;

export type Message =
  /** Answered at once by `pong` with the same nonce (8 bytes). `sentAtMs`: sender's wall clock. */
  | { readonly type: "ping"; readonly nonce: Uint8Array; readonly sentAtMs: number }
  | { readonly type: "pong"; readonly nonce: Uint8Array; readonly sentAtMs: number }
  /** Why the sender closes; the only message of a LAST frame. Printable ASCII, at most 128 bytes. */
  | { readonly type: "disconnect"; readonly code: DisconnectCode; readonly text: string }
  /** Cumulative BULK frame-body bytes that the sender of this message is ready to take. */
  | { readonly type: "credit"; readonly totalBytes: number }
  | { readonly type: "get_peers"; readonly count: number }
  /** At most 64 entries of 134 bytes. */
  | { readonly type: "peers"; readonly entries: Uint8Array }
  /** At most 1,024 items of 33 bytes: things the sender has. */
  | { readonly type: "inv"; readonly items: Uint8Array }
  /** At most 1,024 items; answered by blocks, compact or not, `new_transaction`, `not_found`. */
  | { readonly type: "get_data"; readonly items: Uint8Array }
  | { readonly type: "not_found"; readonly items: Uint8Array }
  /** `locator`: block hashes, newest first, 32 bytes each, 1 to 64. Answered by `headers`. */
  | {
      readonly type: "get_headers";
      readonly request: number;
      readonly locator: Uint8Array;
      readonly stop: Uint8Array;
      readonly count: number;
    }
  /** Headers after the first locator hash on the sender's chain, oldest first, 0 to 512. */
  | { readonly type: "headers"; readonly request: number; readonly headers: Uint8Array }
  /** Bodies by block hash, 32 bytes each, 1 to 128; each answered by one `block_body`, in order. */
  | { readonly type: "get_blocks"; readonly request: number; readonly hashes: Uint8Array }
  /** `body` is undefined (nil) when the sender does not have it. */
  | {
      readonly type: "block_body";
      readonly request: number;
      readonly hash: Uint8Array;
      readonly body: Uint8Array | undefined;
    }
  /** A whole block, on `get_data`. `header`: header 356 | seal 64. */
  | { readonly type: "new_block"; readonly header: Uint8Array; readonly body: Uint8Array }
  /** A signed transaction, on `get_data`. */
  | { readonly type: "new_transaction"; readonly transaction: Uint8Array }
  /** Flooded, as the next two: sent unasked and answered by nothing. Exactly 176 bytes. */
  | { readonly type: "vote"; readonly vote: Uint8Array }
  /** 114 + ceil(n/8) + 64 bytes for each of the signers. */
  | { readonly type: "certificate"; readonly certificate: Uint8Array }
  /** 325 bytes of two votes or 877 of two sealed headers. */
  | { readonly type: "evidence"; readonly evidence: Uint8Array }
  /** Whose validator's node the sender is: 96 bytes, 05-objects §11. Only by feature 3. */
  | { readonly type: "attest"; readonly attestation: Uint8Array }
  /**
   * A block without the transactions that the receiver should have: 05-objects §12. On `get_data`
   * of kind 3, or unasked to whom asked for it by `relay_mode`. This and the next by feature 4.
   */
  | {
      readonly type: "compact_block";
      readonly header: Uint8Array;
      /** The one in the body; empty: none. */
      readonly certificate: Uint8Array;
      readonly salt: Uint8Array;
      /** 6 bytes each: of the transactions that are not prefilled, in order. */
      readonly shortIds: Uint8Array;
      /** Index u16 | transaction, each; ascending. */
      readonly prefilled: Uint8Array;
    }
  /** Indexes u16, ascending, 1 to 10,000. Answered by `block_txs`, or `not_found` of kind 3. */
  | { readonly type: "get_block_txs"; readonly hash: Uint8Array; readonly indexes: Uint8Array }
  /** The transactions asked for, one after another in that order. */
  | { readonly type: "block_txs"; readonly hash: Uint8Array; readonly transactions: Uint8Array }
  /** From now on, send me compact blocks unasked, or do not. */
  | { readonly type: "relay_mode"; readonly push: boolean }
  /** What did you verify? At most one open at a time. This and its answer by feature 5. */
  | { readonly type: "get_verified"; readonly request: number }
  /** A claim about the sender's executed head and last final block. */
  | {
      readonly type: "verified";
      readonly request: number;
      readonly height: number;
      readonly hash: Uint8Array;
      readonly finalHeight: number;
      readonly finalHash: Uint8Array;
      /** Of `verifyModeNumbers`. */
      readonly mode: number;
      /** The sender's wall clock when it had executed that head. */
      readonly sinceMs: number;
    };

export type MessageType = Message["type"];

export type MessageOf<T extends MessageType> = Extract<Message, { readonly type: T }>;

/** First element of the array; never reused for another meaning. */
export const messageNumbers = {
  ping: 1,
  pong: 2,
  disconnect: 3,
  credit: 4,
  get_peers: 5,
  peers: 6,
  inv: 7,
  get_data: 8,
  not_found: 9,
  get_headers: 10,
  headers: 11,
  get_blocks: 12,
  block_body: 13,
  new_block: 14,
  new_transaction: 15,
  vote: 16,
  certificate: 17,
  evidence: 18,
  attest: 19,
  compact_block: 20,
  get_block_txs: 21,
  block_txs: 22,
  relay_mode: 23,
  get_verified: 24,
  verified: 25,
} as const satisfies Record<MessageType, number>;

export interface MessageRule {
  /**
   * Largest encoding, array header included, with every integer and length in its widest form;
   * checked before any field is read.
   */
  readonly bytesMax: number;
  readonly lane: Lane;
}

export const messageRules = {
  ping: { bytesMax: 48, lane: "vote" },
  pong: { bytesMax: 48, lane: "vote" },
  disconnect: { bytesMax: 160, lane: "control" },
  credit: { bytesMax: 32, lane: "vote" },
  get_peers: { bytesMax: 32, lane: "control" },
  peers: { bytesMax: 8_704, lane: "control" },
  inv: { bytesMax: 33_900, lane: "control" },
  get_data: { bytesMax: 33_900, lane: "control" },
  not_found: { bytesMax: 33_900, lane: "control" },
  get_headers: { bytesMax: 2_160, lane: "control" },
  headers: { bytesMax: 215_100, lane: "bulk" },
  get_blocks: { bytesMax: 4_160, lane: "control" },
  block_body: { bytesMax: 1_048_700, lane: "bulk" },
  new_block: { bytesMax: 1_049_100, lane: "block" },
  new_transaction: { bytesMax: 65_600, lane: "transaction" },
  vote: { bytesMax: 208, lane: "vote" },
  certificate: { bytesMax: 8_400, lane: "vote" },
  evidence: { bytesMax: 912, lane: "control" },
  attest: { bytesMax: 128, lane: "vote" },
  compact_block: { bytesMax: 85_200, lane: "block" },
  get_block_txs: { bytesMax: 20_100, lane: "control" },
  block_txs: { bytesMax: 500_100, lane: "block" },
  relay_mode: { bytesMax: 32, lane: "control" },
  get_verified: { bytesMax: 32, lane: "control" },
  verified: { bytesMax: 160, lane: "control" },
} as const satisfies Record<MessageType, MessageRule>;

/** What one node tells the other inside the handshake. 02-handshake §4; all fields in order. */
export interface Hello {
  readonly versionMin: number;
  readonly versionMax: number;
  /** Printable ASCII, at most 64 bytes. */
  readonly agent: string;
  /** 8 random bytes per process: tells a restarted peer from a second connection. */
  readonly bootId: Uint8Array;
  /** Bit 0: serves blocks from genesis on. */
  readonly services: number;
  readonly role: "full" | "validator" | "light";
  /** TCP port where we accept connections; 0 when we do not. */
  readonly listenPort: number;
  readonly height: number;
  readonly headHash: Uint8Array;
  readonly finalizedHeight: number;
  readonly finalizedHash: Uint8Array;
  readonly wallTimeMs: number;
  /** The `ip:port` at which the sender sees the receiver, at most 64 bytes. */
  readonly seenAddress: string;
  /** BULK bytes that the sender of this HELLO takes at first. */
  readonly bulkCredit: number;
  /** Ascending, unique; at most 64. */
  readonly features: readonly Feature[];
}

/** On the wire a small integer. */
export const nodeRoleNumbers = {
  full: 1,
  validator: 2,
  light: 3,
} as const satisfies Record<Hello["role"], number>;

export interface Feature {
  readonly id: number;
  readonly version: number;
}
