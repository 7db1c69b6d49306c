/** Validators who sign whatever they like, with good signatures, against the bounds of the pool. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { VotePool } from "../../../src/finality/vote-pool.ts";
import { quorum } from "../../../src/model/validator-set.ts";
import { chainLimits } from "../../../src/params/limits.ts";
import { at, genesisHash, keysOf, signatures, targetOf, vote, zeros } from "./fixtures.ts";

const { validatorsMax, voteSlotsPerValidatorMax, votesPerSlotMax } = chainLimits;
const votesMax = voteSlotsPerValidatorMax * votesPerSlotMax;
const poolOf = () => new VotePool(genesisHash, signatures);

const forger = 3;
const set = keysOf(4);

/** Two votes and a try at a third for `slot`, for blocks that are here or not. */
function flood(pool: VotePool, slot: number, isHere: boolean): void {
  for (const name of ["a", "b", "c"]) {
    const target = at(slot, name);
    const one = vote(forger, zeros, target);
    if (isHere) pool.add(one, targetOf(zeros, target, set));
    else pool.keep(one, set);
  }
}

test("who signs for thousands of slots, twice each, pushes out nobody else's vote", () => {
  for (const isHere of [true, false]) {
    const pool = poolOf();
    const target = at(1000);
    for (const rank of [0, 1]) pool.add(vote(rank, zeros, target), targetOf(zeros, target, set));
    for (let slot = 1; slot <= 2000; slot++) {
      flood(pool, slot, isHere);
      assert.ok(pool.size <= votesMax + 2, `${pool.size} votes`);
      assert.ok(pool.targetCount <= votesMax + 1, `for ${pool.targetCount} blocks`);
    }
    const last = pool.add(vote(2, zeros, target), targetOf(zeros, target, set));
    assert.ok(typeof last === "object" && "certificate" in last && last.certificate !== undefined);
    assert.equal(pool.size, votesMax + 3);
  }
});

test("who signs downwards is refused as soon as newer slots fill its room", () => {
  const pool = poolOf();
  for (let slot = 2000; slot >= 1; slot--) flood(pool, slot, false);
  assert.equal(pool.size, votesMax);
  const old = pool.keep(vote(forger, zeros, at(1)), set);
  assert.ok(typeof old === "object" && old.code === "vote-slot");
});

test("what was pushed out counts no longer, waits no longer, and does not come back", () => {
  const pool = poolOf();
  const target = at(1);
  const certificateWith = (rank: number) => {
    const added = pool.add(vote(rank, zeros, target), targetOf(zeros, target, set));
    assert.ok(typeof added === "object" && "certificate" in added);
    return added.certificate;
  };
  for (const rank of [0, forger]) assert.equal(certificateWith(rank), undefined);
  pool.keep(vote(forger, zeros, at(1, "hidden")), set);
  for (let slot = 2; slot <= 9; slot++) flood(pool, slot, false);
  assert.equal(certificateWith(1), undefined, "the third of four, were all counted");
  assert.deepEqual(pool.takeKept(at(1, "hidden").hash), []);
  const again = pool.add(vote(forger, zeros, target), targetOf(zeros, target, set));
  assert.ok(typeof again === "object" && "code" in again && again.code === "vote-slot");
  const formed = certificateWith(2);
  assert.deepEqual(
    formed?.signers.map(({ rank }) => rank),
    [0, 1, 2],
  );
});

test("the largest set that signs all it can stays within the bound, and still certifies", () => {
  const all = keysOf(validatorsMax);
  const pool = poolOf();
  for (let slot = 1; slot <= voteSlotsPerValidatorMax + 2; slot++) {
    for (let rank = 0; rank < validatorsMax; rank++) {
      for (const name of ["a", "b", "c"]) pool.keep(vote(rank, zeros, at(slot, name)), all);
    }
  }
  assert.equal(pool.size, validatorsMax * votesMax);
  const hash = at(voteSlotsPerValidatorMax + 2, "a").hash;
  const target = targetOf(zeros, at(voteSlotsPerValidatorMax + 2, "a"), all);
  const formed = pool.takeKept(hash).map((each) => pool.add(each, target));
  const index = formed.findIndex(
    (each) => typeof each === "object" && "certificate" in each && each.certificate !== undefined,
  );
  assert.equal(index, quorum(validatorsMax) - 1);
  assert.equal(formed.length, validatorsMax);
});

test("validators that left all sets make room for those that came, not the other way round", () => {
  const pool = poolOf();
  const keys = keysOf(validatorsMax + 2);
  const before = keys.slice(0, validatorsMax);
  pool.keep(vote(0, zeros, at(1)), before);
  for (let rank = 1; rank < validatorsMax; rank++) pool.keep(vote(rank, zeros, at(5)), before);
  const after = keys.slice(1);
  const late = pool.keep(vote(validatorsMax, zeros, at(1, "other")), after);
  assert.ok(typeof late === "object" && late.code === "vote-slot");
  assert.equal(pool.keep(vote(validatorsMax, zeros, at(6)), after), "kept");
  assert.equal(pool.size, validatorsMax);
  assert.deepEqual(pool.takeKept(at(1).hash), []);
  const forged = vote(validatorsMax + 1, zeros, at(7));
  const bad = pool.keep({ ...forged, signature: new Uint8Array(64) }, keys);
  assert.ok(typeof bad === "object" && bad.code === "vote-signature");
  assert.equal(pool.takeKept(at(5).hash).length, validatorsMax - 1, "a forger takes no room");
});
