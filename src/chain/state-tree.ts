/**
 * The state: pairs of a 32-byte key and a value, and their root. A compact sparse Merkle tree in
 * typed arrays: writes mark the path, `root` hashes each marked node once, however many writes
 * there were. Knows nothing of what keys and values mean, and keeps no history.
 *
 *            node             key bits choose left (0) or right (1), first bit first;
 *           /    \            a subtree with exactly one leaf IS that leaf, so a leaf stands at
 *       leaf     node         the shortest prefix that no other key shares, and the root depends
 *               /    \        only on the set of pairs, never on the order of writes.
 *           empty    node     empty = 32 zero bytes
 *                   /    \    leaf  = H("sl/1", key | SHA-256(value))
 *                leaf   leaf  node  = H("sn/1", left | right)
 *
 * protocol-spec/05-objects §8.
 */
import { assert } from "../base/assert.ts";
import { sha256 } from "../crypto/hash.ts";
import { accountBytes } from "./account.ts";
import { leafHashTo, nodeHashTo, type StateProof } from "./state-proof.ts";

/** A subtree: 0 empty, n > 0 inner node n, n < 0 leaf -n. */
type Ref = number;

const depthMax = 256;
const empty = new Uint8Array(32);

export class StateTree {
  private top: Ref = 0;
  private count = 0;
  /** Of inner node n: its children at 2n and 2n + 1. */
  private children = new Int32Array(2);
  private nodeHashes = new Uint8Array(0);
  private nodeStale = new Uint8Array(0);
  private nodesUsed = 1;
  private readonly freeNodes: number[] = [];
  private leafKeys = new Uint8Array(0);
  private leafHashes = new Uint8Array(0);
  private leafStale = new Uint8Array(0);
  /** Values of account size; the few of other sizes are in `oddValues`. */
  private leafValues = new Uint8Array(0);
  private readonly oddValues = new Map<number, Uint8Array>();
  private leavesUsed = 1;
  private readonly freeLeaves: number[] = [];
  /** Inner nodes from the root to where `descend` ended. */
  private readonly path = new Int32Array(depthMax);
  private depth = 0;

  constructor() {
    this.growNodes(64);
    this.growLeaves(64);
  }

  /** Pairs. */
  get size(): number {
    return this.count;
  }

  /** A copy of the value. */
  get(key: Uint8Array): Uint8Array | undefined {
    const ref = this.descend(key);
    return ref < 0 && this.keyEquals(-ref, key) ? this.valueOf(-ref) : undefined;
  }

  /** Copies both. */
  set(key: Uint8Array, value: Uint8Array): void {
    assert(key.length === 32, "a state key has 32 bytes");
    const found = this.descend(key);
    if (found < 0 && this.keyEquals(-found, key)) {
      this.putValue(-found, value);
    } else {
      const leaf = this.takeLeaf(key, value);
      this.replace(this.depth, key, found === 0 ? -leaf : this.split(-found, leaf, key));
      this.count++;
    }
    this.markPath();
  }

  /** True when there was such a key. */
  delete(key: Uint8Array): boolean {
    const found = this.descend(key);
    if (found >= 0 || !this.keyEquals(-found, key)) return false;
    this.freeLeaf(-found);
    this.count--;
    // A node left with one leaf and nothing else becomes that leaf, and so on upwards.
    let rest: Ref = 0;
    while (this.depth > 0) {
      const parent = this.path[this.depth - 1]!;
      const sibling = this.children[2 * parent + 1 - bitAt(key, this.depth - 1)]!;
      if (rest === 0 ? sibling > 0 : sibling !== 0) break;
      if (rest === 0) rest = sibling;
      this.freeNodes.push(parent);
      this.depth--;
    }
    this.replace(this.depth, key, rest);
    this.markPath();
    return true;
  }

  clear(): void {
    this.top = 0;
    this.count = 0;
    this.nodesUsed = 1;
    this.leavesUsed = 1;
    this.freeNodes.length = 0;
    this.freeLeaves.length = 0;
    this.oddValues.clear();
  }

  /** 32 bytes; hashes what changed since it was last read. */
  get root(): Uint8Array {
    this.rehash(this.top);
    return this.hashOf(this.top).slice();
  }

  /** That `key` has its value, or has none: check with `verifyState`. */
  prove(key: Uint8Array): StateProof {
    this.rehash(this.top);
    const end = this.descend(key);
    const bitmap = new Uint8Array(Math.ceil(this.depth / 8));
    const siblings: Uint8Array[] = [];
    for (let depth = 0; depth < this.depth; depth++) {
      const sibling = this.children[2 * this.path[depth]! + 1 - bitAt(key, depth)]!;
      if (sibling === 0) continue;
      bitmap[depth >> 3]! |= 1 << (depth & 7);
      siblings.push(this.hashOf(sibling).slice());
    }
    const proof = { depth: this.depth, bitmap, siblings };
    if (end === 0 || this.keyEquals(-end, key)) return { ...proof, other: undefined };
    const other = { key: this.keyOf(-end).slice(), valueHash: sha256(this.valueOf(-end)) };
    return { ...proof, other };
  }

  /** Every pair, in key order; do not write meanwhile. */
  *entries(): Generator<readonly [Uint8Array, Uint8Array]> {
    const pending: Ref[] = [this.top];
    for (let ref = pending.pop(); ref !== undefined; ref = pending.pop()) {
      if (ref > 0) pending.push(this.children[2 * ref + 1]!, this.children[2 * ref]!);
      if (ref < 0) yield [this.keyOf(-ref).slice(), this.valueOf(-ref)];
    }
  }

