import assert from "node:assert/strict";
import { test } from "node:test";
import { concatBytes } from "../../../src/base/bytes.ts";
import { ed25519 } from "../../../src/crypto/ed25519.ts";
import { sha256 } from "../../../src/crypto/hash.ts";
import {
  type FinalityProof,
  type Handover,
  verifyFinality,
  verifyHandover,
} from "../../../src/finality/finality-proof.ts";
import { encodeCertificate } from "../../../src/model/certificate.ts";
import { encodeHeader, type Header } from "../../../src/model/header.ts";
import { blockHashOf } from "../../../src/model/ids.ts";
import {
  encodeValidatorSet,
  type ValidatorSet,
  validatorsHash,
} from "../../../src/model/validator-set.ts";
import type { VoteData } from "../../../src/model/vote.ts";
import { genesisHash, headerFields, keysOf, voteData, voteSignature } from "../model/fixtures.ts";

const set = keysOf(4);
const header = encodeHeader(
  headerFields({ validatorsHash: validatorsHash(set), nextValidatorsHash: validatorsHash(set) }),
);

function certificateBytes(data: VoteData, ranks: readonly number[], ofSet = set): Uint8Array {
  const signers = ranks.map((rank) => ({ rank, signature: voteSignature(data, rank) }));
  const hash = validatorsHash(ofSet);
  return encodeCertificate({ data, validatorsHash: hash, validatorCount: ofSet.length, signers })
    .bytes;
}

/** From the header to a block in the slot after it. */
const linkFrom = ({ slot, hash }: Header, over: Partial<VoteData> = {}) =>
  voteData({ sourceSlot: slot, sourceHash: hash, targetSlot: slot + 1, ...over });

const proof: FinalityProof = {
  header: header.bytes,
  certificate: certificateBytes(linkFrom(header), [0, 1, 3]),
};
const verdictOf = (over: Partial<FinalityProof>, ofSet: ValidatorSet = set, chain = genesisHash) =>
  verifyFinality({ ...proof, ...over }, ofSet, chain, ed25519)?.code;

const flipped = (bytes: Uint8Array, at: number) => {
  const out = bytes.slice();
  out[at]! ^= 1 << (at % 8);
  return out;
};

test("a header and one certificate prove that a block is final", () => {
  assert.equal(verdictOf({}), undefined);
  const all = certificateBytes(linkFrom(header), [0, 1, 2, 3]);
  assert.equal(verdictOf({ certificate: all }), undefined);
});

test("no byte of a finality proof can be changed, left out or added", () => {
  for (const part of ["header", "certificate"] as const) {
    const bytes = proof[part];
    for (let at = 0; at < bytes.length; at++) {
      assert.notEqual(verdictOf({ [part]: flipped(bytes, at) }), undefined, `${part} ${at}`);
    }
    assert.notEqual(verdictOf({ [part]: bytes.subarray(1) }), undefined);
    assert.notEqual(verdictOf({ [part]: bytes.subarray(0, -1) }), undefined);
    assert.notEqual(verdictOf({ [part]: concatBytes(bytes, new Uint8Array(1)) }), undefined);
  }
});

