import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { concatBytes, u16Bytes } from "../../../src/base/bytes.ts";
import {
  approveFields,
  decodeApproval,
  decodeChange,
  encodeChange,
  isToNobody,
  type ProposedChange,
  proposeFields,
} from "../../../src/model/governance.ts";
import { addressOf, idBytes, txIdOf } from "../../../src/model/ids.ts";
import { decodeTransaction, encodeUnsigned } from "../../../src/model/transaction.ts";
import { hashOf, keyOf } from "./fixtures.ts";

const ranks = fc.option(fc.nat(127), { nil: undefined });
const changes: fc.Arbitrary<ProposedChange> = fc.oneof(
  fc.record({
    action: fc.constantFrom("add" as const, "rerank" as const),
    validator: fc.nat(9).map(keyOf),
    rank: ranks,
    force: fc.constant(false),
  }),
  fc.record({
    action: fc.constant("remove" as const),
    validator: fc.nat(9).map(keyOf),
    rank: fc.constant(undefined),
    force: fc.boolean(),
  }),
);

const bytesOf = (action: number, rank: number) =>
  concatBytes(Uint8Array.of(action), idBytes(keyOf(1)), u16Bytes(rank));

test("a change is 35 bytes and round-trips", () => {
  fc.assert(
    fc.property(changes, (change) => {
      const bytes = encodeChange(change);
      assert.equal(bytes.length, 35);
      assert.deepEqual(decodeChange(bytes), { ...change });
    }),
    { seed: 1, numRuns: 200 },
  );
});

test("a change lays its fields out as specified", () => {
  const validator = keyOf(1);
  const cases: [ProposedChange, Uint8Array][] = [
    [{ action: "add", validator, rank: 3, force: false }, bytesOf(1, 3)],
    [{ action: "add", validator, rank: undefined, force: false }, bytesOf(1, 0xffff)],
    [{ action: "remove", validator, rank: undefined, force: false }, bytesOf(2, 0xffff)],
    [{ action: "remove", validator, rank: undefined, force: true }, bytesOf(0x82, 0xffff)],
    [{ action: "rerank", validator, rank: 0, force: false }, bytesOf(3, 0)],
  ];
  for (const [change, bytes] of cases) assert.deepEqual(encodeChange(change), bytes);
});

test("other bytes are no change", () => {
  const wrong: [string, Uint8Array][] = [
    ["nothing", new Uint8Array(0)],
    ["a byte missing", bytesOf(1, 0).slice(0, -1)],
    ["a trailing byte", concatBytes(bytesOf(1, 0), Uint8Array.of(0))],
    ["action 0", bytesOf(0, 0xffff)],
    ["action 4", bytesOf(4, 0xffff)],
    ["the bit of evidence", bytesOf(0x42, 0xffff)],
    ["a forced addition", bytesOf(0x81, 0xffff)],
    ["a forced move", bytesOf(0x83, 0)],
    ["the force bit alone", bytesOf(0x80, 0xffff)],
    ["a removal with a rank", bytesOf(2, 0)],
    ["a rank that no set has", bytesOf(1, 128)],
    ["a rank just below last", bytesOf(3, 0xfffe)],
  ];
  for (const [what, bytes] of wrong) {
    const decoded = decodeChange(bytes);
    assert.ok("code" in decoded && decoded.code === "transaction-governance", what);
  }
  assert.throws(() =>
    encodeChange({ action: "remove", validator: keyOf(1), rank: 1, force: false }),
  );
});

test("an approval is the 32 bytes of the proposal's id", () => {
  const id = txIdOf(hashOf("proposal"));
  assert.equal(decodeApproval(hashOf("proposal")), id);
  for (const length of [0, 31, 33]) {
    const decoded = decodeApproval(new Uint8Array(length));
    assert.ok(typeof decoded !== "string" && decoded.code === "transaction-governance");
  }
});

test("the builders make transactions that decode, go to nobody and move nothing", () => {
  const terms = { sender: keyOf(0), nonce: 7n, fee: 3n, validUntilSlot: 9 };
  const change: ProposedChange = {
    action: "add",
    validator: keyOf(4),
    rank: undefined,
    force: false,
  };
  const id = txIdOf(hashOf("proposal"));
  const cases = [
    [2, proposeFields(change, terms), encodeChange(change)],
    [3, approveFields(id, terms), idBytes(id)],
  ] as const;
  for (const [type, fields, payload] of cases) {
    const bytes = concatBytes(encodeUnsigned(fields), new Uint8Array(64));
    const decoded = decodeTransaction(bytes);
    assert.ok(!("code" in decoded));
    assert.deepEqual(
      { ...terms, type, payload },
      {
        type: decoded.type,
        sender: decoded.sender,
        nonce: decoded.nonce,
        fee: decoded.fee,
        validUntilSlot: decoded.validUntilSlot,
        payload: decoded.payload,
      },
    );
    assert.ok(isToNobody(decoded));
    assert.ok(!isToNobody({ ...decoded, amount: 1n }));
    assert.ok(!isToNobody({ ...decoded, to: addressOf(hashOf("to")) }));
  }
});
