/** Four validators and a fifth key with money that may join them, and the transactions for that. */
import { approveFields, type ProposedChange, proposeFields } from "../../src/model/governance.ts";
import type { PublicKey } from "../../src/model/ids.ts";
import { addressOfKey, type Transaction } from "../../src/model/transaction.ts";
import { ChainBuilder } from "./chain-builder.ts";
import { keyOf, networkOf, seedOf } from "./chain-network.ts";

const network = networkOf(4);
export const old = network.validators;
export const fifth = keyOf(seedOf(100));
export const builder = new ChainBuilder({
  ...network,
  accounts: [...old, fifth].map((key) => ({ address: addressOfKey(key), balance: 1000n })),
});
export const add: ProposedChange = {
  action: "add",
  validator: fifth,
  rank: undefined,
  force: false,
};

/** Proposed by rank 0, approved by `ranks`, in one block. */
export function decided(change = add, nonce = 0n, ranks = [1, 2]): Transaction[] {
  const terms = (sender: PublicKey) => ({ sender, nonce, fee: 1n, validUntilSlot: 0 });
  const proposal = builder.signed(proposeFields(change, terms(old[0]!)));
  const approvals = ranks.map((rank) =>
    builder.signed(approveFields(proposal.id, terms(old[rank]!))),
  );
  return [proposal, ...approvals];
}
