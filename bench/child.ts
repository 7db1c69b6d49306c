/**
 * A process of a bench: forked with the same loader, told what to do by its argument, heard through
 * messages. Ends when told, so that a CPU profile is written; killed when it does not.
 */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";

export interface Told {
  readonly type: string;
}

const loader = import.meta.resolve("tsx");
const stopMs = 5000;

export class Child {
  readonly process: ChildProcess;
  private readonly heard: Told[] = [];
  private readonly waiting = new Map<string, (told: Told | Error) => void>();

  /** `program`: a file of this folder; `profile`: where to leave its CPU profile. */
  constructor(program: string, plan: unknown, profile?: string, nodeFlags: string[] = []) {
    const profiling = profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profile}`];
    const path = fileURLToPath(new URL(program, import.meta.url));
    this.process = fork(path, [JSON.stringify(plan)], {
      execArgv: [...profiling, ...nodeFlags, "--import", loader],
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    this.process.on("message", (told) => this.hear(told as Told));
    this.process.on("exit", (code, signal) => {
      const gone = new Error(`${program} ended: ${signal ?? `exit code ${code}`}`);
      for (const resolve of this.waiting.values()) resolve(gone);
    });
  }

  get pid(): number {
    return this.process.pid!;
  }

  tell(told: Told & Record<string, unknown>): void {
    this.process.send(told);
  }

  /** The next message of that type; throws when the process ends before. */
  async wait<T extends Told>(type: T["type"]): Promise<T> {
    const index = this.heard.findIndex((told) => told.type === type);
    if (index >= 0) return this.heard.splice(index, 1)[0] as T;
    const told = await new Promise<Told | Error>((resolve) => this.waiting.set(type, resolve));
    if (told instanceof Error) throw told;
    return told as T;
  }

  async stop(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const gone = new Promise((resolve) => this.process.once("exit", resolve));
    if (this.process.connected) this.tell({ type: "stop" });
    const timer = setTimeout(() => this.process.kill("SIGKILL"), stopMs);
    await gone;
    clearTimeout(timer);
  }

  private hear(told: Told): void {
    const resolve = this.waiting.get(told.type);
    if (resolve === undefined) this.heard.push(told);
    this.waiting.delete(told.type);
    resolve?.(told);
  }
}

/** In the child: what it is to do. */
export function planOf<T>(): T {
  return JSON.parse(process.argv[2] ?? "null") as T;
}

/** In the child: tells the parent. */
export function tellParent(told: Told & Record<string, unknown>): void {
  process.send?.(told);
}

/** In the child: `onTold` hears everything but "stop", which ends it after `close`. */
export function listenToParent(
  onTold: (told: Told) => void,
  close: () => unknown = () => undefined,
): void {
  const end = async () => {
    await close();
    process.exit(0);
  };
  process.on("message", (told) => ((told as Told).type === "stop" ? end() : onTold(told as Told)));
  process.on("disconnect", () => process.exit(0));
}
