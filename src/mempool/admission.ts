/**
 * May a transaction enter the pool? Checks that cost next to nothing come first; the signature is
 * NOT here, it comes last of all (mempool.ts). Pure: decides, changes nothing.
 * protocol-spec/06-validation §7.
 */
import { type Rejection, rejection } from "../model/rule-code.ts";
import { type Transaction, transactionTypes } from "../model/transaction.ts";
import { mempoolLimits } from "../params/limits.ts";
import { type AccountQueue, costOf, type PoolEntry } from "./account-queue.ts";
import type { Account } from "./ledger-view.ts";

export interface AdmissionRules {
  /** Least fee of a transaction. */
  readonly minFee: bigint;
}

const { transfer, propose, approve } = transactionTypes;
/** Evidence has no sender and travels by itself. */
const sentTypes: readonly number[] = [transfer, propose, approve];
const amountsEnd = 1n << 64n;

/** What the transaction and its sender's account say alone. `slot` is the current one. */
export function checkAlone(
  transaction: Transaction,
  account: Account,
  slot: number,
  rules: AdmissionRules,
): Rejection | undefined {
  const { type, fee, nonce } = transaction;
  if (!sentTypes.includes(type)) {
    return rejection("transaction-type", `type ${type} is unknown here`);
  }
  if (fee < rules.minFee) {
    return rejection("transaction-fee-low", `at least ${rules.minFee}, got ${fee}`);
  }
  if (isExpired(transaction, slot)) {
    const detail = `valid until slot ${transaction.validUntilSlot}, now ${slot}`;
    return rejection("transaction-expired", detail);
  }
  const cost = costOf(transaction);
  if (cost >= amountsEnd) {
    return rejection("transaction-overflow", "amount and fee exceed 64 bits");
  }
  if (nonce < account.nonce) {
    return rejection("transaction-nonce-low", `next is ${account.nonce}, got ${nonce}`);
  }
  if (cost > account.balance) {
    return rejection("transaction-balance", `costs ${cost}, balance is ${account.balance}`);
  }
  return undefined;
}

/** What the sender's other pending transactions say. `replaced` has the same nonce. */
export function checkAmongOwn(
  transaction: Transaction,
  queue: AccountQueue,
  balance: bigint,
  replaced: PoolEntry | undefined,
): Rejection | undefined {
  const { nonce, fee } = transaction;
  const nonceMax = queue.nextNonce + BigInt(mempoolLimits.nonceGapMax);
  if (nonce > nonceMax) {
    return rejection("transaction-nonce-high", `at most ${nonceMax}, got ${nonce}`);
  }
  if (replaced !== undefined && !isWorthReplacing(replaced.transaction.fee, fee)) {
    const detail = `replacing needs 12.5 % more than ${replaced.transaction.fee}, got ${fee}`;
    return rejection("transaction-underpriced", detail);
  }
  const isFull = replaced === undefined && queue.size >= mempoolLimits.perAccountMax;
  // What fills a gap may push out the account's own last one: the queue gets shorter gaps.
  const pushed = isFull ? queue.tail : undefined;
  if (pushed !== undefined && pushed.transaction.nonce < nonce) {
    return rejection("mempool-account-full", `${mempoolLimits.perAccountMax} of this sender`);
  }
  const gone = [replaced, pushed].reduce((sum, e) => sum + (e ? costOf(e.transaction) : 0n), 0n);
  const cost = queue.cost - gone + costOf(transaction);
  if (cost > balance) {
    return rejection("transaction-balance", `all pending cost ${cost}, balance is ${balance}`);
  }
  return undefined;
}

/** Can no longer be in a block of `slot` or a later one. */
export function isExpired(transaction: Transaction, slot: number): boolean {
  return transaction.validUntilSlot !== 0 && transaction.validUntilSlot < slot;
}

/** Also strictly more, so that where fees are zero nobody replaces for ever for nothing. */
function isWorthReplacing(oldFee: bigint, newFee: bigint): boolean {
  const bump = BigInt(1_000 + mempoolLimits.replacementBumpPermille);
  return newFee > oldFee && newFee * 1_000n >= oldFee * bump;
}
