/**
 * All headers above the anchor, and their bodies while there is room. Bounded: `treeNodesMax`
 * nodes, `treeBodyBytesMax` bytes. NOT which branch is executed (`branch-switch.ts`).
 * Invariant: every node descends from the root; `bestHeader` is the best node on the base that is
 * neither invalid nor hidden behind a body that nobody gives.
 * protocol-spec/06-validation §5.
 *
 *   root ── b1 ── b2 ── b3        a leaf is a tip; forks share what is left of them
 *             └── c2
 */
import { assert, defined } from "../base/assert.ts";
import type { Conn } from "../edge/conn.ts";
import type { SealedHeader } from "../model/header.ts";
import type { BlockHash } from "../model/ids.ts";
import type { Rejection } from "../model/rule-code.ts";
import { better } from "./fork-choice.ts";
import { type Derived, descendsFrom, type TreeNode, treeNode } from "./tree-node.ts";

export class BlockTree {
  private readonly nodes = new Map<BlockHash, TreeNode>();
  private rootNode: TreeNode;
  private bestNode: TreeNode;
  private baseNode: TreeNode;
  private bytes = 0;

  constructor(root: TreeNode) {
    this.rootNode = root;
    this.bestNode = root;
    this.baseNode = root;
    this.nodes.set(root.hash, root);
  }

  get root(): TreeNode {
    return this.rootNode;
  }

  get bestHeader(): TreeNode {
    return this.bestNode;
  }

  /** A quorum voted for it: the best header stands on it, whatever else is longer. */
  get base(): TreeNode {
    return this.baseNode;
  }

  setBase(base: TreeNode): void {
    const old = this.baseNode;
    if (base === old) return;
    assert(this.nodes.get(base.hash) === base, "the base is in the tree");
    this.baseNode = base;
    if (descendsFrom(base, old)) {
      leaveBehind(base, old);
      const claim = this.bestNode.header.justifiedSlot;
      if (claim > base.slot || (claim <= old.slot && this.bestNode.isOnBase)) return;
    } else {
      for (const node of this.nodes.values()) node.isOnBase = false;
      for (const node of subtree(base)) node.isOnBase = true;
    }
    this.findBestHeader();
  }

  get size(): number {
    return this.nodes.size;
  }

  /** Of all bodies held. */
  get bodyBytes(): number {
    return this.bytes;
  }

  get(hash: BlockHash): TreeNode | undefined {
    return this.nodes.get(hash);
  }

  all(): IterableIterator<TreeNode> {
    return this.nodes.values();
  }

  /** Tips: nodes without children, invalid ones too. */
  leaves(): TreeNode[] {
    return [...this.nodes.values()].filter((node) => node.children.length === 0);
  }

  insert(sealed: SealedHeader, parent: TreeNode, derived: Derived): TreeNode {
    assert(!this.nodes.has(sealed.header.hash), "a header is inserted once");
    assert(parent.status !== "invalid", "nothing stands on an invalid block");
    const node = treeNode(sealed, parent, derived);
    // The first push would make room for 17, and most have one.
    if (parent.children.length === 0) parent.children = [node];
    else parent.children.push(node);
    this.nodes.set(node.hash, node);
    if (node.isHidden) return node;
    if (this.isPreferred(node, this.bestNode)) this.bestNode = node;
    return node;
  }

  /** header -> checking */
  setBody(node: TreeNode, body: Uint8Array, source: Conn | undefined): void {
    assert(node.status === "header", "the body was not here");
    node.body = body;
    node.bodySource = source;
    node.status = "checking";
    this.bytes += body.length;
    this.setWithheld(node.hash, false);
  }

  /** Hides a header, whose body nobody gives, and all that stands on it; or shows them again. */
  setWithheld(hash: BlockHash, isWithheld: boolean): void {
    const node = this.nodes.get(hash);
    if (node === undefined || node.isWithheld === isWithheld) return;
    if (isWithheld && node.status !== "header") return;
    node.isWithheld = isWithheld;
    for (const below of subtree(node)) {
      below.isHidden = below.isWithheld || below.parent?.isHidden === true;
    }
    this.findBestHeader();
  }

