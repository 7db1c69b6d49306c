import assert from "node:assert/strict";
import { test } from "node:test";
import { type Target, VotePool } from "../../../src/finality/vote-pool.ts";
import {
  certifiersOf,
  checkCertificate,
  decodeCertificate,
} from "../../../src/model/certificate.ts";
import { checkEvidence, evidenceTypes } from "../../../src/model/evidence.ts";
import type { Vote } from "../../../src/model/vote.ts";
import {
  at,
  type Checkpoint,
  CountedSignatures,
  genesisHash,
  keyOf,
  keysOf,
  resigned,
  signatures,
  targetOf,
  vote,
  zeros,
} from "./fixtures.ts";

const set = keysOf(4);
const b5 = at(5);
const b6 = at(6);
const target5 = targetOf(zeros, b5, set);
const vote5 = (rank: number) => vote(rank, zeros, b5);

function poolOf(scheme = new CountedSignatures()) {
  return { pool: new VotePool(genesisHash, scheme), scheme };
}

/** Adds a vote that must be new. */
function added(pool: VotePool, one: Vote, target: Target) {
  const result = pool.add(one, target);
  assert.ok(typeof result === "object" && !("code" in result), JSON.stringify(result));
  return result;
}

function codeOf(result: ReturnType<VotePool["add"]> | ReturnType<VotePool["keep"]>): string {
  if (typeof result === "string") return result;
  return "code" in result ? result.code : "added";
}

test("a certificate forms once, when a quorum is there", () => {
  const { pool } = poolOf();
  assert.equal(added(pool, vote5(3), target5).certificate, undefined);
  assert.equal(added(pool, vote5(0), target5).certificate, undefined);
  const formed = added(pool, vote5(2), target5).certificate;
  assert.ok(formed !== undefined);
  assert.deepEqual(certifiersOf(formed, set), [keyOf(0), keyOf(2), keyOf(3)]);
  assert.equal(checkCertificate(formed, set, genesisHash, signatures), undefined);
  assert.deepEqual(decodeCertificate(formed.bytes), formed);
  assert.equal(added(pool, vote5(1), target5).certificate, undefined);
});

test("a lone validator is its own quorum", () => {
  const { pool } = poolOf();
  const target = targetOf(zeros, b5, keysOf(1));
  assert.equal(added(pool, vote5(0), target).certificate?.signers.length, 1);
});

test("a repeated vote is a duplicate under any signature, and costs no signature check", () => {
  const { pool, scheme } = poolOf();
  added(pool, vote5(0), target5);
  pool.keep(vote(1, b5, b6), set);
  assert.equal(scheme.checks, 2);
  assert.equal(pool.add(vote5(0), target5), "duplicate");
  assert.equal(pool.add(resigned(vote5(0)), target5), "duplicate");
  assert.equal(pool.keep(vote5(0), set), "duplicate");
  assert.equal(pool.keep(vote(1, b5, b6), set), "duplicate");
  assert.equal(pool.keep(resigned(vote(1, b5, b6)), set), "duplicate");
  assert.equal(scheme.checks, 2);
  assert.equal(pool.size, 2);
});

test("a vote for a block that is not here waits for it, and is not checked twice", () => {
  const { pool, scheme } = poolOf();
  for (const rank of [0, 1, 2]) assert.equal(pool.keep(vote5(rank), set), "kept");
  const votes = pool.takeKept(b5.hash);
  assert.deepEqual(votes, [vote5(0), vote5(1), vote5(2)]);
  assert.deepEqual(pool.takeKept(b5.hash), []);
  const results = votes.map((each) => added(pool, each, target5).certificate);
  assert.deepEqual(
    results.map((each) => each !== undefined),
    [false, false, true],
  );
  assert.equal(scheme.checks, 3);
  assert.equal(pool.add(votes[0]!, target5), "duplicate");
});

test("of a kept vote the signature that was checked counts, not one that comes later", () => {
  const { pool, scheme } = poolOf();
  for (const rank of [0, 1, 2]) pool.keep(vote5(rank), set);
  const results = [0, 1, 2].map((rank) => added(pool, resigned(vote5(rank)), target5));
  assert.equal(scheme.checks, 3);
  const formed = results[2]?.certificate;
  assert.ok(formed !== undefined);
  assert.equal(checkCertificate(formed, set, genesisHash, signatures), undefined);
  assert.deepEqual(pool.takeKept(b5.hash), []);
});

