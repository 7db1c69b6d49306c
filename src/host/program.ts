/**
 * `bin/node.ts`: reads the options, runs a node, shows it, ends it. The only place that prints,
 * listens to signals and chooses exit codes. Text for people, or JSON lines with `--json`.
 */
import { existsSync } from "node:fs";
import { bannerJson, bannerText } from "./banner.ts";
import { type Config, readConfig, withEnvFile } from "./config.ts";
import { doppelgangerError } from "./doppelganger.ts";
import { tipWarning } from "./durable-tip.ts";
import { endOnSignals } from "./end-on-signals.ts";
import { exitCodes, HostError } from "./host-error.ts";
import { NodeLog } from "./logger.ts";
import { networkIdText } from "./recovery-files.ts";
import { program, type RunningNode, runNode } from "./run-node.ts";
import { LonelyReasons, statusLine } from "./status-line.ts";
import { SyncDisplay } from "./terminal/sync-display.ts";

const statusMs = 5000;
/** A bar that is drawn over moves faster. */
const barMs = 500;
const display = new SyncDisplay(process.stdout);

const logSink = {
  write: (line: string) => {
    if (display.isLive && process.stderr.isTTY) display.print(line.trimEnd());
    else process.stderr.write(line);
  },
};

/** Resolves with the exit code once everything is closed. */
export async function runProgram(argv: readonly string[]): Promise<number> {
  const answer = readConfig(argv, withEnvFile(process.env));
  switch (answer.type) {
    case "text":
      process.stdout.write(answer.text);
      return exitCodes.ok;
    case "problems":
      for (const problem of answer.problems) process.stderr.write(`${problem}\n`);
      return exitCodes.usage;
    case "config":
      return await runConfigured(answer.config);
  }
}

async function runConfigured(config: Config): Promise<number> {
  const stop = new AbortController();
  let exitCode: number = exitCodes.ok;
  try {
    const log = openLog(config);
    // Node makes a stack for each socket that a peer resets: with source maps a dear one.
    process.setSourceMapsEnabled(false);
    const fail = (error: unknown) => {
      exitCode = report(error, config, log);
      // What is on disk is whole at any moment: ending now loses nothing that was promised.
      process.exit(exitCode);
    };
    process.on("uncaughtException", fail).on("unhandledRejection", fail);
    endOnSignals(stop, ["SIGINT", "SIGTERM"]);
    const reasons = new LonelyReasons();
    const running = await runNode({
      config,
      onEvent: (event) => {
        reasons.onEvent(event);
        log.event(event);
        if (event.type === "doppelganger" && !stop.signal.aborted) {
          exitCode = report(doppelgangerError(event), config, log);
          stop.abort();
        }
      },
      onFatal: fail,
      say: (level, text) => log.say(level, text),
      signal: stop.signal,
    });
    await show(running, config, log, reasons, stop.signal);
    print(config, "stopping", { type: "stopping" });
    await running.close();
    const isAsked = exitCode === exitCodes.ok;
    print(config, isAsked ? "stopped; safe to start again" : "stopped", { type: "stopped" });
    log.close();
  } catch (error) {
    if (!stop.signal.aborted) exitCode = report(error, config);
  }
  return exitCode;
}

/** Banner, then a status line every few seconds until `signal`. */
async function show(
  running: RunningNode,
  config: Config,
  log: NodeLog,
  reasons: LonelyReasons,
  signal: AbortSignal,
): Promise<void> {
  const { node, network, folder, recoveries, tip } = running;
  const recovery = recoveries.at(-1);
  const { queries } = node;
  const facts = {
    version: program.version,
    config,
    network: { name: network.file.name, origin: network.origin, slotMs: network.file.slotMs },
    genesisHash: network.genesisHash,
    recovered: recovery && {
      networkId: networkIdText(network.genesisHash, recoveries),
      from: `new validators from slot ${recovery.minSlot} on, above block ${recovery.block.height}`,
    },
    nodeId: node.nodeId,
    role: queries.info().role,
    accounts: network.accounts.map((account) => ({
      ...account,
      balance: queries.account(account.address).balance,
    })),
    accountsFile: existsSync(folder.accounts) ? folder.accounts : undefined,
  };
  print(config, bannerText(facts), bannerJson(facts));
  const warning = tipWarning(tip);
  if (warning !== undefined) log.say("error", warning);
  const durableHeight = tip.type === "shorter" ? tip.tip.height : 0;
  let printedAt = -statusMs;
  const status = () => {
    const view = { info: queries.info(), sync: queries.sync() };
    const extra = { wallMs: Date.now(), reasons: reasons.text, durableHeight };
    const line = statusLine(view, extra);
    if (!config.json && display.show(line, view.sync)) return;
    if (performance.now() - printedAt < statusMs - barMs / 2) return;
    printedAt = performance.now();
    print(config, line, { type: "status", ...view.info, sync: view.sync });
  };
  status();
  const timer = setInterval(status, process.stdout.isTTY && !config.json ? barMs : statusMs);
  if (!signal.aborted) {
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  }
  clearInterval(timer);
  display.end();
}

function openLog(config: Config): NodeLog {
  return new NodeLog({
    level: config.logLevel,
    json: config.json,
    file: config.logFile,
    // On one terminal both would be drawn over each other.
    sink: logSink,
  });
}

/** Says what is wrong and what to do; returns the exit code. */
function report(error: unknown, config: Config, log?: NodeLog): number {
  if (error instanceof HostError) {
    const { code, message, mend } = error;
    const text = config.json
      ? JSON.stringify({ type: "error", code, message, mend })
      : `error: ${message}\n  ${mend}`;
    process.stderr.write(`${text}\n`);
    return error.exitCode;
  }
  (log ?? openLog(config)).fatal(error);
  return exitCodes.internal;
}

function print(config: Config, text: string, json: Record<string, unknown>): void {
  display.print(config.json ? jsonLine(json) : text);
}

function jsonLine(value: Record<string, unknown>): string {
  return JSON.stringify(value, (_key, field: unknown) =>
    typeof field === "bigint" ? field.toString() : field,
  );
}
