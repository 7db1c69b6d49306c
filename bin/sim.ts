/**
 * Runs simulated networks: `npx tsx bin/sim.ts --seed 7 --nodes 10 --hours 1` one of them, with the
 * digest of its trace; `--seeds 1000` that many, with the table of rare events that did occur.
 * `--slots 60` measures seeds in slots with faults, of a length drawn from 1 to 30 s, not in hours:
 * for sweeps of many seeds, with `--jobs` in as many processes.
 * Exits 1 when an invariant broke, after printing the command that repeats it. Ctrl-C ends after the
 * seeds at hand, with the table of those that were run.
 */
import { writeFileSync } from "node:fs";
import yargs from "yargs";
import { hideBin } from "yargs/helpers";
import { RareEventCounts, rareEvents } from "../src/sim/rare-events.ts";
import { commandOf, runSeed, type SeedReport } from "../src/sim/run-seed.ts";
import { Sweep } from "../src/sim/sweep.ts";

const options = await yargs(hideBin(process.argv))
  .scriptName("sim")
  .options({
    seed: { type: "string", default: "1", describe: "name of the first seed" },
    seeds: { type: "number", default: 1, describe: "how many seeds to run, counting up" },
    jobs: { type: "number", default: 1, describe: "processes to run them in" },
    nodes: { type: "number", default: 10, describe: "nodes of each network; 0: drawn, 1 to 10" },
    hours: { type: "number", default: 1, describe: "virtual hours of each seed" },
    slots: {
      type: "number",
      describe: "instead of hours: slots with faults, about; their length is drawn, 1 to 30 s",
    },
    byzantine: {
      choices: ["none", "under", "over"] as const,
      default: "under" as const,
      describe: "cheating validators: none; less than a third (drawn); a third and more",
    },
    cheats: { type: "number", default: 60, describe: "percent of seeds in which somebody cheats" },
    min: { type: "boolean", default: false, describe: "fail when a rare event was too rare" },
    calm: { type: "boolean", default: false, describe: "no faults" },
    trace: { type: "string", describe: "file to write the whole trace to" },
    twice: { type: "boolean", default: false, describe: "run each seed twice, compare digests" },
    json: { type: "boolean", default: false, describe: "print one JSON object a seed" },
  })
  .strict()
  .check((argv) => {
    for (const name of ["seeds", "hours", "jobs", "slots"] as const) {
      const value = argv[name];
      if (value !== undefined && !(value > 0)) throw new Error(`--${name} must be above 0`);
    }
    if (argv.trace !== undefined && argv.jobs > 1) throw new Error("--trace goes with one job");
    return true;
  })
  .parse();

function* seedNames(): Generator<string> {
  if (options.seeds === 1) return yield options.seed;
  for (let at = 0; at < options.seeds; at++) yield String(Number(options.seed) + at);
}

const total = new RareEventCounts();
const startedAt = performance.now();
let failed = 0;
let nodeHours = 0;
let cpuMs = 0;
let done = 0;

function onReport(report: SeedReport): void {
  const { digest, failure, height, seed, steps } = report;
  done++;
  nodeHours += report.nodeHours;
  cpuMs += report.cpuMs;
  total.add(new RareEventCounts(report.rare));
  if (failure !== undefined) {
    failed++;
    process.exitCode = 1;
    console.error(`seed ${seed} broke at ${failure.atMs} ms: ${failure.message}`);
    console.error(failure.stack);
    console.error(`repeat with: ${commandOf(seed, options)}`);
  }
  if (options.twice && runSeed(seed, options).digest !== digest) {
    process.exitCode = 1;
    console.error(
      `seed ${seed}: two runs, two digests; repeat with: ${commandOf(seed, options)} --twice`,
    );
  }
  if (options.json) console.log(JSON.stringify({ seed, digest, steps, height }));
  else if (options.seeds <= 20 || done % 50 === 0) {
    const isMany = options.seeds > 20 ? `  (${done} done, ${nodeHours.toFixed(1)} node-hours)` : "";
    console.log(
      `seed ${seed}  digest ${digest}  steps ${steps}  height ${height}  ${report.drawn}${isMany}`,
    );
  }
}

// Whoever read this has seen enough (`| head`); workers end after the seeds at hand.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});
if (options.trace !== undefined) writeFileSync(options.trace, "");
const sweep = new Sweep(seedNames(), options, onReport);
process.once("SIGINT", () => sweep.stop());
await sweep.run(Math.min(options.jobs, options.seeds));

const seconds = (performance.now() - startedAt) / 1000;
const round = (value: number): number => Math.round(value * 100) / 100;
const summary = {
  type: "summary",
  seeds: done,
  failed,
  nodeHours: round(nodeHours),
  seconds: Math.round(seconds),
  cpuSeconds: Math.round(cpuMs / 1000),
  nodeHoursPerSecond: round(nodeHours / seconds),
  cpuSecondsPerNodeHour: round(cpuMs / 1000 / nodeHours),
  rareEvents: Object.fromEntries(total.entries()),
};
if (options.json) console.log(JSON.stringify(summary));
else {
  console.log(
    `\n${done} seeds, ${failed} failed, ${summary.nodeHours} node-hours in ${summary.seconds} s ` +
      `(${summary.cpuSeconds} s of CPU, ${summary.cpuSecondsPerNodeHour} a node-hour):`,
  );
  for (const event of rareEvents) console.log(`  ${event.padEnd(44)} ${total.of(event)}`);
}
const shortfalls = options.min ? total.shortfalls(done) : [];
for (const shortfall of shortfalls) console.error(`too rare: ${shortfall}`);
if (shortfalls.length > 0) process.exitCode = 1;
