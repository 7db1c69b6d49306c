/**
 * Bodies on their way in: matched with their header, held while there is room, their signatures
 * checked by jobs. NOT executed here. A body that does not match says nothing of the header.
 * protocol-spec/06-validation §2.
 */
import { copyBytes } from "../base/bytes.ts";
import type { Conn, Job } from "../edge/conn.ts";
import type { Rejection } from "../model/rule-code.ts";
import { chainLimits } from "../params/limits.ts";
import type { ActiveChain } from "./active-chain.ts";
import type { BlockTree } from "./block-tree.ts";
import { makeRoom } from "./body-room.ts";
import { invalidOf } from "./header-intake.ts";
import { checkSignatures, matchBody } from "./rules.ts";
import type { TreeNode } from "./tree-node.ts";
import { VerifyWindow } from "./verify-window.ts";

export type Taken =
  | { readonly type: "duplicate" }
  | { readonly type: "rejected"; readonly rejection: Rejection }
  /** Held; its signatures are being checked. */
  | { readonly type: "checking" }
  /** Held, nothing to check; `ready` may be executed now. */
  | { readonly type: "checked"; readonly ready: readonly TreeNode[] }
  /** No room for it: of a side branch, or too far ahead. */
  | { readonly type: "dropped" };

export type Verified =
  | { readonly node: TreeNode; readonly rejection: Rejection }
  | { readonly node: TreeNode; readonly ready: readonly TreeNode[] };

export class BodyIntake {
  private readonly tree: BlockTree;
  private readonly active: ActiveChain;
  private readonly window: VerifyWindow;

  constructor(tree: BlockTree, active: ActiveChain, start: (body: Uint8Array) => Job) {
    this.tree = tree;
    this.active = active;
    this.window = new VerifyWindow(start);
  }

  /** Keeps a copy of `bytes` when it keeps them. */
  take(node: TreeNode, bytes: Uint8Array, source: Conn | undefined): Taken {
    if (node.status === "invalid") return { type: "rejected", rejection: invalidOf(node) };
    // The anchor's body is on disk, so it counts as had.
    if (node.status !== "header" || node === this.tree.root) return { type: "duplicate" };
    if (bytes.length > chainLimits.blockBodyBytesMax) {
      const detail = `${chainLimits.blockBodyBytesMax} bytes at most`;
      return { type: "rejected", rejection: { code: "body-mismatch", detail } };
    }
    const body = matchBody(node.header, bytes);
    if ("code" in body) return { type: "rejected", rejection: body };
    this.tree.setBody(node, copyBytes(bytes), source);
    for (const dropped of makeRoom(this.tree, this.active)) this.window.delete(dropped);
    if (node.body === undefined) return { type: "dropped" };
    if (body.transactions.length === 0) {
      return { type: "checked", ready: this.tree.setChecked(node) };
    }
    this.window.add(node);
    return { type: "checking" };
  }

  /** The verdict on a body; undefined when nobody waits for that job any more. */
  onVerified(job: Job, firstBad: number): Verified | undefined {
    const node = this.window.onVerified(job);
    if (node === undefined) return undefined;
    const rejection = checkSignatures(firstBad);
    if (rejection !== undefined) return { node, rejection };
    return { node, ready: this.tree.setChecked(node) };
  }

  forget(nodes: readonly TreeNode[]): void {
    for (const node of nodes) this.window.delete(node);
  }
}
