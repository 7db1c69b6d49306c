/** Merkle trees of lists, and the state tree with its proofs. */
import { concatBytes } from "../../src/base/bytes.ts";
import { type StateProof, verifyState } from "../../src/chain/state-proof.ts";
import { StateTree } from "../../src/chain/state-tree.ts";
import { inclusionProof, merkleLeafHash, merkleRoot } from "../../src/model/merkle.ts";
import { digestOf, fill, flipped, hex, pattern, type VectorFile, withByte } from "./inputs.ts";

export function merkleFile(): VectorFile {
  const leavesOf = (count: number) => Array.from({ length: count }, (_, i) => pattern(i + 1));
  return {
    name: "merkle",
    description: "RFC 6962 roots and inclusion proofs; leaf i is the first i + 1 pattern bytes.",
    spec: "protocol-spec/05-objects §3",
    cases: [0, 1, 2, 3, 4, 5, 7, 8, 13].map((count) => {
      const leaves = leavesOf(count);
      const index = Math.max(0, count - 2);
      const proof = count === 0 ? [] : inclusionProof(leaves, index);
      return {
        name: `${count} leaves`,
        kind: "root",
        leaves: leaves.map(hex),
        root: hex(merkleRoot(leaves)),
        ...(count > 0 && { index, leafHash: hex(merkleLeafHash(leaves[index]!)) }),
        proof: proof.map(hex),
      };
    }),
  };
}

const shownProof = (proof: StateProof) => ({
  depth: proof.depth,
  bitmap: hex(proof.bitmap),
  siblings: proof.siblings.map(hex),
  other: proof.other && { key: hex(proof.other.key), valueHash: hex(proof.other.valueHash) },
});

/** A key that begins with these bits, given as bytes. */
const key = (...first: number[]): Uint8Array =>
  concatBytes(Uint8Array.from(first), fill(0, 32 - first.length));

export function stateTreeFile(): VectorFile {
  const sets: readonly (readonly [string, readonly Uint8Array[]])[] = [
    ["no pairs", []],
    ["one pair", [key(0x80)]],
    ["two that differ in the first bit", [key(0x00), key(0x80)]],
    ["two that differ in the last bit", [fill(0xaa), flipped(fill(0xaa), 31)]],
    ["a gap on the way", [key(0x00), key(0x01), key(0x80)]],
    ["sixteen", Array.from({ length: 16 }, (_, i) => digestOf(`key ${i}`))],
  ];
  const treeOf = (keys: readonly Uint8Array[]) => {
    const tree = new StateTree();
    keys.forEach((each, i) => {
      tree.set(each, pattern(i === 0 ? 56 : 8 * i));
    });
    return tree;
  };
  const roots = sets.map(([name, keys]) => {
    const tree = treeOf(keys);
    const pairs = keys.map((each, i) => ({
      key: hex(each),
      value: hex(pattern(i === 0 ? 56 : 8 * i)),
    }));
    return { name, kind: "root", pairs, root: hex(tree.root) };
  });
  const proofs = sets.flatMap(([name, keys]) => {
    const tree = treeOf(keys);
    const asked = [...keys.slice(0, 2), key(0x40), digestOf("absent")];
    return asked.map((each) => {
      const value = tree.get(each);
      const what = value === undefined ? "absence" : "presence";
      return {
        name: `${name}: ${what} of ${hex(each).slice(0, 8)}`,
        kind: "proof",
        root: hex(tree.root),
        key: hex(each),
        value: value === undefined ? null : hex(value),
        ...shownProof(tree.prove(each)),
        valid: verifyState(tree.root, each, value, tree.prove(each)),
      };
    });
  });
  return {
    name: "state-tree",
    description: "Roots of sets of pairs, and proofs that a key has a value or none.",
    spec: "protocol-spec/05-objects §8",
    cases: [...roots, ...proofs, ...wrongProofs(treeOf(sets[5]![1]), sets[5]![1])],
  };
}

function wrongProofs(tree: StateTree, keys: readonly Uint8Array[]) {
  // A depth that leaves spare bits in the bitmap.
  const present = keys.find((each) => tree.prove(each).depth % 8 !== 0) ?? keys[0]!;
  const value = tree.get(present);
  const proof = tree.prove(present);
  const absent = digestOf("absent");
  const away = tree.prove(absent);
  type Claim = readonly [string, Uint8Array, Uint8Array | undefined, StateProof];
  const tried: readonly Claim[] = [
    ["another value", present, pattern(55), proof],
    ["absence of what is there", present, undefined, proof],
    [
      "a sibling changed",
      present,
      value,
      { ...proof, siblings: [flipped(proof.siblings[0]!, 0), ...proof.siblings.slice(1)] },
    ],
    ["a sibling missing", present, value, { ...proof, siblings: proof.siblings.slice(1) }],
    ["a sibling more", present, value, { ...proof, siblings: [...proof.siblings, fill(1)] }],
    [
      "a sibling of zeros",
      present,
      value,
      { ...proof, siblings: [fill(0), ...proof.siblings.slice(1)] },
    ],
    ["a spare bit", present, value, { ...proof, bitmap: spareBit(proof) }],
    ["depth one less", present, value, { ...proof, depth: proof.depth - 1 }],
    [
      "presence with another leaf",
      present,
      value,
      { ...proof, other: { key: absent, valueHash: fill(1) } },
    ],
    [
      "absence by the key's own leaf",
      present,
      undefined,
      { ...proof, other: { key: present, valueHash: fill(1) } },
    ],
    [
      "absence: another leaf that is elsewhere",
      absent,
      undefined,
      { ...away, other: { key: flipped(absent, 0).map((b) => b ^ 0xff), valueHash: fill(1) } },
    ],
  ];
  return tried.map(([name, asked, claimed, claim]) => ({
    name: `refused: ${name}`,
    kind: "proof",
    root: hex(tree.root),
    key: hex(asked),
    value: claimed === undefined ? null : hex(claimed),
    ...shownProof(claim),
    valid: verifyState(tree.root, asked, claimed, claim),
  }));
}

function spareBit({ bitmap }: StateProof): Uint8Array {
  return withByte(bitmap, -1, bitmap[bitmap.length - 1]! | 0x80);
}
