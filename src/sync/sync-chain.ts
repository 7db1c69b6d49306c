/**
 * What synchronization needs of the chain, declared by its consumer; `ChainManager` has it all.
 * Nothing here decides validity or fork choice. protocol-spec/09-connections §5.
 */
import type { CertifiedRanges, RangeProof } from "../chain/certified-ranges.ts";
import type { Imported } from "../chain/imported.ts";
import type { SealJobs } from "../chain/seal-jobs.ts";
import type { Conn, Job } from "../edge/conn.ts";
import type { SealedHeader } from "../model/header.ts";
import type { BlockHash } from "../model/ids.ts";
import type { Rejection } from "../model/rule-code.ts";

/** A block in memory; the first status still wants its body. */
export interface SyncNode {
  readonly sealed: SealedHeader;
  readonly hash: BlockHash;
  readonly height: number;
  readonly status: "header" | "checking" | "body" | "executed" | "invalid";
  /** It stands on a body that is withheld, or its own is. */
  readonly isHidden: boolean;
}

export interface SyncChain {
  readonly head: SyncNode;
  readonly bestHeader: SyncNode;
  /** Root of the tree in memory: nothing below it can change. */
  readonly anchor: SyncNode;
  /** Absent: every header is checked in full. */
  readonly ranges?: Pick<CertifiedRanges, "carrierOf">;
  /** Absent: every seal is checked at the import. */
  readonly seals?: Pick<SealJobs, "start">;
  importHeaders(
    headers: readonly SealedHeader[],
    source: Conn,
    proof?: RangeProof,
  ): {
    readonly accepted: number;
    readonly missing?: BlockHash | undefined;
    readonly isUnready?: boolean | undefined;
    readonly rejection?: Rejection | undefined;
  };
  /** `body` is copied when it is kept. */
  importBody(hash: BlockHash, body: Uint8Array, source: Conn): readonly Imported[];
  has(hash: BlockHash): boolean;
  node(hash: BlockHash): SyncNode | undefined;
  locator(): readonly BlockHash[];
  missingBodies(max: number): readonly SyncNode[];
  /** What stands on a withheld body is no best header, until the body comes. */
  setWithheld(hash: BlockHash, isWithheld: boolean): void;
}

export interface ServedChain {
  /** Seals up to this height may be of nobody: no header there is shown. */
  readonly uncheckedHeight: number;
  readonly anchor: SyncNode;
  node(hash: BlockHash): SyncNode | undefined;
  canonicalAt(height: number): SyncNode | undefined;
  bodyOf(hash: BlockHash): Uint8Array | undefined;
  /** `below`: the answer begins at or below this height, which is on disk. */
  headersAfter(
    locator: readonly BlockHash[],
    stop: BlockHash,
    count: number,
  ): readonly SealedHeader[] | { readonly below: number };
}

/** Asks the store; the values come back by `onLoaded` in the order of `keys`. */
export interface Loads {
  load(keys: readonly Uint8Array[]): Job;
}
