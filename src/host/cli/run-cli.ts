/**
 * `bin/cli.ts`: reads the command line, runs one command, says what came of it. Text for people,
 * one JSON value with `--json`; mistakes go to stderr with the mend and an exit code.
 */
import yargs, { type Argv } from "yargs";
import { plainWords } from "../command-line.ts";
import { exitCodes, HostError } from "../host-error.ts";
import { nearest } from "../options.ts";
import { plainPaint } from "../terminal/paint.ts";
import { bansCommand } from "./ban-commands.ts";
import { CliError } from "./cli-error.ts";
import { evidence, finality } from "./finality-commands.ts";
import { exportFrame, verifyFrame } from "./frame-commands.ts";
import { checkGenesis, genesisDefaults, makeGenesis, networkHash } from "./genesis-commands.ts";
import { clientOf, type Handler, node, strings } from "./given-options.ts";
import { newKey, showKey } from "./key-commands.ts";
import { defaultAccountsFile } from "./key-file.ts";
import { account, block, peers, showPeer, status } from "./node-commands.ts";
import { recoveryCommand } from "./recovery-commands.ts";
import { type CliWorld, jsonText, type Reply } from "./reply.ts";
import { sendTransaction, showTransaction } from "./transaction-commands.ts";
import { validatorCommand } from "./validator-options.ts";
import { type Given, usageError } from "./values.ts";