  /** checking -> body. Returns the nodes that became ready, parents first. */
  setChecked(node: TreeNode): TreeNode[] {
    assert(node.status === "checking", "it was being checked");
    node.status = "body";
    if (node.parent !== undefined && !node.parent.ready) return [];
    const ready = [node];
    for (const next of ready) {
      next.ready = true;
      for (const child of next.children) if (child.status === "body") ready.push(child);
    }
    return ready;
  }

  /** checking, body -> header: the body must be fetched again. */
  dropBody(node: TreeNode): void {
    assert(node.status === "checking" || node.status === "body", "not executed, not invalid");
    this.forgetBody(node);
    node.status = "header";
    for (const below of subtree(node)) below.ready = false;
  }

  /** The body of an executed block whose undoing is over; it is on disk. */
  forgetBody(node: TreeNode): void {
    this.bytes -= node.body?.length ?? 0;
    node.body = undefined;
    node.carried = undefined;
    node.bodySource = undefined;
  }

  /** Marks `node` and all that stands on it. */
  invalidate(node: TreeNode, rejection: Rejection): void {
    for (const bad of subtree(node)) {
      assert(bad.status !== "executed", "what was executed is valid");
      const own = bad === node;
      bad.rejection = own
        ? rejection
        : { code: "header-parent-invalid", detail: `stands on ${node.hash}` };
      this.forgetBody(bad);
      bad.status = "invalid";
      bad.ready = false;
    }
    if (this.bestNode.status === "invalid") this.findBestHeader();
  }

  /** Takes `node` and all that stands on it out of the tree; returns them. */
  remove(node: TreeNode): TreeNode[] {
    const siblings = node.parent?.children;
    assert(siblings !== undefined, "the root stays");
    siblings.splice(siblings.indexOf(node), 1);
    const removed = subtree(node);
    for (const gone of removed) {
      this.forgetBody(gone);
      gone.status = "header";
      gone.ready = false;
      this.nodes.delete(gone.hash);
    }
    if (this.nodes.get(this.baseNode.hash) !== this.baseNode) this.setBase(this.rootNode);
    if (this.nodes.get(this.bestNode.hash) !== this.bestNode) this.findBestHeader();
    return removed;
  }

  /** Makes a child of the root the root; returns what fell off, the old root not included. */
  reroot(root: TreeNode): TreeNode[] {
    const old = this.rootNode;
    assert(root.parent === old, "the root moves up one block at a time");
    const removed = old.children
      .filter((child) => child !== root)
      .flatMap((child) => this.remove(child));
    this.forgetBody(old);
    this.nodes.delete(old.hash);
    if (this.baseNode === old) this.setBase(root);
    old.children = [];
    root.parent = undefined;
    root.changes = undefined;
    this.rootNode = root;
    this.forgetBody(root);
    return removed;
  }

  private findBestHeader(): void {
    let found: TreeNode | undefined;
    for (const node of this.nodes.values()) {
      if (node.status === "invalid" || node.isHidden) continue;
      if (found === undefined || this.isPreferred(node, found)) found = node;
    }
    this.bestNode = found ?? this.rootNode;
  }

  /**
   * What names a newer justified block than the base: its body brings the proof, and perhaps the
   * only way to learn of a hand-over; who lies in a header has no body for it. Then what stands on
   * the base.
   */
  private isPreferred(node: TreeNode, other: TreeNode): boolean {
    const { slot } = this.baseNode;
    const claim = Math.max(slot, node.header.justifiedSlot);
    const rival = Math.max(slot, other.header.justifiedSlot);
    if (claim !== rival) return claim > rival;
    return node.isOnBase === other.isOnBase ? better(node, other) : node.isOnBase;
  }
}

/** The base moves up from `old`: what stands beside the way there is off it. */
function leaveBehind(base: TreeNode, old: TreeNode): void {
  for (let on = base; on !== old; on = defined(on.parent, "it descends from the old base")) {
    const left = defined(on.parent, "it descends from the old base");
    left.isOnBase = false;
    for (const child of left.children) {
      if (child !== on) for (const off of subtree(child)) off.isOnBase = false;
    }
  }
}

/** `node` and all that stands on it, parents first. */
export function subtree(node: TreeNode): TreeNode[] {
  const found = [node];
  for (const next of found) found.push(...next.children);
  return found;
}
