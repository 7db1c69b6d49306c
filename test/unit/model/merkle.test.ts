import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { asciiBytes, hexBytes, toHex } from "../../../src/base/bytes.ts";
import {
  inclusionProof,
  merkleLeafHash,
  merkleNodeHash,
  merkleRoot,
  verifyConsistency,
  verifyInclusion,
} from "../../../src/model/merkle.ts";

const folder = new URL("../../vectors/merkle-rfc6962/", import.meta.url);
const read = (name: string) => JSON.parse(readFileSync(new URL(name, folder), "utf8"));
const base64 = (text: string | null) => new Uint8Array(Buffer.from(text ?? "", "base64"));
const proofOf = (list: string[] | null) => (list ?? []).map(base64);

test("every root of the RFC 6962 vectors is reproduced", () => {
  const vectors = read("roots.json");
  const leaves = vectors.leafInputs.map(hexBytes);
  const roots: string[] = vectors.rootHashes_by_tree_size_0_to_8;
  assert.equal(roots.length, 9);
  roots.forEach((root, size) => {
    assert.equal(toHex(merkleRoot(leaves.slice(0, size))), root, `size ${size}`);
  });
  assert.equal(toHex(merkleLeafHash(new Uint8Array(0))), vectors.hasher.emptyLeaf);
  assert.equal(toHex(merkleLeafHash(asciiBytes("L123456"))), vectors.hasher.leaf_L123456);
  const node = merkleNodeHash(asciiBytes("N123"), asciiBytes("N456"));
  assert.equal(toHex(node), vectors.hasher.node_N123_N456);
});

test("every inclusion proof of the vectors gets its verdict", () => {
  const { vectors } = read("inclusion.json");
  assert.equal(vectors.length, 98);
  for (const v of vectors) {
    const accepted = verifyInclusion({
      index: v.leafIdx,
      size: v.treeSize,
      leafHash: base64(v.leafHash),
      proof: proofOf(v.proof),
      root: base64(v.root),
    });
    assert.equal(accepted, !v.wantErr, v.file);
  }
});

test("every consistency proof of the vectors gets its verdict", () => {
  const { vectors } = read("consistency.json");
  assert.equal(vectors.length, 98);
  for (const v of vectors) {
    const accepted = verifyConsistency({
      oldSize: v.size1,
      newSize: v.size2,
      oldRoot: base64(v.root1),
      newRoot: base64(v.root2),
      proof: proofOf(v.proof),
    });
    assert.equal(accepted, !v.wantErr, v.file);
  }
});

/** RFC 6962 §2.1, word for word. */
function naiveRoot(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length < 2) return merkleRoot(leaves);
  let split = 1;
  while (2 * split < leaves.length) split *= 2;
  return merkleNodeHash(naiveRoot(leaves.slice(0, split)), naiveRoot(leaves.slice(split)));
}

const leafLists = fc.oneof(
  fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 40 }),
  // Neighbours are equal, and pairs of them.
  fc.array(fc.uint8Array({ maxLength: 1, max: 1 }), { minLength: 1, maxLength: 40 }),
);

test("roots are those of the recursive definition", () => {
  fc.assert(
    fc.property(leafLists, (leaves) => {
      assert.deepEqual(merkleRoot(leaves), naiveRoot(leaves));
    }),
    { seed: 1, numRuns: 100 },
  );
});

test("a made proof verifies, and any change of it does not", () => {
  fc.assert(
    fc.property(leafLists, fc.nat(), fc.nat(), (leaves, indexSeed, bitSeed) => {
      const index = indexSeed % leaves.length;
      const leafHash = merkleLeafHash(leaves[index]!);
      const size = leaves.length;
      const claim = {
        index,
        size,
        leafHash,
        proof: inclusionProof(leaves, index),
        root: merkleRoot(leaves),
      };
      assert.ok(verifyInclusion(claim));
      assert.ok(!verifyInclusion({ ...claim, proof: [...claim.proof, leafHash] }));
      assert.ok(!verifyInclusion({ ...claim, index: size }));
      assert.ok(!verifyInclusion({ ...claim, index: -1 }));
      assert.ok(!verifyInclusion({ ...claim, index: index + 0.5 }));
      const flipped = leafHash.slice();
      flipped[bitSeed % 32]! ^= 1;
      assert.ok(!verifyInclusion({ ...claim, leafHash: flipped }));
      if (claim.proof.length === 0) return;
      assert.ok(!verifyInclusion({ ...claim, proof: claim.proof.slice(1) }));
      const tampered = claim.proof.map((hash) => hash.slice());
      tampered[bitSeed % tampered.length]![bitSeed % 32]! ^= 4;
      assert.ok(!verifyInclusion({ ...claim, proof: tampered }));
      assert.ok(!verifyInclusion({ ...claim, proof: claim.proof.map((h) => h.slice(0, 31)) }));
    }),
    { seed: 1, numRuns: 100 },
  );
});
