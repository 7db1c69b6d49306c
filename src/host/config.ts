/**
 * What the operator chose: flags over environment over `.env` over defaults. Every problem is
 * reported at once and names the option and the mend. The only reader of the environment. NOT the
 * numbers of the protocol (params/limits.ts).
 */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parseEnv } from "node:util";
import yargs from "yargs";
import { z } from "zod";
import { type VerifyMode, verifyModes } from "../chain/certified-ranges.ts";
import type { BlockRef } from "../chain/records.ts";
import { isHex32 } from "../model/ids.ts";
import type { LineOptions } from "../node/node-options.ts";
import { chainLimits } from "../params/limits.ts";
import { parsePeerAddress } from "../wire/address.ts";
import { type AccessConfig, accessSchema, resolveAccess, slotDefaults } from "./access-options.ts";
import { type BookConfig, bookSchema, resolveBook } from "./book-options.ts";
import { parseBlockRef } from "./checkpoint.ts";
import { plainWords, wholeNumber } from "./command-line.ts";
import { systemCode } from "./host-error.ts";
import { resolveHttp } from "./http-address.ts";
import { envNameOf, nearest, type OptionName, options, unknownEnv } from "./options.ts";

export interface Config {
  readonly listen: number;
  readonly dataDir: string;
  /** Undefined: no HTTP. */
  readonly http: { readonly host: string; readonly port: number } | undefined;
  readonly connect: readonly string[];
  /** Path of a network file. */
  readonly network: string | undefined;
  /** Genesis hash that the network must have. */
  readonly genesis: string | undefined;
  /** No other block at its height is believed. */
  readonly checkpoint: BlockRef | undefined;
  readonly verify: VerifyMode;
  /** Paths of recovery files. */
  readonly recovery: readonly string[];
  readonly validatorKey: string | undefined;
  /** What the validator key has signed is not known, and shall be taken to be anything so far. */
  readonly signerAmnesia: boolean;
  readonly passphraseFile: string | undefined;
  readonly slotMs: number | undefined;
  readonly peersMax: number;
  readonly outboundTarget: number;
  readonly allowPrivate: boolean;
  readonly recordFrames: boolean;
  readonly line: LineOptions;
  readonly access: AccessConfig;
  readonly book: BookConfig;
  /** A thin line: little is passed on, and little is taken at once. */
  readonly isLow: boolean;
  readonly agentSuffix: string | undefined;
  /** Threads that check signatures beside the main one. */
  readonly verifyWorkers: number;
  readonly logLevel: LogLevel;
  readonly logFile: string | undefined;
  readonly json: boolean;
}

export type ConfigAnswer =
  | { readonly type: "config"; readonly config: Config }
  /** `--help` or `--version`: to be printed instead of anything else. */
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "problems"; readonly problems: readonly string[] };

