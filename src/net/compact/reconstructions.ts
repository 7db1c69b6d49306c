/**
 * Compact blocks that wait for missing transactions: which copies are held, of whom, and until
 * when. It puts nothing together itself (`partial-block.ts`) and asks nobody.
 * Invariant: of one block at most `relay.reconstructionsPerBlockMax` copies, each of another peer,
 * the last only of a peer that we chose, and one at first hand, which takes nobody's place; at most
 * `relay.reconstructionsMax` in all, then the oldest goes. All of a peer go with it.
 * protocol-spec/09-connections §4.
 */
import { assert } from "../../base/assert.ts";
import { BoundedSet } from "../../base/bounded.ts";
import type { Conn } from "../../edge/conn.ts";
import type { Clock } from "../../edge/env.ts";
import type { BlockHash } from "../../model/ids.ts";
import { relayLimits } from "../../params/limits.ts";
import type { PartialBlock } from "./partial-block.ts";

interface Waiting {
  readonly partial: PartialBlock;
  readonly since: number;
  /** It came unasked, of whoever says that it sealed it. */
  readonly isFirstHand: boolean;
  isLate: boolean;
}

const { reconstructionsMax, reconstructionsPerBlockMax, blockTxsMs, requestMs } = relayLimits;
/** Answers that nobody waits for any more. */
const forgottenMax = 64;
const never = Number.POSITIVE_INFINITY;

const keyOf = (conn: Conn, hash: BlockHash): string => `${conn} ${hash}`;

export class Reconstructions {
  private readonly clock: Clock;
  /** By peer and block, in order of asking. */
  private readonly waiting = new Map<string, Waiting>();
  private readonly forgotten = new BoundedSet<string>(forgottenMax);

  constructor(clock: Clock) {
    this.clock = clock;
  }

  get size(): number {
    return this.waiting.size;
  }

  has(hash: BlockHash): boolean {
    for (const { partial } of this.waiting.values()) {
      if (partial.sealed.header.hash === hash) return true;
    }
    return false;
  }

  /** Is there room for one more copy of `hash`, not at first hand? */
  mayBegin(hash: BlockHash, isOutbound: boolean): boolean {
    const copies = this.copiesOf(hash);
    return copies < reconstructionsPerBlockMax - (isOutbound ? 0 : 1);
  }

  /**
   * Is an answer of `conn` for `hash` under way? `waited-for`: and of use. Asked a second time it
   * would answer twice, and nobody could tell which answer is to which question.
   */
  questionTo(conn: Conn, hash: BlockHash): "none" | "waited-for" | "forgotten" {
    const key = keyOf(conn, hash);
    if (this.waiting.has(key)) return "waited-for";
    return this.forgotten.has(key) ? "forgotten" : "none";
  }

  /** No question of ours for it is open to that peer. */
  begin(partial: PartialBlock, isFirstHand = false): void {
    const key = keyOf(partial.conn, partial.sealed.header.hash);
    assert(!this.waiting.has(key), "one question at a time");
    if (this.waiting.size >= reconstructionsMax) {
      for (const oldest of this.waiting.keys()) {
        this.forget(oldest);
        break;
      }
    }
    const since = this.clock.monotonicMs;
    this.waiting.set(key, { partial, since, isFirstHand, isLate: false });
  }

  /** The one that `conn` was asked for, which waits no more. */
  take(conn: Conn, hash: BlockHash): PartialBlock | undefined {
    const key = keyOf(conn, hash);
    const found = this.waiting.get(key)?.partial;
    this.waiting.delete(key);
    return found;
  }

  /** True, once: an answer of `conn` that is of no use any more is nobody's fault. */
  excuse(conn: Conn, hash: BlockHash): boolean {
    return this.forgotten.delete(keyOf(conn, hash));
  }

  /** The block is here. */
  onObtained(hash: BlockHash): void {
    for (const [key, { partial }] of this.waiting) {
      if (partial.sealed.header.hash === hash) this.forget(key);
    }
  }

  /** Returns the blocks that hung on `conn` alone. */
  onClosed(conn: Conn): readonly BlockHash[] {
    const lost: BlockHash[] = [];
    for (const [key, { partial }] of this.waiting) {
      if (partial.conn !== conn) continue;
      this.waiting.delete(key);
      const { hash } = partial.sealed.header;
      if (!this.has(hash)) lost.push(hash);
    }
    return lost;
  }

  get deadline(): number {
    let deadline = never;
    for (const { since, isLate } of this.waiting.values()) {
      deadline = Math.min(deadline, since + (isLate ? requestMs : blockTxsMs));
    }
    return deadline;
  }

  /** Blocks whose transactions let us wait: others are to be asked. Late answers are taken. */
  expire(): readonly BlockHash[] {
    const now = this.clock.monotonicMs;
    const late: BlockHash[] = [];
    for (const [key, waiting] of this.waiting) {
      if (waiting.since + requestMs <= now) this.forget(key);
      if (waiting.isLate || waiting.since + blockTxsMs > now) continue;
      waiting.isLate = true;
      late.push(waiting.partial.sealed.header.hash);
    }
    return late;
  }

  private copiesOf(hash: BlockHash): number {
    let copies = 0;
    for (const { partial, isFirstHand } of this.waiting.values()) {
      if (!isFirstHand && partial.sealed.header.hash === hash) copies++;
    }
    return copies;
  }

  private forget(key: string): void {
    if (this.waiting.delete(key)) this.forgotten.add(key);
  }
}
