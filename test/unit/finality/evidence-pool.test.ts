import assert from "node:assert/strict";
import { test } from "node:test";
import { EvidencePool } from "../../../src/finality/evidence-pool.ts";
import { voteFault } from "../../../src/model/evidence.ts";
import type { PublicKey } from "../../../src/model/ids.ts";
import { chainLimits } from "../../../src/params/limits.ts";
import { at, keyOf, vote, zeros } from "./fixtures.ts";

function doubleVote(rank: number, slot: number) {
  const votes = ["one", "other"].map((name) => vote(rank, zeros, at(slot, name)));
  const evidence = voteFault(keyOf(rank), votes[0]!, votes[1]!);
  assert.ok(evidence !== undefined);
  return evidence;
}

const anybody = () => true;

test("the first piece of a validator is news, the next ones are not", () => {
  const pool = new EvidencePool();
  const first = doubleVote(0, 5);
  assert.ok(!pool.has(keyOf(0)));
  assert.ok(pool.add(first));
  assert.ok(pool.has(keyOf(0)));
  assert.ok(!pool.add(first));
  assert.ok(!pool.add(doubleVote(0, 6)));
  assert.ok(!pool.add(doubleVote(0, 4)));
  assert.ok(pool.add(doubleVote(1, 3)));
  assert.deepEqual(pool.entries(), [first, doubleVote(1, 3)]);
});

test("a piece that is too old to be included gives way to a new one", () => {
  const pool = new EvidencePool();
  pool.add(doubleVote(0, 5));
  assert.ok(!pool.add(doubleVote(0, 5 + chainLimits.evidenceMaxAgeSlots)));
  const fresh = doubleVote(0, 6 + chainLimits.evidenceMaxAgeSlots);
  assert.ok(pool.add(fresh));
  assert.deepEqual(pool.entries(), [fresh]);
  assert.ok(!pool.add(doubleVote(0, 5)));
});

test("candidates are those wanted, in the order in which they came, up to a number", () => {
  const pool = new EvidencePool();
  for (const rank of [3, 0, 2, 1]) pool.add(doubleVote(rank, 10 + rank));
  const names = (
    isWanted: (key: PublicKey, evidence: ReturnType<typeof doubleVote>) => boolean,
    max: number,
  ) => pool.candidates(isWanted, max).map(({ validator }) => validator);
  assert.deepEqual(names(anybody, 4), [3, 0, 2, 1].map(keyOf));
  assert.deepEqual(names(anybody, 2), [3, 0].map(keyOf));
  assert.deepEqual(
    names((key) => key !== keyOf(3), 2),
    [0, 2].map(keyOf),
  );
  assert.deepEqual(
    names(() => false, 4),
    [],
  );
  assert.deepEqual(names(anybody, 0), []);
  assert.deepEqual(
    names((_, evidence) => evidence.bytes.length === 1, 4),
    [],
  );
});

test("more validators than the bound push out the oldest piece", () => {
  const pool = new EvidencePool();
  const { evidencePoolMax } = chainLimits;
  for (let rank = 0; rank <= evidencePoolMax; rank++) assert.ok(pool.add(doubleVote(rank, 5)));
  assert.equal(pool.entries().length, evidencePoolMax);
  assert.ok(!pool.has(keyOf(0)) && pool.has(keyOf(1)) && pool.has(keyOf(evidencePoolMax)));
});
