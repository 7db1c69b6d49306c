/** What the core wants done. The host decides nothing; effects are performed in order. */
import type { AttestedSession } from "../model/attestation.ts";
import type { PublicKey, TxId } from "../model/ids.ts";
import type { SigningDomain } from "../model/signing-domain.ts";
import type { Conn, Job, Ticket } from "./conn.ts";
import type { NodeEvent } from "./event.ts";

/** One record of the store; an undefined value deletes. */
export interface Write {
  readonly key: Uint8Array;
  readonly value: Uint8Array | undefined;
}

/** What must never be found missing after a restart; kept in a file beside the database. */
export interface DurableTip {
  readonly height: number;
  readonly hash: string;
}

/** What a validator key may sign: the signer rebuilds the preimage and keeps its own floor. */
export interface SealRequest {
  readonly type: "seal";
  readonly slot: number;
  readonly blockHash: Uint8Array;
  /** Of the slot: the genesis hash, or what a recovery put in its place. */
  readonly genesisHash: Uint8Array;
}

/** A vote: the signer refuses a target not above, or a source below, what it voted for before. */
export interface VoteRequest {
  readonly type: "vote";
  /** The 80 bytes of vote data (05-objects §4). */
  readonly data: Uint8Array;
  /** Of the target slot, as in `SealRequest`. */
  readonly genesisHash: Uint8Array;
}

/** The proof of the key to one peer in one session (05-objects §11): no floor stands against it. */
export interface AttestRequest extends AttestedSession {
  readonly type: "attest";
  readonly validator: PublicKey;
}

export type SignRequest = SealRequest | VoteRequest | AttestRequest;

export type Answer =
  | { readonly type: "accepted"; readonly id: TxId }
  | { readonly type: "done" }
  /** `code` is stable and documented; `detail` says what was expected and what came. */
  | { readonly type: "refused"; readonly code: string; readonly detail: string };

/** Signatures to be checked by a job, whoever does it (chain/first-bad.ts). */
export interface SignatureCheck {
  /** `body`: of its transactions and its certificate; `seals`: of headers. */
  readonly of: "body" | "seals";
  readonly domain: SigningDomain;
  /** A block body, or what `packSeals` makes of headers. */
  readonly bytes: Uint8Array;
  /** Who must have signed the certificate; none when the body carries none, or a known one. */
  readonly certifiers: readonly PublicKey[];
}

export type Effect =
  | { readonly type: "dial"; readonly conn: Conn; readonly address: string }
  /** `take(conn)` has something to give. */
  | { readonly type: "flush"; readonly conn: Conn }
  /** Stop or go on reading from the socket. */
  | { readonly type: "reading"; readonly conn: Conn; readonly on: boolean }
  /** Write what `take` still gives, then close. No `closed` input follows. */
  | { readonly type: "close"; readonly conn: Conn }
  /** One atomic batch. `sync` asks for durability, reported by `persisted`. */
  | {
      readonly type: "persist";
      readonly ticket: Ticket;
      readonly writes: readonly Write[];
      readonly sync: boolean;
      readonly durableTip?: DurableTip;
    }
  | { readonly type: "load"; readonly job: Job; readonly keys: readonly Uint8Array[] }
  /** Always answered, by `verified`. */
  | { readonly type: "verify"; readonly job: Job; readonly check: SignatureCheck }
  | { readonly type: "sign"; readonly job: Job; readonly request: SignRequest }
  | { readonly type: "answer"; readonly job: Job; readonly answer: Answer }
  | { readonly type: "notify"; readonly event: NodeEvent };
