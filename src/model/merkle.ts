/**
 * Merkle trees of RFC 6962: roots of lists, proofs that a leaf is in one, and that one list begins
 * with another. Leaf and node hashes differ by a prefix byte, so neither passes for the other.
 * NOT the state tree (`chain/state-tree.ts`). protocol-spec/05-objects §3.
 *
 *            root                leaf = SHA-256(00 | bytes)
 *           /    \               node = SHA-256(01 | left | right)
 *        node     c              the left side is the largest full tree;
 *        /  \                    no leaves: SHA-256 of nothing
 *       a    b
 */
import { assert } from "../base/assert.ts";
import { emptyBytes, equalBytes } from "../base/bytes.ts";
import { sha256, sha256To } from "../crypto/hash.ts";

export interface Inclusion {
  readonly index: number;
  /** Leaves of the whole tree. */
  readonly size: number;
  readonly leafHash: Uint8Array;
  /** Siblings from the leaf to the root, 32 bytes each. */
  readonly proof: readonly Uint8Array[];
  readonly root: Uint8Array;
}

export interface Consistency {
  readonly oldSize: number;
  readonly newSize: number;
  readonly oldRoot: Uint8Array;
  readonly newRoot: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

const emptyRoot = sha256(emptyBytes);

export function merkleLeafHash(leaf: Uint8Array): Uint8Array {
  return sha256(leafInput(leaf));
}

export function merkleNodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  const input = new Uint8Array(1 + left.length + right.length);
  input[0] = 1;
  input.set(left, 1);
  input.set(right, 1 + left.length);
  return sha256(input);
}

/** Inputs of the leaves of usual length, and of nodes: filled anew for each hash. */
const shortLeaf = new Uint8Array(1 + 512);
const shortLeafOf: (Uint8Array | undefined)[] = [];
const pair = new Uint8Array(1 + 64);
pair[0] = 1;

function leafInput(leaf: Uint8Array): Uint8Array {
  const length = 1 + leaf.length;
  let input: Uint8Array;
  if (length > shortLeaf.length) input = new Uint8Array(length);
  else input = shortLeafOf[length] ??= shortLeaf.subarray(0, length);
  input.set(leaf, 1);
  return input;
}

/** 32 bytes. */
export function merkleRoot(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return emptyRoot;
  const level = new Uint8Array(32 * leaves.length);
  for (const [index, leaf] of leaves.entries()) sha256To(level, 32 * index, leafInput(leaf));
  return foldedRoot(level);
}

/**
 * The root above leaf hashes that lie side by side in `level`, at least one, which is written over:
 * level by level in one piece of memory. Equal neighbours, as receipts are, are hashed once.
 */
export function foldedRoot(level: Uint8Array): Uint8Array {
  for (let size = level.length / 32; size > 1; size = (size + 1) >> 1) {
    for (let at = 0; at + 1 < size; at += 2) {
      if (putPair(level, 32 * at) || at === 0) sha256To(level, 16 * at, pair);
      else level.copyWithin(16 * at, 16 * at - 32, 16 * at);
    }
    if (size % 2 === 1) level.copyWithin(16 * (size - 1), 32 * (size - 1), 32 * size);
  }
  return level.slice(0, 32);
}

/** Does it differ from the pair before? */
function putPair(level: Uint8Array, from: number): boolean {
  let isOther = false;
  for (let i = 0; i < 64; i++) {
    const byte = level[from + i]!;
    if (pair[1 + i] === byte) continue;
    pair[1 + i] = byte;
    isOther = true;
  }
  return isOther;
}

/** The siblings of leaf `index`, from the leaf to the root. */
export function inclusionProof(leaves: readonly Uint8Array[], index: number): Uint8Array[] {
  assert(Number.isInteger(index) && index >= 0 && index < leaves.length, "the leaf is in the tree");
  const proof: Uint8Array[] = [];
  let level = leaves.map(merkleLeafHash);
  let at = index;
  while (level.length > 1) {
    const sibling = level[at ^ 1];
    if (sibling !== undefined) proof.push(sibling);
    level = levelAbove(level);
    at >>>= 1;
  }
  return proof;
}

