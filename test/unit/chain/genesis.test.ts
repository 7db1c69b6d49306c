import assert from "node:assert/strict";
import { test } from "node:test";
import { equalBytes, isZero, toHex } from "../../../src/base/bytes.ts";
import { systemKey } from "../../../src/chain/account.ts";
import { genesisBlock, genesisBody } from "../../../src/chain/genesis.ts";
import { Ledger } from "../../../src/chain/ledger.ts";
import { decodeBody } from "../../../src/model/block.ts";
import { decodeSealedHeader, encodeSealedHeader } from "../../../src/model/header.ts";
import {
  formatNetworkFile,
  type NetworkFile,
  networkFileHash,
  parseNetworkFile,
} from "../../../src/model/network-file.ts";
import { encodeValidatorSet, validatorsHash } from "../../../src/model/validator-set.ts";
import { addressNamed, keyOf, networkFile } from "./ledger-fixtures.ts";

const genesisOf = (file: NetworkFile) => genesisBlock(file, new Ledger(file));

test("genesis is block 0 of slot 0, sealed by nobody, with an empty body", () => {
  const file = networkFile();
  const ledger = new Ledger(file);
  const { header, seal } = genesisBlock(file, ledger);
  assert.deepEqual([header.height, header.slot, header.txCount], [0, 0, 0]);
  assert.equal(header.timestampMs, file.genesisTimeMs);
  assert.ok(isZero(seal) && seal.length === 64);
  assert.equal(header.parentHash, "0".repeat(64));
  assert.equal(header.sealer, "0".repeat(64));
  assert.equal(header.bodyBytes, genesisBody.length);
  assert.deepEqual(header.stateRoot, ledger.root);
  assert.deepEqual(header.validatorsHash, validatorsHash(file.validators));
  assert.deepEqual(header.nextValidatorsHash, header.validatorsHash);
  const body = decodeBody(genesisBody);
  assert.ok(!("code" in body) && body.transactions.length === 0);
  const sealed = { header, seal };
  assert.deepEqual(decodeSealedHeader(encodeSealedHeader(sealed)), sealed);
});

test("the genesis state holds accounts, supply, validators and the hash of the file", () => {
  const file = networkFile();
  const ledger = new Ledger(file);
  genesisBlock(file, ledger);
  const entry = (name: "params" | "validators" | "supply") =>
    [...ledger.entries()].find(([key]) => equalBytes(key, systemKey(name)))?.[1];
  assert.equal([...ledger.entries()].length, 6);
  assert.deepEqual(entry("params"), networkFileHash(file));
  assert.deepEqual(entry("validators"), encodeValidatorSet(file.validators));
  assert.equal(toHex(entry("supply")!), "0000000000000bb8");
  assert.deepEqual(ledger.validators(), file.validators);
  assert.equal(ledger.supply, 3000n);
  assert.deepEqual(ledger.account(addressNamed("alice")).balance, 1000n);
});

test("every parameter changes the genesis hash", () => {
  const file = networkFile();
  const changes: Partial<NetworkFile>[] = [
    {},
    { name: "other" },
    { genesisTimeMs: file.genesisTimeMs + 1 },
    { slotMs: 1001 },
    { validators: file.validators.toReversed() },
    { validators: [keyOf("sealer")] },
    { accounts: file.accounts.slice(1) },
    { accounts: file.accounts.map((a) => ({ ...a, balance: a.balance + 1n })) },
    { blockReward: 51n },
    { minFee: 2n },
  ];
  const hashes = changes.map((change) => genesisOf({ ...file, ...change }).header.hash);
  assert.equal(new Set(hashes).size, changes.length);
});

test("the genesis hash survives a journey of the file as text, in any order of accounts", () => {
  const file = networkFile();
  const { hash } = genesisOf(file).header;
  const parsed = parseNetworkFile(formatNetworkFile(file));
  assert.ok(!("errors" in parsed));
  assert.equal(genesisOf(parsed).header.hash, hash);
  const reordered = { ...file, accounts: file.accounts.toReversed() };
  assert.equal(genesisOf(reordered).header.hash, hash);
});

test("an account of nothing is listed and absent", () => {
  const nothing = { address: addressNamed("zero"), balance: 0n };
  const file = networkFile({ accounts: [nothing] });
  const ledger = new Ledger(file);
  genesisBlock(file, ledger);
  assert.equal([...ledger.entries()].length, 3);
  const twice = networkFile({ accounts: [networkFile().accounts[0]!, networkFile().accounts[0]!] });
  assert.throws(() => genesisOf(twice));
});
