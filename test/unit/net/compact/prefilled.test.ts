import assert from "node:assert/strict";
import { test } from "node:test";
import { concatBytes, u16Bytes } from "../../../../src/base/bytes.ts";
import { prefilledFault } from "../../../../src/model/compact-block.ts";
import { chainLimits } from "../../../../src/params/limits.ts";
import { transactionOf } from "./compact-fixture.ts";

test("a list of prefilled transactions names places that rise, and that a block can have", () => {
  const { bytes } = transactionOf(1);
  const faultOf = (...places: readonly number[]) =>
    prefilledFault(concatBytes(...places.flatMap((place) => [u16Bytes(place), bytes])));
  assert.equal(faultOf(0, 1, 7), undefined);
  for (const places of [[3, 3], [4, 2], [chainLimits.blockTransactionsMax]]) {
    assert.equal(faultOf(...places), "indexes must ascend", `${places}`);
  }
});
