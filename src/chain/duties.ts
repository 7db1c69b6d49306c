/**
 * What the chain offers to its validators: the block to vote for, the block to seal. Decides no
 * timing and signs nothing (`node/voter.ts`, `node/sealer.ts`).
 * protocol-spec/06-validation §3, §8.
 */
import { equalBytes } from "../base/bytes.ts";
import type { Ticket } from "../edge/conn.ts";
import { certifiersOf } from "../model/certificate.ts";
import { evidenceTransaction } from "../model/evidence-transaction.ts";
import type { PublicKey } from "../model/ids.ts";
import type { NetworkFile } from "../model/network-file.ts";
import { addressOfKey, type Transaction } from "../model/transaction.ts";
import { leaderOf, type ValidatorSet } from "../model/validator-set.ts";
import { buildBlock, type UnsealedBlock } from "./block-builder.ts";
import type { ChainParts } from "./chain-parts.ts";
import type { Imported } from "./imported.ts";
import { planSeal } from "./seal-plan.ts";
import type { StateMachine } from "./state-machine.ts";
import { descendsFrom, type TreeNode } from "./tree-node.ts";

export class Duties {
  private readonly parts: ChainParts;
  private readonly state: StateMachine;
  private readonly file: NetworkFile;

  constructor(parts: ChainParts, state: StateMachine, file: NetworkFile) {
    this.parts = parts;
    this.state = state;
    this.file = file;
  }

  /** The first header of the leader of `slot`, as it came; a second one is not timely. */
  timely(slot: number): TreeNode | undefined {
    const { active, slots, tree } = this.parts;
    const { head } = active;
    const leader =
      head.slot === slot ? head.header.sealer : leaderOf(this.state.validators(), slot);
    const first = slots.of(leader, slot)[0];
    return first === undefined ? undefined : tree.get(first);
  }

  /** In charge of the next block on the head. */
  get validatorCount(): number {
    return this.state.validators().length;
  }

  /** Does `key` lead `slot`, on the head or beside it? */
  leads(key: PublicKey, slot: number): boolean {
    const { head } = this.parts.active;
    return (
      leaderOf(this.state.validators(), slot) === key ||
      leaderOf(this.validatorsOf(head), slot) === key
    );
  }

  /** Who seals and votes for `node`. */
  validatorsOf(node: TreeNode): ValidatorSet {
    return this.parts.sets.get(node.header.validatorsHash) ?? [];
  }

  /** Executes it beside the head if need be: is it valid? */
  prove(node: TreeNode): { readonly isValid: boolean; readonly results: Imported[] } {
    return this.parts.keeper.prove(node);
  }

  standsOnFinal(node: TreeNode): boolean {
    return descendsFrom(node, this.parts.justification.finalCandidate.node);
  }

  /** From now on only a block of a slot after `slot` brings certificates that count at once. */
  freeze(slot: number): void {
    this.parts.justification.freeze(slot);
  }

  /** Everything executed so far is durable with this ticket. */
  makeDurable(): Ticket {
    return this.parts.journal.flush(this.parts.active.head);
  }

  /**
   * The block of `slot`, without its seal; undefined when `sealer` does not lead it, is jailed, or
   * the cap leaves nothing to seal. `candidates` is asked only when there is a block to build.
   */
  buildBlock(
    slot: number,
    sealer: PublicKey,
    candidates: () => readonly Transaction[],
  ): UnsealedBlock | undefined {
    const { active, justification, sets, evidence, keeper } = this.parts;
    const { head } = active;
    const plan = planSeal(head, justification.justified, slot, this.state.validators().length);
    if (plan === undefined || slot <= plan.parent.slot) return undefined;
    const { parent, certificate, finalHeight } = plan;
    if (leaderOf(this.inChargeAfter(parent), slot) !== sealer) return undefined;
    if (this.state.registry().jailed.includes(sealer)) return undefined;
    const set = certificate && sets.get(certificate.validatorsHash);
    const voters = certificate && set ? certifiersOf(certificate, set) : [];
    const reward = addressOfKey(sealer);
    const found = evidence.candidates().map((piece) => evidenceTransaction(piece, reward));
    const all = [...found, ...candidates()];
    const intent = { slot, sealer, candidates: all, certificate, voters, finalHeight };
    const build = () => buildBlock(this.state, this.file, parent.header, intent);
    return parent === head ? build() : keeper.beforeHead(build);
  }

  private inChargeAfter(parent: TreeNode): ValidatorSet {
    const { head } = this.parts.active;
    if (parent === head) return this.state.validators();
    const isHanded = equalBytes(parent.header.nextValidatorsHash, head.header.validatorsHash);
    return (isHanded ? this.parts.sets.get(head.header.validatorsHash) : undefined) ?? [];
  }
}
