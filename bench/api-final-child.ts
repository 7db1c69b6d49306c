/** A node of the API-to-final bench, a process of its own: says which transactions became final. */
import { bodyOf } from "../src/chain/tree-node.ts";
import { listenToParent, planOf, tellParent } from "./child.ts";
import { startNode } from "./real-node.ts";

export interface ApiFinalPlan {
  readonly argv: readonly string[];
}

/** Blocks with transactions that are final, and since when this node knows. */
export interface FinalBlocks {
  readonly type: "final";
  readonly blocks: readonly { readonly atMs: number; readonly ids: readonly string[] }[];
}

const plan = planOf<ApiFinalPlan>();
const idsOf = new Map<string, readonly string[]>();
let fresh: { atMs: number; ids: readonly string[] }[] = [];
let [headHeight, finalHeight] = [0, 0];

const running = await startNode(plan.argv, (event) => {
  if (event.type === "head-moved") {
    const from = Math.min(headHeight - event.disconnected, event.height - event.connected) + 1;
    for (let height = Math.max(1, from); height <= event.height; height++) {
      const node = running.node.queries.block(height);
      const ids = node?.body === undefined ? [] : bodyOf(node).transactions.map(({ id }) => id);
      idsOf.set(String(height), ids);
    }
    headHeight = event.height;
  }
  if (event.type !== "finalized") return;
  for (; finalHeight < event.height; finalHeight++) {
    const key = String(finalHeight + 1);
    const ids = idsOf.get(key) ?? [];
    idsOf.delete(key);
    if (ids.length > 0) fresh.push({ atMs: Date.now(), ids });
  }
});

listenToParent(
  () => {
    tellParent({ type: "final", blocks: fresh });
    fresh = [];
  },
  () => running.close(),
);
tellParent({ type: "running" });
