import assert from "node:assert/strict";
import { test } from "node:test";
import { asciiBytes, concatBytes, emptyBytes, hexBytes } from "../../../src/base/bytes.ts";
import { genesisBody } from "../../../src/chain/genesis.ts";
import { badCertificate, firstBadSignature } from "../../../src/chain/verify-body.ts";
import { ed25519 } from "../../../src/crypto/ed25519.ts";
import { sha256 } from "../../../src/crypto/hash.ts";
import { encodeBody } from "../../../src/model/block.ts";
import { encodeCertificate } from "../../../src/model/certificate.ts";
import { encodeEvidence } from "../../../src/model/evidence.ts";
import { evidenceTransaction } from "../../../src/model/evidence-transaction.ts";
import { addressOf, blockHashOf, type PublicKey, publicKeyOf } from "../../../src/model/ids.ts";
import { signTransaction, type Transaction } from "../../../src/model/transaction.ts";
import { validatorsHash } from "../../../src/model/validator-set.ts";
import { encodeVoteData, type VoteData, votePreimage } from "../../../src/model/vote.ts";

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

const check = (transactions: readonly Transaction[], certificate = emptyBytes) =>
  firstBadSignature(ed25519, genesisHash, encodeBody(certificate, transactions), []);

test("a body of good signatures has no bad one, with and without a certificate", () => {
  assert.equal(firstBadSignature(ed25519, genesisHash, genesisBody, []), -1);
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
    assert.equal(firstBadSignature(ed25519, genesisHash, changed, []), 1, `byte ${at}`);
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

const seeds = [0, 1, 2, 3].map((rank) => sha256(Uint8Array.of(rank)));
const set = seeds.map((each) => publicKeyOf(ed25519.publicKey(each)));
const data: VoteData = {
  sourceSlot: 4,
  sourceHash: blockHashOf(sha256(asciiBytes("source"))),
  targetSlot: 5,
  targetHash: blockHashOf(sha256(asciiBytes("target"))),
};
const voteOf = (rank: number, over: Partial<VoteData> = {}) =>
  ed25519.sign(seeds[rank]!, votePreimage(genesisHash, encodeVoteData({ ...data, ...over })));
const certificateBy = (ranks: readonly number[], signedBy = ranks) =>
  encodeCertificate({
    data,
    validatorsHash: validatorsHash(set),
    validatorCount: set.length,
    signers: ranks.map((rank, i) => ({ rank, signature: voteOf(signedBy[i]!) })),
  }).bytes;
const checkCertified = (certificate: Uint8Array, ranks: readonly number[]) =>
  firstBadSignature(
    ed25519,
    genesisHash,
    encodeBody(certificate, [signed(0n)]),
    ranks.map((rank) => set[rank]!),
  );

test("a certificate is good when those who must have signed it did, in their order", () => {
  assert.equal(checkCertified(certificateBy([0, 1, 3]), [0, 1, 3]), -1);
  assert.equal(checkCertified(certificateBy([0, 1, 3]), []), -1, "not looked at");
  const cases: [string, Uint8Array, readonly number[]][] = [
    ["another signer's signature", certificateBy([0, 1, 3], [0, 1, 2]), [0, 1, 3]],
    ["keys in another order", certificateBy([0, 1, 3]), [1, 0, 3]],
    ["a key too many", certificateBy([0, 1, 3]), [0, 1, 2, 3]],
    ["a key too few", certificateBy([0, 1, 3]), [0, 1]],
    ["no certificate", emptyBytes, [0, 1, 3]],
    ["bytes that are no certificate", new Uint8Array(307), [0, 1, 3]],
  ];
  for (const [what, certificate, ranks] of cases) {
    assert.equal(checkCertified(certificate, ranks), badCertificate, what);
  }
});

test("any changed byte of what a certificate says or of its signatures is noticed", () => {
  const good = certificateBy([0, 1, 3]);
  for (let at = 0; at < good.length; at++) {
    // Hash and size of the set are not signed: whoever knows the set compares them.
    if (at >= 80 && at < 114) continue;
    const changed = good.slice();
    changed[at]! ^= 1;
    assert.equal(checkCertified(changed, [0, 1, 3]), badCertificate, `byte ${at}`);
  }
});

test("the certificate is blamed before the transactions", () => {
  const bad = signed(1n, { chain: sha256(genesisHash) });
  const body = encodeBody(certificateBy([0, 1, 3]), [bad]);
  const keys = [0, 1, 2].map((rank) => set[rank]!);
  assert.equal(firstBadSignature(ed25519, genesisHash, body, keys), badCertificate);
  assert.equal(firstBadSignature(ed25519, genesisHash, body, []), 0);
});

test("evidence is signed by the signatures in it, and by nobody else", () => {
  const messageOf = (rank: number, target: string) => {
    const targetHash = blockHashOf(sha256(asciiBytes(target)));
    const vote = encodeVoteData({ ...data, targetHash });
    return concatBytes(vote, voteOf(rank, { targetHash }));
  };
  const transactionOf = (one: Uint8Array, other: Uint8Array) => {
    const evidence = encodeEvidence(2, set[1]!, one, other);
    assert.ok(!("code" in evidence));
    return evidenceTransaction(evidence, addressOf(sha256(seed)));
  };
  const good = transactionOf(messageOf(1, "a"), messageOf(1, "b"));
  assert.equal(check([signed(0n), good, signed(1n)]), -1);
  const framed = transactionOf(messageOf(1, "a"), messageOf(2, "b"));
  assert.equal(check([signed(0n), framed]), 1);
  for (let at = 104; at < good.bytes.length; at++) {
    const bytes = good.bytes.slice();
    bytes[at]! ^= 1;
    assert.equal(check([signed(0n), { ...good, bytes }]), 1, `byte ${at}`);
  }
  const otherChain = encodeBody(emptyBytes, [good]);
  assert.equal(firstBadSignature(ed25519, sha256(genesisHash), otherChain, []), 0);
});

test("a body that no decoder let through is our own bug", () => {
  const cut = encodeBody(emptyBytes, [signed(0n)]).slice(0, -1);
  assert.throws(() => firstBadSignature(ed25519, genesisHash, cut, []));
});
