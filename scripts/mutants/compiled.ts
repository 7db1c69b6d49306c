/**
 * A copy of the tree with each module compiled beside its source, so that hundreds of short runs
 * need no loader: with one, more time goes into loading than into the tests. The compiler is the
 * one that tsx brings. Source files stay: workers and child processes still begin with those.
 */
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

interface Compiler {
  transform(text: string, options: typeof asWritten): Promise<{ readonly code: string }>;
}

/** Only the types are taken out. */
const asWritten = { loader: "ts", target: "es2023", supported: { "import-attributes": true } };

const root = resolve(import.meta.dirname, "../..");
const sources = ["src", "bin", "test", "scripts"];
const others = ["protocol-spec", "package.json", "tsconfig.json"];
const ofTsx = createRequire(createRequire(import.meta.url).resolve("tsx"));
const { transform } = ofTsx("esbuild") as Compiler;

/** Writes `text` to `path`, a source file of a copy, and what it compiles to beside it. */
export async function writeModule(path: string, text: string): Promise<void> {
  const { code } = await transform(text, asWritten);
  writeFileSync(path, text);
  writeFileSync(
    compiledPath(path),
    code.replace(/((?:from|import)\s*\(?"\.[^"]*)\.ts"/g, '$1.js"'),
  );
}

export const compiledPath = (path: string): string => path.replace(/\.ts$/, ".js");

/** A new folder with the tree in it; whoever asked for it removes it. */
export async function compiledTree(): Promise<string> {
  const folder = emptyTree();
  for (const name of [...sources, ...others]) {
    cpSync(join(root, name), join(folder, name), { recursive: true });
  }
  const paths = sources.flatMap((name) =>
    readdirSync(join(folder, name), { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(".ts"))
      .map((path) => join(folder, name, path)),
  );
  await Promise.all(paths.map((path) => writeModule(path, readFileSync(path, "utf8"))));
  return folder;
}

export function copyOfTree(tree: string): string {
  const folder = emptyTree();
  for (const name of [...sources, ...others]) {
    cpSync(join(tree, name), join(folder, name), { recursive: true });
  }
  return folder;
}

function emptyTree(): string {
  const folder = mkdtempSync(join(tmpdir(), "mutants-"));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  return folder;
}
