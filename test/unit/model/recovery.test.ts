import assert from "node:assert/strict";
import { test } from "node:test";
import { asciiBytes, concatBytes, hexBytes, toHex } from "../../../src/base/bytes.ts";
import { ed25519 } from "../../../src/crypto/ed25519.ts";
import { tagged } from "../../../src/crypto/hash.ts";
import { checkCertificate, encodeCertificate } from "../../../src/model/certificate.ts";
import { checkEvidence, encodeEvidence } from "../../../src/model/evidence.ts";
import { encodeHeader, encodeSealedHeader, sealPreimage } from "../../../src/model/header.ts";
import {
  formatRecovery,
  networkIdOf,
  parseRecovery,
  type Recovery,
  recoveriesProblem,
} from "../../../src/model/recovery.ts";
import { domainAt, genesisOf, signingDomain } from "../../../src/model/signing-domain.ts";
import { validatorsHash } from "../../../src/model/validator-set.ts";
import { encodeVoteData, type VoteData, votePreimage } from "../../../src/model/vote.ts";
import { blockOf, genesisHash, keyOf, sealed, seedOf, voteData } from "./fixtures.ts";

const recovery: Recovery = {
  network: toHex(genesisHash) as Recovery["network"],
  block: { height: 7, hash: blockOf("r") },
  validators: [keyOf(2), keyOf(1)],
  minSlot: 100,
  recoveryId: "0f".repeat(32),
};
const second: Recovery = {
  ...recovery,
  block: { height: 40, hash: blockOf("s") },
  minSlot: 200,
  recoveryId: "f0".repeat(32),
};

test("a recovery file survives its canonical text", () => {
  const text = formatRecovery(recovery);
  assert.deepEqual(parseRecovery(text), recovery);
  assert.equal(formatRecovery(parseRecovery(text) as Recovery), text);
  const shuffled = JSON.stringify(Object.fromEntries(Object.entries(recovery).reverse()));
  assert.equal(formatRecovery(parseRecovery(shuffled) as Recovery), text);
});

test("every problem of a recovery file is named", () => {
  const broken = {
    network: "xy",
    block: { height: -1, hash: "AB".repeat(32), more: 1 },
    validators: [keyOf(1), keyOf(1)],
    minSlot: 1.5,
    recoveryId: "00",
    extra: true,
  };
  const parsed = parseRecovery(JSON.stringify(broken));
  assert.ok("errors" in parsed);
  const fields = parsed.errors.map((error) => error.split(":")[0]);
  for (const field of ["network", "block.height", "block.hash", "minSlot", "recoveryId"]) {
    assert.ok(fields.includes(field), `${field} in ${fields.join(" ")}`);
  }
  assert.ok(fields.includes("validators.1"), "listed twice");
  assert.ok(parsed.errors.some((error) => /extra/.test(error)));
});

test("what is no recovery file at all is refused", () => {
  const ids = Array.from({ length: 129 }, (_, index) => index.toString(16).padStart(64, "0"));
  const bad = [
    "",
    "[]",
    "null",
    "7",
    formatRecovery(recovery).slice(1),
    formatRecovery({ ...recovery, validators: [] }),
    formatRecovery({ ...recovery, validators: ids as never }),
    formatRecovery({ ...recovery, minSlot: 0 }),
    formatRecovery({ ...recovery, minSlot: 2 ** 53 }),
    `${formatRecovery(recovery)}${" ".repeat(300_000)}`,
  ];
  for (const text of bad) assert.ok("errors" in parseRecovery(text), text.slice(0, 40));
});

test("recoveries of one network rise in height and slot", () => {
  const network = recovery.network;
  assert.equal(recoveriesProblem([], network), undefined);
  assert.equal(recoveriesProblem([recovery, second], network), undefined);
  assert.match(recoveriesProblem([second, recovery], network)!, /must be above/);
  assert.match(recoveriesProblem([recovery, { ...second, minSlot: 100 }], network)!, /above/);
  assert.match(recoveriesProblem([recovery], blockOf("other"))!, /not for/);
});

