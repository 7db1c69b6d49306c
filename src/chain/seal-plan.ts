/**
 * On which block a leader seals, and which certificate it carries. Within the cap that is the head.
 * At the cap the head must be certified; while it is not, leaders seal siblings of it, each in a
 * fresh slot for which everybody may vote, or nobody could ever vote again.
 * NOT the building of the block. protocol-spec/06-validation §3, §6.
 *
 *   F ── … 100 blocks … ── p ── head        head not certified: no child of it is valid
 *                            └─ sibling     may collect a quorum; then its child is valid
 */
import type { Certificate } from "../model/certificate.ts";
import { chainLimits } from "../params/limits.ts";
import { basisOf } from "./recoveries.ts";
import { descendsFrom, finalAfter, type TreeNode } from "./tree-node.ts";

export interface SealPlan {
  readonly parent: TreeNode;
  /** Undefined: nothing to raise. */
  readonly certificate: Certificate | undefined;
  /** What is final by the new block's branch, itself included. */
  readonly finalHeight: number;
}

/** Undefined: not now. `validatorCount` of the set in charge. */
export function planSeal(
  head: TreeNode,
  justified: TreeNode,
  slot: number,
  validatorCount: number,
): SealPlan | undefined {
  if (!descendsFrom(head, justified)) return undefined;
  const onHead = planOn(head, justified);
  if (onHead !== undefined) return onHead;
  const { parent } = head;
  if (parent === undefined || !descendsFrom(parent, justified)) return undefined;
  // One sibling a rotation is enough: it has a whole round to collect votes.
  if (parent.children.some((child) => child.slot > slot - validatorCount)) return undefined;
  return planOn(parent, justified);
}

function planOn(parent: TreeNode, justified: TreeNode): SealPlan | undefined {
  const raises = justified.slot > basisOf(parent.header, parent.recovered).justifiedSlot;
  const certificate = raises ? justified.certificate : undefined;
  const raised = certificate === undefined ? undefined : justified.finalizes;
  const finalHeight = (raised ?? finalAfter(parent)).height;
  const isCapped = parent.height + 1 > finalHeight + chainLimits.unfinalizedMax;
  if (isCapped && !(certificate !== undefined && justified === parent)) return undefined;
  return { parent, certificate, finalHeight };
}
