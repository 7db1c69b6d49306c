/** From the start of the process to the first sealed block, as a user sees it: over HTTP. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { findFreePorts } from "../src/host/testnet/free-ports.ts";
import type { BenchOptions } from "./options.ts";
import { atMost, type BenchLine, median, rounded } from "./report.ts";

const program = fileURLToPath(new URL("../bin/node.ts", import.meta.url));
const barSeconds = 5;
const limitMs = 60_000;
const pollMs = 20;

interface Start {
  readonly secondsToHttp: number;
  readonly secondsToFirstBlock: number;
}

export async function start(options: BenchOptions): Promise<BenchLine[]> {
  const runs: Start[] = [];
  for (let i = 0; i < options.repeats; i++) runs.push(await startOnce());
  const first = runs.map(({ secondsToFirstBlock }) => rounded(secondsToFirstBlock));
  const figures = {
    secondsToFirstBlock: rounded(median(first)),
    runs: first,
    secondsToHttp: rounded(median(runs.map(({ secondsToHttp }) => secondsToHttp))),
    started: "node --import tsx bin/node.ts, fresh folder, devnet with slots of 2 s",
  };
  const bars = [atMost("seconds to the first block", Math.max(...first), barSeconds)];
  return [{ bench: "start", figures, bars }];
}

async function startOnce(): Promise<Start> {
  const folder = mkdtempSync(join(tmpdir(), "windlass-bench-"));
  const ports = await findFreePorts(2);
  if (ports === undefined) throw new Error("no free ports");
  const [listen, http] = ports;
  const args = ["--listen", String(listen), "--http", `127.0.0.1:${http}`, "--data-dir", folder];
  const quiet = ["--log-level", "warn"];
  const begunAt = performance.now();
  const loader = import.meta.resolve("tsx");
  const child = spawn(process.execPath, ["--import", loader, program, ...args, ...quiet], {
    cwd: folder,
    env: environment(),
    stdio: ["ignore", "ignore", "inherit"],
  });
  const gone = new Promise((resolve) => child.once("exit", resolve));
  try {
    let secondsToHttp: number | undefined;
    while (performance.now() - begunAt < limitMs && child.exitCode === null) {
      const height = await heightAt(`http://127.0.0.1:${http}/api/blockchain/info`);
      const seconds = (performance.now() - begunAt) / 1000;
      if (height !== undefined) secondsToHttp ??= seconds;
      if (height !== undefined && height > 0) {
        return { secondsToHttp: secondsToHttp!, secondsToFirstBlock: seconds };
      }
      await sleep(pollMs);
    }
    throw new Error(`no block: exit code ${child.exitCode}`);
  } finally {
    child.kill("SIGTERM");
    await gone;
    rmSync(folder, { recursive: true, force: true });
  }
}

async function heightAt(url: string): Promise<number | undefined> {
  try {
    const answer = (await (await fetch(url)).json()) as { readonly height?: number };
    return answer.height;
  } catch {
    return undefined;
  }
}

/** Without options of a node, which our own surroundings may hold. */
function environment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith("WINDLASS_"));
  return Object.fromEntries(kept);
}
