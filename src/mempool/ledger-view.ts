/** What the pool asks of the ledger at the head of the chain. protocol-spec/06-validation §7. */
import type { Address, PublicKey } from "../model/ids.ts";
import type { Rejection } from "../model/rule-code.ts";
import type { Transaction } from "../model/transaction.ts";

export interface Account {
  readonly nonce: bigint;
  readonly balance: bigint;
}

export interface LedgerView {
  account(address: Address): Account;
  /** The current slot: the first in which a block may still be sealed. */
  slot(): number;
  /** Why the action of a proposal or an approval would fail now; its terms are not looked at. */
  checkAction(transaction: Transaction): Rejection | undefined;
  /** Those who may be paid for what a block carries, beside its sealer. */
  validators(): readonly PublicKey[];
}