/** Is the leaf with `leafHash` at `index` of the tree of `size` leaves under `root`? */
export function verifyInclusion(claim: Inclusion): boolean {
  const { index, size, leafHash, proof, root } = claim;
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size)) return false;
  if (index < 0 || index >= size || leafHash.length !== 32 || !allHashes(proof)) return false;
  const { inner, border } = pathShape(BigInt(index), BigInt(size));
  if (proof.length !== inner + border) return false;
  const below = foldInner(leafHash, proof.slice(0, inner), BigInt(index));
  return equalBytes(foldLeftSiblings(below, proof.slice(inner)), root);
}

/** Is the list under `oldRoot` the beginning of the list under `newRoot`? */
export function verifyConsistency(claim: Consistency): boolean {
  const { oldSize, newSize, oldRoot, newRoot, proof } = claim;
  if (!Number.isSafeInteger(oldSize) || !Number.isSafeInteger(newSize)) return false;
  // Every list begins with the empty one: there is nothing to prove.
  if (oldSize <= 0 || newSize < oldSize || !allHashes(proof)) return false;
  if (oldSize === newSize) return proof.length === 0 && equalBytes(oldRoot, newRoot);
  if (proof.length === 0) return false;
  const last = BigInt(oldSize - 1);
  const shape = pathShape(last, BigInt(newSize));
  const shift = trailingZeros(BigInt(oldSize));
  const inner = shape.inner - shift;
  const isFull = BigInt(oldSize) === 1n << BigInt(shift);
  const seed = isFull ? oldRoot : proof[0]!;
  const rest = isFull ? proof : proof.slice(1);
  if (rest.length !== inner + shape.border) return false;
  const path = last >> BigInt(shift);
  const lower = rest.slice(0, inner);
  const upper = rest.slice(inner);
  const leftOnly = lower.filter((_, level) => isRight(path, level));
  return (
    equalBytes(foldLeftSiblings(foldLeftSiblings(seed, leftOnly), upper), oldRoot) &&
    equalBytes(foldLeftSiblings(foldInner(seed, lower, path), upper), newRoot)
  );
}

function levelAbove(level: readonly Uint8Array[]): Uint8Array[] {
  const above: Uint8Array[] = [];
  for (let i = 0; i + 1 < level.length; i += 2) {
    above.push(merkleNodeHash(level[i]!, level[i + 1]!));
  }
  if (level.length % 2 === 1) above.push(level[level.length - 1]!);
  return above;
}

/** `inner`: siblings below the tree's right border; `border`: left siblings along it. */
function pathShape(index: bigint, size: bigint): { inner: number; border: number } {
  const differing = index ^ (size - 1n);
  const inner = differing === 0n ? 0 : differing.toString(2).length;
  let border = 0;
  for (let rest = index >> BigInt(inner); rest > 0n; rest >>= 1n) if (rest & 1n) border++;
  return { inner, border };
}

function foldInner(seed: Uint8Array, siblings: readonly Uint8Array[], path: bigint): Uint8Array {
  return siblings.reduce(
    (hash, sibling, level) =>
      isRight(path, level) ? merkleNodeHash(sibling, hash) : merkleNodeHash(hash, sibling),
    seed,
  );
}

function foldLeftSiblings(seed: Uint8Array, siblings: readonly Uint8Array[]): Uint8Array {
  return siblings.reduce((hash, sibling) => merkleNodeHash(sibling, hash), seed);
}

function isRight(path: bigint, level: number): boolean {
  return ((path >> BigInt(level)) & 1n) === 1n;
}

function trailingZeros(value: bigint): number {
  let count = 0;
  while (((value >> BigInt(count)) & 1n) === 0n) count++;
  return count;
}

function allHashes(proof: readonly Uint8Array[]): boolean {
  return proof.every((hash) => hash.length === 32);
}
