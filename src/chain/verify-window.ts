/**
 * Signature checks of bodies under way: at most `verifyJobsMax` jobs, the others wait their turn.
 * Answers come in any order; one for a block that is gone, or to an unknown job, changes nothing.
 * NOT the verdict. protocol-spec/06-validation §3.
 */
import type { Job } from "../edge/conn.ts";
import { chainLimits } from "../params/limits.ts";
import type { TreeNode } from "./tree-node.ts";

export class VerifyWindow {
  private readonly running = new Map<Job, TreeNode>();
  private readonly waiting = new Set<TreeNode>();
  private readonly start: (node: TreeNode, body: Uint8Array) => Job;

  constructor(start: (node: TreeNode, body: Uint8Array) => Job) {
    this.start = start;
  }

  get runningCount(): number {
    return this.running.size;
  }

  get waitingCount(): number {
    return this.waiting.size;
  }

  add(node: TreeNode): void {
    this.waiting.add(node);
    this.fill();
  }

  /** The block left the tree or lost its body. */
  delete(node: TreeNode): void {
    this.waiting.delete(node);
  }

  /** The node of a finished job; undefined when nobody waits for it any more. */
  onVerified(job: Job): TreeNode | undefined {
    const node = this.running.get(job);
    this.running.delete(job);
    this.fill();
    return node?.status === "checking" && !this.waiting.has(node) ? node : undefined;
  }

  private fill(): void {
    for (const node of this.waiting) {
      if (this.running.size >= chainLimits.verifyJobsMax) return;
      this.waiting.delete(node);
      if (node.status !== "checking" || node.body === undefined) continue;
      this.running.set(this.start(node, node.body), node);
    }
  }
}
