import assert from "node:assert/strict";
import { test } from "node:test";
import { Point } from "@noble/ed25519";
import { sha512 } from "@noble/hashes/sha2.js";
import fc from "fast-check";
import { asciiBytes, concatBytes, hexBytes, toHex } from "../../../src/base/bytes.ts";
import { ed25519 } from "../../../src/crypto/ed25519.ts";
import { nativeEd25519 } from "../../../src/crypto/native-ed25519.ts";
import { portableEd25519 } from "../../../src/crypto/portable-ed25519.ts";
import { type Sodium, sodium } from "../../../src/crypto/sodium.ts";
import { schemes, verdict } from "./ed25519-schemes.ts";

const groupOrder = Point.CURVE().n;
const order8 = Point.fromHex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a");
const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });

function fromLittleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${toHex(bytes.slice().reverse())}`);
}

function toLittleEndian(value: bigint): Uint8Array {
  return hexBytes(value.toString(16).padStart(64, "0")).reverse();
}

const scalarOf = (text: string): bigint => fromLittleEndian(sha512(asciiBytes(text))) % groupOrder;

function withTorsion(scalar: bigint, torsion: number): Uint8Array {
  let point = Point.BASE.multiply(scalar);
  for (let i = 0; i < torsion; i++) point = point.add(order8);
  return point.toBytes();
}

/** A signature whose A and R carry parts of order 8, and whether the equation holds even so. */
function mixedOrderCase(torsionA: number, torsionR: number, round: number) {
  const name = `${torsionA}/${torsionR}/${round}`;
  const [a, r] = [scalarOf(`a ${name}`), scalarOf(`r ${name}`)];
  const publicKey = withTorsion(a, torsionA);
  const rBytes = withTorsion(r, torsionR);
  const message = asciiBytes(name);
  const k = fromLittleEndian(sha512(concatBytes(rBytes, publicKey, message))) % groupOrder;
  const signature = concatBytes(rBytes, toLittleEndian((r + k * a) % groupOrder));
  const holds = (BigInt(torsionR) + k * BigInt(torsionA)) % 8n === 0n;
  return { publicKey, message, signature, holds };
}

test("mixed-order signatures are judged without the cofactor, alike on every path", () => {
  let accepted = 0;
  for (let i = 0; i < 256; i++) {
    const { publicKey, message, signature, holds } = mixedOrderCase(i % 8, (i >> 3) % 8, i >> 6);
    assert.equal(verdict(signature, message, publicKey), holds);
    if (holds) accepted++;
  }
  assert.ok(accepted > 16 && accepted < 128, `both verdicts occur: ${accepted} of 256 accepted`);
});

test("the second spelling of a signature, S + L, is refused", () => {
  const seed = new Uint8Array(32).fill(5);
  const message = asciiBytes("once");
  const publicKey = ed25519.publicKey(seed);
  const signature = ed25519.sign(seed, message);
  assert.equal(verdict(signature, message, publicKey), true);
  const s = fromLittleEndian(signature.subarray(32));
  const twin = concatBytes(signature.subarray(0, 32), toLittleEndian(s + groupOrder));
  assert.equal(verdict(twin, message, publicKey), false);
});

test("all paths sign alike, and a flipped bit anywhere is refused by all", () => {
  const property = fc.property(
    bytes32,
    fc.uint8Array({ maxLength: 80 }),
    fc.nat(64 * 8 - 1),
    fc.nat(32 * 8 - 1),
    (seed, message, signatureBit, keyBit) => {
      const publicKey = ed25519.publicKey(seed);
      const signature = ed25519.sign(seed, message);
      for (const [name, scheme] of schemes) {
        assert.equal(toHex(scheme.publicKey(seed)), toHex(publicKey), name);
        assert.equal(toHex(scheme.sign(seed, message)), toHex(signature), name);
      }
      assert.equal(verdict(signature, message, publicKey), true);
      const flippedSignature = signature.slice();
      flippedSignature[signatureBit >> 3]! ^= 1 << (signatureBit & 7);
      assert.equal(verdict(flippedSignature, message, publicKey), false);
      const flippedKey = publicKey.slice();
      flippedKey[keyBit >> 3]! ^= 1 << (keyBit & 7);
      assert.equal(verdict(signature, message, flippedKey), false);
    },
  );
  fc.assert(property, { seed: 1, numRuns: 40 });
});

test("random and extreme bytes get one verdict and never throw", () => {
  const edge = fc.constantFrom(0x00, 0x01, 0x7f, 0x80, 0xec, 0xed, 0xee, 0xff);
  const edgy = fc.tuple(edge, edge, edge).map(([low, middle, high]) => {
    const bytes = new Uint8Array(32).fill(middle);
    bytes[0] = low;
    bytes[31] = high;
    return bytes;
  });
  const half = fc.oneof(bytes32, edgy);
  const property = fc.property(half, half, half, (r, s, publicKey) => {
    assert.equal(verdict(concatBytes(r, s), asciiBytes("x"), publicKey), false);
  });
  fc.assert(property, { seed: 1, numRuns: 300 });
});

test("any length but 64 and 32 bytes is refused without a throw", () => {
  const seed = new Uint8Array(32).fill(6);
  const message = asciiBytes("length");
  const publicKey = ed25519.publicKey(seed);
  const signature = ed25519.sign(seed, message);
  for (const length of [0, 1, 31, 32, 63, 65, 96, 128]) {
    const resized = new Uint8Array(length);
    resized.set(signature.subarray(0, length));
    assert.equal(verdict(resized, message, publicKey), false, `signature of ${length}`);
  }
  for (const length of [0, 1, 31, 33, 64]) {
    const resized = new Uint8Array(length);
    resized.set(publicKey.subarray(0, length));
    assert.equal(verdict(signature, message, resized), false, `key of ${length}`);
  }
});

test("shared memory, on which libsodium gives no verdict, is judged all the same", () => {
  const seed = new Uint8Array(32).fill(7);
  const message = new Uint8Array(new SharedArrayBuffer(40)).fill(1);
  const signature = ed25519.sign(seed, message.slice());
  assert.equal(verdict(signature, message, ed25519.publicKey(seed)), true);
  message[3] = 9;
  assert.equal(verdict(signature, message, ed25519.publicKey(seed)), false);
});

test("a seed overwritten in place signs with its new value, not a remembered one", () => {
  const fresh = (value: number) => new Uint8Array(32).fill(value);
  for (const [name, scheme] of schemes) {
    const seed = fresh(8);
    const before = toHex(scheme.sign(seed, asciiBytes("m")));
    seed.fill(9);
    assert.equal(
      toHex(scheme.sign(seed, asciiBytes("m"))),
      toHex(scheme.sign(fresh(9), asciiBytes("m"))),
      name,
    );
    assert.notEqual(toHex(scheme.sign(seed, asciiBytes("m"))), before, name);
  }
});

test("a libsodium that judges by another rule is not used", { skip: sodium === undefined }, () => {
  const real = sodium as Sodium;
  const withVerify = (verify: Sodium["crypto_sign_verify_detached"]): Sodium => ({
    ...real,
    crypto_sign_verify_detached: verify,
  });
  assert.ok(nativeEd25519(withVerify((s, m, p) => real.crypto_sign_verify_detached(s, m, p))));
  assert.equal(nativeEd25519(withVerify(() => true)), undefined);
  assert.equal(nativeEd25519(withVerify(() => false)), undefined);
  assert.notEqual(ed25519, portableEd25519);
});
