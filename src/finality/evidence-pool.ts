/**
 * Evidence that waits for a block: one piece for each validator, since one is enough to jail it.
 * Holds what was checked; decides nothing about who is punished. protocol-spec/06-validation §9.
 *
 * Invariants: at most `evidencePoolMax` pieces, the oldest goes first; who keeps cheating is not
 * news each time: a second piece counts only when the first has become too old to be included.
 */
import { BoundedMap } from "../base/bounded.ts";
import { type Evidence, evidenceSlot } from "../model/evidence.ts";
import type { PublicKey } from "../model/ids.ts";
import { chainLimits } from "../params/limits.ts";

export class EvidencePool {
  private readonly pieces = new BoundedMap<PublicKey, Evidence>(chainLimits.evidencePoolMax);

  get size(): number {
    return this.pieces.size;
  }

  has(validator: PublicKey): boolean {
    return this.pieces.has(validator);
  }

  /** Worth checking: the first of its validator, or one that outlives what is held. */
  isNews(evidence: Evidence): boolean {
    const known = this.pieces.get(evidence.validator);
    if (known === undefined) return true;
    return evidenceSlot(evidence) - evidenceSlot(known) > chainLimits.evidenceMaxAgeSlots;
  }

  /** True when it is news: worth keeping, and passing on. */
  add(evidence: Evidence): boolean {
    if (!this.isNews(evidence)) return false;
    this.pieces.set(evidence.validator, evidence);
    return true;
  }

  /** Up to `max` pieces that a block may carry, in the order in which they came. */
  candidates(
    isWanted: (validator: PublicKey, evidence: Evidence) => boolean,
    max: number,
  ): readonly Evidence[] {
    const chosen: Evidence[] = [];
    for (const evidence of this.pieces.values()) {
      if (chosen.length === max) break;
      if (isWanted(evidence.validator, evidence)) chosen.push(evidence);
    }
    return chosen;
  }

  entries(): readonly Evidence[] {
    return [...this.pieces.values()];
  }
}