  /** Follows `key` to the leaf or gap where it ends; leaves `path` and `depth` behind. */
  private descend(key: Uint8Array): Ref {
    let ref = this.top;
    let depth = 0;
    while (ref > 0) {
      this.path[depth] = ref;
      ref = this.children[2 * ref + bitAt(key, depth)]!;
      depth++;
    }
    this.depth = depth;
    return ref;
  }

  /** Puts `ref` where the path of `key` ends at `depth`. */
  private replace(depth: number, key: Uint8Array, ref: Ref): void {
    if (depth === 0) this.top = ref;
    else this.children[2 * this.path[depth - 1]! + bitAt(key, depth - 1)] = ref;
  }

  private markPath(): void {
    for (let depth = this.depth - 1; depth >= 0; depth--) this.nodeStale[this.path[depth]!] = 1;
  }

  /** The subtree of both leaves, below the current depth. */
  private split(old: number, leaf: number, key: Uint8Array): Ref {
    const oldKey = this.keyOf(old);
    let depth = this.depth;
    while (bitAt(oldKey, depth) === bitAt(key, depth)) depth++;
    let ref = this.takeNode();
    this.children[2 * ref + bitAt(key, depth)] = -leaf;
    this.children[2 * ref + 1 - bitAt(key, depth)] = -old;
    while (depth-- > this.depth) {
      const above = this.takeNode();
      this.children[2 * above + bitAt(key, depth)] = ref;
      this.children[2 * above + 1 - bitAt(key, depth)] = 0;
      ref = above;
    }
    return ref;
  }

  /** At most 256 deep. */
  private rehash(ref: Ref): void {
    if (ref > 0 && this.nodeStale[ref] === 1) {
      const left = this.children[2 * ref]!;
      const right = this.children[2 * ref + 1]!;
      this.rehash(left);
      this.rehash(right);
      const a = this.hashesOf(left);
      const b = this.hashesOf(right);
      nodeHashTo(this.nodeHashes, 32 * ref, a, 32 * Math.abs(left), b, 32 * Math.abs(right));
      this.nodeStale[ref] = 0;
    } else if (ref < 0 && this.leafStale[-ref] === 1) {
      const at = accountBytes * -ref;
      const value = this.oddValues.get(-ref) ?? this.leafValues.subarray(at, at + accountBytes);
      leafHashTo(this.leafHashes, 32 * -ref, this.leafKeys, 32 * -ref, value);
      this.leafStale[-ref] = 0;
    }
  }

  /** Where the hash of `ref` stands, at 32 times its number. */
  private hashesOf(ref: Ref): Uint8Array {
    if (ref === 0) return empty;
    return ref > 0 ? this.nodeHashes : this.leafHashes;
  }

  private hashOf(ref: Ref): Uint8Array {
    if (ref === 0) return empty;
    return ref > 0
      ? this.nodeHashes.subarray(32 * ref, 32 * ref + 32)
      : this.leafHashes.subarray(32 * -ref, 32 * -ref + 32);
  }

  private keyOf(leaf: number): Uint8Array {
    return this.leafKeys.subarray(32 * leaf, 32 * leaf + 32);
  }

  private keyEquals(leaf: number, key: Uint8Array): boolean {
    const at = 32 * leaf;
    for (let i = 0; i < 32; i++) if (this.leafKeys[at + i] !== key[i]) return false;
    return true;
  }

  private valueOf(leaf: number): Uint8Array {
    const at = accountBytes * leaf;
    return this.oddValues.get(leaf)?.slice() ?? this.leafValues.slice(at, at + accountBytes);
  }

  private putValue(leaf: number, value: Uint8Array): void {
    this.oddValues.delete(leaf);
    if (value.length === accountBytes) this.leafValues.set(value, accountBytes * leaf);
    else this.oddValues.set(leaf, value.slice());
    this.leafStale[leaf] = 1;
  }

  private takeLeaf(key: Uint8Array, value: Uint8Array): number {
    const leaf = this.freeLeaves.pop() ?? this.leavesUsed++;
    if (leaf >= this.leafStale.length) this.growLeaves(2 * leaf);
    this.leafKeys.set(key, 32 * leaf);
    this.putValue(leaf, value);
    return leaf;
  }

  private freeLeaf(leaf: number): void {
    this.oddValues.delete(leaf);
    this.freeLeaves.push(leaf);
  }

  private takeNode(): number {
    const node = this.freeNodes.pop() ?? this.nodesUsed++;
    if (node >= this.nodeStale.length) this.growNodes(2 * node);
    this.nodeStale[node] = 1;
    return node;
  }

  private growNodes(count: number): void {
    this.nodeStale = grown(this.nodeStale, new Uint8Array(count));
    this.nodeHashes = grown(this.nodeHashes, new Uint8Array(32 * count));
    this.children = grown(this.children, new Int32Array(2 * count));
  }

  private growLeaves(count: number): void {
    this.leafStale = grown(this.leafStale, new Uint8Array(count));
    this.leafHashes = grown(this.leafHashes, new Uint8Array(32 * count));
    this.leafKeys = grown(this.leafKeys, new Uint8Array(32 * count));
    this.leafValues = grown(this.leafValues, new Uint8Array(accountBytes * count));
  }
}

function bitAt(key: Uint8Array, depth: number): 0 | 1 {
  return ((key[depth >> 3]! >> (7 - (depth & 7))) & 1) as 0 | 1;
}

function grown<T extends Uint8Array | Int32Array>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}
