/**
 * Signature checks of bodies under way: at most `verifyJobsMax` jobs, the others wait their turn.
 * Answers come in any order; one for a block that is gone, or to an unknown job, changes nothing.
 * NOT the verdict. protocol-spec/06-validation §3.
 */
import type { Job } from "../edge/conn.ts";
import type { PublicKey } from "../model/ids.ts";
import { chainLimits } from "../params/limits.ts";
import type { TreeNode } from "./tree-node.ts";

/** Begins a job: the transactions of `body`, and the signatures of `certifiers` in it. */
export type StartVerify = (body: Uint8Array, certifiers: readonly PublicKey[]) => Job;

export class VerifyWindow {
  private readonly running = new Map<Job, TreeNode>();
  /** With the certifiers to check. */
  private readonly waiting = new Map<TreeNode, readonly PublicKey[]>();
  private readonly start: StartVerify;

  constructor(start: StartVerify) {
    this.start = start;
  }

  add(node: TreeNode, certifiers: readonly PublicKey[]): void {
    this.waiting.set(node, certifiers);
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
    for (const [node, certifiers] of this.waiting) {
      if (this.running.size >= chainLimits.verifyJobsMax) return;
      this.waiting.delete(node);
      if (node.status !== "checking" || node.body === undefined) continue;
      this.running.set(this.start(node.body, certifiers), node);
    }
  }
}
