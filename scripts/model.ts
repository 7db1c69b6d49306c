/**
 * `npm run model`: checks the Promela models of protocol-spec/model with Spin, one variant after
 * another, and prints a line for each. `--quick` leaves the long ones out, `--only WORD` takes those
 * whose name contains the word, `--trace` prints counterexamples. Exits 1 when any line differs from
 * what is expected: a safe variant must be searched to its end, a mutant must break its assertion.
 */
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";
import { commandOf, runVariant } from "./model/run-variant.ts";
import { variants } from "./model/variants.ts";

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string", default: "" },
    trace: { type: "boolean", default: false },
  },
});

for (const [program, flag] of [
  ["spin", "-V"],
  ["gcc", "--version"],
] as const) {
  if (spawnSync(program, [flag]).status === 0) continue;
  console.error(`${program} is missing; on Debian: apt-get install -y spin gcc`);
  process.exit(1);
}

const chosen = variants.filter(
  ({ name, slow }) => name.includes(values.only) && !(values.quick && slow === true),
);
if (chosen.length === 0) {
  console.error(`no variant matches; there are ${variants.map(({ name }) => name).join(", ")}`);
  process.exit(1);
}

let differing = 0;
for (const variant of chosen) {
  const outcome = runVariant(variant);
  const isExpected = outcome.got === variant.expected;
  if (!isExpected) differing++;
  console.log(
    [
      `${isExpected ? "ok  " : "DIFF"} ${variant.name}`,
      `expected ${variant.expected === "safe" ? "safe" : `${variant.expected} broken`}`,
      `got ${outcome.text}`,
      `${outcome.states} states`,
      `${outcome.megabytes.toFixed(0)} MB`,
      `${outcome.seconds.toFixed(1)} s`,
      commandOf(variant),
    ].join(" | "),
  );
  if (values.trace) for (const line of outcome.trace) console.log(`       ${line}`);
}
console.log(`${chosen.length} variants, ${differing} differ from what is expected`);
if (differing > 0) process.exitCode = 1;
