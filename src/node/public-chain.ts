/**
 * The chain as others may see it: without blocks of our own seal that a power cut could still take
 * back, and without bodies that we have not executed, for which we would be blamed. Announcements wait for their ticket in the outbox; this is the same rule for everything
 * that is asked of us instead (HELLO, headers, bodies).
 * Invariant: nothing that is held is named in any answer. protocol-spec/09-connections §5.
 */
import type { ChainManager } from "../chain/chain-manager.ts";
import type { TreeNode } from "../chain/tree-node.ts";
import type { Ticket } from "../edge/conn.ts";
import type { SealedHeader } from "../model/header.ts";
import type { BlockHash } from "../model/ids.ts";

export class PublicChain {
  private readonly chain: ChainManager;
  /** Own blocks, each with the ticket that frees it; as many as there are writes in the air. */
  private readonly held = new Map<BlockHash, Ticket>();

  constructor(chain: ChainManager) {
    this.chain = chain;
  }

  /** `hash` is our own block and not yet durable. */
  hold(hash: BlockHash, until: Ticket): void {
    this.held.set(hash, until);
  }

  onDurable(through: Ticket): void {
    for (const [hash, until] of this.held) if (until <= through) this.held.delete(hash);
  }

  /** The highest block that may be shown. */
  get head(): TreeNode {
    let node = this.chain.head;
    while (this.held.has(node.hash)) {
      const parent = this.chain.node(node.header.parentHash);
      if (parent === undefined) break;
      node = parent;
    }
    return node;
  }

  get anchor(): TreeNode {
    return this.chain.anchor;
  }

  get uncheckedHeight(): number {
    return this.chain.ranges.uncheckedHeight;
  }

  node(hash: BlockHash): TreeNode | undefined {
    return this.held.has(hash) ? undefined : this.chain.node(hash);
  }

  canonicalAt(height: number): TreeNode | undefined {
    const node = this.chain.canonicalAt(height);
    return node === undefined || this.held.has(node.hash) ? undefined : node;
  }

  /** Executed now or before: whoever passes on the body of an invalid block pays for it. */
  bodyOf(hash: BlockHash): Uint8Array | undefined {
    const node = this.node(hash);
    return node?.status === "executed" || node?.stored ? node.body : undefined;
  }

  headersAfter(
    locator: readonly BlockHash[],
    stop: BlockHash | undefined,
    count: number,
  ): readonly SealedHeader[] | { readonly below: number } {
    const found = this.chain.view.headersAfter(locator, stop, count);
    if ("below" in found) return found;
    // Seals that nobody here looked at: whoever passed them on would pay for a bad one.
    if ((found[0]?.header.height ?? Infinity) <= this.uncheckedHeight) return [];
    const end = found.findIndex((sealed) => this.held.has(sealed.header.hash));
    return end < 0 ? found : found.slice(0, end);
  }
}
