/**
 * What is known of one peer that is asked for headers. Asks nothing (header-sync.ts).
 * protocol-spec/09-connections §5.
 */
import { defined } from "../base/assert.ts";
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
  /** Its last answer waits for the proof that it was asked for, or for its seals to be checked. */
  staged: Question | undefined;
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

/** The question that an answer is for, also one that was given up. */
export function takeQuestion(peer: HeaderPeer, request: number): Question | undefined {
  const { question } = peer;
  if (question?.request === request) {
    peer.question = undefined;
    return question;
  }
  const late = peer.late.get(String(request));
  peer.late.delete(String(request));
  return late;
}

/** It disappointed: the next question waits, longer each time. */
export function putOff(peer: HeaderPeer, nowMs: number): void {
  const { fruitlessMinMs, restMaxMs } = syncLimits;
  const waitMs = Math.min(fruitlessMinMs * 2 ** Math.min(peer.fruitlessCount, 16), restMaxMs);
  peer.fruitlessCount++;
  peer.askAt = nowMs + waitMs;
}

/** Its answer waits no more. */
export function unstage(peer: HeaderPeer): Question {
  const question = defined(peer.staged, "it waits with the run");
  peer.staged = undefined;
  return question;
}

export function headerPeer(conn: Conn, height: number): HeaderPeer {
  return {
    conn,
    height,
    isWanted: false,
    question: undefined,
    staged: undefined,
    last: undefined,
    claim: undefined,
    fruitlessCount: 0,
    askAt: 0,
    late: new BoundedMap(syncLimits.answersPerPeerMax),
  };
}
