import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256 as nobleSha256 } from "@noble/hashes/sha2.js";
import fc from "fast-check";
import { asciiBytes, concatBytes, toHex } from "../../../src/base/bytes.ts";
import { sha256, sha256To, tag16, tagged, taggedHex } from "../../../src/crypto/hash.ts";

test("SHA-256 equals the independent implementation at every length up to 300 and beyond", () => {
  const source = Uint8Array.from({ length: 70_001 }, (_, i) => (i * 167) & 0xff);
  for (const length of [...Array(301).keys(), 4_096, 65_536, 70_000]) {
    const bytes = source.subarray(1, 1 + length);
    const expected = toHex(nobleSha256(bytes));
    assert.equal(toHex(sha256(bytes)), expected, `${length} bytes`);
    const into = new Uint8Array(40);
    sha256To(into, 5, bytes);
    assert.equal(toHex(into), `${"00".repeat(5)}${expected}000000`, `${length} bytes, into`);
  }
});

test("SHA-256 of random bytes equals the independent implementation", () => {
  const property = fc.property(fc.uint8Array({ maxLength: 1_000 }), (bytes) => {
    assert.equal(toHex(sha256(bytes)), toHex(nobleSha256(bytes)));
  });
  fc.assert(property, { seed: 1, numRuns: 200 });
});

test("a tagged hash is SHA-256 over the padded tag and the joined parts", () => {
  const parts = [asciiBytes("ab"), new Uint8Array(0), asciiBytes("c")];
  const expected = nobleSha256(
    concatBytes(asciiBytes("hdr/1"), new Uint8Array(11), asciiBytes("abc")),
  );
  assert.equal(toHex(tagged("hdr/1")(...parts)), toHex(expected));
  assert.notEqual(toHex(tagged("hdr/1")()), toHex(tagged("txid/1")()));
  const property = fc.property(fc.array(fc.uint8Array({ maxLength: 400 })), (drawn) => {
    const digest = toHex(nobleSha256(concatBytes(tag16("txid/1"), ...drawn)));
    assert.equal(toHex(tagged("txid/1")(...drawn)), digest);
    assert.equal(taggedHex("txid/1")(...drawn), digest);
  });
  fc.assert(property, { seed: 2, numRuns: 200 });
});

test("a tag is 1 to 16 ASCII characters", () => {
  assert.equal(tag16("sixteen-chars-16").length, 16);
  for (const bad of ["", "seventeen-chars-x", "é"]) assert.throws(() => tag16(bad));
});
