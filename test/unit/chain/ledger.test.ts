import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "../../../src/base/bytes.ts";
import { accountKey } from "../../../src/chain/account.ts";
import { Ledger } from "../../../src/chain/ledger.ts";
import { receiptsRoot } from "../../../src/model/receipt.ts";
import type { Transaction } from "../../../src/model/transaction.ts";
import { validatorsHash } from "../../../src/model/validator-set.ts";
import {
  addressNamed,
  applied,
  balance,
  context,
  ledgerOf,
  networkFile,
  stranger,
  transfer,
} from "./ledger-fixtures.ts";

test("a transfer moves the amount, pays the sealer and raises the nonce", () => {
  const ledger = ledgerOf();
  const result = applied(ledger.apply(context(1), [transfer("alice", 0n, { fee: 7n })]));
  assert.equal(balance(ledger, "alice"), 1000n - 10n - 7n);
  assert.equal(ledger.account(addressNamed("alice")).nonce, 1n);
  assert.deepEqual(
    { nonce: ledger.account(stranger).nonce, balance: ledger.account(stranger).balance },
    { nonce: 0n, balance: 10n },
  );
  assert.equal(balance(ledger, "sealer"), 50n + 7n);
  assert.equal(ledger.supply, 3050n);
  assert.deepEqual(result.receipts, [{ status: 1, fee: 7n }]);
  assert.deepEqual(result.receiptsRoot, receiptsRoot(result.receipts));
  assert.deepEqual(result.stateRoot, ledger.root);
  assert.deepEqual(result.nextValidatorsHash, validatorsHash(networkFile().validators));
  assert.equal(result.included.length, 1);
  assert.equal(result.changes.length, 4, "sender, recipient, sealer, supply");
});

test("an empty block pays the reward, and without a reward changes nothing", () => {
  const ledger = ledgerOf();
  assert.equal(applied(ledger.apply(context(1), [])).changes.length, 2);
  const unpaid = ledgerOf(networkFile({ blockReward: 0n }));
  const root = unpaid.root;
  assert.deepEqual(applied(unpaid.apply(context(1), [])).changes, []);
  assert.deepEqual(unpaid.root, root);
});

test("every broken rule has its code", () => {
  const ledger = ledgerOf(networkFile({ minFee: 5n }));
  applied(ledger.apply(context(1), [transfer("alice", 0n, { fee: 5n })]));
  const u64Max = (1n << 64n) - 1n;
  const cases: [string, Transaction][] = [
    ["transaction-type", transfer("alice", 1n, { fee: 5n, type: 1 })],
    ["transaction-fee-low", transfer("alice", 1n, { fee: 4n })],
    ["transaction-expired", transfer("alice", 1n, { fee: 5n, validUntilSlot: 8 })],
    ["transaction-nonce-low", transfer("alice", 0n, { fee: 5n })],
    ["transaction-nonce-gap", transfer("alice", 2n, { fee: 5n })],
    ["transaction-nonce-gap", transfer("alice", u64Max, { fee: 5n })],
    ["transaction-overflow", transfer("alice", 1n, { fee: 5n, amount: u64Max })],
    ["transaction-overflow", transfer("alice", 1n, { fee: 1n << 63n, amount: 1n << 63n })],
    ["transaction-balance", transfer("alice", 1n, { fee: 5n, amount: 981n })],
    ["transaction-balance", transfer("alice", 1n, { fee: 5n, amount: 1n << 63n })],
    ["transaction-balance", transfer("alice", 1n, { fee: u64Max, amount: 0n })],
    ["transaction-balance", transfer("alice", 1n, { fee: 5n, amount: 2n ** 53n + 1n })],
    ["transaction-balance", transfer("nobody", 0n, { fee: 5n, amount: 0n })],
  ];
  const root = ledger.root;
  for (const [code, transaction] of cases) {
    assert.equal(ledger.check(transaction, 9)?.code, code);
    const result = ledger.apply(context(2, 9), [transaction]);
    assert.ok("code" in result && result.code === "block-transaction-invalid", code);
    assert.ok(result.detail.includes(`${transaction.id}): ${code}:`), result.detail);
  }
  assert.deepEqual(ledger.root, root);
  for (const last of [
    transfer("alice", 1n, { fee: 5n, amount: 980n }),
    transfer("alice", 1n, { fee: 5n, validUntilSlot: 9 }),
  ]) {
    assert.equal(ledger.check(last, 9), undefined);
  }
});

