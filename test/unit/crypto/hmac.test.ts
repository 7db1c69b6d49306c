import assert from "node:assert/strict";
import { test } from "node:test";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import fc from "fast-check";
import { concatBytes, toHex } from "../../../src/base/bytes.ts";
import { hmacSha256, portableHmacSha256 } from "../../../src/crypto/hmac.ts";
import { sodium } from "../../../src/crypto/sodium.ts";

const key32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
const parts = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 3 });

test("HMAC-SHA256 of parts is RFC 2104 of them joined, natively and portably", () => {
  const property = fc.property(key32, parts, (key, message) => {
    const expected = toHex(hmac(sha256, key, concatBytes(...message)));
    assert.equal(toHex(hmacSha256(key, ...message)), expected);
    assert.equal(toHex(portableHmacSha256(key, ...message)), expected);
  });
  fc.assert(property, { seed: 1, numRuns: 200 });
});

test("a MAC is memory of its own: the next one does not change it", () => {
  const key = new Uint8Array(32).fill(1);
  const first = hmacSha256(key, Uint8Array.of(1));
  const before = toHex(first);
  assert.notEqual(toHex(hmacSha256(key, Uint8Array.of(2))), before);
  assert.equal(toHex(first), before);
});

test("a key of another length is our bug", () => {
  assert.throws(() => hmacSha256(new Uint8Array(31)));
});

test("so is a message beyond 128 bytes", { skip: sodium === undefined }, () => {
  assert.throws(() => hmacSha256(new Uint8Array(32), new Uint8Array(129)));
});