export const logLevels = ["trace", "debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];

type Given = Partial<Record<OptionName, unknown>>;

/** With the main thread as many as there are processors. */
const verifyWorkers = Math.min(64, Math.max(1, availableParallelism() - 1));
const text = z.string("one value expected").min(1, "a value expected");

const schema = z.object({
  listen: wholeNumber(1, 65535).default(4321),
  "data-dir": text.optional(),
  http: text.optional(),
  connect: z
    .array(
      text.refine(
        (address) => parsePeerAddress(address) !== undefined,
        "host:port expected, as in 127.0.0.1:4321, [::1]:4321 or <identity>@host:4321",
      ),
    )
    .default([]),
  network: text.optional(),
  genesis: text.refine(isHex32, "64 lower-case hex digits expected").optional(),
  verify: z.enum(verifyModes, `one of ${verifyModes.join(", ")} expected`).default("full"),
  checkpoint: text
    .refine(
      (given) => parseBlockRef(given) !== undefined,
      "HEIGHT:HASH expected, the hash as 64 lower-case hex digits",
    )
    .optional(),
  recovery: z.array(text).default([]),
  "validator-key": text.optional(),
  "signer-amnesia": z.boolean("true or false expected").default(false),
  "passphrase-file": text.optional(),
  "slot-ms": wholeNumber(chainLimits.slotMsMin, chainLimits.slotMsMax).optional(),
  "max-peers": wholeNumber(1, 1000).optional(),
  outbound: wholeNumber(0, 1000).optional(),
  "allow-private": z.boolean("true or false expected").default(true),
  "upload-kbps": wholeNumber(0, 100_000_000).default(0),
  "download-kbps": wholeNumber(0, 100_000_000).default(0),
  "upload-target-mb": wholeNumber(0, 100_000_000).default(0),
  "record-frames": z.boolean("true or false expected").default(false),
  ...accessSchema,
  ...bookSchema,
  "agent-suffix": text
    .regex(/^[!-~]{1,32}$/, "1 to 32 printable ASCII characters without spaces expected")
    .optional(),
  "verify-workers": wholeNumber(0, 64).default(verifyWorkers),
  "log-level": z.enum(logLevels, `one of ${logLevels.join(", ")} expected`).default("info"),
  "log-file": text.optional(),
  json: z.boolean("true or false expected").default(false),
});

/** `argv` without the program; `env` as `process.env`, `.env` not yet merged (`withEnvFile`). */
export function readConfig(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): ConfigAnswer {
  const flags = readFlags(argv);
  if ("text" in flags) return { type: "text", text: flags.text };
  const problems = [...flags.problems];
  for (const name of unknownEnv(env)) {
    const meant = nearest(
      name,
      options.map((option) => envNameOf(option.name)),
    );
    problems.push(`${name} is no option${meant === undefined ? "" : `: did you mean ${meant}?`}`);
  }
  const given = { ...readEnv(env), ...flags.given };
  const parsed = schema.safeParse(given);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) {
      const [name, index] = issue.path as [OptionName, number?];
      const value = index === undefined ? given[name] : (given[name] as unknown[])[index];
      const shown = JSON.stringify(value) ?? "nothing";
      problems.push(`${sourceOf(name, flags.given)}: ${issue.message}, got ${shown}`);
    }
    return { type: "problems", problems };
  }
  const config = resolve(parsed.data, problems);
  return problems.length > 0 ? { type: "problems", problems } : { type: "config", config };
}

/** The environment with the file `.env` of the working directory below it. */
export function withEnvFile(env: NodeJS.ProcessEnv, path = ".env"): NodeJS.ProcessEnv {
  try {
    return { ...parseEnv(readFileSync(path, "utf8")), ...env };
  } catch (error) {
    if (systemCode(error) === "ENOENT") return env;
    throw error;
  }
}

/** Defaults that follow from other options, and what does not go together. */
function resolve(given: z.infer<typeof schema>, problems: string[]): Config {
  const { listen, "slot-ms": slotMs, network, profile } = given;
  const defaults = slotDefaults(profile);
  const { "max-peers": peersMax = defaults.peersMax } = given;
  const { access, connect: named } = resolveAccess(given);
  const connect = [...given.connect, ...named];
  if (access.sentries !== undefined && given.connect.length > 0) {
    problems.push("--connect: a node with --sentries speaks with those alone: leave it out");
  }
  const asked = connect.length > 0 ? "--connect" : given.bootstrap.length > 0 && "--bootstrap";
  const other = network !== undefined ? "--network" : asked;
  if (slotMs !== undefined && other) {
    problems.push(`--slot-ms is for a new devnet; with ${other} the network decides: leave it out`);
  }
  if (given.outbound !== undefined && given.outbound > peersMax) {
    problems.push(`--outbound ${given.outbound} is more than --max-peers ${peersMax}`);
  }
  return {
    listen,
    dataDir: given["data-dir"] ?? `data/${listen}`,
    http: resolveHttp(given.http, listen, problems),
    connect,
    network,
    genesis: given.genesis,
    verify: given.verify,
    checkpoint: given.checkpoint === undefined ? undefined : parseBlockRef(given.checkpoint),
    recovery: given.recovery,
    validatorKey: given["validator-key"],
    signerAmnesia: given["signer-amnesia"],
    passphraseFile: given["passphrase-file"],
    slotMs,
    peersMax,
    outboundTarget: given.outbound ?? Math.min(defaults.outboundTarget, peersMax),
    allowPrivate: given["allow-private"],
    recordFrames: given["record-frames"],
    line: {
      uploadKbps: given["upload-kbps"],
      downloadKbps: given["download-kbps"],
      uploadTargetMb: given["upload-target-mb"],
    },
    access,
    book: resolveBook(given),
    isLow: profile === "low",
    agentSuffix: given["agent-suffix"],
    verifyWorkers: given["verify-workers"],
    logLevel: given["log-level"],
    logFile: given["log-file"],
    json: given.json,
  };
}

