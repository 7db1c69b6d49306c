/** Programs of bin/ as processes, for end-to-end tests: output kept, ended for sure. */
import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** A program that should have ended long ago must not hang the tests. */
const defaultLifeMs = 90_000;

export class Program {
  readonly child: ChildProcess;
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
  out = "";
  err = "";

  /** `program`: a file of bin/. */
  constructor(program: string, argv: readonly string[], lifeMs = defaultLifeMs) {
    const env: NodeJS.ProcessEnv = { ...process.env, NO_COLOR: "1" };
    // A test runner's own reporter variable would change what nested runs print.
    delete env["NODE_TEST_CONTEXT"];
    this.child = spawn(process.execPath, ["--import", "tsx", `bin/${program}`, ...argv], {
      cwd: root,
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child.stdout!.setEncoding("utf8").on("data", (text: string) => {
      this.out += text;
    });
    this.child.stderr!.setEncoding("utf8").on("data", (text: string) => {
      this.err += text;
    });
    const limit = setTimeout(() => this.child.kill("SIGKILL"), lifeMs);
    this.ended = new Promise((resolve) => {
      this.child.once("close", (code, signal) => {
        clearTimeout(limit);
        resolve(code ?? signal ?? "unknown");
      });
    });
  }

  /** SIGTERM, then SIGKILL after 8 s. */
  async end(): Promise<number | string> {
    this.child.kill("SIGTERM");
    const timer = setTimeout(() => this.child.kill("SIGKILL"), 8000);
    const ended = await this.ended;
    clearTimeout(timer);
    return ended;
  }
}

/** Polls until `read` gives something; fails with `what` and what the programs said. */
export async function until<T>(
  what: string,
  read: () => Promise<T | undefined>,
  programs: readonly Program[],
  timeoutMs = 30_000,
): Promise<T> {
  const end = performance.now() + timeoutMs;
  while (performance.now() < end) {
    const value = await read().catch(() => undefined);
    if (value !== undefined) return value;
    await sleep(50);
  }
  const said = programs.map(({ out, err }) => `${out}${err}`.slice(-2000)).join("\n---\n");
  throw new Error(`not in ${timeoutMs} ms: ${what}\n${said}`);
}
