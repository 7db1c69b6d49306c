/** The first block after a recovery: another set, and nothing left of what the old one decided. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  accusation,
  change,
  keysOf,
  propose,
  validatorContext,
  validatorLedger,
} from "./governance-fixtures.ts";
import { applied, keyOf } from "./ledger-fixtures.ts";

const recoveredSet = ["v1", "v5"].map(keyOf);

/** v1 is jailed, its removal pending, and a proposal of v2 open. */
function troubled() {
  const ledger = validatorLedger(4);
  const open = propose("v2", 0n, change("add", "v6"));
  applied(ledger.apply(validatorContext(5), [accusation("v1", 5), open]));
  const { jailed, pending, proposals } = ledger.registry();
  assert.ok(jailed.length === 1 && pending !== undefined && proposals.length === 1);
  return ledger;
}

test("a recovery puts its set in charge before the block's transactions, and clears the rest", () => {
  const ledger = troubled();
  const stranger = propose("v2", 1n, change("add", "v7"));
  const member = propose("v5", 0n, change("add", "v7"));
  const context = validatorContext(6, { sealer: keyOf("v1"), finalizedHeight: 5, recoveredSet });
  const block = applied(ledger.apply(context, [stranger, member]));
  assert.deepEqual(
    block.receipts.map(({ status }) => status),
    [0, 1],
    "only the new set proposes",
  );
  const { validators, jailed, pending, queue, proposals } = ledger.registry();
  assert.deepEqual(validators, recoveredSet);
  assert.deepEqual([jailed, pending, queue], [[], undefined, []]);
  assert.deepEqual(
    proposals.map(({ proposer }) => proposer),
    [keyOf("v5")],
  );
});

test("undoing the first block after a recovery brings all of it back", () => {
  const ledger = troubled();
  const { root } = ledger;
  const before = ledger.registry();
  const context = validatorContext(6, { sealer: keyOf("v5"), recoveredSet });
  const block = applied(ledger.apply(context, []));
  assert.notDeepEqual(ledger.root, root);
  assert.deepEqual(ledger.validators(), recoveredSet);
  ledger.undo(block.changes);
  assert.deepEqual(ledger.root, root);
  assert.deepEqual(ledger.registry(), before);
  assert.deepEqual(ledger.validators(), keysOf(4));
});

test("who is jailed seals nothing, unless a recovery names it", () => {
  const ledger = troubled();
  const sealer = keyOf("v1");
  const refused = ledger.apply(validatorContext(6, { sealer }), []);
  assert.ok("code" in refused && refused.code === "block-sealer-jailed");
  applied(ledger.apply(validatorContext(6, { sealer, recoveredSet }), []));
  applied(ledger.apply(validatorContext(7, { sealer }), []));
});