function readFlags(
  argv: readonly string[],
): { readonly text: string } | { readonly given: Given; readonly problems: string[] } {
  let shown = "";
  const parser = yargs()
    .scriptName("npx tsx bin/node.ts")
    .usage("$0 [options]\n\nRuns a Windlass node. Alone and fresh, it makes a devnet and seals.")
    .exitProcess(false)
    .version(false)
    .parserConfiguration(plainWords);
  for (const option of options) {
    // All are strings: yargs turns a bad number into NaN and a bad flag into true.
    parser.option(option.name, {
      string: true,
      describe: `${option.says} [${option.otherwise}]`,
    });
  }
  parser
    .wrap(100)
    .epilogue(
      `Each option is also an environment variable: ${envNameOf("data-dir")}.\n` +
        "Exit codes: 0 ended as asked, 2 usage, 3 data folder or key in use, 4 port in use, 5 store " +
        "damaged, 6 another network, 8 somebody else signs with our validator key, 70 our fault.",
    );
  const parsed = parser.parseSync([...argv], {}, (_error, _argv, output) => {
    shown = output;
  }) as Record<string, unknown>;
  if (parsed["help"] === true) return { text: `${shown}\n` };
  return collectFlags(parsed, argv);
}

function collectFlags(parsed: Record<string, unknown>, argv: readonly string[]) {
  const given: Given = {};
  const problems: string[] = [];
  const names: readonly string[] = options.map(({ name }) => name);
  for (const [name, value] of Object.entries(parsed)) {
    if (name === "$0" || name === "help" || value === undefined) continue;
    if (name === "_") {
      for (const extra of value as unknown[])
        problems.push(`unexpected argument: ${String(extra)}`);
      continue;
    }
    const option = options.find((candidate) => candidate.name === name);
    if (option === undefined) {
      const meant = nearest(name, names);
      const spelled = argv.some((word) => word.startsWith(`--no-${name}`)) ? `no-${name}` : name;
      const dashes = name.length === 1 ? "-" : "--";
      const hint = meant === undefined ? "see --help" : `did you mean --${meant}?`;
      problems.push(`${dashes}${spelled} is no option: ${hint}`);
    } else if (option.kind === "list") {
      given[option.name] = [value].flat();
    } else if (Array.isArray(value)) {
      problems.push(`--${name} is given more than once`);
    } else if (option.kind === "flag") {
      given[option.name] = value === "" ? true : flagOf(value);
    } else if (option.name === "http" && value === false) {
      given.http = "off";
    } else given[option.name] = value;
  }
  return { given, problems };
}

function readEnv(env: Readonly<Record<string, string | undefined>>): Given {
  const given: Given = {};
  for (const { name, kind } of options) {
    const value = env[envNameOf(name)];
    if (value === undefined || value === "") continue;
    if (kind === "list") given[name] = value.split(",").map((part) => part.trim());
    else if (kind === "flag") given[name] = flagOf(value);
    else given[name] = value;
  }
  return given;
}

/** "true" and "false" as what they say; anything else stays, to be refused. */
function flagOf(value: unknown): unknown {
  return value === "true" || value === "false" ? value === "true" : value;
}

function sourceOf(name: OptionName, flags: Given): string {
  return name in flags ? `--${name}` : envNameOf(name);
}
