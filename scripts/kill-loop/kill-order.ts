/** What the kill loop tells a victim: at which point to end itself, and how its disk behaves. */

/**
 * Points on the way of a signature, in order. Before and after a block is durable; before its
 * record is written, half of it is, all of it is but not synced, it is synced; the signature
 * exists; the first bytes that carry it leave, and they have left to some peers.
 */
export const killPoints = [
  "before-persist",
  "after-persist",
  "before-record",
  "torn-record",
  "before-fsync",
  "after-fsync",
  "after-sign",
  "before-send",
  "after-send",
] as const;

export type KillPoint = (typeof killPoints)[number];

/** `own-vote`: a vote for a block that the victim itself sealed. */
export type Signed = "seal" | "vote" | "own-vote";

export interface KillOrder {
  readonly point: KillPoint;
  /** Of no account for the points of persisting. */
  readonly what: Signed;
  /** After how many writes to sockets `after-send` is. */
  readonly writes: number;
}

export interface VictimPlan {
  /** The mutant: the signer answers before its record is durable. */
  readonly noFsync: boolean;
  /** The watch after a start and the silence of the slot of the start are off. */
  readonly unguarded: boolean;
}

/** Beside the signer's file: how many of its bytes survive a power cut. */
export const syncedSuffix = ".synced";
