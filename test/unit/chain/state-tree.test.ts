import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { asciiBytes, compareBytes, concatBytes, toHex, u32Bytes } from "../../../src/base/bytes.ts";
import { type StateProof, verifyState } from "../../../src/chain/state-proof.ts";
import { StateTree } from "../../../src/chain/state-tree.ts";
import { sha256, tag16 } from "../../../src/crypto/hash.ts";

type Pair = readonly [Uint8Array, Uint8Array];

/** The definition of protocol-spec/05-objects §8, word for word. */
function naiveRoot(pairs: readonly Pair[], depth = 0): Uint8Array {
  if (pairs.length === 0) return new Uint8Array(32);
  if (pairs.length === 1) {
    const [key, value] = pairs[0]!;
    return sha256(concatBytes(tag16("sl/1"), key, sha256(value)));
  }
  const bit = ([key]: Pair) => (key[depth >> 3]! >> (7 - (depth % 8))) & 1;
  const left = naiveRoot(
    pairs.filter((pair) => bit(pair) === 0),
    depth + 1,
  );
  const right = naiveRoot(
    pairs.filter((pair) => bit(pair) === 1),
    depth + 1,
  );
  return sha256(concatBytes(tag16("sn/1"), left, right));
}

/** Few keys, many of which share long prefixes: the last bit, a whole byte, all but the first. */
const keys = Array.from({ length: 24 }, (_, i) => {
  const key = new Uint8Array(32);
  if (i < 8) key[31] = i;
  else if (i < 16) key[0] = ((i - 8) << 5) | 16;
  else key.set(sha256(u32Bytes(i)));
  return key;
});
const keyIndexes = fc.nat({ max: keys.length - 1 });
const values = fc.oneof(
  fc.uint8Array({ minLength: 56, maxLength: 56 }),
  fc.uint8Array({ maxLength: 70 }),
);
const steps = fc.array(fc.tuple(keyIndexes, fc.option(values)), { maxLength: 60 });

function play(
  tree: StateTree,
  model: Map<number, Uint8Array>,
  index: number,
  value: Uint8Array | null,
) {
  const key = keys[index]!;
  if (value === null) {
    assert.equal(tree.delete(key), model.delete(index));
  } else {
    tree.set(key, value);
    model.set(index, value);
  }
}

const pairsOf = (model: Map<number, Uint8Array>): Pair[] =>
  [...model].map(([index, value]) => [keys[index]!, value]);

test("after any writes the root is the one of the definition, and every value is found", () => {
  fc.assert(
    fc.property(steps, (sequence) => {
      const tree = new StateTree();
      const model = new Map<number, Uint8Array>();
      for (const [index, value] of sequence) {
        play(tree, model, index, value);
        assert.deepEqual(tree.root, naiveRoot(pairsOf(model)));
        assert.equal(tree.size, model.size);
      }
      keys.forEach((key, index) => {
        assert.deepEqual(tree.get(key), model.get(index));
      });
      const sorted = pairsOf(model).sort((a, b) => compareBytes(a[0], b[0]));
      assert.deepEqual([...tree.entries()], sorted);
    }),
    { seed: 1, numRuns: 150 },
  );
});

test("the root depends on the pairs only, not on their history", () => {
  fc.assert(
    fc.property(steps, (sequence) => {
      const tree = new StateTree();
      const model = new Map<number, Uint8Array>();
      for (const [index, value] of sequence) play(tree, model, index, value);
      const fresh = new StateTree();
      for (const [key, value] of pairsOf(model).reverse()) fresh.set(key, value);
      assert.deepEqual(tree.root, fresh.root);
      for (const [key] of pairsOf(model)) tree.delete(key);
      assert.deepEqual(tree.root, new Uint8Array(32));
      for (const [key, value] of pairsOf(model)) tree.set(key, value);
      assert.deepEqual(tree.root, fresh.root);
    }),
    { seed: 2, numRuns: 150 },
  );
});

/** Single changes of a proof that must not verify: about eight of each kind. */
function* tampered(proof: StateProof): Generator<StateProof> {
  const { depth, bitmap, siblings, other } = proof;
  yield { ...proof, depth: depth + 1 };
  yield { ...proof, depth: depth - 1 };
  yield { ...proof, depth: depth + 0.5 };
  yield { ...proof, bitmap: concatBytes(bitmap, Uint8Array.of(0)) };
  yield { ...proof, siblings: [...siblings, sha256(bitmap)] };
  for (let bit = 0; bit < bitmap.length * 8; bit += Math.max(1, bitmap.length - 1)) {
    const flipped = bitmap.slice();
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    yield { ...proof, bitmap: flipped };
  }
  for (let at = 0; at < siblings.length; at += Math.ceil(siblings.length / 8)) {
    const changed = siblings[at]!.slice();
    changed[at % 32]! ^= 1;
    yield { ...proof, siblings: siblings.with(at, changed) };
    yield { ...proof, siblings: siblings.toSpliced(at, 1) };
    yield { ...proof, siblings: siblings.with(at, new Uint8Array(32)) };
    yield { ...proof, siblings: siblings.with(at, siblings[at]!.slice(1)) };
  }
  if (other === undefined) {
    yield { ...proof, other: { key: sha256(bitmap), valueHash: sha256(bitmap) } };
  } else {
    yield { ...proof, other: undefined };
    yield { ...proof, other: { ...other, key: sha256(other.key) } };
    yield { ...proof, other: { ...other, valueHash: sha256(other.valueHash) } };
  }
}

