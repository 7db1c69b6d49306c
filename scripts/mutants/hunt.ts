/**
 * Runs hunts in compiled copies of the tree: in one that stays as it is, and in others that are
 * mutated and mended in place. The real tree is never changed.
 */
import { spawn } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compiledPath, copyOfTree, writeModule } from "./compiled.ts";
import type { Hunt, Mutant } from "./mutant.ts";

const outputMax = 1_000_000;

/** A copy of the tree, made of a compiled one; call `remove` when done. */
export class TreeCopy {
  private readonly folder: string;
  /** Of changed files, sources and what was compiled. */
  private readonly originals = new Map<string, string>();

  constructor(tree: string) {
    this.folder = copyOfTree(tree);
  }

  /** Breaks the rule; returns what is missing when the code has moved away under the mutant. */
  async mutate({ edits }: Mutant): Promise<string | undefined> {
    const changed = new Map<string, string>();
    for (const edit of edits) {
      const path = join(this.folder, edit.file);
      const text = changed.get(path) ?? readFileSync(path, "utf8");
      const [before, after, ...more] = text.split(edit.find);
      if (before === undefined || after === undefined || more.length > 0) {
        return `not exactly one "${edit.find}" in ${edit.file}`;
      }
      changed.set(path, before + edit.replace + after);
    }
    for (const [path, text] of changed) {
      for (const each of [path, compiledPath(path)]) {
        this.originals.set(each, readFileSync(each, "utf8"));
      }
      await writeModule(path, text);
    }
    return undefined;
  }

  mend(): void {
    for (const [path, text] of this.originals) writeFileSync(path, text);
    this.originals.clear();
  }

  /** What `hunt` says of it, after `limitMs` at most. */
  run(hunt: Hunt, limitMs: number): Promise<Outcome> {
    return runIn(this.folder, hunt.args, limitMs);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

interface Outcome {
  readonly passed: boolean;
  readonly output: string;
}

/** Runs `args`, names of source files among them, on the compiled `tree`, for `limitMs` at most. */
export function runIn(tree: string, args: readonly string[], limitMs: number): Promise<Outcome> {
  return new Promise((done) => {
    const child = spawn(process.execPath, args.map(compiledPath), { cwd: tree });
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
