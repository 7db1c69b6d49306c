/**
 * Accounts as they would be after a block that is being worked out. Reads through to the tree,
 * writes nothing to it. One block long.
 */
import { equalBytes } from "../base/bytes.ts";
import type { Address } from "../model/ids.ts";
import { type Account, accountKey, decodeAccount, encodeAccount } from "./account.ts";
import type { StateChange } from "./state-machine.ts";
import type { StateTree } from "./state-tree.ts";

export type DraftAccount = { -readonly [K in keyof Account]: Account[K] };

interface Touched {
  readonly key: Uint8Array;
  readonly before: Uint8Array | undefined;
  readonly account: DraftAccount;
}

export class AccountDraft {
  private readonly tree: StateTree;
  private readonly touched = new Map<Address, Touched>();

  constructor(tree: StateTree) {
    this.tree = tree;
  }

  /** The one object of that address: change it in place. */
  account(address: Address): DraftAccount {
    const known = this.touched.get(address);
    if (known !== undefined) return known.account;
    const key = accountKey(address);
    const before = this.tree.get(key);
    const account = { ...decodeAccount(before) };
    this.touched.set(address, { key, before, account });
    return account;
  }

  /** Accounts that differ from the tree, in the order in which they were first asked for. */
  changes(): StateChange[] {
    const changes: StateChange[] = [];
    for (const { key, before, account } of this.touched.values()) {
      const after = encodeAccount(account);
      if (!sameValue(before, after)) changes.push({ key, before, after });
    }
    return changes;
  }
}

/** Equality of stored values, undefined = absent. */
export function sameValue(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : equalBytes(a, b);
}
