/**
 * Writes protocol-spec/vectors/*.json and the generated blocks of the pages beside them;
 * with `--check` it only compares and fails when a file is stale.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { specPages } from "./vectors/spec-blocks.ts";
import { vectorFiles } from "./vectors/vector-files.ts";

const root = new URL("../protocol-spec/", import.meta.url);
const isCheck = process.argv.includes("--check");

function currentText(name: string): string | undefined {
  try {
    return readFileSync(new URL(name, root), "utf8");
  } catch {
    return undefined;
  }
}

const wanted = new Map<string, string>();
for (const [name, text] of vectorFiles()) wanted.set(`vectors/${name}`, text);
for (const [name, text] of specPages((name) => currentText(name) ?? "")) wanted.set(name, text);

const stale = [...wanted].filter(([name, text]) => currentText(name) !== text);
mkdirSync(new URL("vectors/", root), { recursive: true });
for (const [name, text] of stale) {
  if (isCheck) console.error(`stale: protocol-spec/${name}; run "npm run vectors"`);
  else writeFileSync(new URL(name, root), text);
}
if (isCheck && stale.length > 0) process.exitCode = 1;
console.log(`${wanted.size} files, ${stale.length} ${isCheck ? "stale" : "written"}`);
