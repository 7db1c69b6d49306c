/**
 * Which blocks a quorum voted for, from certificates heard and carried, and what follows: the root
 * of the fork choice (`justified`) and the block to make final (`finalCandidate`). Certificates
 * come verified; those whose block is not complete here are parked.
 * NOT validity (`carried-proof.ts`), and no record is written here.
 *
 * Invariants: `finalCandidate` only moves to descendants; `justified` descends from it, and its
 * slot never falls but by a recovery; after `halted` neither moves again.
 * protocol-spec/06-validation §5-6, §11.
 *
 *   heard ──block complete──> applied          heard ──block unknown or incomplete──> parked
 *     └────── frozen ──> held ──thaw──> applied                 parked ──complete──> applied
 */
import { defined } from "../base/assert.ts";
import { isZero, readU32 } from "../base/bytes.ts";
import { type Certificate, decodeCertificate } from "../model/certificate.ts";
import type { BlockHash } from "../model/ids.ts";
import { chainLimits } from "../params/limits.ts";
import type { BlockTree } from "./block-tree.ts";
import { targetOf } from "./carried-proof.ts";
import { descendsFrom, type TreeNode } from "./tree-node.ts";

/** Two certificates that no honest two thirds signed both. */
export interface SafetyConflict {
  readonly detail: string;
  readonly certificates: readonly Certificate[];
}

export interface FinalCandidate {
  readonly node: TreeNode;
  /** For its child one slot later; undefined: final since the start, or by a recovery. */
  readonly certificate: Certificate | undefined;
}

export interface JustificationPort {
  onJustified(node: TreeNode): void;
  /** Was a block of that slot, at or below the root of the tree, never on our chain? */
  isForeign(hash: BlockHash, slot: number): boolean;
  /** Once: nothing moves any more. */
  onHalted(conflict: SafetyConflict): void;
}

export class Justification {
  private readonly tree: BlockTree;
  private readonly port: JustificationPort;
  private justifiedNode: TreeNode;
  private candidate: FinalCandidate;
  private conflict: SafetyConflict | undefined;
  /** The block of the latest recovery, once it is complete. */
  private decreed: TreeNode | undefined;
  /** By target hash; verified. */
  private readonly parked = new Map<BlockHash, Certificate>();
  private readonly held = new Map<TreeNode, Certificate>();
  /** While set: certificates count only when a block of a later slot has or carries them. */
  private frozenSlot: number | undefined;

  constructor(tree: BlockTree, finalized: TreeNode, port: JustificationPort) {
    this.tree = tree;
    this.port = port;
    this.candidate = { node: finalized, certificate: undefined };
    this.justifiedNode = finalized;
    tree.setBase(finalized);
  }

  get justified(): TreeNode {
    return this.justifiedNode;
  }

  /** To be made final: everything that is proven, durable or not. */
  get finalCandidate(): FinalCandidate {
    return this.candidate;
  }

  get halted(): SafetyConflict | undefined {
    return this.conflict;
  }

  get parkedCount(): number {
    return this.parked.size + this.held.size;
  }

  /** A verified certificate by whatever way. True when it raised justified. */
  add(certificate: Certificate): boolean {
    const { targetHash } = certificate.data;
    const target = this.tree.get(targetHash);
    if (target?.status === "invalid") {
      this.halt(`a quorum voted for block ${targetHash}, which breaks a rule`, [certificate]);
      return false;
    }
    if (target === undefined || !target.ready) {
      this.park(certificate);
      return false;
    }
    // A quorum for a block of this very slot decides the slot: nobody hoarded it.
    const isNow = this.frozenSlot === undefined || target.slot > this.frozenSlot;
    if (isNow) return this.apply(target, certificate);
    this.hold(target, certificate);
    return false;
  }

  has(target: BlockHash): boolean {
    return this.parked.has(target) || this.tree.get(target)?.certificate !== undefined;
  }

  /** Headers came: a parked certificate may now name the branch to fetch. */
  onInserted(node: TreeNode): void {
    if (this.parked.has(node.hash)) this.chooseBase();
  }

  /** Blocks are complete now, parents first: what they carry counts, and what waited for them. */
  onReady(nodes: readonly TreeNode[]): void {
    for (const node of nodes) if (node.recovered !== undefined) this.decree(node);
    for (const node of nodes) {
      this.takeCarried(node);
      const certificate = this.parked.get(node.hash);
      if (certificate === undefined) continue;
      this.parked.delete(node.hash);
      this.add(certificate);
    }
  }

  /** From now on only blocks of slots after `slot` bring news: what others froze counts. */
  freeze(slot: number): void {
    this.frozenSlot = slot;
  }

  /** What was held counts. */
  thaw(): void {
    this.frozenSlot = undefined;
    const held = [...this.held].sort(([a], [b]) => a.slot - b.slot);
    this.held.clear();
    for (const [target, certificate] of held) {
      if (this.tree.get(target.hash) === target) this.apply(target, certificate);
    }
  }

  /** The tree was cut: what is gone is waited for no more. */
  onCut(rootSlot: number): void {
    for (const [hash, certificate] of this.parked) {
      if (this.contradicts(certificate)) this.haltFor(certificate);
      if (certificate.data.targetSlot <= rootSlot) this.parked.delete(hash);
    }
    for (const target of this.held.keys()) {
      if (this.tree.get(target.hash) !== target) this.held.delete(target);
    }
    this.chooseBase();
  }

