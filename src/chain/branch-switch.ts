/**
 * Executing a branch: undo to the fork point, apply up to the target, write. The only place that
 * changes the state. NOT the choice of the target (`fork-choice.ts`).
 *
 * Invariant: the head, in memory and in every prefix of the batches, is fully executed and never
 * worse than before. A branch that turns out invalid before it is better is taken back; one that
 * turns out invalid later ends at its last valid block. protocol-spec/06-validation §3, §5.
 *
 *   f ── a1 ── a2 (head)          one batch: undo a2, a1; connect b1, b2, b3, b4
 *    └── b1 ── b2 ── b3 ── b4     b3 is better; were b4 invalid, the batch would end there
 */
import { assert, defined } from "../base/assert.ts";
import { equalBytes, isZero } from "../base/bytes.ts";
import type { Ticket } from "../edge/conn.ts";
import type { Write } from "../edge/effect.ts";
import type { Block } from "../model/block.ts";
import { certifiersOf } from "../model/certificate.ts";
import type { Header } from "../model/header.ts";
import type { Rejection } from "../model/rule-code.ts";
import type { Transaction } from "../model/transaction.ts";
import { encodeValidatorSet } from "../model/validator-set.ts";
import type { ActiveChain } from "./active-chain.ts";
import type { BuiltBlock } from "./built-block.ts";
import { targetOf } from "./carried-proof.ts";
import type { Journal } from "./journal.ts";
import { certificateOf } from "./justification.ts";
import {
  bodyKey,
  encodeNode,
  encodeRef,
  metaKey,
  nodeKey,
  setKey,
  stateWrites,
} from "./records.ts";
import { checkResult } from "./rules.ts";
import type { BlockContext, StateChange, StateMachine } from "./state-machine.ts";
import { blockOf, bodyOf, forkPointOf, pathTo, type TreeNode } from "./tree-node.ts";
import type { ValidatorSets } from "./validator-sets.ts";

/** What may still be executed in this step. */
export interface StepBudget {
  blocks: number;
  transactions: number;
}

export interface Switched {
  readonly connected: readonly Block[];
  /** From the old head down. */
  readonly disconnected: readonly Block[];
  /** Undefined when the head did not move. */
  readonly ticket: Ticket | undefined;
  /** The block that broke a rule, if one did. */
  readonly bad: { readonly node: TreeNode; readonly rejection: Rejection } | undefined;
}

export class BranchSwitch {
  private readonly state: StateMachine;
  private readonly active: ActiveChain;
  private readonly journal: Journal;
  private readonly sets: ValidatorSets;
  private readonly built: BuiltBlock;

  constructor(
    state: StateMachine,
    active: ActiveChain,
    journal: Journal,
    sets: ValidatorSets,
    built: BuiltBlock,
  ) {
    this.state = state;
    this.active = active;
    this.journal = journal;
    this.sets = sets;
    this.built = built;
  }

  /**
   * Moves the head to `target`, which `isBetter` than it, or as far towards it as rules and budget
   * let.
   */
  switchTo(target: TreeNode, budget: StepBudget, isBetter: (node: TreeNode) => boolean): Switched {
    const start = this.active.head;
    assert(target.ready && isBetter(target), "only a better branch is executed");
    const fork = forkPointOf(target, start);
    const undone = pathTo(start, fork).reverse();
    const disconnected = undone.map(blockOf);
    const undoing = undone.flatMap((node) => this.disconnect(node));
    const connected: Block[] = [];
    const fresh: TreeNode[] = [];
    let isMoved = false;
    let bad: Switched["bad"];
    for (const node of pathTo(target, fork)) {
      const block = blockOf(node);
      budget.blocks -= 1;
      budget.transactions -= node.header.txCount;
      const rejection = this.connect(node, block.body.transactions);
      if (rejection !== undefined) {
        bad = { node, rejection };
        break;
      }
      fresh.push(node);
      connected.push(block);
      isMoved ||= isBetter(node);
      if (isMoved && (budget.blocks <= 0 || budget.transactions <= 0)) break;
    }
    if (isMoved) {
      const state = fresh.flatMap((node) => stateWrites(changesOf(node), "after"));
      const writes = [...undoing, ...state, ...this.blockWrites(fresh)];
      return { connected, disconnected, ticket: this.write(writes, fresh), bad };
    }
    this.takeBack(fresh, undone);
    return { connected: [], disconnected: [], ticket: undefined, bad };
  }

