import assert from "node:assert/strict";
import { test } from "node:test";
import { isZero } from "../../../src/base/bytes.ts";
import { equalSecret, wipe } from "../../../src/crypto/secret.ts";

test("wiping leaves zeros in the view and touches nothing beside it", () => {
  const memory = new Uint8Array(10).fill(1);
  wipe(memory.subarray(2, 8));
  assert.ok(isZero(memory.subarray(2, 8)));
  assert.deepEqual([...memory.subarray(0, 2), ...memory.subarray(8)], [1, 1, 1, 1]);
});

test("secrets are equal when all their bytes are, and lengths may differ", () => {
  const a = new Uint8Array(32).fill(1);
  assert.equal(equalSecret(a, a.slice()), true);
  for (let i = 0; i < 32; i++) {
    const b = a.slice();
    b[i] = 2;
    assert.equal(equalSecret(a, b), false);
  }
  assert.equal(equalSecret(a, a.subarray(1)), false);
  assert.equal(equalSecret(new Uint8Array(0), new Uint8Array(0)), true);
});
