import assert from "node:assert/strict";
import { test } from "node:test";
import { compareBytes, concatBytes, u16Bytes } from "../../../src/base/bytes.ts";
import { ed25519 } from "../../../src/crypto/ed25519.ts";
import { sha256 } from "../../../src/crypto/hash.ts";
import {
  checkEvidence,
  decodeEvidence,
  encodeEvidence,
  evidenceSlot,
  voteFault,
} from "../../../src/model/evidence.ts";
import { encodeSealedHeader } from "../../../src/model/header.ts";
import { idBytes } from "../../../src/model/ids.ts";
import { encodeVoteData, type Vote, type VoteData } from "../../../src/model/vote.ts";
import {
  blockOf,
  genesisHash,
  keyOf,
  sealed,
  voteData,
  voteOf,
  voteSignature,
} from "./fixtures.ts";

const seal = (over: Parameters<typeof sealed>[0], rank = 1) =>
  encodeSealedHeader(sealed(over, rank));
const vote = (over: Partial<VoteData>, rank = 1) =>
  concatBytes(encodeVoteData(voteData(over)), voteSignature(voteData(over), rank));

const doubleSeal = [seal({ height: 7 }), seal({ height: 8 })] as const;
const doubleVote = [vote({}), vote({ targetHash: blockOf("other") })] as const;
const surround = [
  vote({ sourceSlot: 1, targetSlot: 9 }),
  vote({ sourceSlot: 2, targetSlot: 3 }),
] as const;
const faults = [
  [1, doubleSeal, 33 + 2 * 422],
  [2, doubleVote, 33 + 2 * 146],
  [3, surround, 33 + 2 * 146],
] as const;

test("each fault has one encoding, whichever message came first", () => {
  for (const [type, [one, other], size] of faults) {
    const evidence = encodeEvidence(type, keyOf(1), one, other);
    assert.ok(!("code" in evidence), JSON.stringify(evidence));
    assert.equal(evidence.bytes.length, size);
    assert.deepEqual(encodeEvidence(type, keyOf(1), other, one), evidence);
    assert.deepEqual(decodeEvidence(evidence.bytes.slice()), evidence);
    assert.ok(compareBytes(...evidence.messages) < 0);
    assert.equal(evidence.validator, keyOf(1));
    assert.equal(checkEvidence(evidence, genesisHash, ed25519), undefined);
  }
});

test("evidence of another chain or of another validator's signature fails the check", () => {
  for (const [type, [one, other]] of faults) {
    const evidence = encodeEvidence(type, keyOf(1), one, other);
    assert.ok(!("code" in evidence));
    const elsewhere = checkEvidence(evidence, sha256(genesisHash), ed25519);
    assert.equal(elsewhere?.code, "evidence-signature");
  }
  const framed = encodeEvidence(2, keyOf(2), doubleVote[0], doubleVote[1]);
  assert.ok(!("code" in framed));
  assert.equal(checkEvidence(framed, genesisHash, ed25519)?.code, "evidence-signature");
});

test("what is no fault is no evidence", () => {
  const sameSealed = sealed({}, 1);
  const otherSeal = { header: sameSealed.header, seal: new Uint8Array(64).fill(7) };
  const resigned = concatBytes(doubleVote[0].slice(0, 80), new Uint8Array(64));
  const cases: [string, 1 | 2 | 3, Uint8Array, Uint8Array][] = [
    ["one message twice", 2, doubleVote[0], doubleVote[0]],
    ["two seals of one header", 1, encodeSealedHeader(sameSealed), encodeSealedHeader(otherSeal)],
    ["headers of two slots", 1, seal({ slot: 9 }), seal({ slot: 10 })],
    ["a header of another sealer", 1, doubleSeal[0], seal({ height: 8 }, 2)],
    ["an undecodable header", 1, doubleSeal[0], new Uint8Array(420).fill(255)],
    ["two signatures under one vote", 2, doubleVote[0], resigned],
    ["votes for two target slots", 2, vote({}), vote({ targetSlot: 6 })],
    ["a double vote as surround", 3, ...doubleVote],
    ["a surround as double vote", 2, ...surround],
    ["votes that follow each other", 3, vote({}), vote({ sourceSlot: 5, targetSlot: 6 })],
    ["votes with one source", 3, vote({}), vote({ targetSlot: 6 })],
    ["votes as headers", 1, ...doubleVote],
    ["headers as votes", 2, ...doubleSeal],
    ["a vote that goes backwards", 2, doubleVote[0], backwards()],
  ];
  for (const [what, type, one, other] of cases) {
    const evidence = encodeEvidence(type, keyOf(1), one, other);
    assert.ok("code" in evidence && evidence.code === "evidence-malformed", what);
  }
});

