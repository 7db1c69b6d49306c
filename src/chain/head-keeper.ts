/**
 * Keeps the head on the best branch that is ready, step by step, and finality behind it. NOT what
 * makes a branch ready (`body-intake.ts`), nor how one is executed (`branch-switch.ts`).
 * protocol-spec/06-validation §5-6.
 */
import type { Ticket } from "../edge/conn.ts";
import type { Write } from "../edge/effect.ts";
import type { Env } from "../edge/env.ts";
import type { Rejection } from "../model/rule-code.ts";
import { chainLimits } from "../params/limits.ts";
import type { ActiveChain } from "./active-chain.ts";
import type { BlockTree } from "./block-tree.ts";
import { BranchSwitch, handsOver, type StepBudget, type Switched } from "./branch-switch.ts";
import type { BuiltBlock } from "./built-block.ts";
import type { Burial } from "./burial.ts";
import { Finality } from "./finality.ts";
import { best, better } from "./fork-choice.ts";
import type { ChainPort, Imported } from "./imported.ts";
import type { Journal } from "./journal.ts";
import type { Justification } from "./justification.ts";
import { encodeFinalized, type FinalizedRef, finalityKey, metaKey } from "./records.ts";
import type { StateMachine } from "./state-machine.ts";
import { ancestorInSlot, descendsFrom, type TreeNode } from "./tree-node.ts";
import type { ValidatorSets } from "./validator-sets.ts";

const { connectBlocksMin, connectBlocksPerStepMax } = chainLimits;

export interface KeeperParts {
  readonly tree: BlockTree;
  readonly active: ActiveChain;
  readonly burial: Burial;
  readonly built: BuiltBlock;
  readonly journal: Journal;
  readonly state: StateMachine;
  readonly justification: Justification;
  readonly finalized: FinalizedRef;
  readonly sets: ValidatorSets;
  /** It is final and durable. */
  readonly onFinalized: (node: TreeNode) => void;
}

export class HeadKeeper {
  private readonly env: Env;
  private readonly port: ChainPort;
  private readonly parts: KeeperParts;
  private readonly branches: BranchSwitch;
  private readonly finality: Finality;
  /** The best ready node that is better than the head, as far as we have looked. */
  private candidate: TreeNode | undefined;
  /** When execution goes on that was put off, or cut short by the budget of a step. */
  private resumeAt = Number.POSITIVE_INFINITY;
  /** Up to where finality lets blocks be buried, and when the next slice of them is. */
  private buryTo = 0;
  private buryAt = Number.POSITIVE_INFINITY;

  constructor(env: Env, port: ChainPort, parts: KeeperParts) {
    this.env = env;
    this.port = port;
    this.parts = parts;
    const { state, active, journal, sets, built } = parts;
    this.finality = new Finality(parts.finalized);
    this.branches = new BranchSwitch(state, active, journal, sets, built);
  }

  get finalized(): FinalizedRef {
    return this.finality.finalized;
  }

  get deadline(): number {
    return Math.min(this.resumeAt, this.buryAt);
  }

  /** After a start: what a store may leave to be done. */
  onStarted(): void {
    const finalized = this.parts.tree.get(this.finalized.hash);
    if (finalized !== undefined) this.buryBelow(finalized);
    this.considerAll();
    this.advanceFinality();
    // A recovery may want another branch than the one that was left.
    if (this.target() !== undefined) this.resumeAt = this.env.clock.monotonicMs + 1;
  }

  /** Another block is justified: what was best may not stand on it. */
  onJustified(): void {
    const { candidate } = this;
    if (!this.isOpen(candidate ?? this.parts.active.head)) this.considerAll();
  }

  /** Executes `node` beside the head, if that is not too far; is it valid? */
  prove(node: TreeNode): { readonly isValid: boolean; readonly results: Imported[] } {
    if (node.isProven) return { isValid: true, results: [] };
    if (!node.ready || node.status === "invalid") return { isValid: false, results: [] };
    const bad = this.branches.prove(node, chainLimits.proveBlocksMax);
    if (bad !== undefined) {
      return { isValid: false, results: [this.reject(bad.node, bad.rejection)] };
    }
    return { isValid: node.isProven, results: [] };
  }

  /** What `work` says of the state before the head, which is the head again afterwards. */
  beforeHead<T>(work: () => T): T {
    return this.branches.beforeHead(work);
  }

  /** `nodes` became ready. */
  consider(nodes: readonly TreeNode[]): void {
    for (const node of nodes) {
      const { head } = this.parts.active;
      const best = this.candidate ?? (this.isOpen(head) ? head : undefined);
      if (best === undefined || better(node, best)) this.candidate = node;
    }
  }

  /** A block broke a rule: it, and all that stands on it, is out. Convicts who gave its body. */
  reject(node: TreeNode, rejection: Rejection): Imported {
    const source = node.bodySource;
    const { tree, justification } = this.parts;
    tree.invalidate(node, rejection);
    const { justified } = justification;
    if (justified.status === "invalid" && justified.certificate !== undefined) {
      const detail = `a quorum voted for block ${justified.hash}, which breaks a rule`;
      justification.halt(detail, [justified.certificate]);
    }
    this.considerAll();
    this.port.notify({ type: "block-rejected", hash: node.hash, code: rejection.code });
    return { type: "rejected", hash: node.hash, rejection, source };
  }

