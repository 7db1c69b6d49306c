/**
 * One block being worked out: its transactions one by one, then rewards and the hand-over of the
 * validator set. Reads through to the state and writes nothing to it, so that a block that turns
 * out invalid leaves no trace. Knows no roots. protocol-spec/05-objects §8, 06-validation §4.
 *
 * Invariant: a refused transaction changes nothing here.
 */
import { assert } from "../base/assert.ts";
import { evidenceSlot } from "../model/evidence.ts";
import { evidenceOf } from "../model/evidence-transaction.ts";
import { type NetworkFile, supplyEnd } from "../model/network-file.ts";
import type { Receipt } from "../model/receipt.ts";
import { type Rejection, rejection } from "../model/rule-code.ts";
import { addressOfKey, type Transaction, transactionTypes } from "../model/transaction.ts";
import { chainLimits } from "../params/limits.ts";
import { AccountDraft } from "./account-draft.ts";
import { governed, handedOver, punished, refreshed, unpunishable } from "./governance.ts";
import type { Registry } from "./registry.ts";
import { payoutOf } from "./rewards.ts";
import type { BlockContext, StateChange } from "./state-machine.ts";
import type { StateTree } from "./state-tree.ts";
import { termsProblem } from "./transaction-terms.ts";

export interface Drafted {
  /** Of accounts. */
  readonly changes: StateChange[];
  readonly receipts: readonly Receipt[];
  /** After the block. */
  readonly registry: Registry;
  readonly supply: bigint;
}

export class BlockDraft {
  private readonly file: NetworkFile;
  private readonly context: BlockContext;
  private readonly accounts: AccountDraft;
  private readonly receipts: Receipt[] = [];
  private registry: Registry;
  private fees = 0n;
  private evidence = 0;

  constructor(file: NetworkFile, tree: StateTree, registry: Registry, context: BlockContext) {
    this.file = file;
    this.context = context;
    this.accounts = new AccountDraft(tree);
    this.registry = refreshed(registry, context.slot);
  }

  /** Does `transaction` if it is valid in this place of the block. */
  take(transaction: Transaction): Rejection | undefined {
    if (transaction.type === transactionTypes.evidence) return this.punish(transaction);
    const { from, to, amount, fee, type } = transaction;
    const { accounts } = this;
    const { size } = accounts;
    const sender = accounts.account(from);
    const problem = termsProblem(transaction, this.context.slot, sender, this.file);
    if (problem !== undefined) {
      // The order of changes is that of what is included, whoever worked it out.
      if (accounts.size > size) accounts.forgetLast(from);
      return problem;
    }
    sender.nonce += 1n;
    sender.balance -= fee;
    this.fees += fee;
    let status: Receipt["status"] = 1;
    if (type === transactionTypes.transfer) {
      sender.balance -= amount;
      const recipient = accounts.account(to);
      recipient.balance += amount;
      assert(recipient.balance < supplyEnd, "no balance exceeds the supply");
    } else {
      const next = governed(this.registry, transaction, this.context);
      if ("code" in next) status = 0;
      else this.registry = next;
    }
    this.receipts.push({ status, fee });
    return undefined;
  }

  /** All that was taken, and what every block does. `supply` is that before it. */
  finish(supply: bigint): Drafted {
    const { blockReward } = this.file;
    const { fees, evidence } = this;
    const { minted, shares } = payoutOf(this.context, { blockReward, supply, fees, evidence });
    for (const { to, key, amount } of shares) {
      const account = this.accounts.account(to, key);
      account.balance += amount;
      assert(account.balance < supplyEnd, "no balance exceeds the supply");
    }
    return {
      changes: this.accounts.changes(),
      receipts: this.receipts,
      registry: handedOver(this.registry, this.context),
      supply: supply + minted,
    };
  }

  private punish(transaction: Transaction): Rejection | undefined {
    const bad = (detail: string) => rejection("transaction-evidence", detail);
    const { slot, sealer } = this.context;
    const { evidencePerBlockMax, evidenceMaxAgeSlots } = chainLimits;
    if (this.evidence >= evidencePerBlockMax) return bad(`at most ${evidencePerBlockMax} a block`);
    const evidence = evidenceOf(transaction);
    if ("code" in evidence) return evidence;
    if (transaction.to !== addressOfKey(sealer)) return bad("rewards another than the sealer");
    const at = evidenceSlot(evidence);
    if (at > slot || at < slot - evidenceMaxAgeSlots) return bad(`of slot ${at}, now ${slot}`);
    const problem = unpunishable(this.registry, evidence.validator);
    if (problem !== undefined) return bad(problem);
    this.registry = punished(this.registry, evidence.validator, this.context);
    this.evidence++;
    this.receipts.push({ status: 1, fee: 0n });
    return undefined;
  }
}