  /** Does it make a block final that cannot be on one chain with our final block? */
  contradicts({ data }: Certificate): boolean {
    const { sourceHash, sourceSlot, targetSlot } = data;
    if (sourceSlot === 0 || targetSlot !== sourceSlot + 1) return false;
    const { node: final } = this.candidate;
    const source = this.tree.get(sourceHash);
    if (source !== undefined) return !descendsFrom(source, final) && !descendsFrom(final, source);
    // From the root to the final block the tree holds all of our chain.
    if (sourceSlot > this.tree.root.slot) return sourceSlot <= final.slot;
    return this.port.isForeign(sourceHash, sourceSlot);
  }

  /** Keeps `certificate`, which contradicts what is final here, beside ours. */
  haltFor(certificate: Certificate): void {
    const { certificate: ours } = this.candidate;
    const detail = `block ${certificate.data.sourceHash} is final elsewhere, not here`;
    this.halt(detail, ours === undefined ? [certificate] : [ours, certificate]);
  }

  halt(detail: string, certificates: readonly Certificate[]): void {
    if (this.conflict !== undefined) return;
    this.conflict = { detail, certificates };
    this.port.onHalted(this.conflict);
  }

  /** People decided that it is final, whatever votes say of other branches. */
  private decree(node: TreeNode): void {
    const { candidate } = this;
    this.decreed = node;
    if (descendsFrom(candidate.node, node)) return;
    if (!descendsFrom(node, candidate.node)) {
      this.halt(`the block of the recovery does not stand on ${candidate.node.hash}`, []);
      return;
    }
    this.candidate = { node, certificate: undefined };
    if (descendsFrom(this.justifiedNode, node)) return;
    this.justifiedNode = node;
    this.chooseBase();
    this.port.onJustified(node);
  }

  /** It is on a branch that a recovery gave up. */
  private isOverruled(target: TreeNode): boolean {
    const { decreed } = this;
    if (decreed === undefined || target.height > decreed.height) return false;
    return !descendsFrom(decreed, target);
  }

  private takeCarried(node: TreeNode): void {
    const target = node.parent && isCarrier(node) ? targetOf(node) : undefined;
    if (target === undefined || target.certificate !== undefined) return;
    const certificate = certificateOf(node);
    if (this.frozenSlot === undefined || node.slot > this.frozenSlot) {
      this.apply(target, certificate);
    } else this.hold(target, certificate);
  }

  private apply(target: TreeNode, certificate: Certificate): boolean {
    if (this.isOverruled(target)) return false;
    target.certificate ??= certificate;
    const finalizes = target.finalizes && this.tree.get(target.finalizes.hash);
    if (finalizes !== undefined) this.propose(finalizes, certificate);
    if (this.conflict !== undefined) return false;
    if (target.slot === this.justifiedNode.slot && target !== this.justifiedNode) {
      const other = this.justifiedNode.certificate;
      const both = other === undefined ? [certificate] : [other, certificate];
      this.halt(`two blocks of slot ${target.slot} have a quorum of votes`, both);
      return false;
    }
    if (target.slot < this.justifiedNode.slot) return false;
    if (target === this.justifiedNode || !descendsFrom(target, this.candidate.node)) return false;
    this.justifiedNode = target;
    this.chooseBase();
    this.port.onJustified(target);
    return true;
  }

  private propose(node: TreeNode, certificate: Certificate): void {
    const { candidate } = this;
    if (descendsFrom(candidate.node, node)) return;
    if (descendsFrom(node, candidate.node)) {
      this.candidate = { node, certificate };
      return;
    }
    const detail = `blocks ${node.hash} and ${candidate.node.hash} are both final`;
    const { certificate: other } = candidate;
    this.halt(detail, other === undefined ? [certificate] : [other, certificate]);
  }

  private park(certificate: Certificate): void {
    const { sourceSlot, targetHash, targetSlot } = certificate.data;
    // Nothing is left to decide there, unless it contradicts what is final.
    const finalizes = targetSlot === sourceSlot + 1;
    if (targetSlot <= this.candidate.node.slot && !finalizes) return;
    this.parked.set(targetHash, certificate);
    if (this.parked.size > chainLimits.certificatesParkedMax) {
      const lowest = [...this.parked.values()].reduce((a, b) =>
        a.data.targetSlot <= b.data.targetSlot ? a : b,
      );
      this.parked.delete(lowest.data.targetHash);
    }
    this.chooseBase();
  }

  private hold(target: TreeNode, certificate: Certificate): void {
    if (target.slot <= this.justifiedNode.slot && target.finalizes === undefined) return;
    this.held.set(target, certificate);
    if (this.held.size <= chainLimits.certificatesParkedMax) return;
    const lowest = [...this.held.keys()].reduce((a, b) => (a.slot <= b.slot ? a : b));
    this.held.delete(lowest);
  }

  /** The highest certified block whose header is here. */
  private chooseBase(): void {
    let base = this.justifiedNode;
    for (const hash of this.parked.keys()) {
      const target = this.tree.get(hash);
      if (target !== undefined && target.status !== "invalid" && target.slot > base.slot) {
        base = target;
      }
    }
    this.tree.setBase(base);
  }
}

function isCarrier({ header }: TreeNode): boolean {
  return !isZero(header.certHash);
}

/** The certificate in a body that was checked. */
export function certificateOf(node: TreeNode): Certificate {
  if (node.carried !== undefined) return node.carried;
  const body = defined(node.body, "the body is here");
  const certificate = decodeCertificate(body.subarray(4, 4 + readU32(body, 0)));
  return defined("code" in certificate ? undefined : certificate, "it was checked when it came");
}