test("what proves no finality is refused with the reason", () => {
  const certified = (data: VoteData, ranks = [0, 1, 3]) => ({
    certificate: certificateBytes(data, ranks),
  });
  const five = keysOf(5);
  const other = encodeHeader(headerFields({ nextValidatorsHash: validatorsHash(five) }));
  const cases: [string, string, ReturnType<typeof verdictOf>][] = [
    ["a signer short", "certificate-quorum", verdictOf(certified(linkFrom(header), [0, 3]))],
    [
      "a skipped slot",
      "header-certificate",
      verdictOf(certified(linkFrom(header, { targetSlot: header.slot + 2 }))),
    ],
    [
      "a certificate for the block, not from it",
      "header-certificate",
      verdictOf(certified(voteData({ targetSlot: header.slot, targetHash: header.hash }))),
    ],
    [
      "from another slot",
      "header-certificate",
      verdictOf(certified(linkFrom(header, { sourceSlot: header.slot - 1 }))),
    ],
    [
      "from another block of its slot",
      "header-certificate",
      verdictOf(certified(linkFrom(header, { sourceHash: blockHashOf(sha256(header.bytes)) }))),
    ],
    ["another trusted set", "header-validators", verdictOf({}, five)],
    ["the trusted set in another order", "header-validators", verdictOf({}, set.toReversed())],
    [
      "a set that is not in charge after the block",
      "header-validators",
      verdictOf({ header: other.bytes, ...certified(linkFrom(other)) }),
    ],
    [
      "a certificate of another set",
      "certificate-set",
      verdictOf({ certificate: certificateBytes(linkFrom(header), [0, 1, 2, 3], five) }),
    ],
    ["another chain", "certificate-signature", verdictOf({}, set, sha256(genesisHash))],
    ["no header", "header-malformed", verdictOf({ header: new Uint8Array(0) })],
    ["no certificate", "certificate-malformed", verdictOf({ certificate: new Uint8Array(0) })],
  ];
  for (const [what, expected, code] of cases) assert.equal(code, expected, what);
});

/** The block after which `next` is in charge instead of the set. */
function handoverTo(next: ValidatorSet, inCharge: ValidatorSet = set): Handover {
  const last = encodeHeader(
    headerFields({
      validatorsHash: validatorsHash(inCharge),
      nextValidatorsHash: validatorsHash(next),
    }),
  );
  const data = voteData({ targetSlot: last.slot, targetHash: last.hash });
  return {
    header: last.bytes,
    certificate: certificateBytes(data, [0, 1, 2]),
    nextSet: encodeValidatorSet(next),
  };
}

function handed(handover: Handover, from: ValidatorSet = set) {
  const result = verifyHandover(handover, from, genesisHash, ed25519);
  return "code" in result ? result.code : result;
}

test("a set is handed over to one that differs by one member, or in its order", () => {
  for (const next of [keysOf(5), keysOf(3), set, set.toReversed()]) {
    assert.deepEqual(handed(handoverTo(next)), next);
  }
});

test("no byte of a hand-over can be changed", () => {
  const good = handoverTo(keysOf(5));
  for (const part of ["header", "certificate", "nextSet"] as const) {
    for (let at = 0; at < good[part].length; at++) {
      const result = handed({ ...good, [part]: flipped(good[part], at) });
      assert.equal(typeof result, "string", `${part} ${at}`);
    }
  }
});

test("what hands nothing over is refused with the reason", () => {
  const [first, ...rest] = keysOf(5) as [ValidatorSet[number], ...ValidatorSet];
  const good = handoverTo(keysOf(5));
  const cases: [string, string, ReturnType<typeof handed>][] = [
    ["one member for another", "header-validators", handed(handoverTo(rest))],
    ["two members at once", "header-validators", handed(handoverTo(keysOf(6)))],
    ["a set that did not sign", "header-validators", handed(good, [first])],
    [
      "a block that others are in charge of",
      "header-validators",
      handed(handoverTo(set, keysOf(5))),
    ],
    [
      "another next set than the header's",
      "header-validators",
      handed({ ...good, nextSet: encodeValidatorSet(set) }),
    ],
    ["no next set", "validators-malformed", handed({ ...good, nextSet: new Uint8Array(2) })],
    [
      "a certificate from the block, not for it",
      "header-certificate",
      handed({ ...good, certificate: proof.certificate }),
    ],
    [
      "a signer short",
      "certificate-quorum",
      handed({ ...good, certificate: shortOf(good.certificate) }),
    ],
  ];
  for (const [what, expected, result] of cases) assert.equal(result, expected, what);
});

/** Without its last signer, the one of rank 2. */
function shortOf(certificate: Uint8Array): Uint8Array {
  const bytes = certificate.slice(0, -64);
  bytes[114] = 0b11;
  return bytes;
}
