/** Evidence in blocks: when it counts, and what it does. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemKey } from "../../../src/chain/account.ts";
import { encodeEvidence } from "../../../src/model/evidence.ts";
import { evidenceTransaction } from "../../../src/model/evidence-transaction.ts";
import { encodeHeader, encodeSealedHeader } from "../../../src/model/header.ts";
import type { Transaction } from "../../../src/model/transaction.ts";
import { chainLimits } from "../../../src/params/limits.ts";
import { headerFields } from "../model/fixtures.ts";
import { accusation, keysOf, validatorContext, validatorLedger } from "./governance-fixtures.ts";
import { addressNamed, applied, hasEntry, keyOf, transfer } from "./ledger-fixtures.ts";

const jailedKey = systemKey("jailed");

test("evidence jails the accused, queues its removal and is free", () => {
  const ledger = validatorLedger(4);
  const root = ledger.root;
  const block = applied(ledger.apply(validatorContext(5), [accusation("v1", 5)]));
  assert.deepEqual(block.receipts, [{ status: 1, fee: 0n }]);
  const { jailed, pending, validators } = ledger.registry();
  assert.deepEqual(jailed, [keyOf("v1")]);
  assert.deepEqual(validators, keysOf(4), "it still votes");
  assert.equal(pending?.validator, keyOf("v1"));
  assert.equal(pending?.fromEvidence, true);
  assert.equal(pending?.queuedAt, 5);
  assert.ok(hasEntry(ledger, jailedKey));
  assert.equal(ledger.account(addressNamed("v1")).balance, 1000n);
  ledger.undo(block.changes);
  assert.deepEqual(ledger.root, root);
  assert.deepEqual(ledger.registry().jailed, []);
});

test("a jailed validator seals no block, and leaves the set below four too", () => {
  const ledger = validatorLedger(4);
  const byAccused = accusation("v1", 5, "v1");
  applied(ledger.apply(validatorContext(5, { sealer: keyOf("v1") }), [byAccused]));
  const refused = ledger.apply(validatorContext(6, { sealer: keyOf("v1") }), []);
  assert.ok("code" in refused && refused.code === "block-sealer-jailed");
  assert.throws(() => ledger.applyPossible(validatorContext(6, { sealer: keyOf("v1") }), [], 100));
  applied(ledger.apply(validatorContext(7, { finalizedHeight: 5 }), []));
  assert.deepEqual(ledger.validators(), ["v0", "v2", "v3"].map(keyOf));
  assert.deepEqual(ledger.registry().jailed, [keyOf("v1")], "remembered");
});

test("who was jailed and left is forgotten when that evidence is too old to come again", () => {
  const ledger = validatorLedger(5);
  applied(ledger.apply(validatorContext(5), [accusation("v1", 5)]));
  applied(ledger.apply(validatorContext(6, { finalizedHeight: 5 }), []));
  const slot = 5 + chainLimits.evidenceMaxAgeSlots;
  applied(ledger.apply(validatorContext(7, { slot, finalizedHeight: 5 }), []));
  assert.deepEqual(ledger.registry().jailed, [keyOf("v1")]);
  const root = ledger.root;
  const later = validatorContext(8, { slot: slot + 1, finalizedHeight: 5 });
  const block = applied(ledger.apply(later, []));
  assert.deepEqual(ledger.registry().jailed, []);
  assert.ok(!hasEntry(ledger, jailedKey));
  ledger.undo(block.changes);
  assert.deepEqual(ledger.root, root);
  assert.deepEqual(ledger.registry().jailed, [keyOf("v1")]);
});

test("evidence that does not count makes the block invalid", () => {
  const { evidenceMaxAgeSlots: age } = chainLimits;
  const now = age + 50;
  const context = validatorContext(5, { slot: now });
  const tampered = accusation("v1", now);
  const cases: [RegExp, readonly Transaction[]][] = [
    [/another than the sealer/, [accusation("v1", now, "v2")]],
    [/of slot 100051, now 100050/, [accusation("v1", now + 1)]],
    [/of slot 49, now/, [accusation("v1", 49)]],
    [/not of a validator/, [accusation("stranger", now)]],
    [/jailed already/, [accusation("v1", now), accusation("v1", now, "v0", 3)]],
    [/must be zero/, [{ ...tampered, fee: 1n }]],
    [/must be zero/, [{ ...tampered, signature: new Uint8Array(64).fill(1) }]],
    [/bytes expected/, [{ ...tampered, payload: tampered.payload.slice(0, -1) }]],
  ];
  for (const [reason, transactions] of cases) {
    const ledger = validatorLedger(4);
    const root = ledger.root;
    const result = ledger.apply(context, transactions);
    assert.ok("code" in result && result.code === "block-transaction-invalid", String(reason));
    assert.match(result.detail, /transaction-evidence/);
    assert.match(result.detail, reason);
    assert.deepEqual(ledger.root, root);
  }
  for (const slot of [50, now]) {
    applied(validatorLedger(4).apply(context, [accusation("v1", slot)]));
  }
});

test("a block has four pieces at most, and one validator is always left to seal", () => {
  const many = [1, 2, 3, 4, 5].map((i) => accusation(`v${i}`, 5));
  const five = validatorLedger(8).apply(validatorContext(5), many);
  assert.ok("code" in five && /transaction 4 .*at most 4/.test(five.detail));
  applied(validatorLedger(8).apply(validatorContext(5), many.slice(0, 4)));
  const two = validatorLedger(2);
  applied(two.apply(validatorContext(5), [accusation("v1", 5)]));
  const last = two.apply(validatorContext(6), [accusation("v0", 5)]);
  assert.ok("code" in last && /nobody else/.test(last.detail));
  const lone = validatorLedger(1).apply(validatorContext(5), [accusation("v0", 5)]);
  assert.ok("code" in lone);
});

test("building a block skips evidence that does not count, and keeps the rest", () => {
  const ledger = validatorLedger(4);
  const candidates = [
    accusation("stranger", 5),
    accusation("v1", 6),
    accusation("v1", 5),
    accusation("v1", 4),
    transfer("alice", 0n),
    accusation("v2", 5, "v3"),
  ];
  const built = ledger.applyPossible(validatorContext(5), candidates, 1 << 20);
  assert.deepEqual(built.included, [candidates[2], candidates[4]]);
  assert.deepEqual(
    built.receipts.map(({ fee }) => fee),
    [0n, 1n],
  );
});

test("evidence is no transaction that anybody may send", () => {
  assert.equal(validatorLedger(4).check(accusation("v1", 5), 5)?.code, "transaction-type");
});

test("two sealed headers of one slot count by their slot", () => {
  const sealed = (height: number) => {
    const header = encodeHeader(headerFields({ sealer: keyOf("v1"), slot: 5, height }));
    return encodeSealedHeader({ header, seal: new Uint8Array(64) });
  };
  const evidence = encodeEvidence(1, keyOf("v1"), sealed(3), sealed(4));
  assert.ok(!("code" in evidence));
  const transaction = evidenceTransaction(evidence, addressNamed("v0"));
  assert.ok("code" in validatorLedger(4).apply(validatorContext(4), [transaction]));
  const ledger = validatorLedger(4);
  applied(ledger.apply(validatorContext(5), [transaction]));
  assert.deepEqual(ledger.registry().jailed, [keyOf("v1")]);
});
