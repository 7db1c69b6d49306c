import assert from "node:assert/strict";
import { test } from "node:test";
import { concatBytes } from "../../../src/base/bytes.ts";
import { ed25519 } from "../../../src/crypto/ed25519.ts";
import { sha256, tag16 } from "../../../src/crypto/hash.ts";
import {
  certificateHash,
  certifiersOf,
  checkCertificate,
  checkSigners,
  decodeCertificate,
  encodeCertificate,
} from "../../../src/model/certificate.ts";
import { validatorsHash } from "../../../src/model/validator-set.ts";
import { genesisHash, keyOf, keysOf, voteData, voteSignature } from "./fixtures.ts";

const data = voteData();

function certificateOf(count: number, ranks: readonly number[]) {
  return encodeCertificate({
    data,
    validatorsHash: validatorsHash(keysOf(count)),
    validatorCount: count,
    signers: ranks.map((rank) => ({ rank, signature: voteSignature(data, rank) })),
  });
}

test("a certificate round-trips, with the sizes of the specification", () => {
  const certificate = certificateOf(4, [0, 1, 3]);
  assert.equal(certificate.bytes.length, 307);
  assert.equal(certificate.bytes[114], 0b1011);
  assert.deepEqual(decodeCertificate(certificate.bytes.slice()), certificate);
  const ranks14 = Array.from({ length: 14 }, (_, i) => i + 7);
  assert.equal(certificateOf(21, ranks14).bytes.length, 114 + 3 + 14 * 64);
});

test("the largest certificate decodes", () => {
  const signers = Array.from({ length: 128 }, (_, rank) => ({
    rank,
    signature: new Uint8Array(64).fill(rank),
  }));
  const fields = { data, validatorsHash: new Uint8Array(32), validatorCount: 128, signers };
  const certificate = encodeCertificate(fields);
  assert.equal(certificate.bytes.length, 114 + 16 + 128 * 64);
  assert.deepEqual(certificate.signers, signers);
});

test("other bytes are no certificate", () => {
  const good = certificateOf(4, [0, 1, 3]).bytes;
  const at = (offset: number, value: number) => {
    const bytes = good.slice();
    bytes[offset] = value;
    return bytes;
  };
  const wrong: [string, Uint8Array][] = [
    ["nothing", new Uint8Array(0)],
    ["vote data only", good.slice(0, 80)],
    ["a cut bitmap", good.slice(0, 114)],
    ["a trailing byte", concatBytes(good, Uint8Array.of(0))],
    ["a signature too few", good.slice(0, -64)],
    ["a signature too many", concatBytes(good, new Uint8Array(64))],
    ["a spare bit of the bitmap instead of a signer", at(114, (0b11010001 ^ 0b11000000) | 0b10000)],
    ["a spare bit beside the signers", concatBytes(at(114, 0b10001011), new Uint8Array(64))],
    ["no validators", at(113, 0)],
    ["129 validators", at(113, 129)],
    ["more than 255 validators", at(112, 1)],
    ["a slot of 2^53", at(1, 0x20)],
    ["a source at the target's slot", at(7, 5)],
  ];
  for (const [what, bytes] of wrong) {
    const decoded = decodeCertificate(bytes);
    assert.ok("code" in decoded && decoded.code === "certificate-malformed", what);
  }
});

test("signers that repeat, fall or do not exist are our own bug", () => {
  assert.throws(() => certificateOf(4, [1, 1, 2]));
  assert.throws(() => certificateOf(4, [2, 1, 0]));
  assert.throws(() => certificateOf(4, [0, 1, 4]));
});

const set = keysOf(4);

test("a quorum of the right set is accepted", () => {
  for (const ranks of [
    [0, 1, 3],
    [0, 1, 2, 3],
  ]) {
    const certificate = certificateOf(4, ranks);
    assert.equal(checkCertificate(certificate, set, genesisHash, ed25519), undefined);
    assert.equal(checkSigners(certificate, set), undefined);
    assert.deepEqual(certifiersOf(certificate, set), ranks.map(keyOf));
  }
});

test("everything less than a quorum of the right set is refused with the reason", () => {
  const good = certificateOf(4, [0, 1, 3]);
  const reordered = [set[1]!, set[0]!, set[2]!, set[3]!];
  const forged = good.bytes.slice();
  forged[forged.length - 70]! ^= 1;
  const changed = decodeCertificate(forged);
  assert.ok(!("code" in changed));
  const chain = sha256(genesisHash);
  const cases: [string, RegExp, ReturnType<typeof checkCertificate>][] = [
    ["certificate-quorum", /3 signers needed, 2 given/, check(certificateOf(4, [0, 1]))],
    ["certificate-set", /of 4 validators, not 5/, check(good, keysOf(5))],
    ["certificate-set", /another validator set/, check(good, reordered)],
    ["certificate-signature", /rank 0/, check(good, set, chain)],
    ["certificate-signature", /rank 1/, check(changed)],
  ];
  for (const [code, detail, verdict] of cases) {
    assert.equal(verdict?.code, code);
    assert.match(verdict.detail, detail);
  }
  assert.equal(checkSigners(changed, set), undefined, "that one looks at no signature");
  assert.equal(checkSigners(certificateOf(4, [0, 1]), set)?.code, "certificate-quorum");
});

function check(certificate: ReturnType<typeof certificateOf>, ofSet = set, chain = genesisHash) {
  return checkCertificate(certificate, ofSet, chain, ed25519);
}

test("a set of another size is our own bug when it is asked who certified", () => {
  assert.throws(() => certifiersOf(certificateOf(4, [0, 1, 3]), keysOf(5)));
});

test("a header commits to a certificate through its tagged hash", () => {
  const { bytes } = certificateOf(4, [0, 1, 3]);
  assert.deepEqual(certificateHash(bytes), sha256(concatBytes(tag16("cert/1"), bytes)));
});
