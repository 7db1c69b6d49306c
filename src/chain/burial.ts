/**
 * Moving the anchor up: what can no longer be undone leaves memory for the records "C", "I", "T",
 * and branches that fork off below it are forgotten, records included. Remembers the hashes of the
 * latest buried blocks, so that an old block is told from a fork that comes too late.
 * protocol-spec/06-validation §6.
 *
 *   anchor ── a1 ── a2 ── … head        a1 becomes the anchor: x1, x2 go, a1 stays as the root
 *         └── x1 ── x2
 */
import { assert } from "../base/assert.ts";
import { BoundedMap } from "../base/bounded.ts";
import type { Write } from "../edge/effect.ts";
import type { BlockHash } from "../model/ids.ts";
import { chainLimits } from "../params/limits.ts";
import type { ActiveChain } from "./active-chain.ts";
import type { BlockTree } from "./block-tree.ts";
import type { StepBudget } from "./branch-switch.ts";
import {
  bodyKey,
  canonicalKey,
  encodeAnchor,
  encodeCanonical,
  encodeHeight,
  indexKey,
  metaKey,
  nodeKey,
  transactionWrites,
} from "./records.ts";
import { bodyOf, type TreeNode } from "./tree-node.ts";

export class Burial {
  private readonly tree: BlockTree;
  private readonly active: ActiveChain;
  /** Once for each block buried, with what left the tree. */
  private readonly onBuried: (removed: readonly TreeNode[]) => void;
  private readonly places = new BoundedMap<BlockHash, Place>(chainLimits.treeNodesMax);
  /** Every buried block from this slot on is remembered. */
  private oldestSlot: number;
  private readonly hashes = new BoundedMap<string, BlockHash>(chainLimits.treeNodesMax);

  constructor(
    tree: BlockTree,
    active: ActiveChain,
    onBuried: (removed: readonly TreeNode[]) => void,
  ) {
    this.tree = tree;
    this.active = active;
    this.onBuried = onBuried;
    this.oldestSlot = tree.root.slot;
    this.remember(tree.root);
  }

  /** Height of a block that is buried, if it is among the latest of them. */
  heightOf(hash: BlockHash): number | undefined {
    return this.places.get(hash)?.height;
  }

  /** Is it certain that a block of `slot`, not above the anchor, was never on our chain? */
  isForeign(hash: BlockHash, slot: number): boolean {
    return slot >= this.oldestSlot && slot <= this.tree.root.slot && !this.places.has(hash);
  }

  /** The buried block at `height`, if it is among the latest of them. */
  hashAt(height: number): BlockHash | undefined {
    return this.hashes.get(String(height));
  }

  /**
   * Makes the active block at `height` the anchor, or one below when the budget does not reach so
   * far; returns what the store must learn.
   */
  raiseTo(height: number, { blocks, transactions }: StepBudget): Write[] {
    const writes: Write[] = [];
    let room = transactions;
    for (let left = blocks; left > 0 && room > 0 && this.tree.root.height < height; left--) {
      const node = this.active.at(this.tree.root.height + 1);
      assert(node !== undefined, "only executed blocks are buried");
      room -= node.header.txCount;
      pushRecords(writes, node);
      const old = this.tree.root;
      const removed = this.tree.reroot(node);
      writes.push(...deletesOf(removed));
      this.remember(node);
      this.onBuried([old, ...removed]);
    }
    if (writes.length === 0) return writes;
    // Once for all: it moves all that is left.
    this.active.cutBelow(this.tree.root);
    writes.push(anchorWrite(this.tree.root));
    return writes;
  }

  private remember(node: TreeNode): void {
    const dropped = this.places.set(node.hash, { height: node.height, slot: node.slot });
    if (dropped !== undefined) this.oldestSlot = dropped[1].slot + 1;
    this.hashes.set(String(node.height), node.hash);
  }
}

interface Place {
  readonly height: number;
  readonly slot: number;
}

/** "M anchor". */
export function anchorWrite(anchor: TreeNode): Write {
  return { key: metaKey("anchor"), value: encodeAnchor(anchor) };
}

function pushRecords(writes: Write[], node: TreeNode): void {
  writes.push({ key: canonicalKey(node.height), value: encodeCanonical(node.sealed) });
  writes.push({ key: indexKey(node.hash), value: encodeHeight(node.height) });
  if (node.header.txCount > 0) {
    const ids = bodyOf(node).transactions.map(({ id }) => id);
    writes.push(...transactionWrites(node, ids));
  }
  writes.push({ key: nodeKey(node), value: undefined });
}

/** Of nodes that left the tree for good: a record without its parent's would be damage. */
export function deletesOf(nodes: readonly TreeNode[]): Write[] {
  return nodes
    .filter((node) => node.stored)
    .flatMap((node) => [
      { key: nodeKey(node), value: undefined },
      { key: bodyKey(node), value: undefined },
    ]);
}
