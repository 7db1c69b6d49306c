/**
 * What may never be undone, as far as the disk knows. A block counts as final, for others and for
 * ourselves, only once the record that says so is durable. NOT what makes a block final
 * (`justification.ts`).
 *
 *   proven and executed ──record written──> pending (locks the fork choice) ──durable──> finalized
 *
 * Invariant: `finalized` never goes back; while pending, no branch without that block is taken,
 * because a power cut may find the record on disk. protocol-spec/06-validation §6.
 */
import { assert } from "../base/assert.ts";
import type { Ticket } from "../edge/conn.ts";
import type { FinalizedRef } from "./records.ts";
import type { TreeNode } from "./tree-node.ts";

export class Finality {
  private durable: FinalizedRef;
  private pending: { readonly node: TreeNode; readonly ticket: Ticket } | undefined;
  /** Blocks found to stand on the pending one: the way up from a later block ends there. */
  private readonly above = new Set<TreeNode>();

  constructor(finalized: FinalizedRef) {
    this.durable = finalized;
  }

  /** Durable, and thus what is reported. */
  get finalized(): FinalizedRef {
    return this.durable;
  }

  /**
   * Every branch that is chosen must contain what is pending: does that of `node`? Asked for each
   * block of a long way up, while a slow disk may leave thousands between.
   */
  allows(node: TreeNode): boolean {
    const { above } = this;
    const lock = this.pending?.node;
    if (lock === undefined) return true;
    for (let at: TreeNode | undefined = node; at !== undefined; at = at.parent) {
      if (at.height < lock.height) return false;
      if (at !== lock && !above.has(at)) continue;
      above.add(node);
      return true;
    }
    return false;
  }

  /** Is `node` news, and nothing under way that must end first? */
  isNext(node: TreeNode): boolean {
    return this.pending === undefined && node.height > this.durable.height;
  }

  /** The record of `node` is written under `ticket`. */
  begin(node: TreeNode, ticket: Ticket): void {
    assert(this.isNext(node), "finality moves up, one record at a time");
    this.pending = { node, ticket };
  }

  /** The block that became final by this, if one did. */
  onPersisted(through: Ticket): TreeNode | undefined {
    if (this.pending === undefined || this.pending.ticket > through) return undefined;
    const { node } = this.pending;
    this.pending = undefined;
    this.above.clear();
    this.durable = { height: node.height, slot: node.slot, hash: node.hash };
    return node;
  }
}
