/**
 * Accounts as they would be after a block that is being worked out. Reads through to the tree,
 * writes nothing to it. One block long. Stored values lie side by side in one piece of memory:
 * thousands of small ones cost more to collect than the block costs to work out.
 *
 *   112 i: value before 56 | value after 56       all zero: absent
 */
import { equalBytes, isZero, readU64, writeU64 } from "../base/bytes.ts";
import type { Address } from "../model/ids.ts";
import { accountBytes, accountKey, balanceAt, nonceAt } from "./account.ts";
import type { StateChange } from "./state-machine.ts";
import type { StateTree } from "./state-tree.ts";

const pairBytes = 2 * accountBytes;
/** Room for a block that pays its sealer and voters and does nothing else. */
const spareBytes = 8 * pairBytes;
/** Memory of a draft that ended, for the next: what costs as much as such a block. */
let spare: Uint8Array | undefined;

/** What blocks change of an account. */
export interface DraftAccount {
  nonce: bigint;
  balance: bigint;
}

interface Touched extends DraftAccount {
  readonly key: Uint8Array;
}

export class AccountDraft {
  private readonly tree: StateTree;
  private readonly touched = new Map<Address, Touched>();
  /**
   * A pair for each of `touched`, in its order; those after are written at the end. Behind them
   * stands anything.
   */
  private pairs: Uint8Array;

  constructor(tree: StateTree) {
    this.tree = tree;
    this.pairs = spare ?? new Uint8Array(spareBytes);
    spare = undefined;
  }

  /** The one object of that address: change it in place. `known`: its key, for whoever has it. */
  account(address: Address, known?: Uint8Array): DraftAccount {
    const touched = this.touched.get(address);
    if (touched !== undefined) return touched;
    const key = known ?? accountKey(address);
    const at = pairBytes * this.touched.size;
    if (at === this.pairs.length) this.grow();
    const { pairs } = this;
    const isThere = this.tree.readTo(key, pairs, at);
    if (!isThere) pairs.fill(0, at, at + accountBytes);
    const account: Touched = {
      nonce: isThere ? readU64(pairs, at + nonceAt) : 0n,
      balance: isThere ? readU64(pairs, at + balanceAt) : 0n,
      key,
    };
    this.touched.set(address, account);
    return account;
  }

  /** Accounts asked for and not forgotten. */
  get size(): number {
    return this.touched.size;
  }

  /** As if `address`, which was asked for last, had never been. */
  forgetLast(address: Address): void {
    this.touched.delete(address);
  }

  /** Accounts that differ from the tree, in the order in which they were first asked for; once. */
  changes(): StateChange[] {
    const { pairs } = this;
    const keys: Uint8Array[] = [];
    let from = 0;
    for (const { key, nonce, balance } of this.touched.values()) {
      const to = pairBytes * keys.length;
      if (from !== to) pairs.copyWithin(to, from, from + accountBytes);
      pairs.copyWithin(to + accountBytes, to, to + accountBytes);
      writeU64(pairs, to + accountBytes + nonceAt, nonce);
      writeU64(pairs, to + accountBytes + balanceAt, balance);
      if (differs(pairs, to)) keys.push(key);
      from += pairBytes;
    }
    const kept = pairs.slice(0, pairBytes * keys.length);
    if (pairs.length === spareBytes) spare = pairs;
    return keys.map((key, index) => new AccountChange(key, kept, pairBytes * index));
  }

  private grow(): void {
    const larger = new Uint8Array(4 * this.pairs.length);
    larger.set(this.pairs);
    this.pairs = larger;
  }
}

/** Its values are views that are made when they are asked for. */
class AccountChange implements StateChange {
  readonly key: Uint8Array;
  private readonly pairs: Uint8Array;
  private readonly at: number;

  constructor(key: Uint8Array, pairs: Uint8Array, at: number) {
    this.key = key;
    this.pairs = pairs;
    this.at = at;
  }

  get before(): Uint8Array | undefined {
    return this.valueAt(this.at);
  }

  get after(): Uint8Array | undefined {
    return this.valueAt(this.at + accountBytes);
  }

  private valueAt(at: number): Uint8Array | undefined {
    const value = this.pairs.subarray(at, at + accountBytes);
    return isZero(value) ? undefined : value;
  }
}

/** Equality of stored values, undefined = absent. */
export function sameValue(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : equalBytes(a, b);
}

/** Does the value after the one at `at` differ from it? */
function differs(pairs: Uint8Array, at: number): boolean {
  for (let i = at; i < at + accountBytes; i++)
    if (pairs[i] !== pairs[i + accountBytes]) return true;
  return false;
}
