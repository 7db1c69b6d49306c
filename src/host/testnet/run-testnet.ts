/**
 * `bin/testnet.ts`: runs a local network and shows it, a live table on a terminal, a line a second
 * elsewhere, JSON lines with `--json`. Ends with the duration, Ctrl-C, or the first node that dies.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { endOnSignals } from "../end-on-signals.ts";
import { exitCodes, HostError } from "../host-error.ts";
import { LiveDisplay } from "../terminal/live-display.ts";
import { paintFor } from "../terminal/paint.ts";
import { Testnet } from "./testnet.ts";
import { readTestnetOptions, type TestnetCommand } from "./testnet-options.ts";
import { nodesJson, type TestnetView, viewLine, viewTable } from "./testnet-view.ts";

const pollMs = 1000;
const failed = 1;

/** Resolves with the exit code: 0 when all nodes lived and agreed at the end. */
export async function runTestnet(argv: readonly string[]): Promise<number> {
  const answer = readTestnetOptions(argv);
  if (answer.type === "text") {
    process.stdout.write(answer.text);
    return exitCodes.ok;
  }
  if (answer.type === "problems") {
    for (const problem of answer.problems) process.stderr.write(`${problem}\n`);
    return exitCodes.usage;
  }
  const { command } = answer;
  const stop = new AbortController();
  try {
    const testnet = await Testnet.start(command);
    endOnSignals(stop, ["SIGINT", "SIGTERM", "SIGHUP"]);
    // Whoever read our output is gone, as in `| head`.
    process.stdout.on("error", () => stop.abort());
    const screen = screenFor(command);
    try {
      screen.say(`data in ${testnet.folder.path}${command.keep ? "" : ", removed at the end"}`);
      await watch(testnet, command, screen, stop.signal);
      return await conclude(testnet, screen);
    } finally {
      screen.end();
      await testnet.end();
    }
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    const { code, message, mend } = error;
    const json = JSON.stringify({ type: "error", code, message, mend });
    process.stderr.write(command.json ? `${json}\n` : `error: ${message}\n  ${mend}\n`);
    return error.exitCode;
  }
}

async function watch(
  testnet: Testnet,
  command: TestnetCommand,
  screen: Screen,
  signal: AbortSignal,
): Promise<void> {
  const until = performance.now() + (command.durationS ?? Number.POSITIVE_INFINITY) * 1000;
  while (!signal.aborted && testnet.died.length === 0) {
    const begunAt = performance.now();
    screen.show(await testnet.poll());
    const now = performance.now();
    const restMs = Math.min(begunAt + pollMs, until) - now;
    if (now >= until) return;
    await sleep(Math.max(0, restMs), undefined, { signal }).catch(() => {});
  }
}

async function conclude(testnet: Testnet, screen: Screen): Promise<number> {
  const { view, agreed } = await testnet.conclude();
  const died = testnet.died.map(({ options, exit, lastLines }) => ({
    name: options.name,
    exit,
    lastLines,
  }));
  screen.summary(view, agreed, died);
  return agreed && died.length === 0 ? exitCodes.ok : failed;
}

interface Death {
  readonly name: string;
  readonly exit: string | undefined;
  readonly lastLines: readonly string[];
}

interface Screen {
  say(text: string): void;
  show(view: TestnetView): void;
  summary(view: TestnetView, agreed: boolean, died: readonly Death[]): void;
  /** Gives the terminal back. */
  end(): void;
}

function screenFor({ json }: TestnetCommand): Screen {
  const out = process.stdout;
  if (json) return jsonScreen((text) => out.write(`${text}\n`));
  const paint = paintFor(out, process.env);
  const live = out.isTTY ? new LiveDisplay(out) : undefined;
  const say = (text: string) => (live === undefined ? out.write(`${text}\n`) : live.print(text));
  return {
    say,
    show: (view) => {
      if (live === undefined) say(viewLine(view));
      else live.show(viewTable(view, paint));
    },
    summary: (view, agreed, died) => {
      if (live !== undefined) live.show(viewTable(view, paint));
      else say(viewTable(view, paint));
      live?.end();
      for (const { name, exit, lastLines } of died) {
        say(paint("red", `${name} died (${exit}); its last lines:`));
        for (const line of lastLines) say(`  ${line}`);
      }
      say(agreed ? paint("green", "all nodes agree") : paint("red", "the nodes do NOT agree"));
    },
    end: () => live?.end(),
  };
}

function jsonScreen(print: (text: string) => void): Screen {
  const fields = (view: TestnetView) => ({
    network: view.network,
    wallMs: view.wallMs,
    runSeconds: view.runSeconds,
    sent: view.sent,
    refused: view.refused,
    nodes: nodesJson(view),
  });
  return {
    say: () => {},
    show: (view) => print(JSON.stringify({ type: "status", ...fields(view) })),
    summary: (view, agreed, died) =>
      print(JSON.stringify({ type: "summary", ...fields(view), agreed, died })),
    end: () => {},
  };
}
