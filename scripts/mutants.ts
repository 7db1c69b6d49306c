/**
 * Breaks one rule at a time and demands that a simulation or a test notices:
 * `npm run mutants [-- --quick] [-- --only NAME]`. One line for each: name, killed or survived, what
 * fired, and the command that repeats it. Exits 1 when a mutant survives, or when a hunt fails on
 * the code as it is.
 */
import yargs from "yargs";
import { hideBin } from "yargs/helpers";
import { commandOf, MutatedTree, type Outcome, run } from "./mutants/hunt.ts";
import type { Hunt, Mutant } from "./mutants/mutant.ts";
import { mutants } from "./mutants/mutants.ts";

const options = await yargs(hideBin(process.argv))
  .scriptName("mutants")
  .options({
    quick: { type: "boolean", default: false, describe: "the first hunt of each, under a minute" },
    only: { type: "string", describe: "one mutant by its name" },
    json: { type: "boolean", default: false, describe: "one JSON object a mutant" },
    limit: { type: "number", default: 600, describe: "seconds for one hunt" },
  })
  .strict()
  .parse();

const baseline = new Map<string, Promise<Outcome>>();

/** A hunt that fails anyway kills nothing. */
function passesOnRealCode(hunt: Hunt): Promise<boolean> {
  const command = commandOf(hunt);
  const known = baseline.get(command) ?? run(hunt, options.limit * 1000);
  baseline.set(command, known);
  return known.then((outcome) => outcome.passed);
}

interface Result {
  readonly verdict: "killed" | "survived" | "hunt fails without it";
  readonly hunt: Hunt | undefined;
  readonly fired: string;
}

async function huntDown(mutant: Mutant): Promise<Result> {
  const tree = new MutatedTree(mutant);
  try {
    for (const hunt of options.quick ? mutant.hunts.slice(0, 1) : mutant.hunts) {
      const { passed, output } = await run(hunt, options.limit * 1000, tree.folder);
      const fired = passed ? undefined : hunt.expect.exec(output)?.[0];
      if (fired === undefined) continue;
      if (!(await passesOnRealCode(hunt))) return { verdict: "hunt fails without it", hunt, fired };
      return { verdict: "killed", hunt, fired };
    }
    return { verdict: "survived", hunt: mutant.hunts[0], fired: "" };
  } finally {
    tree.remove();
  }
}

const chosen = mutants.filter(({ name }) => options.only === undefined || name === options.only);
if (chosen.length === 0) throw new Error(`there is no mutant ${options.only}`);
let failed = 0;
for (const mutant of chosen) {
  const { verdict, hunt, fired } = await huntDown(mutant);
  if (verdict !== "killed") failed++;
  const command = hunt === undefined ? "" : commandOf(hunt);
  if (options.json) {
    console.log(
      JSON.stringify({ name: mutant.name, breaks: mutant.breaks, verdict, fired, command }),
    );
    continue;
  }
  console.log(`${mutant.name.padEnd(28)} ${verdict.padEnd(9)} ${fired}`);
  console.log(`  breaks  ${mutant.breaks}`);
  console.log(`  with    npm run mutants -- --only ${mutant.name}`);
  console.log(`  without ${command}`);
}
console.log(`${chosen.length} mutants, ${chosen.length - failed} killed`);
if (failed > 0) process.exitCode = 1;
