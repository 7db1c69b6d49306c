import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { putWords, sipHash48, sipInputWords, sipKeyOf } from "../../../src/crypto/siphash.ts";
import { sodium } from "../../../src/crypto/sodium.ts";

function hash48(key: Uint8Array, input: Uint8Array): number {
  const words = new Uint32Array(2 + sipInputWords);
  putWords(words, 2, input, 0, sipInputWords);
  return sipHash48(sipKeyOf(key), words, 2);
}

const upTo = (count: number) => Uint8Array.from({ length: count }, (_, i) => i);

test("SipHash-2-4 gives what its reference prints for 16 bytes", () => {
  // vectors_sip64[16] of the reference: db 9b c2 57 7f cc 2a 3f.
  assert.equal(hash48(upTo(16), upTo(16)), 0xcc7f57c29bdb);
});

test("SipHash-2-4 agrees with libsodium", { skip: sodium === undefined }, () => {
  const library = sodium as unknown as {
    crypto_shorthash(out: Uint8Array, input: Uint8Array, key: Uint8Array): void;
  };
  const fixed = fc.uint8Array({ minLength: 16, maxLength: 16 });
  const property = fc.property(fixed, fixed, (key, input) => {
    const out = Buffer.alloc(8);
    library.crypto_shorthash(out, input, key);
    assert.equal(hash48(key, input), out.readUIntLE(0, 6));
  });
  fc.assert(property, { seed: 1, numRuns: 500 });
});
