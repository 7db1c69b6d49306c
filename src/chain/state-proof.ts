/**
 * Proofs about one key of the state tree: that it has a value, or that it has none. Strict: of each
 * fact there is one valid proof per root. Needs the root only, no tree.
 * protocol-spec/05-objects §8.
 */
import { equalBytes, isZero } from "../base/bytes.ts";
import { sha256, sha256To, tag16 } from "../crypto/hash.ts";

export interface StateProof {
  /** Inner nodes from the root to where the key's path ends: 0 to 256. */
  readonly depth: number;
  /** Bit d (least significant first): the sibling at depth d is not empty. Spare bits are 0. */
  readonly bitmap: Uint8Array;
  /** Hashes of the siblings that are not empty, from the root down. */
  readonly siblings: readonly Uint8Array[];
  /** The leaf of another key at which the path ends; undefined: the key's own, or a gap. */
  readonly other: { readonly key: Uint8Array; readonly valueHash: Uint8Array } | undefined;
}

/** Scratch `tag | 32 | 32`: the tree hashes thousands of these per block. */
const leafInput = new Uint8Array(80);
const nodeInput = new Uint8Array(80);
leafInput.set(tag16("sl/1"));
nodeInput.set(tag16("sn/1"));

/** Writes the hash of an inner node: its halves are the 32 bytes at `left` and `right`. */
export function nodeHashTo(
  out: Uint8Array,
  at: number,
  left: Uint8Array,
  leftAt: number,
  right: Uint8Array,
  rightAt: number,
): void {
  for (let i = 0; i < 32; i++) {
    nodeInput[16 + i] = left[leftAt + i]!;
    nodeInput[48 + i] = right[rightAt + i]!;
  }
  sha256To(out, at, nodeInput);
}

/** Writes the hash of a leaf: `key` has 32 bytes at `keyAt`. */
export function leafHashTo(
  out: Uint8Array,
  at: number,
  key: Uint8Array,
  keyAt: number,
  value: Uint8Array,
): void {
  for (let i = 0; i < 32; i++) leafInput[16 + i] = key[keyAt + i]!;
  sha256To(leafInput, 48, value);
  sha256To(out, at, leafInput);
}

/** H("sl/1", key | SHA-256(value)). */
export function leafHashOf(key: Uint8Array, valueHash: Uint8Array): Uint8Array {
  leafInput.set(key, 16);
  leafInput.set(valueHash, 48);
  return sha256(leafInput);
}

/** H("sn/1", left | right); an empty side is 32 zero bytes. */
export function nodeHashOf(left: Uint8Array, right: Uint8Array): Uint8Array {
  nodeInput.set(left, 16);
  nodeInput.set(right, 48);
  return sha256(nodeInput);
}

/** Does `proof` show that under `root` the value of `key` is `value` (undefined: absent)? */
export function verifyState(
  root: Uint8Array,
  key: Uint8Array,
  value: Uint8Array | undefined,
  proof: StateProof,
): boolean {
  const { depth, bitmap, siblings, other } = proof;
  if (key.length !== 32 || !Number.isInteger(depth) || depth < 0 || depth > 256) return false;
  if (bitmap.length !== Math.ceil(depth / 8)) return false;
  if (siblings.some((hash) => hash.length !== 32 || isZero(hash))) return false;
  let hash: Uint8Array;
  if (value !== undefined) {
    if (other !== undefined) return false;
    hash = leafHashOf(key, sha256(value));
  } else if (other === undefined) {
    hash = new Uint8Array(32);
  } else {
    if (other.key.length !== 32 || other.valueHash.length !== 32) return false;
    if (equalBytes(other.key, key) || !samePrefix(other.key, key, depth)) return false;
    hash = leafHashOf(other.key, other.valueHash);
  }
  let used = siblings.length;
  for (let at = bitmap.length * 8 - 1; at >= 0; at--) {
    const isPresent = ((bitmap[at >> 3]! >> (at & 7)) & 1) === 1;
    if (at >= depth) {
      if (isPresent) return false;
      continue;
    }
    const sibling = isPresent ? siblings[--used] : new Uint8Array(32);
    if (sibling === undefined) return false;
    hash = bitOf(key, at) === 0 ? nodeHashOf(hash, sibling) : nodeHashOf(sibling, hash);
  }
  return used === 0 && equalBytes(hash, root);
}

function bitOf(key: Uint8Array, depth: number): number {
  return (key[depth >> 3]! >> (7 - (depth & 7))) & 1;
}

function samePrefix(a: Uint8Array, b: Uint8Array, bits: number): boolean {
  for (let depth = 0; depth < bits; depth++) if (bitOf(a, depth) !== bitOf(b, depth)) return false;
  return true;
}
