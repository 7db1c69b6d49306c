import assert from "node:assert/strict";
import { test } from "node:test";
import { matchBody } from "../../../src/chain/rules.ts";
import { ChainBuilder } from "../../support/chain-builder.ts";
import { networkOf } from "../../support/chain-network.ts";

test("a body of another length is not looked at, be it the right one in all else", () => {
  const builder = new ChainBuilder(networkOf(4));
  for (const bodyBytes of [4, 171, 173]) {
    const transactions = [builder.transfer(0, 1, 0)];
    const { sealed, body } = builder.block(builder.genesis, { transactions, lie: { bodyBytes } });
    assert.equal(body.length, 172);
    const matched = matchBody(sealed.header, body);
    assert.ok("code" in matched);
    assert.equal(matched.code, "body-mismatch");
  }
});
