/** A node of the finality bench, a process of its own: says when its blocks became final. */
import { listenToParent, planOf, tellParent } from "./child.ts";
import { type FinalTime, FinalTimes } from "./final-times.ts";
import { startNode } from "./real-node.ts";

export interface FinalityPlan {
  readonly argv: readonly string[];
  readonly genesisTimeMs: number;
  readonly slotMs: number;
}

export interface Times {
  readonly type: "times";
  readonly taken: readonly FinalTime[];
}

const { argv, genesisTimeMs, slotMs } = planOf<FinalityPlan>();
const times = new FinalTimes((slot) => genesisTimeMs + slot * slotMs);
const running = await startNode(argv, (event) => times.onEvent(event, Date.now()));
listenToParent(
  () => tellParent({ type: "times", taken: times.taken }),
  () => running.close(),
);
tellParent({ type: "running" });