  /**
   * Executes the branch of `node` and comes back; its blocks are stored. Nothing happens when more
   * than `blocksMax` would have to be executed. Returns the block that broke a rule.
   */
  prove(node: TreeNode, blocksMax: number): Switched["bad"] {
    const start = this.active.head;
    const fork = forkPointOf(node, start);
    const path = pathTo(node, fork);
    if (path.length > blocksMax || start.height - fork.height > blocksMax) return undefined;
    const undone = pathTo(start, fork).reverse();
    for (const old of undone) this.disconnect(old);
    const fresh: TreeNode[] = [];
    let bad: Switched["bad"];
    for (const next of path) {
      const rejection = this.connect(next, bodyOf(next).transactions);
      if (rejection !== undefined) {
        bad = { node: next, rejection };
        break;
      }
      fresh.push(next);
    }
    // A vote may follow, so the block must outlive us.
    const writes = this.blockWrites(fresh);
    for (const next of fresh) next.stored = true;
    this.takeBack(fresh, undone);
    if (writes.length > 0) this.journal.write(writes);
    return bad;
  }

  /** Runs `work` on the state before the head. */
  beforeHead<T>(work: () => T): T {
    const { head } = this.active;
    this.disconnect(head);
    try {
      return work();
    } finally {
      this.takeBack([], [head]);
    }
  }

  private contextOf(node: TreeNode): BlockContext {
    const { height, slot, sealer } = node.header;
    const target = isZero(node.header.certHash) ? undefined : targetOf(node);
    const set = target && this.sets.get(target.header.validatorsHash);
    const voters = set === undefined ? [] : certifiersOf(certificateOf(node), set);
    const finalizedHeight = node.final.height;
    const recoveredSet = node.parent?.recovered?.set;
    return { height, slot, sealer, finalizedHeight, voters, recoveredSet };
  }

  /** They depend on the blocks alone, so earlier ones are the same. */
  private blockWrites(fresh: readonly TreeNode[]): Write[] {
    const writes: Write[] = [];
    for (const node of fresh) {
      if (node.stored) continue;
      const { sealed, final, header } = node;
      const changes = changesOf(node);
      writes.push({ key: nodeKey(node), value: encodeNode({ sealed, final, changes }) });
      writes.push({ key: bodyKey(node), value: defined(node.body, "it is executed") });
      if (handsOver(header)) writes.push(this.setWrite(header.nextValidatorsHash));
    }
    return writes;
  }

  private setWrite(hash: Uint8Array): Write {
    const set = defined(this.sets.get(hash), "it was learned when the block was executed");
    return { key: setKey(hash), value: encodeValidatorSet(set) };
  }

  private write(writes: readonly Write[], fresh: readonly TreeNode[]): Ticket {
    const { head } = this.active;
    for (const node of fresh) node.stored = true;
    const all = [...writes, { key: metaKey("head"), value: encodeRef(head) }];
    // Nobody else can give us back what we sealed, so it is durable before it is shown.
    const own = fresh.some((node) => node.bodySource === undefined);
    return own ? this.journal.writeDurably(all, head) : this.journal.write(all);
  }

  /** Back to the old branch, whose blocks are valid; nothing was written. */
  private takeBack(fresh: readonly TreeNode[], undone: readonly TreeNode[]): void {
    for (const node of fresh.toReversed()) this.disconnect(node);
    for (const node of undone.toReversed()) {
      const { transactions } = bodyOf(node);
      assert(this.connect(node, transactions) === undefined, "what was valid is valid again");
    }
  }

  /** body -> executed */
  private connect(node: TreeNode, transactions: readonly Transaction[]): Rejection | undefined {
    const { header } = node;
    const applied =
      this.built.apply(node.hash) ?? this.state.apply(this.contextOf(node), transactions);
    if ("code" in applied) return applied;
    const rejection = checkResult(header, applied);
    if (rejection !== undefined) {
      this.state.undo(applied.changes);
      return rejection;
    }
    node.changes = applied.changes;
    node.status = "executed";
    node.isProven = true;
    if (handsOver(header)) this.sets.add(this.state.validators());
    this.sets.learnPending(this.state);
    this.active.push(node);
    return undefined;
  }

  /** executed -> body */
  private disconnect(node: TreeNode): Write[] {
    assert(this.active.head === node, "the head is undone first");
    return undoHead(this.active, this.state);
  }
}

/** executed -> body; its parent is the head then. */
export function undoHead(active: ActiveChain, state: StateMachine): Write[] {
  const head = active.pop();
  const changes = changesOf(head);
  state.undo(changes);
  head.changes = undefined;
  head.status = "body";
  return stateWrites(changes, "before");
}

/** Are others in charge of its children? */
export function handsOver(header: Header): boolean {
  return !equalBytes(header.validatorsHash, header.nextValidatorsHash);
}

function changesOf({ changes }: TreeNode): readonly StateChange[] {
  return defined(changes, "it is executed");
}
