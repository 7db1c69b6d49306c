/** Proposals and approvals as transactions in blocks: fees, receipts, and the set of the children. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemKey } from "../../../src/chain/account.ts";
import { validatorsHash } from "../../../src/model/validator-set.ts";
import { chainLimits } from "../../../src/params/limits.ts";
import {
  approve,
  change,
  keysOf,
  propose,
  validatorContext,
  validatorLedger,
} from "./governance-fixtures.ts";
import { addressNamed, applied, balance, hasEntry, keyOf, transfer } from "./ledger-fixtures.ts";

const governanceKey = systemKey("governance");

test("a set change goes from proposal to quorum to finality to the set", () => {
  const ledger = validatorLedger(4);
  const genesisRoot = ledger.root;
  const proposal = propose("v1", 0n, change("add", "v4"));
  const first = applied(ledger.apply(validatorContext(1), [proposal]));
  assert.deepEqual(first.receipts, [{ status: 1, fee: 1n }]);
  assert.equal(balance(ledger, "v1"), 999n);
  assert.equal(ledger.registry().proposals[0]?.id, proposal.id);
  const approvals = ["v0", "v2"].map((name) => approve(name, 0n, proposal.id));
  const second = applied(ledger.apply(validatorContext(2), approvals));
  assert.equal(ledger.registry().pending?.queuedAt, 2);
  const third = applied(ledger.apply(validatorContext(3, { finalizedHeight: 1 }), []));
  assert.deepEqual(ledger.validators(), keysOf(4));
  assert.deepEqual(third.nextValidatorsHash, validatorsHash(keysOf(4)));
  const fourth = applied(ledger.apply(validatorContext(4, { finalizedHeight: 2 }), []));
  assert.deepEqual(ledger.validators(), keysOf(5));
  assert.deepEqual(ledger.registry().validators, keysOf(5));
  assert.deepEqual(fourth.nextValidatorsHash, validatorsHash(keysOf(5)));
  assert.ok(!hasEntry(ledger, governanceKey), "nothing waits, nothing is stored");
  for (const block of [fourth, third, second, first]) ledger.undo(block.changes);
  assert.deepEqual(ledger.root, genesisRoot);
  assert.deepEqual(ledger.registry(), validatorLedger(4).registry());
});

test("an action that fails costs fee and nonce, does nothing else and says so", () => {
  const ledger = validatorLedger(4);
  const proposal = propose("v1", 0n, change("add", "v4"));
  const failing = [
    propose("alice", 0n, change("add", "v4"), { fee: 3n }),
    approve("v2", 0n, proposal.id, { fee: 4n }),
    { ...propose("v3", 0n, change("add", "v4")), amount: 7n, to: addressNamed("alice") },
  ];
  const result = applied(ledger.apply(validatorContext(1), failing));
  assert.deepEqual(result.receipts, [
    { status: 0, fee: 3n },
    { status: 0, fee: 4n },
    { status: 0, fee: 1n },
  ]);
  assert.equal(balance(ledger, "alice"), 997n);
  assert.equal(balance(ledger, "v2"), 996n);
  assert.equal(balance(ledger, "v3"), 999n, "an amount that must be zero is not moved");
  assert.equal(balance(ledger, "v0"), 1000n + 50n + 8n);
  assert.equal(ledger.account(addressNamed("v2")).nonce, 1n);
  assert.ok(!hasEntry(ledger, governanceKey));
  assert.equal(ledger.supply, 9050n);
});

test("proposals and approvals keep the terms of every transaction, or the block is invalid", () => {
  const ledger = validatorLedger(4, { minFee: 2n });
  const add = change("add", "v4");
  const cases = [
    ["transaction-fee-low", propose("v1", 0n, add)],
    ["transaction-nonce-gap", propose("v1", 1n, add, { fee: 2n })],
    ["transaction-expired", propose("v1", 0n, add, { fee: 2n, validUntilSlot: 4 })],
    ["transaction-balance", propose("v1", 0n, add, { fee: 1001n })],
    ["transaction-balance", propose("poor", 0n, add, { fee: 2n })],
  ] as const;
  for (const [code, transaction] of cases) {
    assert.equal(ledger.check(transaction, 5)?.code, code);
    const result = ledger.apply(validatorContext(5), [transaction]);
    assert.ok("code" in result && result.detail.includes(code), code);
  }
});

test("a check tells what would fail, and looks at the action alone when asked", () => {
  const ledger = validatorLedger(4);
  const proposal = propose("v1", 0n, change("add", "v4"));
  assert.equal(ledger.check(proposal, 1), undefined);
  const early = approve("v2", 0n, proposal.id);
  assert.equal(ledger.check(early, 1)?.code, "transaction-governance");
  applied(ledger.apply(validatorContext(1), [proposal]));
  assert.equal(ledger.check(early, 1), undefined);
  const root = ledger.root;
  const ahead = approve("v2", 9n, proposal.id);
  assert.equal(ledger.check(ahead, 1)?.code, "transaction-nonce-gap");
  assert.equal(ledger.checkAction(ahead, 1), undefined);
  assert.equal(
    ledger.checkAction(approve("alice", 9n, proposal.id), 1)?.code,
    "transaction-governance",
  );
  assert.equal(ledger.checkAction(transfer("alice", 9n), 1), undefined);
  const late = 2 + chainLimits.proposalMaxAgeSlots;
  assert.equal(ledger.checkAction(early, late)?.code, "transaction-governance");
  assert.deepEqual(ledger.root, root);
});

test("a proposal that nobody carries is gone from the state after its time", () => {
  const ledger = validatorLedger(4);
  applied(ledger.apply(validatorContext(1), [propose("v1", 0n, change("add", "v4"))]));
  const root = ledger.root;
  const late = validatorContext(2, { slot: 2 + chainLimits.proposalMaxAgeSlots });
  const block = applied(ledger.apply(late, []));
  assert.ok(!hasEntry(ledger, governanceKey));
  ledger.undo(block.changes);
  assert.deepEqual(ledger.root, root);
  assert.equal(ledger.registry().proposals.length, 1);
});

test("a key is rotated by an addition and then a removal, four staying four", () => {
  const ledger = validatorLedger(4);
  let height = 0;
  const pass = (what: ReturnType<typeof change>, nonce: bigint) => {
    const proposal = propose("v0", nonce, what);
    const approvals = ["v1", "v2"].map((name) => approve(name, nonce, proposal.id));
    const block = applied(ledger.apply(validatorContext(++height), [proposal, ...approvals]));
    assert.ok(block.receipts.every(({ status }) => status === 1));
  };
  pass(change("add", "fresh", { rank: 1 }), 0n);
  // Right away, though the addition still waits for finality.
  pass(change("remove", "v0"), 1n);
  for (let blocks = 0; blocks < 3; blocks++) {
    height++;
    applied(ledger.apply(validatorContext(height, { finalizedHeight: height - 1 }), []));
  }
  assert.deepEqual(ledger.validators(), ["fresh", "v1", "v2", "v3"].map(keyOf));
});
