/** A node of the growth run, a process of its own: how it starts, and what it is like on the way. */
import { listenToParent, planOf, tellParent } from "./child.ts";
import { startNode } from "./real-node.ts";

export interface GrowthPlan {
  readonly argv: readonly string[];
  /** Heights at which to look, ascending; the last ends it. None: it has only to start. */
  readonly heights: readonly number[];
}

export interface Started {
  readonly type: "started";
  readonly startMs: number;
  /** Of all threads: on a busy machine this is the figure. */
  readonly startCpuMs: number;
  readonly rssMib: number;
  readonly height: number;
}

export interface Passed {
  readonly height: number;
  /** Since the start. */
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly rssMib: number;
  readonly heapMib: number;
}

export interface Grown {
  readonly type: "grown";
  readonly passed: readonly Passed[];
  readonly peakRssMib: number;
}

const mib = 1024 * 1024;
const { argv, heights } = planOf<GrowthPlan>();
const passed: Passed[] = [];
const cpuMs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
const begunAt = performance.now();
const cpuBefore = cpuMs();

const running = await startNode(argv, (event) => {
  if (event.type === "block-rejected" || event.type === "peer-blamed") {
    process.stderr.write(`${JSON.stringify(event)}\n`);
  }
  if (event.type !== "head-moved" || event.height < (heights[passed.length] ?? Infinity)) return;
  const { rss, heapUsed } = process.memoryUsage();
  passed.push({
    height: event.height,
    seconds: (performance.now() - begunAt) / 1000,
    cpuSeconds: cpuMs() / 1000,
    rssMib: rss / mib,
    heapMib: heapUsed / mib,
  });
  if (passed.length < heights.length) return;
  const grown: Grown = { type: "grown", passed, peakRssMib: process.resourceUsage().maxRSS / 1024 };
  tellParent({ ...grown });
});

listenToParent(
  () => undefined,
  () => running.close(),
);
const started: Started = {
  type: "started",
  startMs: performance.now() - begunAt,
  startCpuMs: cpuMs() - cpuBefore,
  rssMib: process.memoryUsage().rss / mib,
  height: running.node.queries.head().height,
};
tellParent({ ...started });
