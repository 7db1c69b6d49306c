/**
 * Makes the verifier of one variant in a folder of its own, runs it to the end and reads what it
 * says. Spin's words are trusted for two things only: "errors: N" and the assertion it names; a
 * search that was cut short (depth, memory, time) is never called verified.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Variant } from "./variants.ts";

export type Outcome = {
  /** "safe", the name of the broken assertion, or why there is no answer. */
  readonly got: string;
  readonly text: string;
  readonly states: number;
  readonly megabytes: number;
  readonly seconds: number;
  readonly trace: readonly string[];
};

const models = fileURLToPath(new URL("../../protocol-spec/model/", import.meta.url));
const compile = "-O2 -w -DSAFETY -DCOLLAPSE -DMEMLIM=4000 -o pan pan.c".split(" ");
const search = ["-m10000", "-w24"];
const secondsMax = 900;

const switchesOf = (variant: Variant): string[] => variant.switches.map((name) => `-D${name}`);

export function commandOf(variant: Variant): string {
  const spin = ["spin -a", ...switchesOf(variant), variant.file].join(" ");
  return `${spin} && gcc ${compile.join(" ")} && ./pan ${search.join(" ")}`;
}

function run(folder: string, program: string, args: readonly string[]): string {
  const done = spawnSync("nice", ["-n", "10", program, ...args], {
    cwd: folder,
    encoding: "utf8",
    timeout: secondsMax * 1000,
    maxBuffer: 1 << 26,
  });
  if (done.error !== undefined) return `cannot run ${program}: ${done.error.message}`;
  return `${done.stdout}${done.stderr}`;
}

/** The lines that the model prints when its counterexample is replayed. */
function replay(folder: string, variant: Variant): string[] {
  return run(folder, "spin", ["-t", ...switchesOf(variant), variant.file])
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => /^(block|validator|Byzantine)\b/.test(line));
}

function readOutput(output: string): { got: string; text: string } {
  const broken = /assertion violated (\w+)/.exec(output)?.[1];
  if (broken !== undefined) return { got: broken, text: `${broken} broken` };
  const cut = /Search not completed|max search depth too small|out of memory|memory limit/i;
  if (/errors: 0\b/.test(output) && !cut.test(output)) {
    return { got: "safe", text: "verified exhaustively" };
  }
  const last = output.trim().split("\n").slice(0, 3).join(" / ");
  return { got: "no answer", text: `no answer: ${last === "" ? "time ran out" : last}` };
}

export function runVariant(variant: Variant): Outcome {
  const folder = mkdtempSync(join(tmpdir(), "windlass-model-"));
  try {
    cpSync(models, folder, { recursive: true });
    const generated = run(folder, "spin", ["-a", ...switchesOf(variant), variant.file]);
    const compiled = run(folder, "gcc", compile);
    const start = performance.now();
    const output = run(folder, join(folder, "pan"), search);
    const seconds = (performance.now() - start) / 1000;
    const { got, text } = readOutput(
      /errors: \d/.test(output) ? output : generated + compiled + output,
    );
    const trace = got === "safe" || got === "no answer" ? [] : replay(folder, variant);
    const steps = trace.filter((line) => !line.startsWith("block")).length;
    return {
      got,
      text: trace.length === 0 ? text : `${text}: counterexample of ${steps} steps`,
      states: Number(/([\d.e+]+) states, stored/.exec(output)?.[1] ?? 0),
      megabytes: Number(/([\d.]+)\s+total actual memory usage/.exec(output)?.[1] ?? 0),
      seconds,
      trace,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
