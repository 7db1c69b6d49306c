/** 05-objects §3 and §8: the Merkle tree of lists and the state tree, from their definitions. */
import { hex, same, unhex, zeros } from "./bytes.ts";
import { sha256, tagged } from "./crypto.ts";

/** RFC 6962, as it is defined: recursively. */
export function merkleRoot(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return sha256();
  if (leaves.length === 1) return sha256(Uint8Array.of(0), leaves[0]!);
  let left = 1;
  while (2 * left < leaves.length) left *= 2;
  const [a, b] = [merkleRoot(leaves.slice(0, left)), merkleRoot(leaves.slice(left))];
  return sha256(Uint8Array.of(1), a, b);
}

/** The root that a leaf's proof leads to: RFC 9162 §2.1.3.2. */
export function rootOfProof(
  leafHash: Uint8Array,
  index: number,
  size: number,
  proof: readonly Uint8Array[],
): Uint8Array | undefined {
  let [fn, sn] = [index, size - 1];
  let hash = leafHash;
  for (const sibling of proof) {
    if (sn === 0) return undefined;
    if (fn % 2 === 1 || fn === sn) {
      hash = sha256(Uint8Array.of(1), sibling, hash);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn >> 1, sn >> 1];
    } else hash = sha256(Uint8Array.of(1), hash, sibling);
    [fn, sn] = [fn >> 1, sn >> 1];
  }
  return sn === 0 ? hash : undefined;
}

export interface Pair {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

const bitAt = (key: Uint8Array, depth: number): number =>
  (key[depth >> 3]! >> (7 - (depth % 8))) & 1;
const leaf = (key: Uint8Array, valueHash: Uint8Array) => tagged("sl/1", key, valueHash);

export function stateRoot(pairs: readonly Pair[], depth = 0): Uint8Array {
  if (pairs.length === 0) return zeros(32);
  if (pairs.length === 1) return leaf(pairs[0]!.key, sha256(pairs[0]!.value));
  const side = (bit: number) =>
    stateRoot(
      pairs.filter(({ key }) => bitAt(key, depth) === bit),
      depth + 1,
    );
  return tagged("sn/1", side(0), side(1));
}

export interface StateProof {
  readonly depth: number;
  readonly bitmap: string;
  readonly siblings: readonly string[];
  readonly other?: { readonly key: string; readonly valueHash: string };
}

export function verifyState(
  root: Uint8Array,
  key: Uint8Array,
  value: Uint8Array | undefined,
  proof: StateProof,
): boolean {
  const { depth, other } = proof;
  const bitmap = unhex(proof.bitmap);
  const siblings = proof.siblings.map(unhex);
  const isSet = (i: number): boolean => ((bitmap[i >> 3]! >> (i % 8)) & 1) === 1;
  if (depth < 0 || depth > 256 || bitmap.length !== Math.ceil(depth / 8)) return false;
  for (let i = depth; i < 8 * bitmap.length; i++) if (isSet(i)) return false;
  if (siblings.some((s) => s.length !== 32 || hex(s) === hex(zeros(32)))) return false;
  let hash = zeros(32);
  if (value !== undefined) {
    if (other !== undefined) return false;
    hash = leaf(key, sha256(value));
  } else if (other !== undefined) {
    const otherKey = unhex(other.key);
    if (same(otherKey, key)) return false;
    for (let i = 0; i < depth; i++) if (bitAt(otherKey, i) !== bitAt(key, i)) return false;
    hash = leaf(otherKey, unhex(other.valueHash));
  }
  for (let i = depth - 1; i >= 0; i--) {
    const sibling = isSet(i) ? siblings.pop() : zeros(32);
    if (sibling === undefined) return false;
    hash = bitAt(key, i) === 0 ? tagged("sn/1", hash, sibling) : tagged("sn/1", sibling, hash);
  }
  return siblings.length === 0 && same(hash, root);
}
