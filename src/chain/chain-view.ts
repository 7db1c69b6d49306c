/**
 * Questions about the chain in memory, from the anchor up. What is below the anchor is on disk:
 * of those heights only genesis is known here, and the caller loads the rest.
 * NOT a way to change it. protocol-spec/09-connections §5.
 */
import type { SignatureScheme } from "../crypto/signature-scheme.ts";
import type { SealedHeader } from "../model/header.ts";
import type { BlockHash, PublicKey } from "../model/ids.ts";
import { syncLimits } from "../params/limits.ts";
import type { ActiveChain } from "./active-chain.ts";
import type { BlockTree } from "./block-tree.ts";
import type { Burial } from "./burial.ts";
import { better } from "./fork-choice.ts";
import type { Judged } from "./header-gate.ts";
import type { BlockRef } from "./records.ts";
import { ancestorAt, forkPointOf, type NodeStatus, type TreeNode } from "./tree-node.ts";

/** A branch and where it leaves the executed chain. */
export interface Fork {
  readonly tip: BlockHash;
  readonly height: number;
  readonly forkPoint: BlockRef;
  /** Blocks after the fork point. */
  readonly length: number;
  readonly isHead: boolean;
  readonly justifiedSlot: number;
  readonly status: NodeStatus;
}

/** What was heard and is not of the tree. */
export interface Heard {
  isOrphan(hash: BlockHash): boolean;
  /** What would become of a header. */
  judge(sealed: SealedHeader): Judged;
  /** Target slot of the newest vote held. */
  newestVoteSlotOf(validator: PublicKey): number | undefined;
  /** What it finds good, bodies need not check again. */
  readonly signatures: SignatureScheme;
}

/** How many blocks below the tip a locator names one by one, before its steps double. */
const denseSteps = 10;

export class ChainView {
  private readonly tree: BlockTree;
  private readonly active: ActiveChain;
  private readonly burial: Burial;
  private readonly genesisHash: BlockHash;
  /** What is known beside the tree. */
  readonly heard: Heard;

  constructor(
    tree: BlockTree,
    active: ActiveChain,
    burial: Burial,
    genesisHash: BlockHash,
    heard: Heard,
  ) {
    this.tree = tree;
    this.active = active;
    this.burial = burial;
    this.genesisHash = genesisHash;
    this.heard = heard;
  }

  /** The head first, then branches from the best down. Invalid tips are included. */
  forks(): Fork[] {
    const { head } = this.active;
    const tips = this.tree.leaves().filter((leaf) => leaf !== head);
    tips.sort((a, b) => (better(a, b) ? -1 : 1));
    return [head, ...tips].map((tip) => {
      const fork = forkPointOf(tip, head);
      return {
        tip: tip.hash,
        height: tip.height,
        forkPoint: { height: fork.height, hash: fork.hash },
        length: tip.height - fork.height,
        isHead: tip === head,
        justifiedSlot: tip.header.justifiedSlot,
        status: tip.status,
      };
    });
  }

  /** 1 for the head; undefined for what is not on the chain, or is buried too long to be known. */
  confirmations(hash: BlockHash): number | undefined {
    const node = this.tree.get(hash);
    if (node !== undefined && !this.active.contains(node)) return undefined;
    const height = node?.height ?? (hash === this.genesisHash ? 0 : this.burial.heightOf(hash));
    return height === undefined ? undefined : this.active.head.height - height + 1;
  }

  /**
   * Hashes from the best header down: ten one by one, then in doubling steps to the anchor, then
   * genesis. Between the anchor and genesis none is named: their hashes are on disk, and a peer
   * that does not share our anchor cannot give us anything that we would take anyway.
   */
  locator(): BlockHash[] {
    const hashes: BlockHash[] = [];
    const { root } = this.tree;
    let node: TreeNode | undefined = this.tree.bestHeader;
    let step = 1;
    while (node !== undefined && node !== root && hashes.length < syncLimits.locatorMax - 2) {
      hashes.push(node.hash);
      if (hashes.length >= denseSteps) step *= 2;
      node = ancestorAt(node, Math.max(root.height, node.height - step));
    }
    hashes.push(root.hash);
    if (root.hash !== this.genesisHash) hashes.push(this.genesisHash);
    return hashes;
  }

  /**
   * Headers of the executed chain after the first hash of `locator` that is on it, up to `stop`
   * (included) or `count`. `below`: that hash is this height, below the anchor, so the headers
   * from `below + 1` on must be loaded ("C" records). A locator that we know nothing of starts at
   * genesis; hashes buried too long to be remembered count as unknown ("I" records know them).
   */
  headersAfter(
    locator: readonly BlockHash[],
    stop: BlockHash | undefined,
    count: number,
  ): SealedHeader[] | { readonly below: number } {
    const start = this.commonHeight(locator);
    if (start < this.tree.root.height) return { below: start };
    const headers: SealedHeader[] = [];
    for (let height = start + 1; headers.length < count; height++) {
      const node = this.active.at(height);
      if (node === undefined) break;
      headers.push(node.sealed);
      if (node.hash === stop) break;
    }
    return headers;
  }

  /** On the best header chain, in order: headers whose body is not here. */
  missingBodies(max: number): TreeNode[] {
    const missing: TreeNode[] = [];
    let node: TreeNode | undefined = this.tree.bestHeader;
    while (node !== undefined && !node.ready) {
      if (node.status === "header") missing.push(node);
      node = node.parent;
    }
    return missing.reverse().slice(0, max);
  }

  private commonHeight(locator: readonly BlockHash[]): number {
    for (const hash of locator) {
      const node = this.tree.get(hash);
      if (node !== undefined && this.active.contains(node)) return node.height;
      const buried = node === undefined ? this.burial.heightOf(hash) : undefined;
      if (buried !== undefined) return buried;
    }
    return 0;
  }
}