test("two votes prove a double vote or a surround, in either order, or nothing", () => {
  const of = (over: Partial<VoteData>) => voteOf(voteData(over), 1);
  const wide = of({ sourceSlot: 1, targetSlot: 9 });
  const pairs: [number | undefined, Vote, Vote][] = [
    [2, of({}), of({ targetHash: blockOf("other") })],
    [2, of({}), of({ sourceSlot: 3 })],
    [2, of({}), of({ sourceHash: blockOf("other") })],
    [3, wide, of({ sourceSlot: 2, targetSlot: 3 })],
    [3, wide, of({ sourceSlot: 7, targetSlot: 8 })],
    [undefined, of({}), of({})],
    [undefined, of({}), { ...of({}), signature: new Uint8Array(64) }],
    [undefined, wide, of({ sourceSlot: 1, targetSlot: 3 })],
    [undefined, wide, of({ sourceSlot: 9, targetSlot: 10 })],
    [undefined, wide, of({ sourceSlot: 2, targetSlot: 10 })],
    [undefined, wide, of({ sourceSlot: 0, targetSlot: 1 })],
  ];
  for (const [type, one, other] of pairs) {
    const fault = voteFault(keyOf(1), one, other);
    assert.equal(fault?.type, type);
    assert.deepEqual(voteFault(keyOf(1), other, one), fault);
    if (fault === undefined) continue;
    assert.deepEqual(decodeEvidence(fault.bytes), fault);
    assert.equal(checkEvidence(fault, genesisHash, ed25519), undefined);
  }
});

test("evidence is of the slot of its headers or targets, a surround of the later target", () => {
  const slots = faults.map(([type, [one, other]]) => {
    const evidence = encodeEvidence(type, keyOf(1), one, other);
    assert.ok(!("code" in evidence));
    return evidenceSlot(evidence);
  });
  assert.deepEqual(slots, [9, 5, 9]);
});

function backwards(): Uint8Array {
  const bytes = doubleVote[0].slice();
  bytes[7] = 5;
  return bytes;
}

test("other bytes are no evidence", () => {
  const [low, high] = [...doubleVote].sort(compareBytes) as [Uint8Array, Uint8Array];
  const bytesOf = (type: number, a: Uint8Array, b: Uint8Array, lengths = [a.length, b.length]) =>
    concatBytes(
      Uint8Array.of(type),
      idBytes(keyOf(1)),
      u16Bytes(lengths[0]!),
      a,
      u16Bytes(lengths[1]!),
      b,
    );
  const good = bytesOf(2, low, high);
  assert.ok(!("code" in decodeEvidence(good)));
  const wrong: [string, Uint8Array][] = [
    ["nothing", new Uint8Array(0)],
    ["a trailing byte", concatBytes(good, Uint8Array.of(0))],
    ["a byte missing", good.slice(0, -1)],
    ["the greater message first", bytesOf(2, high, low)],
    ["type 0", bytesOf(0, low, high)],
    ["type 4", bytesOf(4, low, high)],
    ["a wrong first length", bytesOf(2, low, high, [143, 144])],
    ["a wrong second length", bytesOf(2, low, high, [144, 145])],
    [
      "lengths shifted between the messages",
      bytesOf(2, low.slice(1), concatBytes(high, low.slice(0, 1))),
    ],
  ];
  for (const [what, bytes] of wrong) {
    const decoded = decodeEvidence(bytes);
    assert.ok("code" in decoded && decoded.code === "evidence-malformed", what);
  }
});
