/**
 * Breaks one rule at a time and demands that a simulation or a test notices:
 * `npm run mutants [-- --quick] [-- --of finality] [-- --only NAME]`. One line for each: name, killed or survived, what
 * fired, and the command that repeats it. Exits 1 when a mutant survives, when the code has
 * moved away under one (stale), or when a hunt fails on the code as it is.
 */
import { rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import yargs from "yargs";
import { hideBin } from "yargs/helpers";
import { Baselines } from "./mutants/baselines.ts";
import { compiledTree } from "./mutants/compiled.ts";
import { commandOf, TreeCopy } from "./mutants/hunt.ts";
import type { Hunt, Mutant } from "./mutants/mutant.ts";
import { mutantsOf } from "./mutants/mutants.ts";

const options = await yargs(hideBin(process.argv))
  .scriptName("mutants")
  .options({
    quick: { type: "boolean", default: false, describe: "the first hunt of each" },
    all: {
      type: "boolean",
      default: false,
      describe: "every hunt of each, not only until one kills",
    },
    of: {
      choices: Object.keys(mutantsOf) as (keyof typeof mutantsOf)[],
      describe: "those of one part; with --quick each part is a run under a minute",
    },
    only: { type: "string", describe: "those whose names begin with this" },
    json: { type: "boolean", default: false, describe: "one JSON object a mutant" },
    limit: { type: "number", default: 600, describe: "seconds for one hunt" },
    jobs: { type: "number", default: Math.min(4, availableParallelism()), describe: "at a time" },
  })
  .strict()
  .parse();

const startedAt = performance.now();
const limitMs = options.limit * 1000;
const parts = options.of === undefined ? Object.values(mutantsOf) : [mutantsOf[options.of]];
const chosen: Mutant[] = parts.flat().filter(({ name }) => name.startsWith(options.only ?? ""));
if (chosen.length === 0) throw new Error(`there is no mutant ${options.only}`);
const huntsOf = ({ hunts }: Mutant) => (options.quick ? hunts.slice(0, 1) : hunts);

const compiled = await compiledTree();
const baselines = new Baselines(compiled, chosen.flatMap(huntsOf), options.jobs, limitMs);

type Verdict = "killed" | "survived" | "stale" | "hunt fails without it";

interface Result {
  readonly verdict: Verdict;
  readonly hunt: Hunt;
  readonly fired: string;
}

async function huntDown(mutant: Mutant, tree: TreeCopy): Promise<Result[]> {
  const results: Result[] = [];
  try {
    const stale = await tree.mutate(mutant);
    const [first] = mutant.hunts as readonly [Hunt, ...Hunt[]];
    if (stale !== undefined) return [{ verdict: "stale", hunt: first, fired: stale }];
    for (const hunt of huntsOf(mutant)) {
      const { passed, output } = await tree.run(hunt, limitMs);
      const found = passed ? undefined : hunt.expect.exec(output)?.[0];
      const fired = found ?? (passed ? "" : `something else: ${output.slice(-300)}`);
      if (found === undefined) results.push({ verdict: "survived", hunt, fired });
      else if (!(await baselines.passes(hunt))) {
        results.push({ verdict: "hunt fails without it", hunt, fired });
      } else {
        results.push({ verdict: "killed", hunt, fired });
        if (!options.all) break;
      }
    }
  } finally {
    tree.mend();
  }
  return results;
}

function print(mutant: Mutant, { verdict, hunt, fired }: Result): void {
  const command = commandOf(hunt);
  const { name, breaks } = mutant;
  if (options.json) {
    console.log(JSON.stringify({ name, breaks, verdict, fired, command }));
    return;
  }
  console.log(`${name.padEnd(28)} ${verdict.padEnd(9)} ${fired.replace(/\s+/g, " ").trim()}`);
  console.log(`  breaks  ${breaks}`);
  console.log(`  with    npm run mutants -- --only ${name}`);
  console.log(`  without ${command}`);
}

let failed = 0;
const waiting = [...chosen];

async function work(): Promise<void> {
  const tree = new TreeCopy(compiled);
  try {
    for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
      const results = await huntDown(mutant, tree);
      const killed = results.filter(({ verdict }) => verdict === "killed");
      const isBad = options.all ? killed.length < results.length : killed.length === 0;
      if (isBad || results.some(({ verdict }) => verdict === "hunt fails without it")) failed++;
      const shown = options.all || killed.length === 0 ? results : killed;
      for (const result of shown) print(mutant, result);
    }
  } finally {
    tree.remove();
  }
}

try {
  await Promise.all(Array.from({ length: Math.max(1, options.jobs) }, work));
} finally {
  rmSync(compiled, { recursive: true, force: true });
}
const seconds = Math.round((performance.now() - startedAt) / 1000);
console.log(`${chosen.length} mutants, ${chosen.length - failed} killed, ${seconds} s`);
if (failed > 0) process.exitCode = 1;
