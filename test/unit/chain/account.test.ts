import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { asciiBytes, concatBytes } from "../../../src/base/bytes.ts";
import {
  accountKey,
  decodeAccount,
  emptyAccount,
  encodeAccount,
  systemKey,
} from "../../../src/chain/account.ts";
import { sha256, tag16 } from "../../../src/crypto/hash.ts";
import { addressOf } from "../../../src/model/ids.ts";

test("an account is 56 bytes and round-trips", () => {
  const u64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
  const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
  fc.assert(
    fc.property(u64, u64, u64, hash, (nonce, balance, bonded, dataRoot) => {
      const account = { nonce, balance, bonded, dataRoot };
      const bytes = encodeAccount(account);
      assert.ok(bytes === undefined || bytes.length === 56);
      assert.deepEqual(decodeAccount(bytes), account);
    }),
    { seed: 1, numRuns: 200 },
  );
  const bytes = encodeAccount({ ...emptyAccount, nonce: 1n, balance: 2n, bonded: 3n });
  assert.deepEqual([bytes?.[7], bytes?.[15], bytes?.[23]], [1, 2, 3]);
});

test("an account that is all zero is not stored", () => {
  assert.equal(encodeAccount(emptyAccount), undefined);
  assert.deepEqual(decodeAccount(undefined), emptyAccount);
  assert.ok(encodeAccount({ ...emptyAccount, nonce: 1n }) !== undefined);
});

test("keys of accounts and of the chain's own entries never meet", () => {
  const address = addressOf(sha256(asciiBytes("a")));
  const expected = sha256(concatBytes(tag16("key/1"), sha256(asciiBytes("a"))));
  assert.deepEqual(accountKey(address), expected);
  assert.deepEqual(systemKey("supply"), sha256(concatBytes(tag16("sys/1"), asciiBytes("supply"))));
});
