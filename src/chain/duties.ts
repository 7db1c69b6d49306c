/**
 * What the chain offers to its validators: the block to vote for, the block to seal. Decides no
 * timing and signs nothing (`node/voter.ts`, `node/sealer.ts`).
 * protocol-spec/06-validation §3, §8.
 */
import { equalBytes } from "../base/bytes.ts";
import type { Ticket } from "../edge/conn.ts";
import { certifiersOf } from "../model/certificate.ts";
import type { Evidence } from "../model/evidence.ts";
import { evidenceTransaction } from "../model/evidence-transaction.ts";
import type { PublicKey } from "../model/ids.ts";
import type { NetworkFile } from "../model/network-file.ts";
import { domainAt } from "../model/signing-domain.ts";
import { addressOfKey, type Transaction } from "../model/transaction.ts";
import { leaderOf, type ValidatorSet } from "../model/validator-set.ts";
import { buildBlock, type UnsealedBlock } from "./block-builder.ts";
import type { ChainParts } from "./chain-parts.ts";
import type { Imported } from "./imported.ts";
import { planSeal, type SealPlan } from "./seal-plan.ts";
import type { StateMachine } from "./state-machine.ts";
import { descendsFrom, type TreeNode } from "./tree-node.ts";

/** All that a block follows from, but the transactions that are chosen for it. */
interface Ground extends SealPlan {
  readonly slot: number;
  readonly sealer: PublicKey;
  readonly evidence: readonly Evidence[];
}

export class Duties {
  private readonly parts: ChainParts;
  private readonly state: StateMachine;
  private readonly file: NetworkFile;
  private prepared: { readonly ground: Ground; readonly block: UnsealedBlock } | undefined;

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
    const ground = this.groundOf(slot, sealer);
    return ground && this.build(ground, candidates());
  }

  /** As `buildBlock`, before `slot` begins: `preparedBlock` gives it then. */
  prepareBlock(
    slot: number,
    sealer: PublicKey,
    candidates: () => readonly Transaction[],
  ): UnsealedBlock | undefined {
    this.prepared = undefined;
    const ground = this.groundOf(slot, sealer);
    if (ground === undefined || ground.parent !== this.parts.active.head) return undefined;
    const block = this.build(ground, candidates());
    this.prepared = { ground, block };
    return block;
  }

  /** The block that was prepared, when all that it follows from is the same now. */
  preparedBlock(slot: number, sealer: PublicKey): UnsealedBlock | undefined {
    const { prepared } = this;
    this.prepared = undefined;
    if (prepared?.ground.slot !== slot || prepared.ground.sealer !== sealer) return undefined;
    const ground = this.groundOf(slot, sealer);
    return ground && isSame(ground, prepared.ground) ? prepared.block : undefined;
  }

  private groundOf(slot: number, sealer: PublicKey): Ground | undefined {
    const { active, justification, evidence, recoveries } = this.parts;
    const plan = planSeal(active.head, justification.justified, slot, this.inCharge().length);
    if (plan === undefined || slot <= plan.parent.slot) return undefined;
    const { parent } = plan;
    if (!recoveries.isOpen({ height: parent.height + 1, slot })) return undefined;
    if (leaderOf(this.inChargeAfter(parent), slot) !== sealer) return undefined;
    const { jailed } = this.state.registry();
    if (parent.recovered === undefined && jailed.includes(sealer)) return undefined;
    return { ...plan, slot, sealer, evidence: evidence.candidates() };
  }

  private build(ground: Ground, candidates: readonly Transaction[]): UnsealedBlock {
    const { parent, certificate, finalHeight, slot, sealer, evidence } = ground;
    const { active, sets, keeper, built } = this.parts;
    const { recovered } = parent;
    const set = certificate && sets.get(certificate.validatorsHash);
    const voters = certificate && set ? certifiersOf(certificate, set) : [];
    const reward = addressOfKey(sealer);
    const found = evidence.map((piece) => evidenceTransaction(piece, reward));
    const all = [...found, ...candidates];
    const intent = { slot, sealer, candidates: all, certificate, voters, finalHeight, recovered };
    const build = () => buildBlock(this.state, this.file, parent.header, intent);
    const block = parent === active.head ? build() : keeper.beforeHead(build);
    built.set(block);
    return block;
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

/** Of one slot and sealer. */
function isSame(a: Ground, b: Ground): boolean {
  return (
    a.parent === b.parent &&
    a.certificate === b.certificate &&
    a.finalHeight === b.finalHeight &&
    a.evidence.length === b.evidence.length &&
    a.evidence.every((piece, index) => piece === b.evidence[index])
  );
}
