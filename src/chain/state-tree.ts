/**
 * The state: pairs of a 32-byte key and a value, and their root. A compact sparse Merkle tree in
 * typed arrays: writes mark the path, `root` hashes each marked node once, however many writes
 * there were. Knows nothing of what keys and values mean, and keeps no history but, when asked, one
 * other version, to be gone back to at no cost (`begin`, `swap`).
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
import { leafHashTo, nodeHashTo, type StateProof } from "./state-proof.ts";
import { LeafSlots, NodeSlots } from "./tree-slots.ts";

/** A subtree: 0 empty, n > 0 inner node n, n < 0 leaf -n. */
type Ref = number;

const depthMax = 256;
/** The hash of ref 0. */
const empty = new Uint8Array(32);

export class StateTree {
  private top: Ref = 0;
  private count = 0;
  private readonly nodes = new NodeSlots();
  private readonly leaves = new LeafSlots();
  /** Inner nodes from the root to where `descend` ended. */
  private readonly path = new Int32Array(depthMax);
  private depth = 0;
  /** The tree is a second version, which shares with the first what it did not change. */
  private isSecond = false;
  /** The version that the tree is not, while there are two. */
  private other: { readonly top: Ref; readonly count: number } | undefined;

  /** Pairs. */
  get size(): number {
    return this.count;
  }

  /** A copy of the value. */
  get(key: Uint8Array): Uint8Array | undefined {
    const ref = this.descend(key);
    return ref < 0 && this.leaves.keyEquals(-ref, key) ? this.leaves.valueOf(-ref) : undefined;
  }

  /** Writes the value, which has an account's size, into `out` at `at`; false: there is none. */
  readTo(key: Uint8Array, out: Uint8Array, at: number): boolean {
    const ref = this.descend(key);
    if (ref >= 0 || !this.leaves.keyEquals(-ref, key)) return false;
    this.leaves.copyTo(-ref, out, at);
    return true;
  }

  /** Copies both. */
  set(key: Uint8Array, value: Uint8Array): void {
    assert(key.length === 32, "a state key has 32 bytes");
    this.beforeWrite();
    const found = this.descend(key);
    this.ownPath(key);
    const { leaves } = this;
    if (found >= 0 || !leaves.keyEquals(-found, key)) {
      const leaf = leaves.take(key, value);
      this.replace(this.depth, key, found === 0 ? -leaf : this.split(-found, leaf, key));
      this.count++;
    } else if (this.isSecond && !leaves.isFresh(-found)) {
      this.replace(this.depth, key, -leaves.take(key, value));
      leaves.release(-found);
    } else {
      leaves.put(-found, value);
    }
    this.markPath();
  }

  /** True when there was such a key. */
  delete(key: Uint8Array): boolean {
    this.beforeWrite();
    const found = this.descend(key);
    if (found >= 0 || !this.leaves.keyEquals(-found, key)) return false;
    this.ownPath(key);
    this.leaves.release(-found);
    this.count--;
    // A node left with one leaf and nothing else becomes that leaf, and so on upwards.
    let rest: Ref = 0;
    while (this.depth > 0) {
      const parent = this.path[this.depth - 1]!;
      const sibling = this.nodes.children[2 * parent + 1 - bitAt(key, this.depth - 1)]!;
      if (rest === 0 ? sibling > 0 : sibling !== 0) break;
      if (rest === 0) rest = sibling;
      this.nodes.release(parent);
      this.depth--;
    }
    this.replace(this.depth, key, rest);
    this.markPath();
    return true;
  }

  clear(): void {
    this.top = 0;
    this.count = 0;
    this.isSecond = false;
    this.other = undefined;
    this.nodes.clear();
    this.leaves.clear();
  }

  /** From here on the tree as it is now is kept beside the one that is written. */
  begin(): void {
    this.keepThis();
    this.other = { top: this.top, count: this.count };
    this.isSecond = true;
    this.nodes.begin();
    this.leaves.begin();
  }

  /**
   * Back to the tree as it was at `begin`, or to what was written since; costs nothing, and no
   * hash is worked out twice. False when there is no other version any more.
   */
  swap(): boolean {
    const { other } = this;
    if (other === undefined) return false;
    this.other = { top: this.top, count: this.count };
    this.top = other.top;
    this.count = other.count;
    this.isSecond = !this.isSecond;
    return true;
  }

  /** Forgets the version that the tree is not. */
  keepThis(): void {
    if (this.other === undefined) return;
    if (this.isSecond) {
      this.nodes.keep();
      this.leaves.keep();
    } else {
      this.nodes.drop();
      this.leaves.drop();
    }
    this.other = undefined;
    this.isSecond = false;
  }

  /** 32 bytes; hashes what changed since it was last read. */
  get root(): Uint8Array {
    this.rehash(this.top);
    return this.hashOf(this.top);
  }

