/** What of a block others will lack, as judged by what one node lacked of it. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { PartialBlock } from "../../../../src/net/compact/partial-block.ts";
import { TransactionIndex } from "../../../../src/net/compact/transaction-index.ts";
import { relayLimits } from "../../../../src/params/limits.ts";
import { conn, testEnv } from "../net-fixture.ts";
import { blockOf, toldOf, transactionOf } from "./compact-fixture.ts";

const { random } = testEnv(1);
const count = 2 * relayLimits.outOfStepOneIn;
const all = Array.from({ length: count }, (_, n) => n);

/** Of a block of `count` that came with `prefilled` to a node that has all but `lacked`. */
function rareOf(prefilled: readonly number[], lacked: readonly number[], payloadBytes = 0) {
  const transactions = all.map((n) => transactionOf(n, payloadBytes));
  const sample = blockOf(transactions, new Uint8Array(100));
  const told = toldOf(sample, new Uint8Array(8), new Set(prefilled));
  const partial = PartialBlock.of(random, conn(1), sample.sealed, told);
  assert.ok(partial);
  const index = new TransactionIndex(() => true);
  for (const [n, each] of transactions.entries()) if (!lacked.includes(n)) index.add(each);
  partial.fillFrom(index);
  return [...partial.rare].sort((a, b) => a - b);
}

describe("of a compact block others will lack", () => {
  test("nothing, when we lacked nothing, whatever was prefilled", () => {
    assert.deepEqual(rareOf([], []), []);
    assert.deepEqual(rareOf([3], []), []);
    assert.deepEqual(rareOf(all, []), []);
  });

  test("what we lacked, be it prefilled or asked for, and what was prefilled with it", () => {
    assert.deepEqual(rareOf([], [5]), [5]);
    assert.deepEqual(rareOf([3], [3]), [3]);
    assert.deepEqual(rareOf([3, 7, 8], [7]), [3, 7, 8]);
    assert.deepEqual(rareOf(all, [0]), all, "as whoever gave it thought");
  });

  test("all, when we lacked one in eight or more", () => {
    assert.deepEqual(rareOf([], [5, 9]), all);
  });

  test("all, when we lacked others than whoever gave it", () => {
    assert.deepEqual(rareOf([3], [5]), all);
    assert.deepEqual(rareOf([3], [3, 5]), all);
  });

  test("only what is known to be lacked, when all are more than may be prefilled", () => {
    const each = relayLimits.prefilledBytesMax / count;
    const overhead = 2 + transactionOf(0).bytes.length;
    assert.deepEqual(rareOf([], [5, 9], each - overhead), all);
    assert.deepEqual(rareOf([3], [5, 9], each - overhead + 1), [3, 5, 9]);
  });
});
