import assert from "node:assert/strict";
import { test } from "node:test";
import { concatBytes, u16Bytes } from "../../../src/base/bytes.ts";
import { sha256, tag16 } from "../../../src/crypto/hash.ts";
import { idBytes, publicKeyOf } from "../../../src/model/ids.ts";
import {
  decodeValidatorSet,
  encodeValidatorSet,
  leaderOf,
  quorum,
  rankOf,
  validatorsHash,
} from "../../../src/model/validator-set.ts";

const setOf = (count: number) =>
  Array.from({ length: count }, (_, i) => publicKeyOf(sha256(u16Bytes(i))));

test("a quorum is two thirds, rounded up", () => {
  const quorums = Array.from({ length: 10 }, (_, i) => quorum(i + 1));
  assert.deepEqual(quorums, [1, 2, 2, 3, 4, 4, 5, 6, 6, 7]);
  assert.equal(quorum(128), 86);
  assert.throws(() => quorum(0));
});

test("two quorums share more validators than any third minority holds", () => {
  for (let n = 1; n <= 128; n++) {
    const faulty = Math.ceil(n / 3) - 1;
    assert.ok(2 * quorum(n) - n > faulty, `n = ${n}`);
    assert.ok(quorum(n) <= n - faulty, `n = ${n} stays live without its faulty ones`);
  }
});

test("leaders follow each other in rank order, forever", () => {
  const set = setOf(3);
  const leaders = [0, 1, 2, 3, 4, 5].map((slot) => set.indexOf(leaderOf(set, slot)));
  assert.deepEqual(leaders, [0, 1, 2, 0, 1, 2]);
  assert.equal(leaderOf(set, Number.MAX_SAFE_INTEGER), set[Number.MAX_SAFE_INTEGER % 3]);
  assert.equal(leaderOf(setOf(1), 77), setOf(1)[0]);
  assert.throws(() => leaderOf(set, -1));
  assert.throws(() => leaderOf([], 1));
});

test("ranks are positions and strangers have none", () => {
  const set = setOf(3);
  assert.equal(rankOf(set, set[2]!), 2);
  assert.equal(rankOf(set, setOf(4)[3]!), undefined);
});

test("a set round-trips through one encoding", () => {
  for (const count of [1, 2, 21, 128]) {
    const set = setOf(count);
    const bytes = encodeValidatorSet(set);
    assert.equal(bytes.length, 2 + 32 * count);
    assert.deepEqual(decodeValidatorSet(bytes), set);
  }
  assert.throws(() => encodeValidatorSet([]));
  assert.throws(() => encodeValidatorSet(setOf(129)));
});

test("other bytes are no validator set", () => {
  const good = encodeValidatorSet(setOf(2));
  const key = idBytes(setOf(1)[0]!);
  const wrong: [string, Uint8Array][] = [
    ["nothing", new Uint8Array(0)],
    ["a trailing byte", concatBytes(good, Uint8Array.of(0))],
    ["a cut key", good.slice(0, -1)],
    ["no validator", u16Bytes(0)],
    ["a validator twice", concatBytes(u16Bytes(2), key, key)],
    ["129 validators", concatBytes(u16Bytes(129), new Uint8Array(129 * 32))],
  ];
  for (const [what, bytes] of wrong) {
    const decoded = decodeValidatorSet(bytes);
    assert.ok("code" in decoded && decoded.code === "validators-malformed", what);
  }
});

test("the hash commits to members and to their order", () => {
  const [a, b] = setOf(2) as [ReturnType<typeof publicKeyOf>, ReturnType<typeof publicKeyOf>];
  const expected = sha256(concatBytes(tag16("vset/1"), u16Bytes(2), idBytes(a), idBytes(b)));
  assert.deepEqual(validatorsHash([a, b]), expected);
  assert.notDeepEqual(validatorsHash([b, a]), expected);
});
