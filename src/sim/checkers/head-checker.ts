/**
 * I3: the head descends from the justified block, that from the final one. I4: no reorg removes a
 * final block, and no branch grows past the cap but by certified blocks. I9: the set in charge of a
 * block and the one after it differ by one member at most.
 */
import { descendsFrom, type TreeNode } from "../../chain/tree-node.ts";
import type { NodeEvent } from "../../edge/event.ts";
import { chainLimits } from "../../params/limits.ts";
import { insidesOf } from "../insides.ts";
import type { SimNode } from "../sim-node.ts";
import { broken } from "./broken.ts";
import type { Observed } from "./observed.ts";

type HeadMoved = Extract<NodeEvent, { type: "head-moved" }>;

interface Seen {
  readonly head: TreeNode;
  readonly justified: TreeNode;
}

export class HeadChecker {
  private readonly world: Observed;
  private readonly heights = new Map<SimNode, number>();
  private readonly seen = new Map<SimNode, Seen>();

  constructor(world: Observed) {
    this.world = world;
  }

  onStarted(node: SimNode): void {
    const queries = node.node?.queries;
    if (queries !== undefined) this.heights.set(node, queries.head().height);
  }

  onHeadMoved(node: SimNode, event: HeadMoved): void {
    const { rare } = this.world;
    const before = this.heights.get(node) ?? 0;
    this.heights.set(node, event.height);
    const forkHeight = before - event.disconnected;
    if (event.disconnected > 0 && forkHeight < node.reportedFinal.height) {
      const { height } = node.reportedFinal;
      broken(node, `a reorg down to ${forkHeight} undoes the final block at ${height}`);
    }
    if (event.disconnected >= 3) rare.count("reorg of depth 3 or more");
    else if (event.disconnected > 0) rare.count("reorg of depth 1 or 2");
  }

  /** Cheap unless head or justified changed. */
  onStep(node: SimNode): void {
    if (node.node === undefined) return;
    const { chain, state } = insidesOf(node.node);
    const { head, justified } = chain;
    const seen = this.seen.get(node);
    if (seen?.head === head && seen.justified === justified) return;
    this.seen.set(node, { head, justified });
    this.world.chronicle.onHead(head);
    if (chain.halted !== undefined) return;
    // Execution is cut short by the budget of a step, or waits for more: then a tick is due soon.
    const isMoving = chain.deadline <= this.world.now() + chainLimits.connectWaitMs;
    if (!descendsFrom(head, justified) && !isMoving) {
      broken(node, `head ${head.height} does not stand on justified ${justified.height}`);
    }
    const { finalized } = chain;
    const final = chain.node(finalized.hash);
    if (final === undefined) broken(node, `final block ${finalized.height} is not in memory`);
    if (!descendsFrom(justified, final)) {
      broken(node, `justified ${justified.height} does not stand on final ${final.height}`);
    }
    if (!descendsFrom(head, final)) broken(node, "the head does not stand on the final block");
    this.checkCap(node, head);
    const inCharge = chain.duties.validatorsOf(head);
    const next = state.validators();
    const added = next.filter((key) => !inCharge.includes(key)).length;
    const removed = inCharge.filter((key) => !next.includes(key)).length;
    if (added + removed > 1)
      broken(node, `block ${head.height} changes ${added + removed} members`);
  }

  private checkCap(node: SimNode, head: TreeNode): void {
    const above = head.height - head.final.height;
    const { rare } = this.world;
    if (above >= chainLimits.unfinalizedMax) {
      rare.count("cap reached");
      const siblings = head.parent?.children.filter(({ slot }) => slot < head.slot) ?? [];
      if (siblings.length > 0) rare.count("sibling sealed at the cap");
    }
    if (
      above > chainLimits.unfinalizedMax &&
      head.header.justifiedHash !== head.header.parentHash
    ) {
      broken(node, `head ${head.height} is ${above} above its final block, parent not certified`);
    }
  }
}