test("a kept vote that turns out wrong is dropped, and its room is free", () => {
  const { pool } = poolOf();
  const wrongSource = vote(0, at(1), b5);
  const ofStranger = vote(4, zeros, b5);
  const wrongSlot = vote(1, zeros, { slot: 4, hash: b5.hash });
  for (const one of [wrongSource, ofStranger, wrongSlot]) {
    assert.equal(pool.keep(one, keysOf(5)), "kept");
  }
  const codes = pool.takeKept(b5.hash).map((each) => codeOf(pool.add(each, target5)));
  assert.deepEqual(codes, ["vote-source", "vote-stranger", "vote-source"]);
  assert.equal(pool.size + pool.targetCount, 0);
  assert.equal(codeOf(pool.add(vote5(0), target5)), "added");
});

test("what is no good vote is refused before its signature is checked, and not held", () => {
  const { pool, scheme } = poolOf();
  const cases: [string, string, Vote, Target, number][] = [
    ["a stranger", "vote-stranger", vote(4, zeros, b5), target5, 0],
    ["a source of another slot", "vote-source", vote(0, { ...zeros, slot: 1 }, b5), target5, 0],
    ["another source in that slot", "vote-source", vote(0, { ...b5, slot: 0 }, b5), target5, 0],
    ["another slot", "vote-source", vote(0, zeros, { ...b5, slot: 6 }), target5, 0],
    ["a bad signature", "vote-signature", resigned(vote5(0)), target5, 1],
  ];
  for (const [what, code, one, target, checks] of cases) {
    const before = scheme.checks;
    assert.equal(codeOf(pool.add(one, target)), code, what);
    assert.equal(scheme.checks - before, checks, what);
  }
  assert.equal(codeOf(pool.keep(vote(4, zeros, b5), set)), "vote-stranger");
  assert.equal(codeOf(pool.keep(resigned(vote5(0)), set)), "vote-signature");
  assert.equal(pool.size, 0);
});

test("a second vote for a slot is evidence and counts for its target; a third is refused", () => {
  const { pool, scheme } = poolOf();
  const other = at(5, "other");
  const third = at(5, "third");
  for (const rank of [0, 1]) added(pool, vote5(rank), target5);
  for (const rank of [2, 3]) added(pool, vote(rank, zeros, other), targetOf(zeros, other, set));
  const { certificate, evidence } = added(pool, vote(2, zeros, b5), target5);
  assert.ok(certificate !== undefined && evidence !== undefined);
  assert.equal(evidence.type, evidenceTypes.doubleVote);
  assert.equal(evidence.validator, keyOf(2));
  assert.equal(checkEvidence(evidence, genesisHash, signatures), undefined);
  assert.ok(added(pool, vote(1, zeros, other), targetOf(zeros, other, set)).certificate);

  const before = scheme.checks;
  const result = pool.add(vote(2, zeros, third), targetOf(zeros, third, set));
  assert.equal(codeOf(result), "vote-equivocation");
  assert.equal(codeOf(pool.keep(vote(1, zeros, third), set)), "vote-equivocation");
  assert.equal(scheme.checks, before);
});

test("a surround is found whichever vote came first", () => {
  const outer: [Checkpoint, Checkpoint] = [at(1), at(9)];
  const inner: [Checkpoint, Checkpoint] = [at(2), at(3)];
  for (const [first, second] of [
    [outer, inner],
    [inner, outer],
  ] as const) {
    const { pool } = poolOf();
    assert.equal(added(pool, vote(0, ...first), targetOf(...first, set)).evidence, undefined);
    const { evidence } = added(pool, vote(0, ...second), targetOf(...second, set));
    assert.equal(evidence?.type, evidenceTypes.surround);
    assert.equal(checkEvidence(evidence, genesisHash, signatures), undefined);
  }
});

