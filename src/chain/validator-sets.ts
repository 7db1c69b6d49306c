/**
 * Validator sets by their hash: those that headers in memory name. Learned from the state: when a
 * block is executed that hands over, or that a change is pending after. So a header after a
 * hand-over waits for the block that queued the change, or for the hand-over itself.
 * NOT who is in a set (the state decides). Bounded by `validatorSetsMax`.
 * protocol-spec/05-objects §7, 06-validation §10.
 */
import { toHex } from "../base/bytes.ts";
import { type ValidatorSet, validatorsHash } from "../model/validator-set.ts";
import { chainLimits } from "../params/limits.ts";
import type { StateMachine } from "./state-machine.ts";

export class ValidatorSets {
  private readonly byHash = new Map<string, ValidatorSet>();

  get size(): number {
    return this.byHash.size;
  }

  get(hash: Uint8Array): ValidatorSet | undefined {
    return this.byHash.get(toHex(hash));
  }

  /** True when it is news. */
  add(set: ValidatorSet): boolean {
    const key = toHex(validatorsHash(set));
    if (this.byHash.has(key)) return false;
    this.byHash.set(key, set);
    return true;
  }

  /**
   * Those whom a pending change of our branch will put in charge. A fork above the block that queued
   * it can hand over to nobody else, so what stands on the hand-over there is judged from here.
   */
  learnPending(state: Pick<StateMachine, "pendingValidators">): void {
    const next = state.pendingValidators();
    if (next !== undefined) this.add(next);
  }

  /** More than the bound allows: `retain` what is still named. */
  get isFull(): boolean {
    return this.byHash.size > chainLimits.validatorSetsMax;
  }

  /** Forgets all sets but those of `hashes`. */
  retain(hashes: Iterable<Uint8Array>): void {
    const named = new Set([...hashes].map(toHex));
    for (const key of this.byHash.keys()) if (!named.has(key)) this.byHash.delete(key);
  }
}
