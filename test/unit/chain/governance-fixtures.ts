/** Validators v0, v1, … with money, and what they send: for the tests of the registry. */
import { concatBytes } from "../../../src/base/bytes.ts";
import type { Ledger } from "../../../src/chain/ledger.ts";
import type { Registry } from "../../../src/chain/registry.ts";
import type { BlockContext } from "../../../src/chain/state-machine.ts";
import { type Evidence, encodeEvidence } from "../../../src/model/evidence.ts";
import { evidenceTransaction } from "../../../src/model/evidence-transaction.ts";
import {
  approveFields,
  type ProposedChange,
  proposeFields,
  type Terms,
} from "../../../src/model/governance.ts";
import { blockHashOf, type TxId } from "../../../src/model/ids.ts";
import type { NetworkFile } from "../../../src/model/network-file.ts";
import {
  addressOfKey,
  signTransaction,
  type Transaction,
  type TransactionFields,
} from "../../../src/model/transaction.ts";
import { encodeVoteData, type VoteData } from "../../../src/model/vote.ts";
import { addressNamed, context, keyOf, ledgerOf, networkFile } from "./ledger-fixtures.ts";

export const namesOf = (count: number) => Array.from({ length: count }, (_, i) => `v${i}`);
export const keysOf = (count: number) => namesOf(count).map(keyOf);

export function validatorsFile(count: number, over: Partial<NetworkFile> = {}): NetworkFile {
  const names = [...new Set([...namesOf(Math.max(count, 8)), "alice"])];
  return networkFile({
    validators: keysOf(count),
    accounts: names.map((name) => ({ address: addressNamed(name), balance: 1000n })),
    ...over,
  });
}

export const validatorLedger = (count: number, over: Partial<NetworkFile> = {}): Ledger =>
  ledgerOf(validatorsFile(count, over));

export function registryOf(count: number, over: Partial<Registry> = {}): Registry {
  return {
    validators: keysOf(count),
    jail: [],
    proposals: [],
    pending: undefined,
    queue: [],
    ...over,
  };
}

export const change = (
  action: ProposedChange["action"],
  name: string,
  over: Partial<ProposedChange> = {},
): ProposedChange => ({ action, validator: keyOf(name), rank: undefined, force: false, ...over });

export const unsigned = (fields: TransactionFields): Transaction =>
  signTransaction(fields, new Uint8Array(32), () => new Uint8Array(64));

const terms = (name: string, nonce: bigint, over: Partial<Terms>): Terms => ({
  sender: keyOf(name),
  nonce,
  fee: 1n,
  validUntilSlot: 0,
  ...over,
});

export const propose = (
  name: string,
  nonce: bigint,
  what: ProposedChange,
  over: Partial<Terms> = {},
) => unsigned(proposeFields(what, terms(name, nonce, over)));

export const approve = (name: string, nonce: bigint, id: TxId, over: Partial<Terms> = {}) =>
  unsigned(approveFields(id, terms(name, nonce, over)));

/** Ledgers check no signatures, so these are zeros. */
export function faultOf(name: string, slot: number, salt = 1): Evidence {
  const vote = (hash: number): Uint8Array => {
    const data: VoteData = {
      sourceSlot: slot - 1,
      sourceHash: blockHashOf(new Uint8Array(32)),
      targetSlot: slot,
      targetHash: blockHashOf(new Uint8Array(32).fill(hash)),
    };
    return concatBytes(encodeVoteData(data), new Uint8Array(64));
  };
  const evidence = encodeEvidence(2, keyOf(name), vote(salt), vote(salt + 1));
  if ("code" in evidence) throw new Error(evidence.detail);
  return evidence;
}

/** Rewards the default sealer of `validatorContext`. */
export const accusation = (name: string, slot: number, rewarded = "v0", salt = 1): Transaction =>
  evidenceTransaction(faultOf(name, slot, salt), addressOfKey(keyOf(rewarded)));

export const validatorContext = (height: number, over: Partial<BlockContext> = {}) =>
  context(height, height, { sealer: keyOf("v0"), ...over });
