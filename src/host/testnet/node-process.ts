/**
 * One node of a local network as a process of its own: started, watched, ended. Its last lines are
 * kept, to be shown if it dies. Should this program be killed, the node ends by itself: it hears
 * the channel between them close.
 *
 *   waiting -> running -> exited                      running -> ending -> exited
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export interface NodeProcessOptions {
  readonly name: string;
  readonly listen: number;
  readonly http: number;
  readonly dataDir: string;
  readonly networkFile: string;
  readonly connect: readonly string[];
}

const program = fileURLToPath(new URL("../../../bin/node.ts", import.meta.url));
const loader = import.meta.resolve("tsx");
/** Ends the process gracefully when its parent is gone. */
const guard = `data:text/javascript,process.on("disconnect",()=>process.kill(process.pid,"SIGTERM"));process.channel?.unref()`;

const keptLines = 15;
const killMs = 5000;

export class NodeProcess {
  readonly options: NodeProcessOptions;
  /** Lines that it wrote last, the newest at the end. */
  readonly lastLines: string[] = [];
  /** How it ended; undefined while it runs. */
  exit: string | undefined;
  private child: ChildProcess | undefined;
  private exited: Promise<void> = Promise.resolve();
  private isEnding = false;

  constructor(options: NodeProcessOptions) {
    this.options = options;
  }

  /** waiting -> running; nothing when it is to end already. */
  start(): void {
    if (this.isEnding) return;
    const { options } = this;
    const child = spawn(process.execPath, argumentsOf(options), {
      // A group of its own: Ctrl-C reaches this program alone, which then ends the nodes in turn.
      detached: true,
      cwd: options.dataDir,
      env: environment(),
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    this.child = child;
    for (const stream of [child.stdout!, child.stderr!]) {
      createInterface({ input: stream }).on("line", (line) => this.keep(line));
    }
    this.exited = new Promise((resolve) => {
      child.once("error", (error) => {
        this.exit ??= error.message;
        resolve();
      });
      child.once("close", (code, signal) => {
        this.exit ??= signal === null ? `exit code ${code}` : signal;
        resolve();
      });
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.options.http}`;
  }

  /** It ended, and we did not ask it to. */
  get hasDied(): boolean {
    return this.exit !== undefined && !this.isEnding;
  }

  /** SIGTERM, and SIGKILL when that does not end it; resolves once it is gone. */
  async end(): Promise<void> {
    this.isEnding = true;
    this.child?.kill("SIGTERM");
    const timer = setTimeout(() => this.child?.kill("SIGKILL"), killMs);
    await this.exited;
    clearTimeout(timer);
  }

  private keep(line: string): void {
    this.lastLines.push(line);
    if (this.lastLines.length > keptLines) this.lastLines.shift();
  }
}

function argumentsOf(options: NodeProcessOptions): string[] {
  const { listen, http, dataDir, networkFile, connect } = options;
  return [
    ...["--import", loader, "--import", guard, program],
    ...["--listen", String(listen), "--http", `127.0.0.1:${http}`],
    ...["--data-dir", dataDir, "--network", networkFile],
    ...connect.flatMap((address) => ["--connect", address]),
  ];
}

/** Without options of a node, which our own surroundings may hold. */
function environment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith("WINDLASS_"));
  return Object.fromEntries(kept);
}
