/**
 * The executed branch from the anchor to the head, by height. NOT the choice of it.
 * Invariant: each block is the parent of the next; all are executed.
 */
import { assert, defined } from "../base/assert.ts";
import type { TreeNode } from "./tree-node.ts";

export class ActiveChain {
  private nodes: TreeNode[];

  constructor(anchor: TreeNode) {
    this.nodes = [anchor];
  }

  get anchor(): TreeNode {
    return this.nodes[0]!;
  }

  get head(): TreeNode {
    return this.nodes[this.nodes.length - 1]!;
  }

  at(height: number): TreeNode | undefined {
    return this.nodes[height - this.anchor.height];
  }

  contains(node: TreeNode): boolean {
    return this.at(node.height) === node;
  }

  push(node: TreeNode): void {
    assert(node.parent === this.head && node.status === "executed", "a child of the head");
    this.nodes.push(node);
  }

  pop(): TreeNode {
    assert(this.nodes.length > 1, "the anchor is never undone");
    return this.nodes.pop()!;
  }

  /** Forgets what is below `anchor`, which must be in the chain. */
  cutBelow(anchor: TreeNode): void {
    assert(this.contains(anchor), "the anchor is in the chain");
    this.nodes = this.nodes.slice(anchor.height - this.anchor.height);
  }

  /** From `first` to `last`, heights, both included. */
  slice(first: number, last: number): TreeNode[] {
    const out: TreeNode[] = [];
    for (let height = first; height <= last; height++) {
      out.push(defined(this.at(height), "the height is in the chain"));
    }
    return out;
  }
}
