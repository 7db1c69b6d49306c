/** Compact blocks without a network: what is sent, and what comes out at the other end. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { concatBytes } from "../../../../src/base/bytes.ts";
import {
  decodeIndexes,
  encodeIndexes,
  indexesFault,
  prefilledFault,
  prefilledOf,
  readShortId,
  shortIdKey,
  shortIdOf,
  splitBody,
  splitTransactions,
} from "../../../../src/model/compact-block.ts";
import { PartialBlock } from "../../../../src/net/compact/partial-block.ts";
import { TransactionIndex } from "../../../../src/net/compact/transaction-index.ts";
import { conn, testEnv } from "../net-fixture.ts";
import { blockOf, type Sample, toldOf, transactionOf } from "./compact-fixture.ts";

const { random } = testEnv(1);
const alice = conn(1);
const none = new TransactionIndex(() => true);

function partialOf(sample: Sample, told: ReturnType<typeof toldOf>): PartialBlock {
  const partial = PartialBlock.of(random, alice, sample.sealed, told);
  assert.ok(partial);
  return partial;
}

function indexOf(transactions: Iterable<ReturnType<typeof transactionOf>>): TransactionIndex {
  const index = new TransactionIndex(() => true);
  for (const transaction of transactions) index.add(transaction);
  return index;
}

const answerTo = (sample: Sample, { missing }: PartialBlock) =>
  concatBytes(...missing.map((place) => sample.transactions[place]!.bytes));

describe("a compact block", () => {
  test("gives the same bytes back, whatever of it is at hand", () => {
    const wanted = fc.record({
      payloads: fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 40 }),
      certificate: fc.uint8Array({ maxLength: 400 }),
      salt: fc.uint8Array({ minLength: 8, maxLength: 8 }),
      atHand: fc.array(fc.nat(60), { maxLength: 60 }),
      rare: fc.array(fc.nat(40), { maxLength: 5 }),
      evidence: fc.array(fc.nat(40), { maxLength: 3 }),
    });
    const property = fc.property(wanted, (drawn) => {
      const transactions = drawn.payloads.map((bytes, n) =>
        transactionOf(n, bytes, n, drawn.evidence.includes(n) ? 4 : 0),
      );
      const sample = blockOf(transactions, drawn.certificate);
      const told = toldOf(sample, drawn.salt, new Set(drawn.rare));
      assert.equal(prefilledFault(told.prefilled), undefined);
      const partial = partialOf(sample, told);
      // Some of the block, and some that are not in it.
      const known = drawn.atHand.map((n) => transactions[n] ?? transactionOf(n));
      partial.fillFrom(indexOf(known));
      const has = new Set([...drawn.atHand, ...drawn.rare, ...drawn.evidence]);
      const absent = transactions.flatMap((_, n) => (has.has(n) ? [] : [n]));
      assert.deepEqual(partial.missing, absent);
      if (absent.length > 0) {
        assert.equal(partial.body(), undefined);
        assert.equal(partial.missingBytes, answerTo(sample, partial).length);
        assert.equal(partial.take(answerTo(sample, partial)), undefined);
      }
      assert.deepEqual(partial.body(), sample.body);
    });
    fc.assert(property, { seed: 1, numRuns: 300 });
  });

  test("needs as many transactions as its header says, in places that it has", () => {
    const sample = blockOf([transactionOf(1), transactionOf(2)]);
    const told = toldOf(sample, undefined, new Set([1]));
    const refused = [
      { ...told, shortIds: told.shortIds.subarray(6) },
      { ...told, shortIds: concatBytes(told.shortIds, told.shortIds) },
      { ...told, prefilled: new Uint8Array(0) },
      { ...told, prefilled: concatBytes(Uint8Array.of(0, 2), transactionOf(2).bytes) },
    ];
    for (const each of refused) {
      assert.equal(PartialBlock.of(random, alice, sample.sealed, each), undefined);
    }
  });

  test("takes neither of two transactions that fit one short id", () => {
    const sample = blockOf([transactionOf(1), transactionOf(2)]);
    const partial = partialOf(sample, toldOf(sample));
    // Another transaction with the same half of a signature: what no key's owner can make.
    partial.fillFrom(indexOf([transactionOf(1), transactionOf(3, 0, 1), transactionOf(2)]));
    assert.deepEqual(partial.missing, [0]);
    partial.take(transactionOf(1).bytes);
    assert.deepEqual(partial.body(), sample.body);
  });

  test("with two short ids alike says so", () => {
    const sample = blockOf([transactionOf(1), transactionOf(2)]);
    const told = toldOf(sample);
    const shortIds = concatBytes(told.shortIds.subarray(0, 6), told.shortIds.subarray(0, 6));
    assert.equal(partialOf(sample, told).hasTwins, false);
    assert.equal(partialOf(sample, { ...told, shortIds }).hasTwins, true);
  });

  test("refuses an answer that is not what was asked for", () => {
    const [first, second, other] = [transactionOf(1), transactionOf(2, 9), transactionOf(3)];
    const sample = blockOf([first, second]);
    const all = concatBytes(first.bytes, second.bytes);
    const answers: readonly (readonly [string, Uint8Array])[] = [
      ["one missing", first.bytes],
      ["one too many", concatBytes(all, other.bytes)],
      ["another", concatBytes(first.bytes, other.bytes)],
      ["in another order", concatBytes(second.bytes, first.bytes)],
      ["cut", all.subarray(0, -1)],
      ["a byte more", concatBytes(all, Uint8Array.of(0))],
      ["another signature", concatBytes(first.bytes, transactionOf(2, 9, 7).bytes)],
    ];
    for (const [what, bytes] of answers) {
      const partial = partialOf(sample, toldOf(sample));
      partial.fillFrom(none);
      assert.notEqual(partial.take(bytes), undefined, what);
    }
  });

  test("does not add up when a transaction is not the one of the block", () => {
    const sample = blockOf([transactionOf(1)]);
    const partial = partialOf(sample, toldOf(sample));
    partial.fillFrom(indexOf([transactionOf(9, 5, 1)]));
    assert.deepEqual(partial.missing, []);
    assert.equal(partial.body(), undefined);
  });
});

describe("its layouts", () => {
  test("short ids are another under another salt and another block", () => {
    const [one, two] = [blockOf([transactionOf(1)]), blockOf([transactionOf(2)])];
    const ids = [toldOf(one), toldOf(one, new Uint8Array(8).fill(1)), toldOf(two)].map((told) =>
      readShortId(told.shortIds, 0),
    );
    assert.equal(new Set(ids).size, 3);
    const key = shortIdKey(one.sealed.header.hash, new Uint8Array(8));
    assert.equal(shortIdOf(key, transactionOf(1).bytes), ids[0]);
  });

  test("two signatures of one transaction have one id and two short ids", () => {
    const [mine, yours] = [transactionOf(1, 0, 1), transactionOf(1, 0, 2)];
    assert.equal(mine.id, yours.id);
    const key = new Uint32Array(4);
    assert.notEqual(shortIdOf(key, mine.bytes), shortIdOf(key, yours.bytes));
  });

  test("any bytes are read as a list, or said not to be one", () => {
    const property = fc.property(fc.uint8Array({ maxLength: 1_000 }), (bytes) => {
      if (prefilledFault(bytes) === undefined) {
        let total = 0;
        for (const [index, transaction] of prefilledOf(bytes)) {
          assert.ok(index < 10_000);
          total += 2 + transaction.length;
        }
        assert.equal(total, bytes.length);
      }
      const whole = splitTransactions(bytes);
      if (whole !== undefined) assert.deepEqual(concatBytes(...whole), bytes);
      const even = bytes.subarray(0, bytes.length & ~1);
      if (indexesFault(even) === undefined) {
        assert.deepEqual(encodeIndexes(decodeIndexes(even)), even);
      }
    });
    fc.assert(property, { seed: 1, numRuns: 1_000 });
  });

  test("a body is split into what it was made of", () => {
    const transactions = [transactionOf(1), transactionOf(2, 70)];
    const certificate = new Uint8Array(7).fill(3);
    const split = splitBody(blockOf(transactions, certificate).body);
    assert.deepEqual(split.certificate, certificate);
    assert.deepEqual(
      split.transactions,
      transactions.map(({ bytes }) => bytes),
    );
  });
});
