import assert from "node:assert/strict";
import { test } from "node:test";
import { Point } from "@noble/ed25519";
import { concatBytes, hexBytes, toHex } from "../../../src/base/bytes.ts";
import { passesByteRule } from "../../../src/crypto/ed25519-rule.ts";

const p = 2n ** 255n - 19n;
const groupOrder = Point.CURVE().n;
const base = Point.BASE.toBytes();
const one = littleEndian(1n);

function littleEndian(value: bigint): Uint8Array {
  return hexBytes(value.toString(16).padStart(64, "0")).reverse();
}

/** The encoding of `y` with either sign of x. */
const encodings = (y: bigint): Uint8Array[] => [littleEndian(y), littleEndian(y + 2n ** 255n)];

const passesAsKey = (a: Uint8Array): boolean => passesByteRule(concatBytes(base, one), a);
const passesAsR = (r: Uint8Array): boolean => passesByteRule(concatBytes(r, one), base);

test("S is below the group order", () => {
  const passesAsS = (s: bigint) => passesByteRule(concatBytes(base, littleEndian(s)), base);
  for (const s of [0n, 1n, groupOrder - 1n]) assert.equal(passesAsS(s), true, `${s}`);
  for (const s of [groupOrder, groupOrder + 1n, 2n ** 253n, 2n ** 255n, 2n ** 256n - 1n]) {
    assert.equal(passesAsS(s), false, `${s}`);
  }
});

test("A and R with a y of p or more are refused, whatever the sign", () => {
  for (let y = p; y < 2n ** 255n; y++) {
    for (const bytes of encodings(y)) {
      assert.equal(passesAsKey(bytes), false, toHex(bytes));
      assert.equal(passesAsR(bytes), false, toHex(bytes));
    }
  }
  for (const y of [2n, 3n, 18n, p - 2n, p - 3n]) {
    for (const bytes of encodings(y)) assert.ok(passesAsKey(bytes) && passesAsR(bytes), `${y}`);
  }
});

test("A and R among the eight points of small order are refused, whatever the sign", () => {
  const order8 = Point.fromHex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a");
  let point = Point.ZERO;
  for (let i = 0; i < 8; i++) {
    const bytes = point.toBytes();
    for (const sign of [0, 0x80]) {
      const signed = bytes.slice();
      signed[31] = (signed[31]! & 0x7f) | sign;
      assert.equal(passesAsKey(signed), false, toHex(signed));
      assert.equal(passesAsR(signed), false, toHex(signed));
    }
    point = point.add(order8);
  }
});

test("other lengths than 64 and 32 bytes are refused", () => {
  const signature = concatBytes(base, one);
  assert.equal(passesByteRule(signature, base), true);
  assert.equal(passesByteRule(signature.subarray(1), base), false);
  assert.equal(passesByteRule(concatBytes(signature, one), base), false);
  assert.equal(passesByteRule(signature, base.subarray(1)), false);
});
