import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { merkleLeafHash, merkleNodeHash, merkleRoot } from "../../../src/model/merkle.ts";
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
  assert.deepEqual(receiptsRoot([]), merkleRoot([]));
});

test("equal receipts in a row change nothing of the root", () => {
  const alike = fc.record<Receipt>({
    status: fc.constantFrom(0, 1),
    fee: fc.constantFrom(2n, 3n, 1n << 60n),
  });
  const runs = fc.array(fc.tuple(alike, fc.integer({ min: 1, max: 9 })), { maxLength: 12 });
  fc.assert(
    fc.property(runs, (list) => {
      const receipts = list.flatMap(([receipt, times]) =>
        Array.from({ length: times }, () => ({ ...receipt })),
      );
      assert.deepEqual(receiptsRoot(receipts), plainRoot(receipts.map(encodeReceipt)));
    }),
    { seed: 1, numRuns: 100 },
  );
});

/** RFC 6962 §2.1, word for word. */
function plainRoot(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return merkleRoot([]);
  if (leaves.length === 1) return merkleLeafHash(leaves[0]!);
  let split = 1;
  while (2 * split < leaves.length) split *= 2;
  return merkleNodeHash(plainRoot(leaves.slice(0, split)), plainRoot(leaves.slice(split)));
}
