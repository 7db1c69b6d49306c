/**
 * Votes and certificates that peers send, and our own: judged, counted, and turned into
 * justification. NOT the pool itself (`finality/vote-pool.ts`) nor what justification does
 * (`justification.ts`). Cheap checks come before signatures. protocol-spec/06-validation §6, §8.
 */
import { equalBytes } from "../base/bytes.ts";
import type { SignatureScheme } from "../crypto/signature-scheme.ts";
import type { Conn } from "../edge/conn.ts";
import { type Target, VotePool } from "../finality/vote-pool.ts";
import { type Certificate, checkCertificate } from "../model/certificate.ts";
import type { Evidence } from "../model/evidence.ts";
import type { PublicKey } from "../model/ids.ts";
import { type Rejection, rejection } from "../model/rule-code.ts";
import type { SigningDomain } from "../model/signing-domain.ts";
import type { ValidatorSet } from "../model/validator-set.ts";
import type { Vote } from "../model/vote.ts";
import type { BlockTree } from "./block-tree.ts";
import type { Imported } from "./imported.ts";
import type { Justification } from "./justification.ts";
import type { FinalizedRef } from "./records.ts";
import type { TreeNode } from "./tree-node.ts";
import type { ValidatorSets } from "./validator-sets.ts";

export interface VoteDeskParts {
  readonly tree: BlockTree;
  readonly sets: ValidatorSets;
  readonly justification: Justification;
  readonly domain: SigningDomain;
  readonly signatures: SignatureScheme;
  readonly finalized: () => FinalizedRef;
  /** In charge of the next block on the head. */
  readonly headSet: () => ValidatorSet;
  readonly slot: () => number;
  readonly onEvidence: (evidence: Evidence, source: Conn | undefined) => Imported[];
  /** A certificate that no block in the store carries made a block justified. */
  readonly onHeard: (certificate: Certificate) => void;
}

export class VoteDesk {
  private readonly parts: VoteDeskParts;
  private readonly pool: VotePool;

  constructor(parts: VoteDeskParts) {
    this.parts = parts;
    this.pool = new VotePool(parts.domain, parts.signatures);
  }

  get size(): number {
    return this.pool.size;
  }

  /** Was that signature over that vote data found good? */
  knows(data: Uint8Array, validator: Vote["validator"], signature: Uint8Array): boolean {
    return this.pool.knows(data, validator, signature);
  }

  /** Target slot of the newest vote of `validator` that is held. */
  newestSlotOf(validator: PublicKey): number | undefined {
    return this.pool.newestSlotOf(validator);
  }

  importVote(vote: Vote, source: Conn | undefined): Imported[] {
    const refuse = (reason: Rejection): Imported[] => [
      { type: "refused", rejection: reason, source },
    ];
    const { targetSlot, targetHash } = vote;
    const finalized = this.parts.finalized();
    if (targetSlot <= finalized.slot || targetSlot > this.parts.slot() + 1) {
      const range = `slots ${finalized.slot + 1} to ${this.parts.slot() + 1}`;
      return refuse(rejection("vote-slot", `${range} expected, got ${targetSlot}`));
    }
    const node = this.parts.tree.get(targetHash);
    if (node?.status === "invalid") return [];
    if (node === undefined) {
      const kept = this.pool.keep(vote, this.parts.headSet());
      if (kept === "duplicate") return [];
      // A stranger to the set that we know may be of the one that is in charge there.
      if (kept !== "kept") return kept.code === "vote-signature" ? refuse(kept) : [];
      const fault = this.pool.faultOf(vote);
      const found = fault === undefined ? [] : this.parts.onEvidence(fault, undefined);
      return source === undefined
        ? found
        : [...found, { type: "wanted", hash: targetHash, source }];
    }
    const added = this.pool.add(vote, this.targetOf(node));
    if (added === "duplicate") return [];
    if ("code" in added) return refuse(added);
    const { certificate, evidence } = added;
    if (certificate !== undefined) this.heard(certificate);
    const found = evidence === undefined ? [] : this.parts.onEvidence(evidence, undefined);
    return [{ type: "vote", vote, source }, ...found];
  }

  importCertificate(certificate: Certificate, source: Conn | undefined): Imported[] {
    const { tree, sets, justification } = this.parts;
    const { targetHash, targetSlot } = certificate.data;
    const refuse = (reason: Rejection): Imported[] => [
      { type: "refused", rejection: reason, source },
    ];
    if (justification.has(targetHash)) return [];
    const node = tree.get(targetHash);
    const wanted: Imported[] =
      node === undefined && source !== undefined
        ? [{ type: "wanted", hash: targetHash, source }]
        : [];
    const set = sets.get(certificate.validatorsHash);
    const isOld = targetSlot <= this.parts.finalized().slot;
    const contradicts = justification.contradicts(certificate);
    if (isOld && !contradicts) return [];
    const misnamed = node && this.misnamed(certificate, node);
    if (misnamed !== undefined) return refuse(misnamed);
    if (set === undefined) return wanted;
    const { domain, signatures } = this.parts;
    const rejected = checkCertificate(certificate, set, domain, signatures);
    if (rejected !== undefined) return refuse(rejected);
    if (contradicts) {
      justification.haltFor(certificate);
      return [];
    }
    return this.heard(certificate) ? [{ type: "certificate", certificate, source }] : wanted;
  }

  /** A header is in the tree: votes for it may have waited. */
  onInserted(node: TreeNode): Imported[] {
    this.parts.justification.onInserted(node);
    return this.pool.takeKept(node.hash).flatMap((vote) => {
      // Whoever sent it could not be told from an honest one.
      const results = this.importVote(vote, undefined);
      return results.filter((result) => result.type !== "refused");
    });
  }

  onFinalized(slot: number): void {
    this.pool.prune(slot);
  }

  private heard(certificate: Certificate): boolean {
    const isRaised = this.parts.justification.add(certificate);
    if (isRaised) this.parts.onHeard(certificate);
    return isRaised;
  }

  private targetOf(node: TreeNode): Target {
    const { justifiedSlot: slot, justifiedHash: hash, validatorsHash } = node.header;
    const set = this.parts.sets.get(validatorsHash) ?? [];
    return { set, slot: node.slot, source: { slot, hash } };
  }

  /** A quorum cannot have signed what contradicts the header it names, unless it cheats. */
  private misnamed({ data, validatorsHash }: Certificate, node: TreeNode): Rejection | undefined {
    const { header } = node;
    if (!equalBytes(validatorsHash, header.validatorsHash)) {
      return rejection("certificate-set", "not the validators in charge of its target");
    }
    const fits =
      data.targetSlot === node.slot &&
      data.sourceSlot === header.justifiedSlot &&
      data.sourceHash === header.justifiedHash;
    return fits ? undefined : rejection("vote-source", "not what its target holds for justified");
  }
}
