/**
 * Headers on their way in, and what has to wait: orphans for a parent, future blocks for their
 * slot. NOT bodies, which it only keeps with the block that waits.
 * Invariant: the slot table counts exactly what the tree, the orphans and the future hold.
 * protocol-spec/06-validation §1.
 */
import type { Env } from "../edge/env.ts";
import type { Header, SealedHeader } from "../model/header.ts";
import type { BlockHash } from "../model/ids.ts";
import { type Rejection, rejection } from "../model/rule-code.ts";
import type { CertifiedRanges, RangeProof } from "./certified-ranges.ts";
import { type Admitted, type GateParts, HeaderGate, type Judged } from "./header-gate.ts";
import type { ChainPort, Imported } from "./imported.ts";
import { SealJobs } from "./seal-jobs.ts";
import type { TreeNode } from "./tree-node.ts";
import { FutureQueue, OrphanPool, type WaitingBlock } from "./waiting.ts";

export interface HeadersImported {
  /** New headers that are in the tree now. */
  readonly accepted: number;
  /** The parent of the first header that hangs in the air. */
  readonly missing?: BlockHash;
  /** The next header can be judged only when the blocks below it are executed. */
  readonly isUnready?: boolean;
  /** The rule that the next header breaks; those before it are in. */
  readonly rejection?: Rejection;
}

export interface IntakeParts extends GateParts {
  readonly ranges: CertifiedRanges;
  readonly sealJobMin: number | undefined;
}

export class HeaderIntake {
  readonly seals: SealJobs;
  private readonly env: Env;
  private readonly port: ChainPort;
  private readonly parts: IntakeParts;
  private readonly gate: HeaderGate;
  private readonly orphans = new OrphanPool();
  private readonly future = new FutureQueue();
  /** The latest fork that was reported, so that one is not reported for each of its headers. */
  private reportedFork: BlockHash | undefined;

  constructor(env: Env, port: ChainPort, parts: IntakeParts) {
    this.env = env;
    this.port = port;
    this.parts = parts;
    const gate = new HeaderGate(env, parts);
    this.gate = gate;
    const { ranges, recoveries, sealJobMin } = parts;
    this.seals = new SealJobs({ domain: recoveries.domain, gate, ranges, port, sealJobMin });
  }

  get orphanCount(): number {
    return this.orphans.size;
  }

  /** Does it wait for its parent? */
  isOrphan(hash: BlockHash): boolean {
    return this.orphans.has(hash);
  }

  get futureCount(): number {
    return this.future.size;
  }

  /** In `env.clock.monotonicMs`: when the first future block is due. */
  get deadline(): number {
    const { monotonicMs, wallMs } = this.env.clock;
    return monotonicMs + Math.max(0, this.future.nextMs - wallMs);
  }

  /** Future blocks whose slot has come. */
  takeDue(): WaitingBlock[] {
    const due = this.future.takeDue(this.env.clock.wallMs);
    this.forget(due);
    return due;
  }

  /** Those that waited for `node`: its own body, and its children. */
  takeOrphansOf(node: TreeNode): WaitingBlock[] {
    const children = this.orphans.childrenOf(node.hash).map(({ sealed }) => sealed.header.hash);
    const taken: WaitingBlock[] = [];
    for (const hash of [node.hash, ...children]) {
      const orphan = this.orphans.take(hash);
      if (orphan === undefined) continue;
      this.forget([orphan]);
      taken.push(orphan);
      this.port.notify({ type: "orphan-resolved", hash });
    }
    return taken;
  }

  /** Orphans at or below the anchor have nothing to wait for. */
  dropBuried(height: number): void {
    this.forget(this.orphans.takeBuried(height));
  }

  /** What would become of it; nothing is kept. */
  judge(sealed: SealedHeader): Judged {
    return this.gate.judge(sealed, () => this.isSupported(sealed.header));
  }

  /** One block: into the tree, or to where it waits, or refused. */
  place(block: WaitingBlock): Admitted {
    const { sealed } = block;
    const admitted = this.gate.admit(sealed, () => this.isSupported(sealed.header));
    if (admitted.type === "orphan" && !this.orphans.has(sealed.header.hash)) {
      this.parts.slots.add(sealed.header);
      this.forget(this.orphans.add(block));
    }
    this.settle(block, admitted);
    return admitted;
  }

