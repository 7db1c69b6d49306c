/**
 * Bodies that nobody gives: the chain is told to do without them for a while, so that a branch of
 * headers alone, be it the longest, keeps nobody from the best branch that is to be had. NOT a
 * verdict on the block, and nobody is blamed. Only the first missing body is watched.
 *
 *   missing at the front --all peers lack it, or none gave it for withheldMs--> withheld
 *        ^                                                                        |
 *        +-------------------------- lackingMs ----------------------------------+--> it came
 *
 * protocol-spec/09-connections §5.
 */
import { BoundedMap } from "../base/bounded.ts";
import type { BlockHash } from "../model/ids.ts";
import { syncLimits } from "../params/limits.ts";
import type { SyncChain } from "./sync-chain.ts";

const never = Number.POSITIVE_INFINITY;

export class WithheldBodies {
  private readonly chain: SyncChain;
  /** When each is asked for again; all wait equally long, so the first is the next. */
  private readonly until = new BoundedMap<BlockHash, number>(syncLimits.withheldMax);
  private front: { readonly hash: BlockHash; readonly since: number } | undefined;

  constructor(chain: SyncChain) {
    this.chain = chain;
  }

  /** When the front counts as withheld, or one that does is tried again. */
  get deadline(): number {
    const frontAt = this.front === undefined ? never : this.front.since + syncLimits.withheldMs;
    for (const until of this.until.values()) return Math.min(until, frontAt);
    return frontAt;
  }

  /** Those whose time is over count again. `isAlone`: there is nobody else to get another from. */
  expire(now: number, isAlone: boolean): void {
    if (isAlone) this.front = undefined;
    for (const [hash, until] of this.until.entries()) {
      if (until > now && !isAlone) return;
      this.until.delete(hash);
      this.chain.setWithheld(hash, false);
    }
  }

  /** Somebody who lacked it says that he has it now. */
  revoke(hash: BlockHash): void {
    if (this.until.delete(hash)) this.chain.setWithheld(hash, false);
  }

  /** `hash` is the first that is missing. True: it is withheld, and something else is missing. */
  isGivenUp(hash: BlockHash | undefined, allLackIt: boolean, now: number): boolean {
    if (this.front?.hash !== hash) this.front = hash && { hash, since: now };
    if (this.front === undefined) return false;
    if (!allLackIt && now < this.front.since + syncLimits.withheldMs) return false;
    const full = this.until.set(this.front.hash, now + syncLimits.lackingMs);
    if (full !== undefined) this.chain.setWithheld(full[0], false);
    this.chain.setWithheld(this.front.hash, true);
    this.front = undefined;
    return true;
  }
}
