/**
 * Runs hunts, on the code as it is or in a copy of the tree that is mutated and mended in place, so
 * that what was compiled for one mutant serves the next. The real tree is never changed.
 */
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Hunt, Mutant } from "./mutant.ts";

const root = resolve(import.meta.dirname, "../..");
const copied = ["src", "bin", "test", "scripts", "protocol-spec", "package.json", "tsconfig.json"];
const outputMax = 1_000_000;

/** A copy of the tree; call `remove` when done. */
export class TreeCopy {
  readonly folder: string;
  private readonly originals = new Map<string, string>();

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), "mutants-"));
    for (const name of copied) {
      cpSync(join(root, name), join(this.folder, name), { recursive: true });
    }
    symlinkSync(join(root, "node_modules"), join(this.folder, "node_modules"));
  }

  /** Breaks the rule; returns what is missing when the code has moved away under the mutant. */
  mutate({ edits }: Mutant): string | undefined {
    for (const edit of edits) {
      const path = join(this.folder, edit.file);
      const text = readFileSync(path, "utf8");
      if (!this.originals.has(path)) this.originals.set(path, text);
      const [before, after, ...more] = text.split(edit.find);
      if (before === undefined || after === undefined || more.length > 0) {
        return `not exactly one "${edit.find}" in ${edit.file}`;
      }
      writeFileSync(path, before + edit.replace + after);
    }
    return undefined;
  }

  mend(): void {
    for (const [path, text] of this.originals) writeFileSync(path, text);
    this.originals.clear();
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export interface Outcome {
  readonly passed: boolean;
  readonly output: string;
}

/** Runs `node --import tsx` with `args` in `folder` (default: the real tree), for `limitMs` at most. */
export function run(args: readonly string[], limitMs: number, folder = root): Promise<Outcome> {
  return new Promise((done) => {
    const child = spawn(process.execPath, ["--import", "tsx", ...args], { cwd: folder });
    let output = "";
    const keep = (chunk: Buffer) => {
      if (output.length < outputMax) output += chunk.toString();
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    const timer = setTimeout(() => {
      output += `\nended after ${limitMs / 1000} s\n`;
      child.kill("SIGKILL");
    }, limitMs);
    child.on("close", (code) => {
      clearTimeout(timer);
      done({ passed: code === 0, output });
    });
  });
}

export const commandOf = (hunt: Hunt): string =>
  `node --import tsx ${hunt.args.map((arg) => (/[^\w./:=-]/.test(arg) ? `'${arg}'` : arg)).join(" ")}`;
