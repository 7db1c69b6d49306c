/**
 * Room for bodies in the tree: beyond `treeBodyBytesMax` those that are worth least go, and are
 * fetched again when their branch becomes the best. Executed blocks keep theirs.
 * protocol-spec/08-limits.
 */
import { chainLimits } from "../params/limits.ts";
import type { ActiveChain } from "./active-chain.ts";
import type { BlockTree } from "./block-tree.ts";
import { better } from "./fork-choice.ts";
import type { TreeNode } from "./tree-node.ts";

/** Drops bodies until the rest fits; returns whose. */
export function makeRoom(tree: BlockTree, active: ActiveChain): TreeNode[] {
  const dropped: TreeNode[] = [];
  while (tree.bodyBytes > chainLimits.treeBodyBytesMax) {
    const victim = leastWorth(tree, active);
    if (victim === undefined) break;
    tree.dropBody(victim);
    dropped.push(victim);
  }
  return dropped;
}

/** A side branch's worst; else, on the best branch, the one that is connected last. */
function leastWorth(tree: BlockTree, active: ActiveChain): TreeNode | undefined {
  const best = new Set<TreeNode>();
  let at: TreeNode | undefined = tree.bestHeader;
  for (; at !== undefined; at = at.parent) best.add(at);
  let side: TreeNode | undefined;
  let last: TreeNode | undefined;
  for (const node of tree.all()) {
    if (node.body === undefined || active.contains(node)) continue;
    if (best.has(node)) {
      if (last === undefined || node.height > last.height) last = node;
    } else if (side === undefined || better(side, node)) side = node;
  }
  return side ?? last;
}