test("votes that follow each other, or share a source, are no evidence", () => {
  const { pool } = poolOf();
  const links: [Checkpoint, Checkpoint][] = [
    [zeros, at(1)],
    [zeros, at(2)],
    [at(1), at(3)],
    [at(3), at(4)],
    [at(3), at(8)],
  ];
  for (const [source, target] of links) {
    const result = added(pool, vote(0, source, target), targetOf(source, target, set));
    assert.equal(result.evidence, undefined);
  }
});

test("a kept vote that contradicts another is evidence before its block is here", () => {
  const { pool } = poolOf();
  const hidden = vote(0, zeros, at(5, "withheld"));
  added(pool, vote5(0), target5);
  assert.equal(pool.keep(hidden, set), "kept");
  assert.equal(pool.faultOf(hidden)?.type, evidenceTypes.doubleVote);
  const honest = vote(1, zeros, at(6, "late"));
  assert.equal(pool.keep(honest, set), "kept");
  assert.equal(pool.faultOf(honest), undefined);
});

test("a vote from before a source that was voted for is a surround even after pruning", () => {
  const { pool } = poolOf();
  added(pool, vote(0, at(7), at(8)), targetOf(at(7), at(8), set));
  pool.prune(100);
  assert.equal(pool.size, 0);
  const late: [Checkpoint, Checkpoint] = [at(6), at(101)];
  const { evidence } = added(pool, vote(0, ...late), targetOf(...late, set));
  assert.equal(evidence?.type, evidenceTypes.surround);
});

test("of votes from the highest source the one with the lowest target is kept over pruning", () => {
  const links: [Checkpoint, Checkpoint][] = [
    [at(7), at(9)],
    [at(7), at(20)],
  ];
  for (const order of [links, links.toReversed()]) {
    const { pool } = poolOf();
    for (const link of order) added(pool, vote(0, ...link), targetOf(...link, set));
    pool.prune(21);
    const around = vote(0, at(6), at(21));
    assert.equal(pool.keep(around, set), "kept");
    assert.deepEqual(pool.faultOf(around)?.messages.map(targetSlotOf).sort(), [21, 9]);
  }
});

const targetSlotOf = (message: Uint8Array) => message[47];

test("pruned slots are forgotten and do not come back", () => {
  const { pool, scheme } = poolOf();
  for (const rank of [0, 1, 2]) added(pool, vote5(rank), target5);
  for (const rank of [0, 1]) pool.keep(vote(rank, b5, b6), set);
  pool.prune(6);
  assert.equal(pool.size, 2);
  assert.equal(pool.takeKept(b6.hash).length, 2);
  const before = scheme.checks;
  assert.equal(codeOf(pool.add(vote5(3), target5)), "vote-slot");
  assert.equal(codeOf(pool.add(vote5(0), target5)), "vote-slot");
  assert.equal(codeOf(pool.keep(vote5(0), set)), "vote-slot");
  assert.equal(scheme.checks, before);
  pool.prune(3);
  assert.equal(codeOf(pool.keep(vote5(0), set)), "vote-slot");
  pool.prune(7);
  assert.equal(pool.size, 0);
  assert.equal(pool.targetCount, 0);
  assert.deepEqual(pool.takeKept(b6.hash), []);
});

test("a signature that was found good is known, and nothing else is", () => {
  const { pool } = poolOf();
  const [counted, waiting] = [vote5(0), vote(1, b5, b6)];
  added(pool, counted, target5);
  pool.keep(waiting, set);
  for (const one of [counted, waiting]) {
    const data = one.bytes.subarray(0, 80);
    assert.ok(pool.knows(data, one.validator, one.signature));
    assert.ok(!pool.knows(data, one.validator, resigned(one).signature));
    assert.ok(!pool.knows(data, keyOf(2), one.signature));
    assert.ok(!pool.knows(vote(0, b5, at(7)).bytes.subarray(0, 80), keyOf(0), one.signature));
    const otherTarget = data.slice();
    otherTarget[79]! ^= 1;
    assert.ok(!pool.knows(otherTarget, one.validator, one.signature));
    assert.ok(!pool.knows(data.subarray(0, 79), one.validator, one.signature));
    assert.ok(!pool.knows(new Uint8Array(80).fill(255), one.validator, one.signature));
  }
});
