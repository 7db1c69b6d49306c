import assert from "node:assert/strict";
import { test } from "node:test";
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import fc from "fast-check";
import { concatBytes, toHex } from "../../../src/base/bytes.ts";
import { noiseHkdf } from "../../../src/crypto/hkdf.ts";

test("the Noise HKDF is RFC 5869 with empty info, for two outputs and three", () => {
  const chainingKey = fc.uint8Array({ minLength: 32, maxLength: 32 });
  const property = fc.property(
    chainingKey,
    fc.uint8Array({ maxLength: 100 }),
    fc.constantFrom(2 as const, 3 as const),
    (ck, input, outputs) => {
      const made = noiseHkdf(ck, input, outputs);
      assert.equal(made.length, outputs);
      const expected = hkdf(sha256, input, ck, new Uint8Array(0), 32 * outputs);
      assert.equal(toHex(concatBytes(...made)), toHex(expected));
    },
  );
  fc.assert(property, { seed: 1, numRuns: 100 });
});

test("a chaining key of another length is our bug", () => {
  assert.throws(() => noiseHkdf(new Uint8Array(31), new Uint8Array(0), 2));
});
