import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { hexBytes, toHex } from "../../../src/base/bytes.ts";
import { portableX25519, portableX25519PublicKey } from "../../../src/crypto/portable-x25519.ts";
import { x25519, x25519PublicKey } from "../../../src/crypto/x25519.ts";
import { readVectors, readWycheproof } from "./read-vectors.ts";

const paths = [
  ["chosen", x25519, x25519PublicKey],
  ["portable", portableX25519, portableX25519PublicKey],
] as const;

const hexOf = (bytes: Uint8Array | undefined) => (bytes === undefined ? "refused" : toHex(bytes));

interface Rfc7748 {
  readonly scalarMult: readonly { scalar: string; u: string; out: string }[];
  readonly iterated: { start_k_and_u: string; after: Readonly<Record<string, string>> };
}

test("both paths reproduce RFC 7748, iterated 1,000 times too", () => {
  const rfc = readVectors<Rfc7748>("ed25519/rfc7748-x25519.json");
  for (const [name, dh] of paths) {
    for (const v of rfc.scalarMult)
      assert.equal(hexOf(dh(hexBytes(v.scalar), hexBytes(v.u))), v.out);
    let k = hexBytes(rfc.iterated.start_k_and_u);
    let u = k;
    for (let i = 1; i <= 1_000; i++) {
      const next = dh(k, u);
      assert.ok(next !== undefined);
      [k, u] = [next, k];
      const expected = rfc.iterated.after[String(i)];
      if (expected !== undefined) assert.equal(toHex(k), expected, `${name} after ${i}`);
    }
  }
});

test("both paths agree with Wycheproof and refuse exactly the all-zero secrets", () => {
  interface Group {
    readonly tests: readonly { tcId: number; public: string; private: string; shared: string }[];
  }
  let count = 0;
  let refused = 0;
  for (const group of readWycheproof<Group>("x25519")) {
    for (const t of group.tests) {
      const expected = t.shared === "00".repeat(32) ? "refused" : t.shared;
      for (const [name, dh] of paths) {
        const shared = dh(hexBytes(t.private), hexBytes(t.public));
        assert.equal(hexOf(shared), expected, `${name}, tcId ${t.tcId}`);
      }
      count++;
      if (expected === "refused") refused++;
    }
  }
  assert.deepEqual([count, refused], [518, 31]);
});

test("both paths derive the same public key, and two parties the same secret", () => {
  const secret = fc.uint8Array({ minLength: 32, maxLength: 32 });
  const property = fc.property(secret, secret, (a, b) => {
    assert.equal(toHex(x25519PublicKey(a)), toHex(portableX25519PublicKey(a)));
    const ab = x25519(a, x25519PublicKey(b));
    assert.ok(ab !== undefined);
    assert.equal(toHex(ab), hexOf(x25519(b, x25519PublicKey(a))));
    assert.equal(toHex(ab), hexOf(portableX25519(b, x25519PublicKey(a))));
  });
  fc.assert(property, { seed: 1, numRuns: 50 });
});

test("wrong lengths are our bug, not a result", () => {
  const key = new Uint8Array(32).fill(1);
  assert.throws(() => x25519(key.subarray(1), key));
  assert.throws(() => x25519(key, key.subarray(1)));
  assert.throws(() => x25519PublicKey(new Uint8Array(33)));
});
