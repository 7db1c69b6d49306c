/**
 * One seed from beginning to end, and what is worth telling of it as plain data: it may come from
 * another process. NOT a judgement beyond "an invariant broke".
 */
import { appendFileSync } from "node:fs";
import type { RareEvent } from "./rare-events.ts";
import type { ByzantineMode } from "./swarm.ts";
import { World } from "./world.ts";

export interface SeedOptions {
  readonly nodes: number;
  readonly hours: number;
  /** Instead of hours. */
  readonly slots?: number | undefined;
  readonly calm: boolean;
  readonly byzantine: ByzantineMode;
  readonly cheats: number;
  /** File that the trace is appended to. */
  readonly trace?: string | undefined;
}

export interface SeedReport {
  readonly seed: string;
  readonly digest: string;
  readonly steps: number;
  readonly height: number;
  readonly nodeHours: number;
  readonly cpuMs: number;
  /** What was drawn, in a line. */
  readonly drawn: string;
  readonly rare: readonly (readonly [RareEvent, number])[];
  readonly failure:
    | { readonly atMs: number; readonly message: string; readonly stack: string }
    | undefined;
}

/** The command that runs just this seed again. */
export function commandOf(seed: string, options: SeedOptions): string {
  const { byzantine, calm, cheats, hours, nodes, slots } = options;
  const who = calm ? "--calm" : `--byzantine ${byzantine} --cheats ${cheats}`;
  const length = slots === undefined ? `--hours ${hours}` : `--slots ${slots}`;
  return `npx tsx bin/sim.ts --seed ${seed} --nodes ${nodes} ${length} ${who}`;
}

export function runSeed(seed: string, options: SeedOptions): SeedReport {
  const before = process.cpuUsage();
  const trace = new TraceFile(options.trace);
  const world = new World({
    seed,
    nodes: options.nodes,
    durationMs: options.hours * 3_600_000,
    slots: options.slots,
    calm: options.calm,
    byzantine: options.byzantine,
    cheatPercent: options.cheats,
    ...(options.trace === undefined ? {} : { onTrace: (line: string) => trace.add(line) }),
  });
  let failure: SeedReport["failure"];
  try {
    world.run();
  } catch (error) {
    const { message, stack = "" } = error as Error;
    failure = { atMs: world.now(), message, stack };
  }
  trace.flush();
  const { user, system } = process.cpuUsage(before);
  return {
    seed,
    digest: world.digest(),
    steps: world.steps,
    height: world.nodes[0]?.node?.queries.info().height ?? 0,
    nodeHours: (world.nodes.length * world.now()) / 3_600_000,
    cpuMs: (user + system) / 1_000,
    drawn: drawnOf(world),
    rare: world.rare.entries(),
    failure,
  };
}

function drawnOf({ swarm }: World): string {
  const { cheats, faults, nodes, slotMs, validators } = swarm;
  const kinds = cheats.map((each) => each.kinds.join("+")).join(",");
  return `nodes ${nodes}  validators ${validators}  slot ${slotMs} ms  faults ${faults.length}  cheats ${kinds}`;
}

class TraceFile {
  private readonly path: string | undefined;
  private lines: string[] = [];

  constructor(path: string | undefined) {
    this.path = path;
  }

  add(line: string): void {
    this.lines.push(line);
    if (this.lines.length > 10_000) this.flush();
  }

  flush(): void {
    if (this.path !== undefined) appendFileSync(this.path, this.lines.join(""));
    this.lines = [];
  }
}
