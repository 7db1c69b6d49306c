/** Many seeds over several processes: `npm run sim -- --seeds 1000 --slots 60 --jobs 2`. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { RareEventCounts } from "../../src/sim/rare-events.ts";
import { commandOf, runSeed, type SeedOptions, type SeedReport } from "../../src/sim/run-seed.ts";
import { Sweep } from "../../src/sim/sweep.ts";
import { World } from "../../src/sim/world.ts";

const options: SeedOptions = {
  nodes: 4,
  hours: 1,
  slots: 10,
  calm: false,
  byzantine: "under",
  cheats: 60,
};

async function sweep(jobs: number, seeds: Iterable<string>): Promise<SeedReport[]> {
  const reports: SeedReport[] = [];
  await new Sweep(seeds, options, (report) => reports.push(report)).run(jobs);
  return reports.sort((a, b) => (a.seed < b.seed ? -1 : 1));
}

test("seeds have the same digests and counts in two processes as in one", async () => {
  const seeds = ["sweep-1", "sweep-2", "sweep-3"];
  const alone = await sweep(1, seeds);
  const shared = await sweep(2, seeds);
  const told = (reports: SeedReport[]) => reports.map(({ cpuMs: _, ...rest }) => rest);
  assert.deepEqual(told(shared), told(alone));
  assert.deepEqual(
    alone.map(({ failure }) => failure),
    [undefined, undefined, undefined],
  );
});

test("a stopped sweep reports the seed at hand and begins no other", async () => {
  const reports: SeedReport[] = [];
  const stopping = new Sweep(["a", "b", "c"], options, (report) => {
    reports.push(report);
    stopping.stop();
  });
  await stopping.run(1);
  assert.deepEqual(
    reports.map(({ seed }) => seed),
    ["a"],
  );
});

test("the command that repeats a seed measures it as it was measured", () => {
  assert.match(commandOf("7", options), /--seed 7 --nodes 4 --slots 10 --byzantine under/);
  const { slots: _, ...timed } = options;
  assert.match(commandOf("7", timed), /--nodes 4 --hours 1 /);
});

const root = new URL("../..", import.meta.url);

/** `bin/sim.ts` with three short seeds; `said` once nobody is left who could say something. */
function start(jobs: number) {
  const some = `--seed 1 --seeds 3 --nodes 4 --slots 10 --jobs ${jobs}`.split(" ");
  const sim = spawn(process.execPath, ["--import", "tsx", "bin/sim.ts", ...some], { cwd: root });
  const said: string[] = [];
  sim.stderr.on("data", (chunk: Buffer) => said.push(chunk.toString()));
  const complaints = once(sim.stderr, "end").then(() => said.join(""));
  return { sim, complaints, exit: once(sim, "exit") };
}

test("workers whose parent was killed end without a word", async () => {
  const { sim, complaints } = start(2);
  // One has reported; the other, or both, are at work.
  await once(sim.stdout, "data");
  sim.kill("SIGKILL");
  assert.equal(await complaints, "");
});

test("a sweep whose reader has seen enough ends without a word", async () => {
  const { sim, complaints, exit } = start(1);
  sim.stdout.destroy();
  assert.equal(await complaints, "");
  assert.deepEqual(await exit, [0, null]);
});

test("counts of reports add up to the counts of their sum", () => {
  const { rare } = runSeed("sweep-1", options);
  const total = new RareEventCounts(rare);
  total.add(new RareEventCounts(rare));
  assert.deepEqual(
    total.entries(),
    rare.map(([event, times]) => [event, 2 * times]),
  );
});

test("a seed measured in slots has them, and its faults, whatever their length", () => {
  const lengths = new Set<number>();
  for (let seed = 1; seed <= 40; seed++) {
    const { swarm } = new World({ seed: `pace-${seed}`, nodes: 4, durationMs: 0, slots: 60 });
    const faulty = swarm.quietAtMs / swarm.slotMs;
    assert.ok((faulty >= 30 && faulty <= 60) || faulty === 400, `${faulty} slots`);
    assert.ok(swarm.durationMs > swarm.quietAtMs + swarm.convergeMs);
    lengths.add(swarm.slotMs);
  }
  assert.ok(Math.min(...lengths) === 1_000 && Math.max(...lengths) === 30_000);
});
