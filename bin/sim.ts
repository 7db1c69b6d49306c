/**
 * Runs simulated networks: `npx tsx bin/sim.ts --seed 7 --nodes 10 --hours 1` one of them, with the
 * digest of its trace; `--seeds 1000` that many, with the table of rare events that did occur.
 * Exits 1 when an invariant broke, after printing the command that repeats it. Ctrl-C ends after the
 * seed at hand, with the table of those that were run.
 */
import { appendFileSync, writeFileSync } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";
import yargs from "yargs";
import { hideBin } from "yargs/helpers";
import { RareEventCounts, rareEvents } from "../src/sim/rare-events.ts";
import { World } from "../src/sim/world.ts";

const options = await yargs(hideBin(process.argv))
  .scriptName("sim")
  .options({
    seed: { type: "string", default: "1", describe: "name of the first seed" },
    seeds: { type: "number", default: 1, describe: "how many seeds to run, counting up" },
    nodes: { type: "number", default: 10, describe: "nodes of each network; 0: drawn, 1 to 10" },
    hours: { type: "number", default: 1, describe: "virtual hours of each seed" },
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
    for (const name of ["seeds", "hours"] as const) {
      if (!(argv[name] > 0)) throw new Error(`--${name} must be a number above 0`);
    }
    return true;
  })
  .parse();

function command(seed: string): string {
  const { byzantine, calm, cheats, hours, nodes } = options;
  const who = calm ? "--calm" : `--byzantine ${byzantine} --cheats ${cheats}`;
  return `npx tsx bin/sim.ts --seed ${seed} --nodes ${nodes} --hours ${hours} ${who}`;
}

function runSeed(seed: string): { readonly world: World; readonly isSound: boolean } {
  const { trace } = options;
  const lines: string[] = [];
  const flush = () => {
    if (trace !== undefined) appendFileSync(trace, lines.splice(0).join(""));
  };
  const world = new World({
    seed,
    nodes: options.nodes,
    durationMs: options.hours * 3_600_000,
    calm: options.calm,
    byzantine: options.byzantine,
    cheatPercent: options.cheats,
    ...(trace === undefined
      ? {}
      : {
          onTrace: (line: string) => {
            lines.push(line);
            if (lines.length > 10_000) flush();
          },
        }),
  });
  let isSound = true;
  try {
    world.run();
  } catch (error) {
    isSound = false;
    console.error(`seed ${seed} broke at ${world.now()} ms: ${(error as Error).message}`);
    console.error((error as Error).stack);
    console.error(`repeat with: ${command(seed)}`);
    process.exitCode = 1;
  }
  flush();
  return { world, isSound };
}

if (options.trace !== undefined) writeFileSync(options.trace, "");
const total = new RareEventCounts();
const startedAt = performance.now();
let failed = 0;
let nodeHours = 0;
let done = 0;
let isStopped = false;
process.once("SIGINT", () => {
  isStopped = true;
});
for (let index = 0; index < options.seeds && !isStopped; index++) {
  const seed = options.seeds === 1 ? options.seed : String(Number(options.seed) + index);
  const { world, isSound } = runSeed(seed);
  done++;
  if (!isSound) failed++;
  total.add(world.rare);
  nodeHours += (world.nodes.length * world.now()) / 3_600_000;
  const digest = world.digest();
  if (options.twice && runSeed(seed).world.digest() !== digest) {
    console.error(`seed ${seed}: two runs, two digests; repeat with: ${command(seed)} --twice`);
    process.exitCode = 1;
  }
  const { swarm, steps } = world;
  const height = world.nodes[0]?.node?.queries.info().height ?? 0;
  if (options.json) console.log(JSON.stringify({ seed, digest, steps, height }));
  else if (options.seeds <= 20 || index % 50 === 49) {
    console.log(
      `seed ${seed}  digest ${digest}  steps ${steps}  height ${height}  validators ` +
        `${swarm.validators}  slot ${swarm.slotMs} ms  faults ${swarm.faults.length}  cheats ` +
        `${swarm.cheats.map(({ kinds }) => kinds.join("+")).join(",")}`,
    );
  }
  // A seed runs without a pause: signals are heard between seeds.
  await turn();
}
const seconds = (performance.now() - startedAt) / 1000;
const summary = {
  type: "summary",
  seeds: done,
  failed,
  nodeHours,
  seconds: Math.round(seconds),
  nodeHoursPerSecond: Math.round((nodeHours / seconds) * 100) / 100,
  rareEvents: Object.fromEntries(total.entries()),
};
if (options.json) console.log(JSON.stringify(summary));
else {
  console.log(
    `\n${done} seeds, ${failed} failed, ${Math.round(nodeHours)} node-hours in ${summary.seconds} s:`,
  );
  for (const event of rareEvents) console.log(`  ${event.padEnd(44)} ${total.of(event)}`);
}
const shortfalls = options.min ? total.shortfalls(done) : [];
for (const shortfall of shortfalls) console.error(`too rare: ${shortfall}`);
if (shortfalls.length > 0) process.exitCode = 1;
