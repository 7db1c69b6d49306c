/** A small network and unsigned-in-effect transactions for the tests of the ledger. */
import { asciiBytes, emptyBytes, toHex } from "../../../src/base/bytes.ts";
import { genesisBlock } from "../../../src/chain/genesis.ts";
import { Ledger } from "../../../src/chain/ledger.ts";
import type { Applied, BlockContext } from "../../../src/chain/state-machine.ts";
import { sha256 } from "../../../src/crypto/hash.ts";
import { type Address, addressOf, publicKeyOf } from "../../../src/model/ids.ts";
import type { NetworkFile } from "../../../src/model/network-file.ts";
import type { Rejection } from "../../../src/model/rule-code.ts";
import {
  addressOfKey,
  signTransaction,
  type TransactionFields,
} from "../../../src/model/transaction.ts";

/** The ledger checks no signatures, so any 32 bytes are a key here. */
export const keyOf = (name: string) => publicKeyOf(sha256(asciiBytes(name)));
export const addressNamed = (name: string): Address => addressOfKey(keyOf(name));
export const stranger = addressOf(sha256(asciiBytes("stranger")));

export function networkFile(over: Partial<NetworkFile> = {}): NetworkFile {
  return {
    name: "test",
    genesisTimeMs: 1_800_000_000_000,
    slotMs: 1000,
    engine: "poa",
    validators: [keyOf("sealer"), keyOf("sealer 2")],
    accounts: ["alice", "bob", "carol"].map((name) => ({
      address: addressNamed(name),
      balance: 1000n,
    })),
    blockReward: 50n,
    minFee: 1n,
    ...over,
  };
}

export function ledgerOf(file: NetworkFile = networkFile()): Ledger {
  const ledger = new Ledger(file);
  genesisBlock(file, ledger);
  return ledger;
}

export function transfer(
  sender: string,
  nonce: bigint,
  over: Partial<Omit<TransactionFields, "sender" | "nonce">> = {},
) {
  const fields: TransactionFields = {
    type: 0,
    sender: keyOf(sender),
    nonce,
    fee: 1n,
    validUntilSlot: 0,
    to: stranger,
    amount: 10n,
    payload: emptyBytes,
    ...over,
  };
  return signTransaction(fields, new Uint8Array(32), () => new Uint8Array(64));
}

export const context = (
  height: number,
  slot = height,
  over: Partial<BlockContext> = {},
): BlockContext => ({
  height,
  slot,
  sealer: keyOf("sealer"),
  finalizedHeight: 0,
  voters: [],
  ...over,
});

export function applied(result: Applied | Rejection): Applied {
  if ("code" in result) throw new Error(result.detail);
  return result;
}

export const balance = (ledger: Ledger, name: string) => ledger.account(addressNamed(name)).balance;
export const hasEntry = (ledger: Ledger, key: Uint8Array) =>
  [...ledger.entries()].some(([entry]) => toHex(entry) === toHex(key));
