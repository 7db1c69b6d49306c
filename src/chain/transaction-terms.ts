/**
 * What a signed transaction must satisfy to be in a block, whatever its type: its terms against
 * its sender's account. NOT what it does. protocol-spec/06-validation §4.
 */
import type { NetworkFile } from "../model/network-file.ts";
import { type Rejection, rejection } from "../model/rule-code.ts";
import { type Transaction, transactionTypes } from "../model/transaction.ts";
import type { AccountView } from "./state-machine.ts";

const nonceEnd = (1n << 64n) - 1n;
const amountEnd = 1n << 64n;
const { transfer, propose, approve } = transactionTypes;
const signedTypes: readonly number[] = [transfer, propose, approve];

export function termsProblem(
  transaction: Transaction,
  slot: number,
  sender: AccountView,
  file: NetworkFile,
): Rejection | undefined {
  const { type, nonce, fee, amount, validUntilSlot } = transaction;
  if (!signedTypes.includes(type)) return rejection("transaction-type", `type ${type} is unknown`);
  if (fee < file.minFee) {
    return rejection("transaction-fee-low", `at least ${file.minFee}, got ${fee}`);
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
