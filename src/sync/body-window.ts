/**
 * Room for bodies that are on their way or wait for their turn: `bodyWindowBlocks` and
 * `bodyWindowBytes`, reserved from the header before the question leaves. Holds no body itself.
 * Invariant: one block beyond the room at most, the very first that is missing, so that a window
 * full of later blocks can always move. protocol-spec/09-connections §5.
 */
import type { BlockHash } from "../model/ids.ts";
import { syncLimits } from "../params/limits.ts";
import type { BodyRequest } from "./body-peer.ts";
import type { SyncChain } from "./sync-chain.ts";

export class BodyWindow {
  private readonly requested = new Map<BlockHash, BodyRequest>();
  private readonly held = new Map<BlockHash, number>();
  private reservedBytes = 0;

  /** Requested and waiting. */
  get count(): number {
    return this.requested.size + this.held.size;
  }

  get bytes(): number {
    return this.reservedBytes;
  }

  get requestedCount(): number {
    return this.requested.size;
  }

  requestOf(hash: BlockHash): BodyRequest | undefined {
    return this.requested.get(hash);
  }

  /** There may be too little room for the next questions: worth a look at all that is held. */
  get isTight(): boolean {
    const { blocksPerRequestMax, requestBytesMax } = syncLimits;
    return !this.hasRoom(2 * blocksPerRequestMax, 2 * requestBytesMax);
  }

  /** It is their number, not their size, that leaves no room for a request worth its while. */
  get isFullOfBlocks(): boolean {
    return this.count + syncLimits.requestBlocksMin > syncLimits.bodyWindowBlocks;
  }

  hasRoom(count: number, bytes: number): boolean {
    return (
      this.count + count <= syncLimits.bodyWindowBlocks &&
      this.reservedBytes + bytes <= syncLimits.bodyWindowBytes
    );
  }

  reserve(request: BodyRequest): void {
    for (const [hash, bytes] of request.owed) {
      this.unhold(hash);
      this.requested.set(hash, request);
      this.reservedBytes += bytes;
    }
  }

  /** Not on its way any more. */
  release(hash: BlockHash, bytes: number): void {
    if (this.requested.delete(hash)) this.reservedBytes -= bytes;
  }

  /** It is with the chain and waits for its turn. */
  hold(hash: BlockHash, bytes: number): void {
    if (this.held.has(hash)) return;
    this.held.set(hash, bytes);
    this.reservedBytes += bytes;
  }

  unhold(hash: BlockHash): void {
    const bytes = this.held.get(hash);
    if (bytes === undefined) return;
    this.held.delete(hash);
    this.reservedBytes -= bytes;
  }

  /** Lets go of bodies that had their turn, or will not have it soon. */
  letGo(chain: SyncChain): void {
    for (const hash of this.held.keys()) {
      const node = chain.node(hash);
      const waits = node?.status === "checking" || node?.status === "body";
      if (!waits || node.isHidden) this.unhold(hash);
    }
  }
}