  /**
   * Executes what is better than the head. What is far behind, or was cut short, goes on in ticks:
   * verdicts and bodies come many to a turn of the loop, and each would take a step's budget.
   */
  advance(): Imported[] {
    if (this.resumeAt === Number.POSITIVE_INFINITY && !this.isFarBehind()) return this.execute();
    this.resumeAt = Math.min(this.resumeAt, this.env.clock.monotonicMs + this.waitMs());
    return [];
  }

  /** One step of what was put off. */
  tick(): Imported[] {
    const { monotonicMs } = this.env.clock;
    if (this.buryAt <= monotonicMs) this.burySome();
    return this.resumeAt <= monotonicMs ? this.execute() : [];
  }

  onPersisted(through: Ticket): void {
    const node = this.finality.onPersisted(through);
    if (node === undefined) return;
    this.buryBelow(node);
    this.parts.onFinalized(node);
    const { height, slot, hash } = node;
    this.port.notify({ type: "finalized", height, slot, hash });
    this.advanceFinality();
  }

  private execute(): Imported[] {
    this.resumeAt = Number.POSITIVE_INFINITY;
    const results: Imported[] = [];
    const budget: StepBudget = {
      blocks: connectBlocksPerStepMax,
      transactions: chainLimits.connectTransactionsPerStepMax,
    };
    for (let target = this.target(); target !== undefined; target = this.target()) {
      if (budget.blocks <= 0 || budget.transactions <= 0) {
        this.resumeAt = this.env.clock.monotonicMs + 1;
        break;
      }
      const switched = this.branches.switchTo(target, budget, this.isBetterThanHead());
      if (switched.ticket !== undefined) results.push(this.moved(switched, switched.ticket));
      if (switched.bad !== undefined) {
        results.push(this.reject(switched.bad.node, switched.bad.rejection));
      }
    }
    this.advanceFinality();
    return results;
  }

  private isFarBehind(): boolean {
    const { active, tree } = this.parts;
    const isTip = this.candidate === undefined || this.candidate.children.length === 0;
    return !isTip && tree.bestHeader.height > active.head.height + connectBlocksPerStepMax;
  }

  /** Many blocks are executed and written together: a few wait a moment for more. */
  private waitMs(): number {
    const height = this.candidate?.height ?? 0;
    const isMany = height >= this.parts.active.head.height + connectBlocksMin;
    return isMany ? 1 : chainLimits.connectWaitMs;
  }

  /** The one to execute next; undefined: the head is the best. */
  private target(): TreeNode | undefined {
    if (this.candidate !== undefined && !this.isOpen(this.candidate)) this.considerAll();
    const isBetter = this.isBetterThanHead();
    if (this.candidate !== undefined && !isBetter(this.candidate)) this.candidate = undefined;
    return this.candidate;
  }

  /**
   * A head that does not stand on the justified block is worse than whatever does. Below that
   * block each step towards it counts too, or one step would execute all of a long way.
   */
  private isBetterThanHead(): (node: TreeNode) => boolean {
    const { head } = this.parts.active;
    if (this.isOpen(head)) return (node) => better(node, head);
    return (node) => node !== head && (this.isOpen(node) || descendsFrom(node, head));
  }

  private considerAll(): void {
    const open = [...this.parts.tree.all()].filter((node) => this.isOpen(node));
    this.candidate = best(open);
  }

  private isOpen(node: TreeNode): boolean {
    if (!node.ready || this.parts.tree.get(node.hash) !== node) return false;
    if (!this.finality.allows(node)) return false;
    return descendsFrom(node, this.parts.justification.justified);
  }

  private moved(switched: Switched, ticket: Ticket): Imported {
    const { head } = this.parts.active;
    const source = head.bodySource;
    const { connected, disconnected } = switched;
    this.port.notify({
      type: "head-moved",
      height: head.height,
      hash: head.hash,
      slot: head.slot,
      transactions: connected.reduce((sum, block) => sum + block.body.transactions.length, 0),
      disconnected: disconnected.length,
      connected: connected.length,
    });
    if (connected.some(({ header }) => handsOver(header))) {
      const count = this.parts.state.validators().length;
      this.port.notify({ type: "validators-changed", height: head.height, count });
    }
    return { type: "moved", head, connected, disconnected, source, ticket };
  }

  /** The tree keeps what carried certificates may name: from the source of the final block up. */
  private buryBelow(final: TreeNode): void {
    const source = ancestorInSlot(final, final.header.justifiedSlot);
    if (source !== undefined) this.buryTo = Math.max(this.buryTo, source.height);
    this.burySome();
  }

  /** Far behind, thousands become final at once: the tree may keep some of them for a moment. */
  private burySome(): void {
    const { burial, journal, justification, tree } = this.parts;
    const writes = burial.raiseTo(this.buryTo, {
      blocks: chainLimits.buryBlocksPerStepMax,
      transactions: chainLimits.connectTransactionsPerStepMax,
    });
    if (writes.length > 0) journal.write(writes);
    justification.onCut(tree.root.slot);
    const isDone = tree.root.height >= this.buryTo;
    this.buryAt = isDone ? Number.POSITIVE_INFINITY : this.env.clock.monotonicMs + 1;
  }

  private advanceFinality(): void {
    const { active, journal, justification } = this.parts;
    const { node, certificate } = justification.finalCandidate;
    if (justification.halted !== undefined) return;
    if (!this.finality.isNext(node) || !active.contains(node)) return;
    const records: Write[] = [{ key: metaKey("finalized"), value: encodeFinalized(node) }];
    // A recovery leaves no proof but its file.
    if (certificate !== undefined) {
      records.push({ key: finalityKey(node.height), value: certificate.bytes });
    }
    this.finality.begin(node, journal.writeDurably(records, active.head));
  }
}