test("a network is named by its genesis and by each file that it went through", () => {
  assert.deepEqual(networkIdOf(genesisHash), genesisHash);
  const one = networkIdOf(genesisHash, [recovery]);
  const text = asciiBytes(formatRecovery(recovery));
  assert.deepEqual(one, tagged("network/1")(genesisHash, text));
  const both = networkIdOf(genesisHash, [recovery, second]);
  assert.deepEqual(both, tagged("network/1")(one, asciiBytes(formatRecovery(second))));
  const edited = networkIdOf(genesisHash, [{ ...recovery, minSlot: 101 }]);
  assert.notDeepEqual(edited, one, "a file that was edited is another network");
});

test("seals and votes are signed for the genesis hash before, for the recovery from minSlot on", () => {
  assert.equal(signingDomain(genesisHash, []), genesisHash);
  const domain = signingDomain(genesisHash, [recovery, second]);
  const hash = tagged("recover/1");
  const one = hash(genesisHash, hexBytes(recovery.recoveryId));
  const two = hash(genesisHash, hexBytes(second.recoveryId));
  const at = (slot: number) => domainAt(domain, slot);
  assert.deepEqual([at(0), at(99)], [genesisHash, genesisHash]);
  assert.deepEqual([at(100), at(199)], [one, one]);
  assert.deepEqual([at(200), at(2 ** 50)], [two, two]);
  assert.deepEqual(genesisOf(domain), genesisHash);
  assert.deepEqual(genesisOf(genesisHash), genesisHash);
});

const domain = signingDomain(genesisHash, [recovery]);
const signed = (preimage: Uint8Array, rank: number) => ed25519.sign(seedOf(rank), preimage);
const voteBy = (data: VoteData, signedFor: Uint8Array) => {
  const bytes = encodeVoteData(data);
  return concatBytes(bytes, signed(votePreimage(signedFor, bytes), 1));
};

test("of evidence each message counts by its own slot", () => {
  const early = voteData({ sourceSlot: 8, targetSlot: 9 });
  const around = voteData({ sourceSlot: 7, targetSlot: 120 });
  const pairs = [
    [voteBy(early, genesisHash), voteBy(around, domainAt(domain, 120)), undefined],
    [voteBy(early, genesisHash), voteBy(around, genesisHash), "evidence-signature"],
    [
      voteBy(early, domainAt(domain, 120)),
      voteBy(around, domainAt(domain, 120)),
      "evidence-signature",
    ],
  ] as const;
  for (const [one, other, code] of pairs) {
    const evidence = encodeEvidence(3, keyOf(1), one, other);
    assert.ok(!("code" in evidence));
    assert.equal(checkEvidence(evidence, domain, ed25519)?.code, code);
  }
});

test("two seals of one slot under two domains are no evidence", () => {
  const resealed = (height: number, signedFor: Uint8Array) => {
    const { hash, bytes: _bytes, ...fields } = sealed({ height, slot: 120 }, 1).header;
    const header = encodeHeader(fields);
    const seal = signed(sealPreimage(signedFor, header.hash), 1);
    return encodeSealedHeader({ header, seal });
  };
  const now = domainAt(domain, 120);
  const verdict = (one: Uint8Array, other: Uint8Array) => {
    const evidence = encodeEvidence(1, keyOf(1), one, other);
    assert.ok(!("code" in evidence), JSON.stringify(evidence));
    return checkEvidence(evidence, domain, ed25519)?.code;
  };
  assert.equal(verdict(resealed(3, now), resealed(4, now)), undefined);
  assert.equal(verdict(resealed(3, genesisHash), resealed(4, now)), "evidence-signature");
});

test("a certificate counts for the domain of its target", () => {
  const set = [keyOf(1)];
  const certificate = (targetSlot: number, signedFor: Uint8Array) => {
    const data = voteData({ sourceSlot: 8, targetSlot });
    const signature = signed(votePreimage(signedFor, encodeVoteData(data)), 1);
    return encodeCertificate({
      data,
      validatorsHash: validatorsHash(set),
      validatorCount: 1,
      signers: [{ rank: 0, signature }],
    });
  };
  const check = (...args: Parameters<typeof certificate>) =>
    checkCertificate(certificate(...args), set, domain, ed25519)?.code;
  const now = domainAt(domain, 100);
  assert.equal(check(99, genesisHash), undefined);
  assert.equal(check(100, now), undefined);
  assert.equal(check(100, genesisHash), "certificate-signature");
  assert.equal(check(99, now), "certificate-signature");
});
