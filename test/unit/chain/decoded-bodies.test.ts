import assert from "node:assert/strict";
import { test } from "node:test";
import { decodedBody, decodedSizes } from "../../../src/chain/decoded-bodies.ts";
import { decodeBody } from "../../../src/model/block.ts";
import { bodyCase } from "../../support/signed-bodies.ts";

const bodyOf = (transactions: number) =>
  bodyCase({ transactions, bad: [], signers: 3, isCertificateBad: false }).body;

test("a body from the cache is the one that decoding gives", () => {
  for (const transactions of [0, 1, 40]) {
    const bytes = bodyOf(transactions);
    const first = decodedBody(bytes);
    assert.deepEqual(first, decodeBody(bytes));
    assert.equal(decodedBody(bytes) === first, transactions > 0, "an empty one is not kept");
    assert.notEqual(decodedBody(bytes.slice()), first, "other bytes are decoded for themselves");
  }
});

test("decoded bodies are bounded by their number and by their transactions", () => {
  for (let i = 0; i < 300; i++) decodedBody(bodyOf(1));
  assert.equal(decodedSizes().bodies, decodedSizes().bodiesMax);
  for (let i = 0; i < 300; i++) decodedBody(bodyOf(100));
  const { transactions, transactionsMax, bodies } = decodedSizes();
  assert.ok(transactions <= transactionsMax && transactions > transactionsMax - 100);
  assert.equal(bodies, transactions / 100);
  decodedBody(bodyOf(6000));
  assert.equal(decodedSizes().bodies, 1 + Math.floor((transactionsMax - 6000) / 100));
});
