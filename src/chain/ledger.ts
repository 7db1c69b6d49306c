/**
 * Accounts and transfers: the state machine of this version. A block is worked out on a draft and
 * written only when all of it is valid. Knows no signatures, headers or forks.
 *
 * Invariants: the sum of all balances is `supply` < 2^63, so no sum of two balances overflows a
 * u64; an account that is all zero is not in the tree; the root depends on the state only.
 * protocol-spec/05-objects §8, 06-validation §4.
 */
import { assert, defined } from "../base/assert.ts";
import { equalBytes, readU64, u64Bytes } from "../base/bytes.ts";
import type { Address } from "../model/ids.ts";
import { type NetworkFile, networkFileHash, supplyEnd } from "../model/network-file.ts";
import { type Receipt, receiptsRoot } from "../model/receipt.ts";
import { type Rejection, rejection } from "../model/rule-code.ts";
import { addressOfKey, type Transaction } from "../model/transaction.ts";
import {
  decodeValidatorSet,
  encodeValidatorSet,
  type ValidatorSet,
  validatorsHash,
} from "../model/validator-set.ts";
import { chainLimits } from "../params/limits.ts";
import { accountKey, decodeAccount, emptyAccount, encodeAccount, systemKey } from "./account.ts";
import { AccountDraft, sameValue } from "./account-draft.ts";
import type {
  AccountView,
  Applied,
  BlockContext,
  StateChange,
  StateMachine,
} from "./state-machine.ts";
import { StateTree } from "./state-tree.ts";

const paramsKey = systemKey("params");
const validatorsKey = systemKey("validators");
const supplyKey = systemKey("supply");
const transferType = 0;
const nonceEnd = (1n << 64n) - 1n;
const amountEnd = 1n << 64n;

export class Ledger implements StateMachine {
  private readonly file: NetworkFile;
  private readonly tree = new StateTree();
  private set: ValidatorSet = [];
  private setHash: Uint8Array = new Uint8Array(32);

  /** Empty until `genesis` or `load`. */
  constructor(file: NetworkFile) {
    this.file = file;
  }

  get root(): Uint8Array {
    return this.tree.root;
  }

  get supply(): bigint {
    return readU64(defined(this.tree.get(supplyKey), "the state is filled"), 0);
  }

  validators(): ValidatorSet {
    return this.set;
  }

  account(address: Address): AccountView {
    return decodeAccount(this.tree.get(accountKey(address)));
  }

  entries(): Iterable<readonly [Uint8Array, Uint8Array]> {
    return this.tree.entries();
  }

  genesis(file: NetworkFile): void {
    const params = networkFileHash(file);
    assert(equalBytes(params, networkFileHash(this.file)), "one ledger serves one network");
    this.tree.clear();
    let supply = 0n;
    for (const { address, balance } of file.accounts) {
      const key = accountKey(address);
      assert(this.tree.get(key) === undefined, "a genesis account is listed once");
      const value = encodeAccount({ ...emptyAccount, balance });
      if (value !== undefined) this.tree.set(key, value);
      supply += balance;
    }
    assert(supply < supplyEnd, "the supply is below 2^63");
    this.tree.set(paramsKey, params);
    this.tree.set(validatorsKey, encodeValidatorSet(file.validators));
    this.tree.set(supplyKey, u64Bytes(supply));
    this.readValidators();
  }

  load(entries: Iterable<readonly [Uint8Array, Uint8Array]>): void {
    this.tree.clear();
    for (const [key, value] of entries) this.tree.set(key, value);
    const params = defined(this.tree.get(paramsKey), "a stored state has its parameters");
    assert(equalBytes(params, networkFileHash(this.file)), "one ledger serves one network");
    assert(this.supply < supplyEnd, "the supply is below 2^63");
    this.readValidators();
  }

  check(transaction: Transaction, slot: number): Rejection | undefined {
    return this.problemOf(transaction, slot, this.account(transaction.from));
  }

  apply(context: BlockContext, transactions: readonly Transaction[]): Applied | Rejection {
    const draft = new AccountDraft(this.tree);
    for (const [index, transaction] of transactions.entries()) {
      const problem = this.transfer(draft, transaction, context.slot);
      if (problem === undefined) continue;
      const which = `transaction ${index} (${transaction.id})`;
      return rejection("block-transaction-invalid", `${which}: ${problem.code}: ${problem.detail}`);
    }
    return this.settle(draft, context, transactions);
  }