test("the last nonce is never used, so that nonces never wrap", () => {
  const ledger = ledgerOf();
  const last = (1n << 64n) - 1n;
  const entries = [...ledger.entries()].map(([key, value]): [Uint8Array, Uint8Array] => {
    if (toHex(key) === toHex(accountKey(addressNamed("alice")))) value.fill(255, 0, 8);
    return [key, value];
  });
  ledger.load(entries);
  assert.equal(ledger.account(addressNamed("alice")).nonce, last);
  assert.equal(ledger.check(transfer("alice", last), 1)?.code, "transaction-nonce-high");
});

test("a rejected block leaves the state unchanged, whatever came before the bad transaction", () => {
  const ledger = ledgerOf();
  const root = ledger.root;
  const result = ledger.apply(context(1), [
    transfer("alice", 0n),
    transfer("bob", 0n),
    transfer("alice", 0n),
  ]);
  assert.ok("code" in result);
  assert.match(result.detail, /^transaction 2 .*transaction-nonce-low/);
  assert.deepEqual(ledger.root, root);
  assert.equal(ledger.account(addressNamed("bob")).nonce, 0n);
  assert.equal(ledger.supply, 3000n);
});

test("one sender's transactions follow each other inside a block", () => {
  const ledger = ledgerOf();
  const five = [0n, 1n, 2n, 3n, 4n].map((nonce) => transfer("alice", nonce));
  applied(ledger.apply(context(1), five));
  assert.equal(ledger.account(addressNamed("alice")).nonce, 5n);
  assert.equal(ledger.account(stranger).balance, 50n);
  const swapped = [transfer("bob", 1n), transfer("bob", 0n)];
  assert.ok("code" in ledger.apply(context(2), swapped));
});

test("building a block takes what is valid and fits, in order, and skips the rest", () => {
  const ledger = ledgerOf();
  const big = transfer("alice", 0n, { payload: new Uint8Array(400) });
  const candidates = [
    transfer("bob", 1n),
    big,
    transfer("alice", 1n),
    transfer("bob", 0n),
    transfer("bob", 1n, { fee: 2n }),
    transfer("carol", 0n, { amount: 5000n }),
    transfer("carol", 0n, { amount: 999n }),
  ];
  const before = ledger.root;
  const built = ledger.applyPossible(context(1), candidates, 168 * 3);
  assert.deepEqual(built.included, [candidates[3], candidates[4], candidates[6]]);
  assert.equal(built.receipts.length, 3);
  const after = ledger.root;
  assert.deepEqual(built.stateRoot, after);
  ledger.undo(built.changes);
  assert.deepEqual(ledger.root, before);
  const replayed = applied(ledger.apply(context(1), built.included));
  assert.deepEqual(replayed, built);
  assert.deepEqual(ledger.root, after);
  ledger.undo(replayed.changes);
  const all = ledger.applyPossible(context(1), candidates, 1 << 20);
  assert.deepEqual(
    all.included,
    [1, 2, 3, 4, 6].map((i) => candidates[i]),
  );
  ledger.undo(all.changes);
  assert.deepEqual(ledger.applyPossible(context(1), candidates, 0).included, []);
});

test("load drops what the ledger held, and refuses another network's state", () => {
  const ledger = ledgerOf();
  const entries = [...ledger.entries()];
  const root = ledger.root;
  applied(ledger.apply(context(1), [transfer("alice", 0n)]));
  ledger.load(entries);
  assert.deepEqual(ledger.root, root);
  assert.throws(() => new Ledger(networkFile({ minFee: 2n })).load(entries));
  assert.throws(() => new Ledger(networkFile()).load([]));
  assert.throws(() => ledger.genesis(networkFile({ minFee: 2n })));
});

test("undoing anything but the latest block is our own bug", () => {
  const ledger = ledgerOf();
  const first = applied(ledger.apply(context(1), [transfer("alice", 0n)]));
  applied(ledger.apply(context(2), [transfer("alice", 1n)]));
  assert.throws(() => ledger.undo(first.changes));
});
