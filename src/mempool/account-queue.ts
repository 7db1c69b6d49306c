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

export interface PoolEntry {
  readonly transaction: Transaction;
  /** Fee per byte in units of 2^-32: exact order, because sizes are below 2^16. */
  readonly rate: bigint;
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

export class AccountQueue {
  readonly address: Address;
  private readonly entries: PoolEntry[] = [];
  private firstNonce: bigint;
  private readyEntries = 0;
  private leastRate = 0n;
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
    return this.readyEntries > 0 ? this.entries[0] : undefined;
  }

  get tail(): PoolEntry | undefined {
    return this.entries.at(-1);
  }

  /** Worth of the tail; the queue must not be empty. */
  get tailWorth(): Worth {
    return {
      ready: this.readyEntries === this.entries.length,
      rate: this.leastRate,
      sequence: this.entries.at(-1)!.sequence,
    };
  }

  all(): readonly PoolEntry[] {
    return this.entries;
  }

  at(nonce: bigint): PoolEntry | undefined {
    const index = this.indexOf(nonce);
    return this.entries[index]?.transaction.nonce === nonce ? this.entries[index] : undefined;
  }

  /** The entry that may be mined right after `entry`. */
  after(entry: PoolEntry): PoolEntry | undefined {
    return this.at(entry.transaction.nonce + 1n);
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

  /** The nonce must be free. */
  insert(entry: PoolEntry): void {
    this.entries.splice(this.indexOf(entry.transaction.nonce), 0, entry);
    this.refresh();
  }

  remove(entry: PoolEntry): void {
    const index = this.entries.indexOf(entry);
    if (index < 0) return;
    this.entries.splice(index, 1);
    this.refresh();
  }

  /** Sets the account's nonce. */
  advance(firstNonce: bigint): void {
    this.firstNonce = firstNonce;
    this.refresh();
  }

  private indexOf(nonce: bigint): number {
    let index = this.entries.length;
    while (index > 0 && this.entries[index - 1]!.transaction.nonce >= nonce) index--;
    return index;
  }

  private refresh(): void {
    this.readyEntries = 0;
    this.totalCost = 0n;
    this.leastRate = this.entries[0]?.rate ?? 0n;
    let next = this.firstNonce;
    for (const { transaction, rate } of this.entries) {
      this.totalCost += costOf(transaction);
      if (rate < this.leastRate) this.leastRate = rate;
      if (transaction.nonce !== next) continue;
      next += 1n;
      this.readyEntries++;
    }
  }
}

/** Came in before `b`. */
export function isOlder(a: PoolEntry, b: PoolEntry): boolean {
  return a.sequence < b.sequence;
}
