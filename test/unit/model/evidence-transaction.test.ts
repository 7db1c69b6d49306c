import assert from "node:assert/strict";
import { test } from "node:test";
import { concatBytes, emptyBytes, isZero, writeU32 } from "../../../src/base/bytes.ts";
import { encodeEvidence } from "../../../src/model/evidence.ts";
import { evidenceOf, evidenceTransaction } from "../../../src/model/evidence-transaction.ts";
import { addressOf } from "../../../src/model/ids.ts";
import { decodeTransaction } from "../../../src/model/transaction.ts";
import { encodeVoteData } from "../../../src/model/vote.ts";
import { blockOf, hashOf, keyOf, voteData, voteSignature } from "./fixtures.ts";

const message = (target: string) => {
  const data = voteData({ targetHash: blockOf(target) });
  return concatBytes(encodeVoteData(data), voteSignature(data, 1));
};
const evidence = encodeEvidence(2, keyOf(1), message("one"), message("other"));
assert.ok(!("code" in evidence));
const rewarded = addressOf(hashOf("rewarded"));
const transaction = evidenceTransaction(evidence, rewarded);

test("evidence travels into a block unsigned and unpaid, and names who is rewarded", () => {
  assert.equal(transaction.type, 4);
  assert.equal(transaction.to, rewarded);
  assert.ok(isZero(transaction.bytes.subarray(4, 60)), "sender, nonce, fee, validUntilSlot");
  assert.ok(isZero(transaction.bytes.subarray(92, 100)), "amount");
  assert.ok(isZero(transaction.signature));
  assert.deepEqual(transaction.payload, evidence.bytes);
  assert.deepEqual(decodeTransaction(transaction.bytes.slice()), transaction);
  assert.deepEqual(evidenceOf(transaction), evidence);
});

test("anything else that is set, and a payload that is no evidence, is refused", () => {
  const at = (offset: number) => {
    const bytes = transaction.bytes.slice();
    bytes[offset]! ^= 1;
    return bytes;
  };
  const emptied = concatBytes(transaction.bytes.subarray(0, 104), new Uint8Array(64));
  writeU32(emptied, 100, 0);
  const wrong: [string, Uint8Array][] = [
    ["another type", at(1)],
    ["a sender", at(35)],
    ["a nonce", at(43)],
    ["a fee", at(51)],
    ["an end", at(59)],
    ["an amount", at(99)],
    ["a signature", at(transaction.bytes.length - 1)],
    ["a payload that is no evidence", at(104)],
    ["no payload", emptied],
  ];
  for (const [what, bytes] of wrong) {
    const decoded = decodeTransaction(bytes);
    assert.ok(!("code" in decoded), what);
    const result = evidenceOf(decoded);
    assert.ok("code" in result && result.code === "transaction-evidence", what);
  }
  assert.ok("code" in evidenceOf({ ...transaction, payload: emptyBytes }));
});
