import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { VerifiedSignatures } from "../../../src/chain/verified-signatures.ts";
import { firstBadSignature } from "../../../src/chain/verify-body.ts";
import { ed25519 } from "../../../src/crypto/ed25519.ts";
import { decodeBody } from "../../../src/model/block.ts";
import { idBytes } from "../../../src/model/ids.ts";
import { preimageOf, type Transaction } from "../../../src/model/transaction.ts";
import { bodyCase, drawnBody } from "../../support/signed-bodies.ts";

const plain = { transactions: 8, bad: [], signers: 3, isCertificateBad: false };
const { domain } = bodyCase(plain);

function transactionsOf(body: Uint8Array): readonly Transaction[] {
  const decoded = decodeBody(body);
  assert.ok(!("code" in decoded));
  return decoded.transactions;
}

/** As the mempool checks it. */
function check(verified: VerifiedSignatures, transaction: Transaction): boolean {
  const preimage = preimageOf(transaction, domain);
  return verified.scheme.verify(transaction.signature, preimage, idBytes(transaction.sender));
}

test("what was found good leaves less to check, and never another verdict", () => {
  const property = fc.property(drawnBody, fc.array(fc.boolean()), (drawn, isSeen) => {
    const { body, certifiers } = bodyCase(drawn);
    const verified = new VerifiedSignatures(ed25519, domain);
    const good = transactionsOf(body).filter((each, index) => {
      return isSeen[index] === true && check(verified, each);
    });
    const part = verified.uncheckedPart(body);
    const bad = firstBadSignature(ed25519, domain, part.body, certifiers);
    const whole = firstBadSignature(ed25519, domain, body, certifiers);
    assert.equal(part.indices?.[bad] ?? bad, whole);
    assert.equal(transactionsOf(part.body).length, transactionsOf(body).length - good.length);
  });
  fc.assert(property, { seed: 9, numRuns: 60 });
});

test("a known transaction vouches for no forged copy of it, whichever byte is another", () => {
  const { body } = bodyCase({ ...plain, transactions: 1, signers: 0 });
  const verified = new VerifiedSignatures(ed25519, domain);
  assert.ok(check(verified, transactionsOf(body)[0]!));
  assert.deepEqual(verified.uncheckedPart(body).indices, []);
  for (let at = 4; at < body.length; at++) {
    const forged = body.slice();
    forged[at]! ^= 1;
    const part = verified.uncheckedPart(forged);
    assert.equal(part.body, forged, `byte ${at}: all of it is checked`);
  }
});

test("the id of a transaction is that of its forged copy, which is checked", () => {
  const good = bodyCase(plain).body;
  const forged = bodyCase({ ...plain, bad: [5] }).body;
  const verified = new VerifiedSignatures(ed25519, domain);
  for (const transaction of transactionsOf(good)) assert.ok(check(verified, transaction));
  assert.equal(transactionsOf(good)[5]!.id, transactionsOf(forged)[5]!.id);
  assert.deepEqual(verified.uncheckedPart(forged).indices, [5]);
});

test("a transaction of another network is another one", () => {
  const { body } = bodyCase(plain);
  const verified = new VerifiedSignatures(ed25519, domain);
  for (const transaction of transactionsOf(body)) check(verified, transaction);
  const elsewhere = new VerifiedSignatures(ed25519, domain.slice().reverse());
  for (const transaction of transactionsOf(body)) check(elsewhere, transaction);
  assert.equal(elsewhere.uncheckedPart(body).body, body);
});

test("bad signatures are not remembered, and of good ones no more than the bound", () => {
  // Among the last, so that the bound is not what makes it forget them.
  const { body } = bodyCase({ ...plain, transactions: 30, bad: [27, 28] });
  const verified = new VerifiedSignatures(ed25519, domain, 20);
  const verdicts = transactionsOf(body).map((each) => check(verified, each));
  assert.equal(verdicts.filter((isGood) => !isGood).length, 2);
  assert.equal(verified.size, 20);
  assert.deepEqual(verified.uncheckedPart(body).indices, [0, 1, 2, 3, 4, 5, 6, 7, 27, 28]);
});
