/**
 * The pending transactions of one sender, by nonce. Knows no other account and no limit of the
 * whole pool; keeps sums so that the pool decides without walking the queue.
 *
 *   account nonce 5:   5  6  7  .  9  10        ready = 5 6 7, nextNonce = 8, waiting = 9 10
 *                               gap
 *
 * Invariant: entries ascend by nonce, none below the account's nonce, and the sums are theirs.
 * protocol-spec/06-validation §7.
 */
import type { Address } from "../model/ids.ts";
import type { Transaction } from "../model/transaction.ts";
import type { HeapOrder, Placed } from "./ordered-heap.ts";

export interface PoolEntry extends Placed {
  readonly transaction: Transaction;
  /** Fee per byte in units of 2^-32: exact order, because sizes are below 2^16. */
  readonly rate: bigint;
  /** `rate`, rounded: of different ones the order is that of the rates, and cheap to tell. */
  readonly roundRate: number;
  /** Counts arrivals; of equal rates the earlier goes first. */
  readonly sequence: number;
  /** Monotonic instant of its expiry. */
  readonly expiresAt: number;
}

/** Worth of a place in the pool: what waits behind a gap earns nobody anything. */
export interface Worth {
  readonly ready: boolean;
  /** Least rate up to and including it: it cannot be mined without those before it. */
  readonly rate: bigint;
  readonly sequence: number;
}

/** What a transaction costs its sender. */
export function costOf(transaction: Transaction): bigint {
  return transaction.amount + transaction.fee;
}

/** Strictly less worth keeping; of equals the newcomer is. */
export function isWorthLess(a: Worth, b: Worth): boolean {
  if (a.ready !== b.ready) return b.ready;
  return a.rate !== b.rate ? a.rate < b.rate : a.sequence > b.sequence;
}

/** Order of accounts, none empty, by what their tails are worth: as `isWorthLess`. */
export const poorestTailFirst: HeapOrder<AccountQueue> = {
  // Tails that wait are all below zero, the others not.
  key: ({ isTailReady, poorest }) =>
    isTailReady ? poorest!.roundRate : -1 / (1 + poorest!.roundRate),
  before: (a, b) => isWorthLess(a.tailWorth, b.tailWorth),
};

/** By rate alone. */
export function isPoorer(a: PoolEntry, b: PoolEntry): boolean {
  return a.roundRate !== b.roundRate ? a.roundRate < b.roundRate : a.rate < b.rate;
}

export class AccountQueue implements Placed {
  readonly places: [number, number] = [-1, -1];
  readonly address: Address;
  private readonly entries: PoolEntry[] = [];
  private firstNonce: bigint;
  private readyEntries = 0;
  private leastRated: PoolEntry | undefined;
  private totalCost = 0n;

  constructor(address: Address, firstNonce: bigint) {
    this.address = address;
    this.firstNonce = firstNonce;
  }

  get size(): number {
    return this.entries.length;
  }

  /** Sum of amounts and fees. */
  get cost(): bigint {
    return this.totalCost;
  }

  /** First nonce that is missing, from the account's own on. */
  get nextNonce(): bigint {
    return this.firstNonce + BigInt(this.readyEntries);
  }

  /** The entry that may be mined now. */
  get head(): PoolEntry | undefined {
    return this.readyAt(0);
  }

  /** The entry that may be mined after `index` others of this sender. */
  readyAt(index: number): PoolEntry | undefined {
    return index < this.readyEntries ? this.entries[index] : undefined;
  }

  get tail(): PoolEntry | undefined {
    return this.entries[this.entries.length - 1];
  }

  get isTailReady(): boolean {
    return this.readyEntries === this.entries.length;
  }

  /** One with the least rate of all. */
  get poorest(): PoolEntry | undefined {
    return this.leastRated;
  }

  /** Worth of the tail; the queue must not be empty. */
  get tailWorth(): Worth {
    const { sequence } = this.tail!;
    return { ready: this.isTailReady, rate: this.leastRated!.rate, sequence };
  }

  at(nonce: bigint): PoolEntry | undefined {
    const index = this.indexOf(nonce);
    return this.entries[index]?.transaction.nonce === nonce ? this.entries[index] : undefined;
  }

  /** What `nonce` at `rate` would be worth here. */
  worthOf(nonce: bigint, rate: bigint, sequence: number): Worth {
    let least = rate;
    for (const entry of this.entries) {
      if (entry.transaction.nonce >= nonce) break;
      if (entry.rate < least) least = entry.rate;
    }
    return { ready: nonce <= this.nextNonce, rate: least, sequence };
  }

  /** The nonce must be free, and not below the account's. */
  insert(entry: PoolEntry): void {
    this.entries.splice(this.indexOf(entry.transaction.nonce), 0, entry);
    this.totalCost += costOf(entry.transaction);
    const { leastRated } = this;
    if (leastRated === undefined || isPoorer(entry, leastRated)) this.leastRated = entry;
    this.countReady();
  }

  remove(entry: PoolEntry): void {
    const index = this.entries.indexOf(entry);
    if (index < 0) return;
    this.entries.splice(index, 1);
    this.totalCost -= costOf(entry.transaction);
    if (entry === this.leastRated) this.findLeastRated();
    this.readyEntries = Math.min(this.readyEntries, index);
  }

  /** Sets the account's nonce; returns those below it, which are in here no more. */
  advance(firstNonce: bigint): readonly PoolEntry[] {
    if (firstNonce === this.firstNonce) return [];
    let count = 0;
    while (count < this.size && this.entries[count]!.transaction.nonce < firstNonce) count++;
    const gone = this.entries.splice(0, count);
    for (const { transaction } of gone) this.totalCost -= costOf(transaction);
    if (count > 0) this.findLeastRated();
    this.firstNonce = firstNonce;
    this.readyEntries = 0;
    this.countReady();
    return gone;
  }

  private indexOf(nonce: bigint): number {
    let index = this.entries.length;
    while (index > 0 && this.entries[index - 1]!.transaction.nonce >= nonce) index--;
    return index;
  }

  /** On from those that are known to be. */
  private countReady(): void {
    let next = this.nextNonce;
    while (this.entries[this.readyEntries]?.transaction.nonce === next) {
      next += 1n;
      this.readyEntries++;
    }
  }

  private findLeastRated(): void {
    let least = this.entries[0];
    for (const entry of this.entries) if (least && isPoorer(entry, least)) least = entry;
    this.leastRated = least;
  }
}

/** Came in before `b`. */
export function isOlder(a: PoolEntry, b: PoolEntry): boolean {
  return a.sequence < b.sequence;
}
