/**
 * Runs hunts, on the code as it is or on a mutated copy in a temporary folder. The real tree is
 * never changed.
 */
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Hunt, Mutant } from "./mutant.ts";

const root = resolve(import.meta.dirname, "../..");
const copied = ["src", "bin", "test", "scripts", "protocol-spec", "package.json", "tsconfig.json"];

/** A copy of the tree with the rule broken; call `remove` when done. */
export class MutatedTree {
  readonly folder: string;

  constructor(mutant: Mutant) {
    this.folder = mkdtempSync(join(tmpdir(), `mutant-${mutant.name}-`));
    for (const name of copied) {
      cpSync(join(root, name), join(this.folder, name), { recursive: true });
    }
    symlinkSync(join(root, "node_modules"), join(this.folder, "node_modules"));
    for (const edit of mutant.edits) {
      const path = join(this.folder, edit.file);
      const text = readFileSync(path, "utf8");
      const count = text.split(edit.find).length - 1;
      if (count !== 1) {
        throw new Error(
          `mutant ${mutant.name}: "${edit.find}" occurs ${count} times in ${edit.file}`,
        );
      }
      writeFileSync(
        path,
        text.replace(edit.find, () => edit.replace),
      );
    }
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export interface Outcome {
  readonly passed: boolean;
  readonly output: string;
}

/** Runs `hunt` in `folder` (default: the real tree) to its end or for `limitMs`. */
export function run(hunt: Hunt, limitMs: number, folder = root): Promise<Outcome> {
  return new Promise((done) => {
    const child = spawn(process.execPath, ["--import", "tsx", ...hunt.args], { cwd: folder });
    let output = "";
    const keep = (chunk: Buffer) => {
      if (output.length < 1_000_000) output += chunk.toString();
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    const timer = setTimeout(() => child.kill("SIGKILL"), limitMs);
    child.on("close", (code) => {
      clearTimeout(timer);
      done({ passed: code === 0, output });
    });
  });
}

export const commandOf = (hunt: Hunt): string =>
  `node --import tsx ${hunt.args.map((arg) => (/[^\w./:-]/.test(arg) ? `'${arg}'` : arg)).join(" ")}`;