  /** That `key` has its value, or has none: check with `verifyState`. */
  prove(key: Uint8Array): StateProof {
    this.rehash(this.top);
    const end = this.descend(key);
    const bitmap = new Uint8Array(Math.ceil(this.depth / 8));
    const siblings: Uint8Array[] = [];
    for (let depth = 0; depth < this.depth; depth++) {
      const sibling = this.nodes.children[2 * this.path[depth]! + 1 - bitAt(key, depth)]!;
      if (sibling === 0) continue;
      bitmap[depth >> 3]! |= 1 << (depth & 7);
      siblings.push(this.hashOf(sibling));
    }
    const proof = { depth: this.depth, bitmap, siblings };
    const { leaves } = this;
    if (end === 0 || leaves.keyEquals(-end, key)) return { ...proof, other: undefined };
    const other = { key: leaves.keyOf(-end).slice(), valueHash: sha256(leaves.peek(-end)) };
    return { ...proof, other };
  }

  /** Every pair, in key order; do not write meanwhile. */
  *entries(): Generator<readonly [Uint8Array, Uint8Array]> {
    const pending: Ref[] = [this.top];
    const { children } = this.nodes;
    for (let ref = pending.pop(); ref !== undefined; ref = pending.pop()) {
      if (ref > 0) pending.push(children[2 * ref + 1]!, children[2 * ref]!);
      if (ref < 0) yield [this.leaves.keyOf(-ref).slice(), this.leaves.valueOf(-ref)];
    }
  }

  /** The second version stands on places of the first, which is not written any more. */
  private beforeWrite(): void {
    if (this.other !== undefined && !this.isSecond) this.keepThis();
  }

  /** Follows `key` to the leaf or gap where it ends; leaves `path` and `depth` behind. */
  private descend(key: Uint8Array): Ref {
    const { path } = this;
    const { children } = this.nodes;
    let ref = this.top;
    let depth = 0;
    while (ref > 0) {
      path[depth] = ref;
      ref = children[2 * ref + bitAt(key, depth)]!;
      depth++;
    }
    this.depth = depth;
    return ref;
  }

  /** Puts `ref` where the path of `key` ends at `depth`. */
  private replace(depth: number, key: Uint8Array, ref: Ref): void {
    if (depth === 0) this.top = ref;
    else this.nodes.children[2 * this.path[depth - 1]! + bitAt(key, depth - 1)] = ref;
  }

  /** In the second version: puts copies in the place of those nodes on the path that are shared. */
  private ownPath(key: Uint8Array): void {
    if (!this.isSecond) return;
    const { nodes, path } = this;
    for (let depth = 0; depth < this.depth; depth++) {
      const node = path[depth]!;
      if (nodes.isFresh(node)) continue;
      const copy = nodes.take();
      nodes.children[2 * copy] = nodes.children[2 * node]!;
      nodes.children[2 * copy + 1] = nodes.children[2 * node + 1]!;
      this.replace(depth, key, copy);
      path[depth] = copy;
      nodes.release(node);
    }
  }

  /** What stands above a stale node is stale. */
  private markPath(): void {
    const { path } = this;
    const { stale } = this.nodes;
    for (let depth = this.depth - 1; depth >= 0 && stale[path[depth]!] === 0; depth--) {
      stale[path[depth]!] = 1;
    }
  }

  /** The subtree of both leaves, below the current depth. */
  private split(old: number, leaf: number, key: Uint8Array): Ref {
    const oldKey = this.leaves.keyOf(old);
    let depth = this.depth;
    while (bitAt(oldKey, depth) === bitAt(key, depth)) depth++;
    let ref = this.nodes.take();
    this.nodes.children[2 * ref + bitAt(key, depth)] = -leaf;
    this.nodes.children[2 * ref + 1 - bitAt(key, depth)] = -old;
    while (depth-- > this.depth) {
      const above = this.nodes.take();
      this.nodes.children[2 * above + bitAt(key, depth)] = ref;
      this.nodes.children[2 * above + 1 - bitAt(key, depth)] = 0;
      ref = above;
    }
    return ref;
  }

  /** At most 256 deep. */
  private rehash(ref: Ref): void {
    const { nodes, leaves } = this;
    if (ref > 0 && nodes.stale[ref] === 1) {
      const left = nodes.children[2 * ref]!;
      const right = nodes.children[2 * ref + 1]!;
      this.rehash(left);
      this.rehash(right);
      const a = this.hashesOf(left);
      const b = this.hashesOf(right);
      nodeHashTo(nodes.hashes, 32 * ref, a, 32 * Math.abs(left), b, 32 * Math.abs(right));
      nodes.stale[ref] = 0;
    } else if (ref < 0 && leaves.stale[-ref] === 1) {
      leafHashTo(leaves.hashes, 32 * -ref, leaves.keys, 32 * -ref, leaves.peek(-ref));
      leaves.stale[-ref] = 0;
    }
  }

  /** Where the hash of `ref` stands, at 32 times its number. */
  private hashesOf(ref: Ref): Uint8Array {
    if (ref === 0) return empty;
    return ref > 0 ? this.nodes.hashes : this.leaves.hashes;
  }

  /** A copy. */
  private hashOf(ref: Ref): Uint8Array {
    const at = 32 * Math.abs(ref);
    return this.hashesOf(ref).slice(at, at + 32);
  }
}

function bitAt(key: Uint8Array, depth: number): 0 | 1 {
  return ((key[depth >> 3]! >> (7 - (depth & 7))) & 1) as 0 | 1;
}
