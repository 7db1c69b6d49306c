/**
 * The block that this node built last: its body and what it does were worked out then, and are not
 * again when exactly this block comes back sealed. A cache of pure functions: what it holds never
 * shows. NOT a reason to believe a block: signatures are checked as ever, and it is written before
 * it is shown (`branch-switch.ts`).
 *
 * Invariant: what is given stands under the header's hash, which commits to the parent and with it
 * to the state before, to the body and to the result.
 */
import type { Body, BodyOutline } from "../model/block.ts";
import type { BlockHash } from "../model/ids.ts";
import type { UnsealedBlock } from "./block-builder.ts";
import { rememberDecoded } from "./decoded-bodies.ts";
import type { Applied, StateMachine } from "./state-machine.ts";

export class BuiltBlock {
  private readonly state: StateMachine;
  private last: UnsealedBlock | undefined;

  constructor(state: StateMachine) {
    this.state = state;
  }

  set(built: UnsealedBlock): void {
    this.last = built;
  }

  /** What stands in `bytes`, when they are the very ones of the block of `hash` as it was built. */
  outlineOf(hash: BlockHash, bytes: Uint8Array): BodyOutline | undefined {
    const { last } = this;
    if (last?.header.hash !== hash || last.body !== bytes) return undefined;
    const { certificate, applied } = last;
    return { certificate, transactions: applied.included.map((each) => each.bytes) };
  }

  /** `kept` is the copy of the body of `hash` that the tree holds. */
  onKept(hash: BlockHash, kept: Uint8Array): void {
    const { last } = this;
    if (last?.header.hash !== hash) return;
    const { certificate, applied } = last;
    const body: Body = { certificate, transactions: applied.included, bytes: kept };
    rememberDecoded(body);
  }

  /** Applies the block of `hash`, if the state is still the one that it was built on. Works once. */
  apply(hash: BlockHash): Applied | undefined {
    if (this.last?.header.hash !== hash) return undefined;
    const { applied } = this.last;
    this.last = undefined;
    return this.state.resume(applied) ? applied : undefined;
  }
}