  /** What is said of a block that found no place in the tree. */
  outcomeOf(admitted: Exclude<Admitted, { node: TreeNode }>, block: WaitingBlock): Imported {
    const { source } = block;
    const { hash, parentHash } = block.sealed.header;
    switch (admitted.type) {
      case "rejected":
        return { type: "rejected", hash, rejection: admitted.rejection, source };
      case "orphan":
        return { type: "orphan", hash, missing: this.orphans.missingFor(hash), source };
      case "unready":
        return { type: "orphan", hash, missing: parentHash, source };
      case "future":
        return { type: "future", hash, source };
      case "buried":
        return { type: "duplicate", hash, source };
    }
  }

  /**
   * A run of headers, parents first; `onInserted` is told of each that is new. `proof`: of the block
   * that `ranges.carrierOf` named; those that it certifies need no seal.
   */
  importHeaders(
    headers: readonly SealedHeader[],
    source: WaitingBlock["source"],
    onInserted: (node: TreeNode) => void,
    proof?: RangeProof,
  ): HeadersImported {
    let accepted = 0;
    let unplaced: Rejection | undefined;
    const { ranges } = this.parts;
    const certified = proof === undefined ? 0 : ranges.check(headers, proof);
    if (typeof certified !== "number") return { accepted, rejection: certified };
    if (certified > 0) ranges.raise(headers[certified - 1]!.header.height);
    const kept = proof === undefined ? headers : ranges.keptOf(headers, certified, proof);
    for (const [index, sealed] of kept.entries()) {
      const isNeeded = () =>
        this.isSupported(sealed.header) || this.gate.isSupported(headers, index);
      const admitted = this.gate.admit(sealed, isNeeded, index < certified);
      this.settle({ sealed, body: undefined, source }, admitted);
      if (admitted.type === "future") break;
      if (admitted.type === "orphan") return { accepted, missing: sealed.header.parentHash };
      if (admitted.type === "unready") return { accepted, isUnready: true };
      if (admitted.type === "inserted") {
        accepted++;
        unplaced = undefined;
        onInserted(admitted.node);
      } else if (admitted.type === "known" && admitted.node.status === "invalid") {
        return { accepted, rejection: invalidOf(admitted.node) };
      } else if (admitted.type === "rejected") {
        const isOld = admitted.rejection.code === "header-fork-too-deep" && !admitted.isDeepFork;
        // Too old to be remembered: perhaps ours, and what follows may be news.
        if (!isOld) return { accepted, rejection: admitted.rejection };
        unplaced = admitted.rejection;
      } else unplaced = undefined;
    }
    return unplaced === undefined ? { accepted } : { accepted, rejection: unplaced };
  }

  private settle(block: WaitingBlock, admitted: Admitted): void {
    const { header } = block.sealed;
    if (admitted.type === "future") {
      this.parts.slots.add(header);
      const full = this.future.add(block, admitted.dueMs);
      if (full !== undefined) this.forget([full]);
    }
    if (admitted.type !== "rejected" || !admitted.isDeepFork) return;
    if (this.reportedFork === header.parentHash || this.reportedFork === header.hash) return;
    this.reportedFork = header.hash;
    const { hash, height } = header;
    this.port.notify({ type: "deep-fork-refused", hash, height });
  }

  /** Does a block of another validator wait for it, or for one that waits for it? */
  private isSupported(header: Header): boolean {
    const above = this.orphans.childrenOf(header.hash);
    for (let block = above.pop(); block !== undefined; block = above.pop()) {
      if (block.sealed.header.sealer !== header.sealer) return true;
      above.push(...this.orphans.childrenOf(block.sealed.header.hash));
    }
    return false;
  }

  /** They wait no more; whatever is held elsewhere still counts. */
  private forget(blocks: readonly WaitingBlock[]): void {
    for (const { sealed } of blocks) {
      const { hash } = sealed.header;
      const isHeld =
        this.parts.tree.get(hash) !== undefined || this.orphans.has(hash) || this.future.has(hash);
      if (!isHeld) this.parts.slots.delete(sealed.header);
    }
  }
}

/** Why nothing more is taken on `node`. */
export function invalidOf(node: TreeNode): Rejection {
  return node.rejection ?? rejection("header-parent-invalid", `${node.hash} is invalid`);
}