export interface CliOutput extends Omit<CliWorld, "say"> {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

/** `argv` without the program. Resolves with the exit code; never rejects for what a user did. */
export async function runCli(argv: readonly string[], output: CliOutput): Promise<number> {
  const wantsJson = argv.includes("--json");
  try {
    // With --json stderr is for one JSON value too.
    const say = wantsJson ? () => {} : (line: string) => output.err(`${line}\n`);
    const paint = wantsJson ? plainPaint : output.paint;
    const answer = await answerOf(argv, { ...output, paint, say });
    if ("help" in answer) output.out(answer.help);
    else output.out(`${wantsJson ? jsonText(answer.json) : answer.text}\n`);
    return exitCodes.ok;
  } catch (error) {
    if (!(error instanceof HostError || error instanceof CliError)) throw error;
    const { code, message, mend } = error;
    output.err(
      wantsJson
        ? `${jsonText({ type: "error", code, message, mend })}\n`
        : `error: ${message}\n  ${mend}\n`,
    );
    return error.exitCode;
  }
}

async function answerOf(
  argv: readonly string[],
  world: CliWorld,
): Promise<Reply | { readonly help: string }> {
  let reply: Promise<Reply> | Reply | undefined;
  let shown = "";
  const parser = commands((run) => (given) => {
    reply = run(given as Given, world);
    // Awaited below; yargs would report a rejection in its own words.
    if (reply instanceof Promise) reply.catch(() => {});
  });
  try {
    await parser.parseAsync([...argv], {}, (_error, _argv, text) => {
      shown = text;
    });
  } catch (error) {
    if (error instanceof HostError || error instanceof CliError) throw error;
    throw usageMistake((error as Error).message.trim());
  }
  if (reply !== undefined) return await reply;
  return { help: `${shown}\n` };
}

const optionNames = [
  ...["json", "help", "node", "wait", "timeout", "to", "amount", "fee", "nonce", "key", "from"],
  ...["name", "validators", "slot-ms", "genesis-time-ms", "block-reward", "min-fee", "account"],
  ...["out", "kind", "passphrase-file", "network", "block", "min-slot", "rank", "force"],
  ...["token-file", "reason", "for"],
];

/** What yargs says, with the mend. */
function usageMistake(message: string): HostError {
  const unknown = /^Unknown arguments?: ([^,]+)/.exec(message)?.[1];
  const meant = unknown === undefined ? undefined : nearest(unknown, optionNames);
  const mend = meant === undefined ? "" : `did you mean --${meant}? `;
  return usageError(message, `${mend}see: npx tsx bin/cli.ts --help`);
}

function commands(handler: Handler): Argv {
  return yargs()
    .scriptName("npx tsx bin/cli.ts")
    .usage("$0 <command>\n\nMakes keys and networks, sends transfers, asks a running node.")
    .parserConfiguration(plainWords)
    .option("json", { boolean: true, describe: "print one JSON value" })
    .command("genesis", "make or check a network file", (y) => genesisCommand(y, handler))
    .command("recovery", "a hard fork after a quorum was lost", (y) => recoveryCommand(y, handler))
    .command("network", "about network files", (y) => networkCommand(y, handler))
    .command("key", "make or show a key file", (y) => keyCommand(y, handler))
    .command("tx", "send a transfer, see what became of it", (y) => txCommand(y, handler))
    .command(
      "account <address>",
      "balance and nonce of an account",
      (y) => node(y.positional("address", { type: "string" })),
      handler((given, world) => account(given, clientOf(given), world)),
    )
    .command(
      "block <block>",
      "a block by hash or height",
      (y) => node(y.positional("block", { type: "string" })),
      handler((given, world) => block(given, clientOf(given), world)),
    )
    .command(
      "status",
      "what a node is doing",
      node,
      handler((given, world) => status(clientOf(given), world)),
    )
    .command("peers", "whom a node is connected with", (y) => peersCommand(y, handler))
    .command("bans", "whom a node turns away", (y) => bansCommand(y, handler))
    .command("validator", "the validators, and changes of them", (y) =>
      validatorCommand(y, handler),
    )
    .command(
      "finality <block>",
      "where a block stands, by hash or height, and what proves it final",
      (y) => node(y.positional("block", { type: "string" })),
      handler((given, world) => finality(given, clientOf(given), world)),
    )
    .command(
      "evidence",
      "validators that cheated",
      node,
      handler((given, world) => evidence(clientOf(given), world)),
    )
    .command("frame", "recorded frames as evidence", (y) => frameCommand(y, handler))
    .demandCommand(1, "which command?")
    .strict()
    .recommendCommands()
    .version(false)
    .exitProcess(false)
    .wrap(100)
    .fail(false);
}

function genesisCommand(y: Argv, handler: Handler): Argv {
  const { slotMs, blockReward, minFee } = genesisDefaults;
  return y
    .command(
      "check <file>",
      "read a network file strictly and print its hash",
      (c) => c.positional("file", { type: "string" }),
      handler(checkGenesis),
    )
    .command(
      "$0",
      "make a network file",
      (c) =>
        strings(c, {
          name: "name of the network",
          validators: "how many to make keys for, or a file with their public keys",
          "slot-ms": `length of a slot [${slotMs}]`,
          "genesis-time-ms": "when slot 0 begins, ms since 1970 [now]",
          "block-reward": `to the sealer of a block [${blockReward}]`,
          "min-fee": `of a transaction [${minFee}]`,
          "passphrase-file": "its first line seals the new keys",
          out: "where the network file goes",
        }).option("account", {
          string: true,
          describe: "KEY=AMOUNT: an address or key file and its balance; may be repeated",
        }),
      handler(makeGenesis),
    );
}

function networkCommand(y: Argv, handler: Handler): Argv {
  return y
    .command(
      "hash <file>",
      "print the genesis hash of a network file",
      (c) => c.positional("file", { type: "string" }),
      handler((given) => networkHash(given)),
    )
    .demandCommand(1, "network needs a command: hash FILE");
}

function peersCommand(y: Argv, handler: Handler): Argv {
  return y
    .command(
      "show <nodeId>",
      "how good one has been, and why",
      (c) => node(c.positional("nodeId", { type: "string" })),
      handler((given, world) => showPeer(given, clientOf(given), world)),
    )
    .command(
      "$0",
      "whom a node is connected with",
      node,
      handler((given, world) => peers(clientOf(given), world)),
    );
}

function keyCommand(y: Argv, handler: Handler): Argv {
  const file = (c: Argv) => c.positional("file", { type: "string" });
  return y
    .command(
      "new <file>",
      "make a key, readable by its owner only",
      (c) =>
        strings(file(c), {
          kind: "account, validator or node [account]",
          "passphrase-file": "its first line seals the key",
        }),
      handler(newKey),
    )
    .command("show <file>", "print public key and address", file, handler(showKey))
    .demandCommand(1, "key needs a command: new FILE or show FILE");
}

function txCommand(y: Argv, handler: Handler): Argv {
  return y
    .command(
      "send",
      "sign a transfer here and give it to a node",
      (c) =>
        node(
          strings(c, {
            to: "address of the receiver",
            amount: "how much",
            fee: "what the sealer gets [the least the network takes]",
            nonce: "count of the sender's transactions [asked of the node]",
            key: `key file or accounts file [${defaultAccountsFile}]`,
            from: "name in an accounts file [its first]",
            "passphrase-file": "its first line opens the key",
            timeout: "seconds that --wait waits at most [60]",
          }),
        ).option("wait", { boolean: true, describe: "until it is in a block" }),
      handler((given, world) => sendTransaction(given, clientOf(given), world)),
    )
    .command(
      "show <id>",
      "what became of a transaction",
      (c) => node(c.positional("id", { type: "string" })),
      handler((given, world) => showTransaction(given, clientOf(given), world)),
    )
    .demandCommand(1, "tx needs a command: send or show ID");
}

function frameCommand(y: Argv, handler: Handler): Argv {
  return y
    .command(
      "verify <file>",
      "prove who said what to whom",
      (c) => c.positional("file", { type: "string" }),
      handler((given, world) => verifyFrame(given, world)),
    )
    .command(
      "export <nodeId>",
      "the last frame of a peer, from a node that runs with --record-frames",
      (c) =>
        node(strings(c.positional("nodeId", { type: "string" }), { out: "file to write it to" })),
      handler((given) => exportFrame(given, clientOf(given))),
    )
    .demandCommand(1, "frame needs a command: verify FILE or export ID --out FILE");
}
