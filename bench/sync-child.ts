/** A node of a sync bench, a process of its own: serves a chain, or syncs until it has it. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { listenToParent, planOf, tellParent } from "./child.ts";
import { startNode } from "./real-node.ts";

export interface SyncPlan {
  readonly argv: readonly string[];
  /** Height to reach; undefined: serve. */
  readonly target: number | undefined;
}

export interface Synced {
  readonly type: "synced";
  /** From the dial on. */
  readonly seconds: number;
  /** From before the folder was opened. */
  readonly secondsWithStart: number;
  readonly headHash: string;
  readonly transfers: number;
  readonly loopDelayP50Ms: number;
  readonly loopDelayP99Ms: number;
  readonly loopDelayMaxMs: number;
  /** Share of the time from the dial on in which the main thread had something to do. */
  readonly loopBusy: number;
}

const resolutionMs = 1;

const plan = planOf<SyncPlan>();
const delay = monitorEventLoopDelay({ resolution: resolutionMs });
const begunAt = performance.now();
let dialledAt = begunAt;
let loopAtDial = performance.eventLoopUtilization();
/** When the parent asked last. */
let loopAtUse = loopAtDial;
let transfers = 0;
let isDone = plan.target === undefined;

const running = await startNode(plan.argv, (event) => {
  switch (event.type) {
    case "dialling":
      if (dialledAt === begunAt) {
        dialledAt = performance.now();
        loopAtDial = performance.eventLoopUtilization();
      }
      delay.enable();
      break;
    case "head-moved":
      transfers += event.transactions;
      if (isDone || event.height < plan.target!) break;
      isDone = true;
      onSynced(event.hash);
      break;
    case "block-rejected":
    case "peer-blamed":
      process.stderr.write(`${JSON.stringify(event)}\n`);
      break;
    default:
  }
});

function onSynced(headHash: string): void {
  delay.disable();
  const now = performance.now();
  // A timer of that resolution is the ruler: on an idle loop it reads its own length.
  const ms = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - resolutionMs);
  const synced: Synced = {
    type: "synced",
    seconds: (now - dialledAt) / 1000,
    secondsWithStart: (now - begunAt) / 1000,
    headHash,
    transfers,
    loopDelayP50Ms: ms(delay.percentile(50)),
    loopDelayP99Ms: ms(delay.percentile(99)),
    loopDelayMaxMs: ms(delay.max),
    loopBusy: performance.eventLoopUtilization(loopAtDial).utilization,
  };
  tellParent({ ...synced });
}

listenToParent(
  () => {
    const { user, system } = process.cpuUsage();
    const peakRssMib = process.resourceUsage().maxRSS / 1024;
    const loopBusy = performance.eventLoopUtilization(loopAtUse).utilization;
    loopAtUse = performance.eventLoopUtilization();
    tellParent({ type: "used", cpuSeconds: (user + system) / 1e6, peakRssMib, loopBusy });
  },
  () => running.close(),
);
if (isDone) tellParent({ type: "serving" });