test("every key has a proof of its value or absence, which proves nothing else", () => {
  const wrong = asciiBytes("wrong");
  const kinds = new Set<string>();
  fc.assert(
    fc.property(steps, (sequence) => {
      const tree = new StateTree();
      const model = new Map<number, Uint8Array>();
      for (const [index, value] of sequence) play(tree, model, index, value);
      const root = tree.root;
      keys.forEach((key, index) => {
        const value = model.get(index);
        const proof = tree.prove(key);
        kinds.add(value ? "value" : proof.other ? "another leaf" : "gap");
        assert.ok(verifyState(root, key, value, proof));
        assert.ok(!verifyState(root, key, value === undefined ? wrong : undefined, proof));
        assert.ok(!verifyState(root, key, wrong, proof));
        assert.ok(!verifyState(sha256(root), key, value, proof));
        assert.ok(!verifyState(root, sha256(key), value ?? wrong, proof));
        assert.ok(!verifyState(root, key.slice(1), value, proof));
        for (const change of tampered(proof)) {
          assert.ok(!verifyState(root, key, value, change), JSON.stringify(change));
        }
      });
    }),
    { seed: 3, numRuns: 25 },
  );
  assert.deepEqual([...kinds].sort(), ["another leaf", "gap", "value"]);
});

test("a proof by another leaf is bound to the prefix that it shares with the key", () => {
  const tree = new StateTree();
  const low = new Uint8Array(32);
  const high = new Uint8Array(32).fill(255);
  tree.set(low, asciiBytes("low"));
  tree.set(high, asciiBytes("high"));
  const lowProof = tree.prove(low);
  const other = { key: low, valueHash: sha256(asciiBytes("low")) };
  assert.ok(!verifyState(tree.root, high, undefined, { ...lowProof, other }));
  assert.ok(!verifyState(tree.root, low, undefined, { ...lowProof, other }));
});

test("keys that differ in their last bit make the deepest path, and deletion undoes it", () => {
  const tree = new StateTree();
  const [a, b] = [keys[0]!, keys[1]!];
  tree.set(a, asciiBytes("a"));
  const before = toHex(tree.root);
  tree.set(b, asciiBytes("b"));
  assert.equal(tree.prove(b).depth, 256);
  assert.ok(verifyState(tree.root, b, asciiBytes("b"), tree.prove(b)));
  assert.ok(tree.delete(b));
  assert.equal(tree.prove(a).depth, 0);
  assert.equal(toHex(tree.root), before);
});

test("slots of deleted pairs are used again, and the tree grows with its pairs", () => {
  const tree = new StateTree();
  const pairs = Array.from(
    { length: 500 },
    (_, i) => [sha256(u32Bytes(i)), new Uint8Array(56).fill(i)] as const,
  );
  for (let round = 0; round < 3; round++) {
    for (const [key, value] of pairs) tree.set(key, value);
    assert.equal(tree.size, 500);
    assert.deepEqual(tree.root, naiveRoot(pairs));
    for (const [key] of pairs) assert.ok(tree.delete(key));
    assert.equal(tree.size, 0);
  }
  tree.set(...pairs[0]!);
  tree.clear();
  assert.equal(tree.get(pairs[0]![0]), undefined);
  assert.deepEqual(tree.root, new Uint8Array(32));
});

test("values are copied in and out", () => {
  const tree = new StateTree();
  for (const value of [new Uint8Array(56), new Uint8Array(8)]) {
    const key = keys[3]!.slice();
    tree.set(key, value);
    const root = tree.root;
    value.fill(1);
    key.fill(1);
    tree.get(keys[3]!)!.fill(2);
    tree.root.fill(3);
    assert.deepEqual(tree.get(keys[3]!), new Uint8Array(value.length));
    assert.deepEqual(tree.root, root);
  }
});

test("two versions of a tree are each what was written to it, whichever is kept", () => {
  const rounds = fc.array(
    fc.record({
      steps,
      swaps: fc.nat({ max: 3 }),
      end: fc.constantFrom("keep", "write", "begin"),
    }),
    { minLength: 1, maxLength: 6 },
  );
  fc.assert(
    fc.property(steps, rounds, (first, plan) => {
      const tree = new StateTree();
      let model = new Map<number, Uint8Array>();
      const isModel = (of: Map<number, Uint8Array>) => {
        const sorted = pairsOf(of).sort((a, b) => compareBytes(a[0], b[0]));
        assert.deepEqual([...tree.entries()], sorted);
        assert.deepEqual(tree.root, naiveRoot(sorted));
        assert.equal(tree.size, of.size);
      };
      for (const [index, value] of first) play(tree, model, index, value);
      for (const { steps: written, swaps, end } of plan) {
        tree.begin();
        let other = model;
        model = new Map(model);
        for (const [index, value] of written) play(tree, model, index, value);
        for (let swap = 0; swap < swaps; swap++) {
          // Not always read between: what one version hashes, the other shares.
          if (written.length % 2 === 0) isModel(model);
          assert.ok(tree.swap());
          [model, other] = [other, model];
        }
        isModel(model);
        if (end === "begin") continue;
        if (end === "keep") tree.keepThis();
        else play(tree, model, 3, new Uint8Array(56).fill(swaps));
        // Written to, the second version is one of two still, the first the only one.
        assert.equal(tree.swap(), end === "write" && swaps % 2 === 0);
        if (end === "write" && swaps % 2 === 0) model = other;
        isModel(model);
      }
    }),
    { seed: 4, numRuns: 150 },
  );
});
