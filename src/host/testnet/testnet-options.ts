/** The command line of `bin/testnet.ts`. Every mistake names its option and the mend. */
import yargs from "yargs";
import { z } from "zod";
import { chainLimits } from "../../params/limits.ts";
import { plainWords, wholeNumber } from "../command-line.ts";
import { nearest } from "../options.ts";
import type { TestnetOptions } from "./testnet.ts";

export interface TestnetCommand extends TestnetOptions {
  /** Undefined: until Ctrl-C. */
  readonly durationS: number | undefined;
  readonly json: boolean;
}

export type TestnetAnswer =
  | { readonly type: "command"; readonly command: TestnetCommand }
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "problems"; readonly problems: readonly string[] };

/** Each node is a process of some 80 MB. */
const nodesMax = 100;

const decimal = (max: number) => {
  const says = `a number from 0 to ${max} expected`;
  return z
    .string(says)
    .regex(/^[0-9]{1,7}(\.[0-9]{1,3})?$/, says)
    .transform(Number)
    .refine((value) => value <= max, says);
};

const schema = z.object({
  nodes: wholeNumber(1, nodesMax).default(5),
  validators: wholeNumber(1, nodesMax).optional(),
  "slot-ms": wholeNumber(chainLimits.slotMsMin, chainLimits.slotMsMax).default(1000),
  duration: decimal(1_000_000).optional(),
  keep: z.string("a folder expected").min(1, "a folder expected").optional(),
  "base-port": wholeNumber(1, 64_435).optional(),
  rate: decimal(1000).default(2),
  json: z.boolean("it takes no value").default(false),
});

const says = {
  nodes: "how many nodes [5]",
  validators: "how many of them seal [4, or all if there are fewer]",
  "slot-ms": "length of a slot [1000]",
  duration: "seconds to run [until Ctrl-C]",
  keep: "folder to keep the data in [a temporary one, removed afterwards]",
  "base-port": "listen ports from here on, HTTP 1000 above [free ones are found]",
  rate: "transfers a second [2]",
} as const;

const validatorsDefault = 4;

export function readTestnetOptions(argv: readonly string[]): TestnetAnswer {
  let shown = "";
  const parser = yargs()
    .scriptName("npx tsx bin/testnet.ts")
    .usage("$0 [options]\n\nRuns a local network of real nodes.")
    .exitProcess(false)
    .version(false)
    .parserConfiguration(plainWords)
    .option("json", { boolean: true, describe: "print one JSON object a second" })
    .wrap(100);
  for (const [name, describe] of Object.entries(says)) {
    parser.option(name, { string: true, describe });
  }
  const parsed = parser.parseSync([...argv], {}, (_error, _argv, output) => {
    shown = output;
  }) as Record<string, unknown>;
  if (parsed["help"] === true) return { type: "text", text: `${shown}\n` };
  const { _: extra, $0: _program, help: _help, ...given } = parsed;
  const problems = (extra as unknown[]).map((word) => `unexpected argument: ${String(word)}`);
  const names = [...Object.keys(says), "json", "help"];
  for (const name of Object.keys(given).filter((key) => !names.includes(key))) {
    const meant = nearest(name, names);
    problems.push(`--${name} is no option: ${meant ? `did you mean --${meant}?` : "see --help"}`);
  }
  const read = schema.safeParse(given);
  for (const { path, message } of read.error?.issues ?? []) {
    const name = String(path[0]);
    problems.push(`--${name}: ${message}, got ${JSON.stringify(given[name])}`);
  }
  if (read.success && (read.data.validators ?? 1) > read.data.nodes) {
    problems.push(`--validators ${read.data.validators} is more than --nodes ${read.data.nodes}`);
  }
  if (!read.success || problems.length > 0) return { type: "problems", problems };
  return { type: "command", command: commandOf(read.data) };
}

function commandOf(data: z.output<typeof schema>): TestnetCommand {
  return {
    nodes: data.nodes,
    validators: data.validators ?? Math.min(validatorsDefault, data.nodes),
    slotMs: data["slot-ms"],
    keep: data.keep,
    basePort: data["base-port"],
    rate: data.rate,
    durationS: data.duration,
    json: data.json,
  };
}
