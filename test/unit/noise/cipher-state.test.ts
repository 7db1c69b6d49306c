import assert from "node:assert/strict";
import { createCipheriv } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { concatBytes, hexBytes, isZero, toHex } from "../../../src/base/bytes.ts";
import { CipherState, nonceMax } from "../../../src/noise/cipher-state.ts";
import { heldBytes } from "./xx-pair.ts";

const key = Uint8Array.from({ length: 32 }, (_, i) => i + 1);
const ad = new Uint8Array([7]);

/** What Noise §12.3 prescribes, by Node alone. */
function reference(k: Uint8Array, nonceHex: string, plaintext: Uint8Array): string {
  const cipher = createCipheriv("chacha20-poly1305", k, hexBytes(nonceHex), { authTagLength: 16 });
  cipher.setAAD(ad, { plaintextLength: plaintext.length });
  const body = cipher.update(plaintext);
  cipher.final();
  return toHex(concatBytes(body, cipher.getAuthTag()));
}

function sealedBy(state: CipherState, plaintext: Uint8Array): Uint8Array {
  const out = new Uint8Array(plaintext.length + 16);
  state.encrypt(out, ad, plaintext);
  return out;
}

test("the nonce is four zero bytes and n as u64 little-endian", () => {
  const plaintext = new Uint8Array(5).fill(1);
  const cases: readonly (readonly [number, string])[] = [
    [0, "000000000000000000000000"],
    [1, "000000000100000000000000"],
    [0x1234, "000000003412000000000000"],
    [2 ** 32 - 1, "00000000ffffffff00000000"],
    [2 ** 32, "000000000000000001000000"],
    [nonceMax - 1, "00000000ffffffffffff0000"],
  ];
  for (const [n, nonceHex] of cases) {
    const state = new CipherState(key);
    state.nonce = n;
    assert.equal(toHex(sealedBy(state, plaintext)), reference(key, nonceHex, plaintext));
    assert.equal(state.nonce, n + 1);
  }
});

test("at nonce 2^48 nothing is encrypted or decrypted any more", () => {
  const [sender, receiver] = [new CipherState(key), new CipherState(key)];
  sender.nonce = nonceMax - 1;
  receiver.nonce = nonceMax - 1;
  const sealed = sealedBy(sender, new Uint8Array(3));
  assert.equal(receiver.decrypt(new Uint8Array(3), ad, sealed), true);
  assert.throws(() => sealedBy(sender, new Uint8Array(3)));
  assert.equal(receiver.decrypt(new Uint8Array(3), ad, sealed), false);
  assert.equal(receiver.nonce, nonceMax);
});

test("a failed decrypt leaves the nonce, so the right message is still accepted", () => {
  const property = fc.property(
    fc.uint8Array({ maxLength: 40 }),
    fc.nat(),
    fc.integer({ min: 1, max: 255 }),
    (plaintext, at, change) => {
      const [sender, receiver] = [new CipherState(key), new CipherState(key)];
      const sealed = sealedBy(sender, plaintext);
      const wrong = sealed.slice();
      wrong[at % wrong.length]! ^= change;
      const out = new Uint8Array(plaintext.length).fill(0xaa);
      assert.equal(receiver.decrypt(out, ad, wrong), false);
      assert.ok(isZero(out));
      assert.equal(receiver.nonce, 0);
      assert.equal(receiver.decrypt(out, new Uint8Array(0), sealed), false);
      assert.equal(receiver.decrypt(out, ad, sealed.subarray(0, 15)), false);
      assert.equal(receiver.nonce, 0);
      assert.equal(receiver.decrypt(out, ad, sealed), true);
      assert.equal(toHex(out), toHex(plaintext));
      assert.equal(receiver.nonce, 1);
    },
  );
  fc.assert(property, { seed: 1, numRuns: 100 });
});

test("messages replayed or out of order are refused", () => {
  const [sender, receiver] = [new CipherState(key), new CipherState(key)];
  const [first, second] = [sealedBy(sender, ad), sealedBy(sender, ad)];
  const out = new Uint8Array(1);
  assert.equal(receiver.decrypt(out, ad, second), false);
  assert.equal(receiver.decrypt(out, ad, first), true);
  assert.equal(receiver.decrypt(out, ad, first), false);
  assert.equal(receiver.decrypt(out, ad, second), true);
});

test("rekey takes the first 32 bytes under nonce 2^64 - 1 and keeps counting", () => {
  const cipher = createCipheriv("chacha20-poly1305", key, hexBytes("00000000ffffffffffffffff"), {
    authTagLength: 16,
  });
  const nextKey = cipher.update(new Uint8Array(32));
  const state = new CipherState(key);
  sealedBy(state, ad);
  state.rekey();
  assert.equal(state.nonce, 1);
  assert.equal(toHex(sealedBy(state, ad)), reference(nextKey, "000000000100000000000000", ad));
});

test("two ends that rekey at the same message understand each other, else not", () => {
  const [sender, receiver] = [new CipherState(key), new CipherState(key)];
  const out = new Uint8Array(1);
  for (let i = 0; i < 5; i++) {
    const before = sealedBy(sender, ad);
    assert.equal(receiver.decrypt(out, ad, before), true);
    sender.rekey();
    const after = sealedBy(sender, ad);
    assert.equal(receiver.decrypt(out, ad, after), false);
    receiver.rekey();
    assert.equal(receiver.decrypt(out, ad, after), true);
  }
});

test("wiping zeroes the key, not the caller's, and ends its use", () => {
  const state = new CipherState(key);
  const held = heldBytes(state).get("key");
  assert.ok(held !== undefined && held !== key);
  state.wipe();
  assert.ok(isZero(held));
  assert.equal(key[0], 1);
  assert.throws(() => sealedBy(state, ad));
  assert.throws(() => state.decrypt(new Uint8Array(1), ad, new Uint8Array(17)));
  assert.throws(() => state.rekey());
});

test("a key of another length is our bug", () => {
  assert.throws(() => new CipherState(new Uint8Array(31)));
});
