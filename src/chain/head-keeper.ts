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
import { BranchSwitch, type StepBudget, type Switched } from "./branch-switch.ts";
import type { Burial } from "./burial.ts";
import { Finality, finalBy } from "./finality.ts";
import { best, better } from "./fork-choice.ts";
import type { ChainPort, Imported } from "./imported.ts";
import type { Journal } from "./journal.ts";
import { encodeFinalized, type FinalizedRef, metaKey } from "./records.ts";
import type { StateMachine } from "./state-machine.ts";
import { descendsFrom, type TreeNode } from "./tree-node.ts";

export interface KeeperParts {
  readonly tree: BlockTree;
  readonly active: ActiveChain;
  readonly burial: Burial;
  readonly journal: Journal;
  readonly state: StateMachine;
  readonly finalized: FinalizedRef;
}

export class HeadKeeper {
  private readonly env: Env;
  private readonly port: ChainPort;
  private readonly parts: KeeperParts;
  private readonly branches: BranchSwitch;
  private readonly finality: Finality;
  /** The best ready node that is better than the head, as far as we have looked. */
  private candidate: TreeNode | undefined;
  /** When execution goes on that was cut short by the step's budget. */
  private resumeAt = Number.POSITIVE_INFINITY;

  constructor(env: Env, port: ChainPort, parts: KeeperParts) {
    this.env = env;
    this.port = port;
    this.parts = parts;
    const { state, active, journal } = parts;
    this.finality = new Finality(parts.finalized);
    this.branches = new BranchSwitch(state, active, journal, (head) => this.buryBelow(head));
  }

  get finalized(): FinalizedRef {
    return this.finality.finalized;
  }

  get deadline(): number {
    return this.resumeAt;
  }

  /** After a start: what a store may leave to be done. */
  onStarted(): void {
    const { active, journal, burial } = this.parts;
    const height = Math.min(this.finalized.height, active.head.height);
    const writes = [...burial.raiseTo(height), ...this.buryBelow(active.head)];
    if (writes.length > 0) journal.write(writes);
    this.considerAll();
    this.advanceFinality();
  }

  /** `nodes` became ready. */
  consider(nodes: readonly TreeNode[]): void {
    for (const node of nodes) {
      if (better(node, this.candidate ?? this.parts.active.head)) this.candidate = node;
    }
  }

  /** A block broke a rule: it, and all that stands on it, is out. Convicts who gave its body. */
  reject(node: TreeNode, rejection: Rejection): Imported {
    const source = node.bodySource;
    this.parts.tree.invalidate(node, rejection);
    this.considerAll();
    this.port.notify({ type: "block-rejected", hash: node.hash, code: rejection.code });
    return { type: "rejected", hash: node.hash, rejection, source };
  }

  /** Executes what is better than the head, within one step's budget. */
  advance(): Imported[] {
    this.resumeAt = Number.POSITIVE_INFINITY;
    const results: Imported[] = [];
    const budget: StepBudget = {
      blocks: chainLimits.connectBlocksPerStepMax,
      transactions: chainLimits.connectTransactionsPerStepMax,
    };
    for (let target = this.target(); target !== undefined; target = this.target()) {
      if (budget.blocks <= 0 || budget.transactions <= 0) {
        this.resumeAt = this.env.clock.monotonicMs + 1;
        break;
      }
      const switched = this.branches.switchTo(target, budget);
      if (switched.ticket !== undefined) results.push(this.moved(switched, switched.ticket));
      if (switched.bad !== undefined) {
        results.push(this.reject(switched.bad.node, switched.bad.rejection));
      }
    }
    this.advanceFinality();
    return results;
  }

  onPersisted(through: Ticket): void {
    const node = this.finality.onPersisted(through);
    if (node === undefined) return;
    const writes = this.parts.burial.raiseTo(node.height);
    if (writes.length > 0) this.parts.journal.write(writes);
    this.port.notify({ type: "finalized", height: node.height, hash: node.hash });
    this.advanceFinality();
  }

  /** The one to execute next; undefined: the head is the best. */
  private target(): TreeNode | undefined {
    if (this.candidate !== undefined && !this.isOpen(this.candidate)) this.considerAll();
    const { head } = this.parts.active;
    if (this.candidate !== undefined && !better(this.candidate, head)) this.candidate = undefined;
    return this.candidate;
  }

  private considerAll(): void {
    const open = [...this.parts.tree.all()].filter((node) => this.isOpen(node));
    this.candidate = best(open);
  }

  private isOpen(node: TreeNode): boolean {
    if (!node.ready || this.parts.tree.get(node.hash) !== node) return false;
    const { lock } = this.finality;
    // At or below the root it binds everything in the tree already.
    if (lock === undefined || lock.height <= this.parts.tree.root.height) return true;
    return descendsFrom(node, lock);
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
    return { type: "moved", head, connected, disconnected, source, ticket };
  }

  private buryBelow(head: TreeNode): Write[] {
    return this.parts.burial.raiseTo(head.height - chainLimits.reorgDepthMax);
  }

  private advanceFinality(): void {
    const { active, journal, state } = this.parts;
    const node = finalBy(active.head, state.validators().length);
    if (node === undefined || !this.finality.isNext(node)) return;
    const record = { key: metaKey("finalized"), value: encodeFinalized(node) };
    this.finality.begin(node, journal.writeDurably([record], active.head));
  }
}
