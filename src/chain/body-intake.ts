/**
 * Bodies on their way in: matched with their header, held while there is room, their signatures
 * checked by jobs. NOT executed here. A body that does not match says nothing of the header.
 * protocol-spec/06-validation §2.
 */
import { copyBytes } from "../base/bytes.ts";
import type { Conn, Job } from "../edge/conn.ts";
import type { BodyOutline } from "../model/block.ts";
import { certifiersOf } from "../model/certificate.ts";
import type { PublicKey } from "../model/ids.ts";
import type { Rejection } from "../model/rule-code.ts";
import { voteDataBytes } from "../model/vote.ts";
import { chainLimits } from "../params/limits.ts";
import type { ActiveChain } from "./active-chain.ts";
import type { BlockTree } from "./block-tree.ts";
import { makeRoom } from "./body-room.ts";
import type { BuiltBlock } from "./built-block.ts";
import { type Carried, carriedBy } from "./carried-proof.ts";
import { invalidOf } from "./header-intake.ts";
import { checkSignatures, matchBody } from "./rules.ts";
import type { TreeNode } from "./tree-node.ts";
import type { ValidatorSets } from "./validator-sets.ts";
import type { VerifiedSignatures } from "./verified-signatures.ts";
import { type StartVerify, VerifyWindow } from "./verify-window.ts";

export type Taken =
  | { readonly type: "duplicate" }
  | { readonly type: "rejected"; readonly rejection: Rejection }
  /** It is the body that the header commits to, and breaks a rule: so does the block. */
  | { readonly type: "invalid"; readonly rejection: Rejection }
  /** Held; its signatures are being checked. */
  | { readonly type: "checking" }
  /** Held, nothing to check; `ready` may be executed now. */
  | { readonly type: "checked"; readonly ready: readonly TreeNode[] }
  /** No room for it: of a side branch, or too far ahead. */
  | { readonly type: "dropped" };

export type Verified =
  | { readonly node: TreeNode; readonly rejection: Rejection }
  | { readonly node: TreeNode; readonly ready: readonly TreeNode[] };

/** Was this vote seen, and its signature found good? */
type IsKnown = (data: Uint8Array, validator: PublicKey, signature: Uint8Array) => boolean;

export interface BodyIntakeParts {
  readonly tree: BlockTree;
  readonly active: ActiveChain;
  readonly sets: ValidatorSets;
  readonly isKnown: IsKnown;
  readonly verify: StartVerify;
  readonly verified: VerifiedSignatures;
  readonly built: BuiltBlock;
}

export class BodyIntake {
  private readonly tree: BlockTree;
  private readonly active: ActiveChain;
  private readonly window: VerifyWindow;
  private readonly sets: ValidatorSets;
  private readonly isKnown: IsKnown;
  private readonly verified: VerifiedSignatures;
  private readonly built: BuiltBlock;
  /** Of running jobs that check a part of a body: which of its transactions. */
  private readonly indices = new Map<Job, readonly number[]>();

  constructor(parts: BodyIntakeParts) {
    const { tree, active, sets, isKnown, verify, verified, built } = parts;
    this.tree = tree;
    this.active = active;
    this.sets = sets;
    this.isKnown = isKnown;
    this.verified = verified;
    this.built = built;
    this.window = new VerifyWindow((body, certifiers) => {
      const part = verified.uncheckedPart(body);
      const job = verify(part.body, certifiers);
      if (part.indices !== undefined) this.indices.set(job, part.indices);
      return job;
    });
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
    const body = this.built.outlineOf(node.hash, bytes) ?? matchBody(node.header, bytes);
    if ("code" in body) return { type: "rejected", rejection: body };
    // Before anything points into it: what was decoded of it lives as long as it does.
    const kept = copyBytes(bytes);
    const certificate = kept.subarray(4, 4 + body.certificate.length);
    const setOf = (hash: Uint8Array) => this.sets.get(hash);
    const carried = certificate.length > 0 ? carriedBy(node, certificate, setOf) : undefined;
    if (certificate.length > 0 && carried === undefined) return { type: "dropped" };
    this.tree.setBody(node, kept, source);
    this.built.onKept(node.hash, kept);
    if (carried !== undefined && "code" in carried) return { type: "invalid", rejection: carried };
    for (const dropped of makeRoom(this.tree, this.active)) this.window.delete(dropped);
    if (node.body === undefined) return { type: "dropped" };
    node.carried = carried?.certificate;
    // What a certified block carries, those have checked who voted above it.
    const certifiers = node.isCertified ? [] : this.unknownOf(carried);
    if (certifiers.length === 0 && this.isAllKnown(body, node.body)) {
      return { type: "checked", ready: this.tree.setChecked(node) };
    }
    this.window.add(node, certifiers);
    return { type: "checking" };
  }

  /** The verdict on a body; undefined when nobody waits for that job any more. */
  onVerified(job: Job, firstBad: number): Verified | undefined {
    const indices = this.indices.get(job);
    this.indices.delete(job);
    const node = this.window.onVerified(job);
    if (node === undefined) return undefined;
    const rejection = checkSignatures(indices?.[firstBad] ?? firstBad);
    if (rejection !== undefined) return { node, rejection };
    return { node, ready: this.tree.setChecked(node) };
  }

  forget(nodes: readonly TreeNode[]): void {
    for (const node of nodes) this.window.delete(node);
  }

  /** Every transaction was found good before, or there is none. */
  private isAllKnown({ transactions }: BodyOutline, body: Uint8Array): boolean {
    return transactions.length === 0 || this.verified.uncheckedPart(body).indices?.length === 0;
  }

  /** Nobody, when all of its signatures were seen as votes. */
  private unknownOf(carried: Carried | undefined): readonly PublicKey[] {
    if (carried === undefined) return [];
    const { certificate, set } = carried;
    const data = certificate.bytes.subarray(0, voteDataBytes);
    const keys = certifiersOf(certificate, set);
    const isKnown = certificate.signers.every(({ signature }, index) =>
      this.isKnown(data, keys[index]!, signature),
    );
    return isKnown ? [] : keys;
  }
}
