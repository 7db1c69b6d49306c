/**
 * Blocks that cannot be placed yet: orphans wait for their parent, future blocks for their slot.
 * Only headers with a good seal come here, so a stranger cannot fill them. Both are bounded; the
 * oldest goes first. NOT in the tree. protocol-spec/06-validation §1, 08-limits.
 */

import { defined } from "../base/assert.ts";
import { BoundedMap } from "../base/bounded.ts";
import type { Conn } from "../edge/conn.ts";
import type { SealedHeader } from "../model/header.ts";
import type { BlockHash } from "../model/ids.ts";
import { chainLimits } from "../params/limits.ts";

export interface WaitingBlock {
  readonly sealed: SealedHeader;
  /** Undefined: only the header came. */
  readonly body: Uint8Array | undefined;
  readonly source: Conn | undefined;
}

export class OrphanPool {
  private readonly byHash = new BoundedMap<BlockHash, WaitingBlock>(chainLimits.orphansMax);
  private readonly byParent = new Map<BlockHash, BlockHash[]>();
  private bytes = 0;

  get size(): number {
    return this.byHash.size;
  }

  get bodyBytes(): number {
    return this.bytes;
  }

  has(hash: BlockHash): boolean {
    return this.byHash.has(hash);
  }

  /** Keeps `orphan`; returns those that had to go for it, perhaps itself. */
  add(orphan: WaitingBlock): WaitingBlock[] {
    const { hash, parentHash } = orphan.sealed.header;
    if (this.byHash.has(hash)) return [];
    this.byParent.set(parentHash, [...(this.byParent.get(parentHash) ?? []), hash]);
    this.bytes += orphan.body?.length ?? 0;
    const dropped: WaitingBlock[] = [];
    const full = this.byHash.set(hash, orphan);
    if (full !== undefined) dropped.push(this.forgotten(full[1]));
    while (this.bytes > chainLimits.orphanBytesMax) {
      const oldest = defined(this.byHash.keys().next().value, "bytes are of some orphan");
      dropped.push(defined(this.take(oldest), "it was listed"));
    }
    return dropped;
  }

  take(hash: BlockHash): WaitingBlock | undefined {
    const orphan = this.byHash.get(hash);
    if (orphan === undefined) return undefined;
    this.byHash.delete(hash);
    return this.forgotten(orphan);
  }

  childrenOf(parent: BlockHash): WaitingBlock[] {
    const hashes = this.byParent.get(parent) ?? [];
    return hashes.map((hash) => defined(this.byHash.get(hash), "the index follows the pool"));
  }

  /** Takes those at or below `height`: their branch left the tree for good. */
  takeBuried(height: number): WaitingBlock[] {
    const buried = [...this.byHash.values()].filter((o) => o.sealed.header.height <= height);
    for (const orphan of buried) this.take(orphan.sealed.header.hash);
    return buried;
  }

  /** The deepest ancestor of `hash` that is not here: what to ask for. */
  missingFor(hash: BlockHash): BlockHash {
    let at = hash;
    for (let steps = 0; steps <= this.byHash.size; steps++) {
      const orphan = this.byHash.get(at);
      if (orphan === undefined) break;
      at = orphan.sealed.header.parentHash;
    }
    return at;
  }

  private forgotten(orphan: WaitingBlock): WaitingBlock {
    const { hash, parentHash } = orphan.sealed.header;
    this.bytes -= orphan.body?.length ?? 0;
    const rest = (this.byParent.get(parentHash) ?? []).filter((other) => other !== hash);
    if (rest.length === 0) this.byParent.delete(parentHash);
    else this.byParent.set(parentHash, rest);
    return orphan;
  }
}

export class FutureQueue {
  private readonly byHash = new BoundedMap<BlockHash, WaitingBlock & { readonly dueMs: number }>(
    chainLimits.futureBlocksMax,
  );

  get size(): number {
    return this.byHash.size;
  }

  has(hash: BlockHash): boolean {
    return this.byHash.has(hash);
  }

  /** Wall time of the first one due; Infinity when none waits. */
  get nextMs(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { dueMs } of this.byHash.values()) next = Math.min(next, dueMs);
    return next;
  }

  /** Keeps `block`, with the body it had if it comes again without; returns what had to go. */
  add(block: WaitingBlock, dueMs: number): WaitingBlock | undefined {
    const { hash } = block.sealed.header;
    const body = block.body ?? this.byHash.get(hash)?.body;
    return this.byHash.set(hash, { ...block, body, dueMs })?.[1];
  }

  /** Takes all that are due, the earliest slot first. */
  takeDue(wallMs: number): WaitingBlock[] {
    const due = [...this.byHash.values()].filter((block) => block.dueMs <= wallMs);
    for (const block of due) this.byHash.delete(block.sealed.header.hash);
    return due.sort((a, b) => a.dueMs - b.dueMs);
  }
}
