import assert from "node:assert/strict";
import { test } from "node:test";
import { merkleRoot } from "../../../src/model/merkle.ts";
import {
  decodeReceipt,
  encodeReceipt,
  type Receipt,
  receiptsRoot,
} from "../../../src/model/receipt.ts";

test("a receipt is its status and the fee", () => {
  const bytes = encodeReceipt({ status: 1, fee: 0x0102n });
  assert.deepEqual(bytes, Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 1, 2));
  for (const receipt of [
    { status: 0, fee: 0n },
    { status: 1, fee: (1n << 64n) - 1n },
  ] satisfies Receipt[]) {
    assert.deepEqual(decodeReceipt(encodeReceipt(receipt)), receipt);
  }
});

test("other bytes are no receipt", () => {
  assert.equal(decodeReceipt(new Uint8Array(8)), undefined);
  assert.equal(decodeReceipt(new Uint8Array(10)), undefined);
  assert.equal(decodeReceipt(Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0, 0)), undefined);
});

test("the receipts root is the Merkle root of the receipts in order", () => {
  const receipts: Receipt[] = [1n, 2n, 3n].map((fee) => ({ status: 1, fee }));
  assert.deepEqual(receiptsRoot(receipts), merkleRoot(receipts.map(encodeReceipt)));
  assert.notDeepEqual(receiptsRoot(receipts.toReversed()), receiptsRoot(receipts));
});
