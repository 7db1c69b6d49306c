/**
 * What is known of one peer that is asked for headers. Decides nothing (header-sync.ts).
 * protocol-spec/09-connections §5.
 */
import { BoundedMap } from "../base/bounded.ts";
import type { Conn } from "../edge/conn.ts";
import type { BlockHash } from "../model/ids.ts";
import { syncLimits } from "../params/limits.ts";
import type { SyncNode } from "./sync-chain.ts";

export interface Question {
  readonly request: number;
  readonly count: number;
  readonly deadline: number;
  /** Height that the answer must pass for another question to follow; -1 for a first one. */
  readonly fromHeight: number;
}

export interface HeaderPeer {
  readonly conn: Conn;
  /** Highest it claimed or showed. */
  height: number;
  /** It may have what we do not. */
  isWanted: boolean;
  question: Question | undefined;
  /** Its last answer waits for the proof that it was asked for. */
  proving: Question | undefined;
  /** The last header of its answer, where the next question goes on. */
  last: SyncNode | undefined;
  /** What it said to have and we have not seen yet. */
  claim: BlockHash | undefined;
  /** Questions in a row that did not bring what it claimed. */
  fruitlessCount: number;
  /** Not asked before. */
  askAt: number;
  /** Given up, may still be answered; by our request number. */
  readonly late: BoundedMap<string, Question>;
}

export function headerPeer(conn: Conn, height: number): HeaderPeer {
  return {
    conn,
    height,
    isWanted: false,
    question: undefined,
    proving: undefined,
    last: undefined,
    claim: undefined,
    fruitlessCount: 0,
    askAt: 0,
    late: new BoundedMap(syncLimits.answersPerPeerMax),
  };
}
