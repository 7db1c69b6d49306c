/**
 * Experiments with the real connection manager in virtual time: `npm run eclipse -- --runs 200`
 * prints for attackers with 1, 2, 16 and 64 netgroups in which share of the runs they held all
 * outbound slots of a victim that was restarted over and over; `--formation` how networks form and
 * heal. Exits 1 when a bar is missed, after printing the commands that repeat it.
 */
import yargs from "yargs";
import { hideBin } from "yargs/helpers";
import {
  type EclipseRow,
  type EclipseSettings,
  eclipseDefaults,
  eclipseRow,
} from "../src/sim/connections/eclipse-table.ts";
import { Formation } from "../src/sim/connections/formation.ts";
import { Mixing } from "../src/sim/connections/mixing.ts";

/** A good half is what chance alone would give; half of the slots stay as they are. */
const mixedPercent = 20;
const mixingHours = 4;

const heading =
  "| netgroups | runs | all slots captured | bar | no honest outbound peer, runs " +
  "| outbound peers that are the attacker's | slots filled | poison in the book " +
  "| honest nodes: the attacker's peers, eclipsed | CPU s |\n" +
  "|---|---|---|---|---|---|---|---|---|---|";

const options = await yargs(hideBin(process.argv))
  .scriptName("eclipse")
  .options({
    runs: { type: "number", default: 100, describe: "runs for each size of attacker" },
    run: { type: "number", describe: "only this one of them" },
    groups: { type: "string", default: "1,2,16,64", describe: "netgroups of the attacker" },
    seed: { type: "string", default: eclipseDefaults.seed },
    restarts: { type: "number", default: eclipseDefaults.restarts, describe: "of the victim" },
    machines: {
      type: "number",
      default: eclipseDefaults.machines,
      describe: "addresses in each netgroup of the attacker",
    },
    trash: {
      type: "number",
      default: eclipseDefaults.trash,
      describe: "percent of its lies that name places where nobody is",
    },
    "life-minutes": {
      type: "number",
      describe: "from one restart of the victim to the next; 2 to 5 by chance when left out",
    },
    formation: { type: "boolean", default: false, describe: "networks that form and heal instead" },
    nodes: { type: "number", default: 200, describe: "of --formation" },
    json: { type: "boolean", default: false, describe: "one JSON object a row, no table" },
  })
  .strict()
  .check(({ groups, runs, restarts, machines, nodes }) => {
    const counts = [runs, machines, nodes, ...groups.split(",").map(Number)];
    if (counts.every((count) => Number.isInteger(count) && count > 0) && restarts >= 0) return true;
    throw new Error("counts are whole numbers above 0");
  })
  .parse();

if (options.formation) {
  runFormation(options.seed, options.nodes);
  runMixing(options.seed, options.nodes);
} else runEclipses(options);

function runFormation(seed: string, nodes: number): void {
  const formation = new Formation({ seed, nodes });
  for (const step of formation.run()) {
    const { components, full, up } = step.wiring;
    if (options.json) console.log(JSON.stringify({ seed, nodes, ...step }));
    else {
      const took = step.tookMs === undefined ? "NEVER" : `${step.tookMs / 1_000} s`;
      console.log(
        `${step.name.padEnd(58)} ${took.padStart(6)}  ` +
          `components ${components.length}, full ${full} of ${up}`,
      );
    }
    if (step.tookMs === undefined) fail(`--formation --nodes ${nodes} --seed ${seed}`);
  }
  for (const { ip, code } of formation.blames) {
    console.error(`an honest node at ${ip} was blamed: ${code}`);
    process.exitCode = 1;
  }
}

/** What a partition leaves behind, and how it mixes again. */
function runMixing(seed: string, nodes: number): void {
  for (const look of new Mixing({ seed, nodes }).run(mixingHours)) {
    const { acrossPercent, hours, turns, withoutAny } = look;
    if (options.json) console.log(JSON.stringify({ seed, nodes, ...look }));
    else {
      console.log(
        `${hours} h after the healing: ${acrossPercent} % of full links lead across, ` +
          `${withoutAny} nodes have none; ${turns} peers rotated by each`,
      );
    }
    const isMixed = acrossPercent >= mixedPercent;
    if (hours === mixingHours && !isMixed) fail(`--formation --nodes ${nodes} --seed ${seed}`);
  }
}

function runEclipses(settings: EclipseSettings & { runs: number; run?: number | undefined }): void {
  const { runs, run } = settings;
  const numbers = run === undefined ? Array.from({ length: runs }, (_, i) => i) : [run];
  if (!options.json) console.log(heading);
  for (const groups of options.groups.split(",").map(Number)) {
    const cpu = process.cpuUsage();
    const row = eclipseRow(groups, numbers, settings, (report) => {
      if (run !== undefined) console.log(JSON.stringify(report));
    });
    const { user, system } = process.cpuUsage(cpu);
    const cpuSeconds = Math.round((user + system) / 1e6);
    console.log(options.json ? JSON.stringify({ ...row, cpuSeconds }) : lineOf(row, cpuSeconds));
    for (const command of row.repeat.slice(0, 5)) console.error(`  captured: ${command}`);
    if (!row.isKept) process.exitCode = 1;
  }
}

function fail(what: string): void {
  console.error(`repeat with: npm run eclipse -- ${what}`);
  process.exitCode = 1;
}

function lineOf(row: EclipseRow, cpuSeconds: number): string {
  const bar = row.barPercent === undefined ? "none" : `${row.barPercent} %`;
  return [
    `${row.groups}`,
    `${row.runs}`,
    `${row.capturedPercent} %`,
    row.isKept ? bar : `${bar} MISSED`,
    `${row.surrounded}`,
    `${row.attackerPercent} %`,
    `${row.filledPercent} %`,
    `${row.poisonPercent} %`,
    `${row.residentsAttackerPercent} %, ${row.residentsEclipsed}`,
    `${cpuSeconds}`,
  ]
    .reduce((line, cell) => `${line}| ${cell} `, "")
    .concat("|");
}
