import assert from "node:assert/strict";
import { test } from "node:test";
import { asciiBytes, emptyBytes, hexBytes } from "../../../src/base/bytes.ts";
import { genesisBody } from "../../../src/chain/genesis.ts";
import { firstBadSignature } from "../../../src/chain/verify-body.ts";
import { ed25519 } from "../../../src/crypto/ed25519.ts";
import { sha256 } from "../../../src/crypto/hash.ts";
import { encodeBody } from "../../../src/model/block.ts";
import { addressOf, type PublicKey, publicKeyOf } from "../../../src/model/ids.ts";
import { signTransaction } from "../../../src/model/transaction.ts";

const genesisHash = sha256(asciiBytes("genesis"));
const seed = sha256(asciiBytes("seed"));
const key = publicKeyOf(ed25519.publicKey(seed));

function signed(nonce: bigint, over: { sender?: PublicKey; chain?: Uint8Array } = {}) {
  const fields = {
    type: 0,
    sender: over.sender ?? key,
    nonce,
    fee: 1n,
    validUntilSlot: 0,
    to: addressOf(sha256(seed)),
    amount: 1n,
    payload: new Uint8Array(Number(nonce)),
  };
  return signTransaction(fields, over.chain ?? genesisHash, (p) => ed25519.sign(seed, p));
}

const check = (transactions: ReturnType<typeof signed>[], certificate = emptyBytes) =>
  firstBadSignature(ed25519, genesisHash, encodeBody(certificate, transactions));

test("a body of good signatures has no bad one, with and without a certificate", () => {
  assert.equal(firstBadSignature(ed25519, genesisHash, genesisBody), -1);
  assert.equal(check([signed(0n), signed(1n), signed(2n)]), -1);
  assert.equal(check([signed(0n), signed(1n)], new Uint8Array(307)), -1);
});

test("the first bad signature is named by its index", () => {
  const other = signed(1n, { chain: sha256(genesisHash) });
  assert.equal(check([signed(0n), other, other, signed(3n)]), 1);
  assert.equal(check([other], new Uint8Array(9)), 0);
});

test("any changed byte of a transaction breaks its signature", () => {
  const body = encodeBody(emptyBytes, [signed(0n), signed(3n)]);
  const secondAt = 4 + 168;
  for (let at = secondAt; at < body.length; at++) {
    // The length of the payload is the decoder's to judge.
    if (at >= secondAt + 100 && at < secondAt + 104) continue;
    const changed = body.slice();
    changed[at]! ^= 1;
    assert.equal(firstBadSignature(ed25519, genesisHash, changed), 1, `byte ${at}`);
  }
});

test("a sender key that the rule refuses is a bad signature", () => {
  const identity = "0100000000000000000000000000000000000000000000000000000000000000";
  const notCanonical = "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f";
  for (const hex of [identity, notCanonical]) {
    const transaction = signed(0n, { sender: publicKeyOf(hexBytes(hex)) });
    // R = identity, S = 0 satisfies the equation of a lax verifier for the identity key.
    const lax = transaction.bytes.slice();
    lax.fill(0, -64);
    lax[lax.length - 64] = 1;
    assert.equal(check([transaction]), 0);
    assert.equal(check([{ ...transaction, bytes: lax }]), 0);
  }
});

test("a body that no decoder let through is our own bug", () => {
  const cut = encodeBody(emptyBytes, [signed(0n)]).slice(0, -1);
  assert.throws(() => firstBadSignature(ed25519, genesisHash, cut));
});
