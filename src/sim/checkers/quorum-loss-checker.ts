/**
 * L3: while fewer validators than a quorum are up, nothing new becomes final; the chain goes on to
 * the cap, sealed by those who are left, and no further. That it becomes final again when they
 * return is L1.
 *
 *   up >= quorum ──some go──> loss: final block stands, head grows to F + 100 (+ 1) ──return──> L1
 */
import type { PublicKey } from "../../model/ids.ts";
import { chainLimits } from "../../params/limits.ts";
import { insidesOf } from "../insides.ts";
import type { SimNode } from "../sim-node.ts";
import { broken } from "./broken.ts";
import type { Observed } from "./observed.ts";

interface Loss {
  readonly sinceSlot: number;
  /** Heads, and when each was first seen: there may be two sides, and one at the cap already. */
  readonly heads: Map<SimNode, { readonly hash: string; readonly slot: number }>;
}

/** With these on nothing can be said about when a leader seals. */
const disturbing = new Set(["skew", "slow", "stall"]);
/** A clock may be so many slots ahead. */
const skewSlotsMax = 8;

export class QuorumLossChecker {
  private readonly world: Observed;
  private readonly isSteady: boolean;
  private readonly steadySince = new Map<SimNode, number>();
  private loss: Loss | undefined;

  constructor(world: Observed) {
    this.world = world;
    const { faults, isPrompt } = world.swarm;
    this.isSteady = isPrompt && !faults.some(({ fault }) => disturbing.has(fault.type));
  }

  /** Whoever starts may complete a quorum, Byzantine or not. */
  onStarted(node: SimNode): void {
    this.steadySince.delete(node);
    if (this.loss !== undefined && this.hasQuorum()) this.loss = undefined;
  }

  /** The chain is cut back, and stands still until the first slot of the new validators. */
  onRecovered(): void {
    this.loss = undefined;
  }

  onPause(): void {
    const slot = Math.max(this.world.slot(), this.world.recoveries.at(-1)?.minSlot ?? 0);
    this.noteSteady(slot);
    if (this.hasQuorum()) {
      this.loss = undefined;
      return;
    }
    this.loss ??= { sinceSlot: slot, heads: new Map() };
    for (const node of this.up()) {
      const { hash } = node.node!.queries.head();
      if (this.loss.heads.get(node)?.hash !== hash) this.loss.heads.set(node, { hash, slot });
    }
    for (const node of this.up()) this.checkLoss(node, this.loss);
    this.checkGrowth(this.loss, slot);
  }

  private checkLoss(node: SimNode, loss: Loss): void {
    const final = node.node!.queries.finalized();
    if (final.slot > loss.sinceSlot + (this.isSteady ? 0 : skewSlotsMax)) {
      broken(
        node,
        `block of slot ${final.slot} is final, without a quorum since ${loss.sinceSlot}`,
      );
    }
    const above = heightOf(node) - Math.max(...this.up().map(finalHeightOf));
    if (above > chainLimits.unfinalizedMax + 1) {
      broken(node, `below a quorum the chain grew to ${above} above the final block`);
    }
    if (above >= chainLimits.unfinalizedMax) this.world.rare.count("cap reached below a quorum");
  }

  /** Each leader that is up and in step seals in its turn. */
  private checkGrowth(loss: Loss, slot: number): void {
    if (!this.isSteady) return;
    for (const node of this.up().filter((each) => this.isLeader(each))) {
      const patience = 3 * node.node!.queries.validators().length + 6;
      const since = Math.max(this.steadySince.get(node)!, loss.heads.get(node)!.slot);
      const lag = heightOf(node) - finalHeightOf(node);
      if (slot - since <= patience || lag >= chainLimits.unfinalizedMax) continue;
      broken(node, `the chain stands still at ${heightOf(node)}, ${lag} above the final block`);
    }
  }

  private noteSteady(slot: number): void {
    for (const node of this.world.honest) {
      const isInStep = node.node?.queries.info().state === "synced";
      if (!isInStep) this.steadySince.delete(node);
      else if (!this.steadySince.has(node)) this.steadySince.set(node, slot);
    }
  }

  private isLeader(node: SimNode): boolean {
    const key = node.options.validatorKey;
    const { validators, jailed } = node.node!.queries.registry();
    const isMember = key !== undefined && validators.includes(key) && !jailed.includes(key);
    return isMember && this.steadySince.has(node);
  }

  /** Of the set of any block that somebody may vote for now. */
  private hasQuorum(): boolean {
    const keys = new Set<PublicKey>();
    for (const { node, options } of this.world.nodes) {
      if (node !== undefined && options.validatorKey !== undefined) keys.add(options.validatorKey);
    }
    const isQuorumOf = (set: readonly PublicKey[]) =>
      3 * set.filter((key) => keys.has(key)).length >= 2 * set.length;
    return this.up().some(({ node }) => {
      const { chain, state } = insidesOf(node!);
      return isQuorumOf(state.validators()) || isQuorumOf(chain.duties.validatorsOf(chain.head));
    });
  }

  private up(): readonly SimNode[] {
    return this.world.honest.filter(({ node }) => node !== undefined);
  }
}

const heightOf = (node: SimNode) => node.node!.queries.head().height;
const finalHeightOf = (node: SimNode) => node.node!.queries.finalized().height;
