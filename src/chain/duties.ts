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
import { domainAt } from "../model/signing-domain.ts";
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
    const leader = head.slot === slot ? head.header.sealer : leaderOf(this.inCharge(), slot);
    const first = slots.of(leader, slot)[0];
    return first === undefined ? undefined : tree.get(first);
  }

  /** In charge of the next block on the head. */
  get validatorCount(): number {
    return this.inCharge().length;
  }

  /** Does `key` lead `slot`, on the head or beside it? */
  leads(key: PublicKey, slot: number): boolean {
    const { head } = this.parts.active;
    return (
      leaderOf(this.inCharge(), slot) === key || leaderOf(this.validatorsOf(head), slot) === key
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

  /** Does it stand on what is final, and above every recovery? */
  standsOnFinal(node: TreeNode): boolean {
    const { justification, recoveries } = this.parts;
    const { node: final } = justification.finalCandidate;
    return node !== final && descendsFrom(node, final) && recoveries.isOpen(node);
  }

  /** What a seal of `slot`, or a vote for a target in it, is signed for. */
  domainAt(slot: number): Uint8Array {
    return domainAt(this.parts.recoveries.domain, slot);
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
    const { active, justification, sets, evidence, keeper, recoveries } = this.parts;
    const { head } = active;
    const plan = planSeal(head, justification.justified, slot, this.inCharge().length);
    if (plan === undefined || slot <= plan.parent.slot) return undefined;
    const { parent, certificate, finalHeight } = plan;
    if (!recoveries.isOpen({ height: parent.height + 1, slot })) return undefined;
    const { recovered } = parent;
    if (leaderOf(this.inChargeAfter(parent), slot) !== sealer) return undefined;
    const { jailed } = this.state.registry();
    if (recovered === undefined && jailed.includes(sealer)) return undefined;
    const set = certificate && sets.get(certificate.validatorsHash);
    const voters = certificate && set ? certifiersOf(certificate, set) : [];
    const reward = addressOfKey(sealer);
    const found = evidence.candidates().map((piece) => evidenceTransaction(piece, reward));
    const all = [...found, ...candidates()];
    const intent = { slot, sealer, candidates: all, certificate, voters, finalHeight, recovered };
    const build = () => buildBlock(this.state, this.file, parent.header, intent);
    return parent === head ? build() : keeper.beforeHead(build);
  }

  /** Of the next block on the head. */
  private inCharge(): ValidatorSet {
    return this.parts.active.head.recovered?.set ?? this.state.validators();
  }

  private inChargeAfter(parent: TreeNode): ValidatorSet {
    const { head } = this.parts.active;
    if (parent === head) return this.inCharge();
    if (parent.recovered !== undefined) return parent.recovered.set;
    const isHanded = equalBytes(parent.header.nextValidatorsHash, head.header.validatorsHash);
    return (isHanded ? this.parts.sets.get(head.header.validatorsHash) : undefined) ?? [];
  }
}
