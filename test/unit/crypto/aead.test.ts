import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { concatBytes, hexBytes, toHex } from "../../../src/base/bytes.ts";
import { aeadOpen, aeadSeal } from "../../../src/crypto/aead.ts";
import { portableOpen, portableSeal } from "../../../src/crypto/portable-aead.ts";
import { readVectors, readWycheproof } from "./read-vectors.ts";

const paths = [
  ["chosen", aeadSeal, aeadOpen],
  ["portable", portableSeal, portableOpen],
] as const;

const key = new Uint8Array(32).fill(3);
const nonce = new Uint8Array(12).fill(4);
const ad = new Uint8Array([1, 2, 3]);

function sealed(seal: typeof aeadSeal, plaintext: Uint8Array): Uint8Array {
  const out = new Uint8Array(plaintext.length + 16);
  seal(out, key, nonce, ad, plaintext);
  return out;
}

test("both paths agree with Wycheproof on ChaCha20-Poly1305", () => {
  interface Group {
    readonly ivSize: number;
    readonly tests: readonly {
      readonly tcId: number;
      readonly key: string;
      readonly iv: string;
      readonly aad: string;
      readonly msg: string;
      readonly ct: string;
      readonly tag: string;
      readonly result: string;
    }[];
  }
  let [count, foreign] = [0, 0];
  for (const group of readWycheproof<Group>("chacha20_poly1305")) {
    for (const t of group.tests) {
      count++;
      if (group.ivSize !== 96) {
        foreign++;
        assert.throws(() => aeadOpen(new Uint8Array(64), hexBytes(t.key), hexBytes(t.iv), ad, key));
        continue;
      }
      const parts = [hexBytes(t.key), hexBytes(t.iv), hexBytes(t.aad)] as const;
      const ciphertext = hexBytes(t.ct + t.tag);
      const plaintextBytes = ciphertext.length - 16;
      for (const [name, seal, open] of paths) {
        const opened = new Uint8Array(plaintextBytes);
        const authentic = open(opened, ...parts, ciphertext);
        assert.equal(authentic, t.result === "valid", `${name}, tcId ${t.tcId}`);
        if (!authentic) continue;
        assert.equal(toHex(opened), t.msg, `${name}, tcId ${t.tcId}`);
        const again = new Uint8Array(ciphertext.length);
        seal(again, ...parts, opened);
        assert.equal(toHex(again), t.ct + t.tag, `${name}, tcId ${t.tcId}`);
      }
    }
  }
  assert.deepEqual([count, foreign], [325, 9]);
});

test("both paths reproduce the vectors of StableLib, RFC 8439 among them", () => {
  interface Case {
    readonly key: string;
    readonly nonce: string;
    readonly aad: string;
    readonly msg: string;
    readonly result: string;
  }
  const cases = readVectors<Case[]>("aead/chacha20poly1305-stablelib.json");
  assert.equal(cases.length, 67);
  for (const v of cases) {
    for (const [name, seal] of paths) {
      const out = new Uint8Array(v.result.length / 2);
      seal(out, hexBytes(v.key), hexBytes(v.nonce), hexBytes(v.aad ?? ""), hexBytes(v.msg));
      assert.equal(toHex(out), v.result, name);
    }
  }
});

test("the two libraries give one ciphertext on both sides of the switch at 8 KiB", () => {
  for (const bytes of [0, 1, 15, 16, 8_191, 8_192, 8_193, 65_519]) {
    const plaintext = Uint8Array.from({ length: bytes }, (_, i) => (i * 31) & 0xff);
    const ciphertext = sealed(aeadSeal, plaintext);
    assert.equal(toHex(ciphertext), toHex(sealed(portableSeal, plaintext)));
    const opened = new Uint8Array(bytes);
    assert.equal(aeadOpen(opened, key, nonce, ad, ciphertext), true);
    assert.equal(toHex(opened), toHex(plaintext));
  }
});

test("a failed open leaves zeros, never the plaintext", () => {
  for (const bytes of [1, 100, 8_191, 8_192, 20_000]) {
    const ciphertext = sealed(aeadSeal, new Uint8Array(bytes).fill(0x55));
    ciphertext[ciphertext.length - 1]! ^= 1;
    const out = new Uint8Array(bytes + 8).fill(0xaa);
    assert.equal(aeadOpen(out, key, nonce, ad, ciphertext), false);
    assert.equal(toHex(out), "00".repeat(bytes) + "aa".repeat(8));
    const untouched = new Uint8Array(bytes).fill(0xaa);
    assert.equal(portableOpen(untouched, key, nonce, ad, ciphertext), false);
    assert.equal(toHex(untouched), "aa".repeat(bytes));
  }
});

test("any flipped bit, in ciphertext, tag, nonce, key or associated data, fails the open", () => {
  const plaintext = new Uint8Array(20).fill(9);
  const parts = [key, nonce, ad, sealed(aeadSeal, plaintext)];
  const all = concatBytes(...parts);
  const property = fc.property(fc.nat(all.length * 8 - 1), (bit) => {
    const flipped = all.slice();
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    for (const [name, , open] of paths) {
      const authentic = open(
        new Uint8Array(20),
        flipped.subarray(0, 32),
        flipped.subarray(32, 44),
        flipped.subarray(44, 47),
        flipped.subarray(47),
      );
      assert.equal(authentic, false, name);
    }
  });
  fc.assert(property, { seed: 1, numRuns: 300 });
});

test("less than a tag is refused; a short output or a wrong key length is our bug", () => {
  for (let n = 0; n < 16; n++) {
    assert.equal(aeadOpen(new Uint8Array(0), key, nonce, ad, new Uint8Array(n)), false);
  }
  assert.throws(() => aeadSeal(new Uint8Array(19), key, nonce, ad, new Uint8Array(4)));
  assert.throws(() => aeadOpen(new Uint8Array(3), key, nonce, ad, new Uint8Array(20)));
  assert.throws(() => aeadSeal(new Uint8Array(20), key.subarray(1), nonce, ad, new Uint8Array(4)));
  assert.throws(() => aeadSeal(new Uint8Array(20), key, nonce.subarray(1), ad, new Uint8Array(4)));
});

test("sealing and opening work in place", () => {
  for (const bytes of [40, 9_000]) {
    const memory = new Uint8Array(bytes + 16).fill(7);
    aeadSeal(memory, key, nonce, ad, memory.subarray(0, bytes));
    assert.equal(aeadOpen(memory, key, nonce, ad, memory), true);
    assert.equal(toHex(memory.subarray(0, bytes)), "07".repeat(bytes));
  }
});