  applyPossible(
    context: BlockContext,
    candidates: readonly Transaction[],
    bytesMax: number,
  ): Applied {
    const draft = new AccountDraft(this.tree);
    const included: Transaction[] = [];
    let bytesLeft = bytesMax;
    for (const transaction of candidates) {
      if (included.length === chainLimits.blockTransactionsMax) break;
      if (transaction.bytes.length > bytesLeft) continue;
      if (this.transfer(draft, transaction, context.slot) !== undefined) continue;
      included.push(transaction);
      bytesLeft -= transaction.bytes.length;
    }
    return this.settle(draft, context, included);
  }

  undo(changes: readonly StateChange[]): void {
    for (const { key, after } of changes) {
      assert(sameValue(this.tree.get(key), after), "blocks are undone latest first");
    }
    this.write(changes, "before");
  }

  commit(): void {}

  private problemOf(
    transaction: Transaction,
    slot: number,
    sender: AccountView,
  ): Rejection | undefined {
    const { type, nonce, fee, amount, validUntilSlot } = transaction;
    if (type !== transferType) return rejection("transaction-type", `type ${type} is unknown`);
    if (fee < this.file.minFee) {
      return rejection("transaction-fee-low", `at least ${this.file.minFee}, got ${fee}`);
    }
    if (validUntilSlot !== 0 && slot > validUntilSlot) {
      return rejection("transaction-expired", `valid until slot ${validUntilSlot}, now ${slot}`);
    }
    if (nonce !== sender.nonce) {
      const code = nonce < sender.nonce ? "transaction-nonce-low" : "transaction-nonce-gap";
      return rejection(code, `nonce ${sender.nonce} expected, got ${nonce}`);
    }
    if (nonce === nonceEnd) return rejection("transaction-nonce-high", "the last nonce is unused");
    const cost = amount + fee;
    if (cost >= amountEnd) return rejection("transaction-overflow", "amount + fee exceeds a u64");
    if (cost > sender.balance) {
      return rejection("transaction-balance", `${cost} needed, ${sender.balance} there`);
    }
    return undefined;
  }

  /** Does the transfer on `draft` when it is valid; the fee leaves the sender and waits. */
  private transfer(
    draft: AccountDraft,
    transaction: Transaction,
    slot: number,
  ): Rejection | undefined {
    const sender = draft.account(transaction.from);
    const problem = this.problemOf(transaction, slot, sender);
    if (problem !== undefined) return problem;
    sender.nonce += 1n;
    sender.balance -= transaction.amount + transaction.fee;
    const recipient = draft.account(transaction.to);
    recipient.balance += transaction.amount;
    assert(recipient.balance < supplyEnd, "no balance exceeds the supply");
    return undefined;
  }

  /** Pays the sealer, writes the draft, and says what changed. */
  private settle(
    draft: AccountDraft,
    context: BlockContext,
    included: readonly Transaction[],
  ): Applied {
    const receipts = included.map(({ fee }): Receipt => ({ status: 1, fee }));
    const fees = receipts.reduce((sum, receipt) => sum + receipt.fee, 0n);
    const supply = this.supply;
    const reward = rewardOf(this.file.blockReward, supply);
    for (const { to, amount } of sharesOf(context, fees + reward)) {
      const account = draft.account(to);
      account.balance += amount;
      assert(account.balance < supplyEnd, "no balance exceeds the supply");
    }
    const changes = draft.changes();
    if (reward > 0n) {
      changes.push({ key: supplyKey, before: u64Bytes(supply), after: u64Bytes(supply + reward) });
    }
    this.write(changes, "after");
    return {
      stateRoot: this.root,
      receiptsRoot: receiptsRoot(receipts),
      nextValidatorsHash: this.setHash,
      receipts,
      changes,
      included,
    };
  }

  private write(changes: readonly StateChange[], side: "before" | "after"): void {
    let isSetChanged = false;
    for (const change of changes) {
      const value = change[side];
      if (value === undefined) this.tree.delete(change.key);
      else this.tree.set(change.key, value);
      isSetChanged ||= equalBytes(change.key, validatorsKey);
    }
    if (isSetChanged) this.readValidators();
  }

  private readValidators(): void {
    const bytes = defined(this.tree.get(validatorsKey), "the state is filled");
    const set = decodeValidatorSet(bytes);
    assert(!("code" in set), "the state holds a validator set");
    this.set = set;
    this.setHash = validatorsHash(set);
  }
}

/** The block reward, less whatever would lift the supply to 2^63. */
function rewardOf(blockReward: bigint, supply: bigint): bigint {
  const room = supplyEnd - 1n - supply;
  return blockReward < room ? blockReward : room;
}

/** Who is paid for a block. Voters get their share once blocks carry certificates. */
function sharesOf(context: BlockContext, total: bigint): { to: Address; amount: bigint }[] {
  return [{ to: addressOfKey(context.sealer), amount: total }];
}
