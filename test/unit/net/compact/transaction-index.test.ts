import assert from "node:assert/strict";
import { test } from "node:test";
import type { TxId } from "../../../../src/model/ids.ts";
import { PartialBlock } from "../../../../src/net/compact/partial-block.ts";
import { TransactionIndex } from "../../../../src/net/compact/transaction-index.ts";
import { relayLimits } from "../../../../src/params/limits.ts";
import { conn, testEnv } from "../net-fixture.ts";
import { blockOf, toldOf, transactionOf } from "./compact-fixture.ts";

/** How many of the first `count` transactions are found in it. */
function foundIn(index: TransactionIndex, numbers: readonly number[]): number[] {
  const sample = blockOf(numbers.map((n) => transactionOf(n)));
  const partial = PartialBlock.of(testEnv(1).random, conn(1), sample.sealed, toldOf(sample))!;
  partial.fillFrom(index);
  const missing = new Set(partial.missing);
  return numbers.filter((_, place) => !missing.has(place));
}

test("full, it lets go of the oldest that are not pending, and never of what is", () => {
  const pending = new Set<TxId>();
  const limits = { entriesMax: 20_000, bytesMax: Number.MAX_SAFE_INTEGER };
  const index = new TransactionIndex((id) => pending.has(id), limits);
  for (let n = 0; n < 10; n++) {
    pending.add(transactionOf(n).id);
    index.add(transactionOf(n));
  }
  for (let n = 10; n < 20_001; n++) index.add(transactionOf(n));
  assert.equal(index.size, 10 + relayLimits.recentTransactionsMax / 2 + 1);
  const oldest = 20_000 - relayLimits.recentTransactionsMax / 2;
  const found = foundIn(index, [0, 9, 10, oldest - 1, oldest, 20_000]);
  assert.deepEqual(found, [0, 9, oldest, 20_000]);
});

test("of bytes it holds no more than its limit, were all of it pending", () => {
  const index = new TransactionIndex(() => true, { entriesMax: 100, bytesMax: 1_000 });
  for (let n = 0; n < 10; n++) index.add(transactionOf(n, 100));
  assert.equal(index.bytes, 3 * 268);
  assert.equal(index.size, 3);
});

test("the same transaction is held once", () => {
  const index = new TransactionIndex(() => true);
  index.add(transactionOf(1));
  index.add(transactionOf(1));
  assert.deepEqual([index.size, index.bytes], [1, 168]);
});
