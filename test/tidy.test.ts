/**
 * Rules of the tree that types and lint cannot see: imports point one way, the core does no I/O,
 * and never in a circle; files stay small. Each rule is tried on text that breaks it.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { test } from "node:test";

/** What each folder of src may import beside itself. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  base: [],
  params: ["base"],
  crypto: ["base", "params"],
  model: ["base", "params", "crypto"],
  noise: ["base", "crypto"],
  wire: ["base", "params", "crypto", "model", "noise"],
  edge: ["base", "params", "crypto", "model", "wire"],
  peer: ["base", "params", "crypto", "model", "noise", "wire", "edge"],
  net: ["base", "params", "crypto", "model", "wire", "edge"],
  finality: ["base", "params", "crypto", "model"],
  chain: ["base", "params", "crypto", "model", "edge", "finality"],
  mempool: ["base", "params", "crypto", "model", "edge"],
  sync: ["base", "params", "crypto", "model", "wire", "edge", "chain"],
};
const core = [...Object.keys(allowed), "node"];
const above: Readonly<Record<string, readonly string[]>> = {
  node: Object.keys(allowed),
  host: core,
  sim: core,
};

/** What the core must not say, and what to say instead. */
const banned: readonly (readonly [RegExp, string])[] = [
  [/\bDate\.now\(|\bnew Date\(|\bperformance\.now\(/, "env.clock"],
  [/\bMath\.random\(|\bcrypto\.random/, "env.random"],
  [/\bset(Timeout|Interval|Immediate)\(|\bqueueMicrotask\(/, "a deadline and tick()"],
  [/\basync\b|\bawait\b|\bPromise\b/, "an effect and an input"],
  [/\bprocess\.|\bconsole\./, "a NodeEvent"],
  [/\blocaleCompare\(|\bIntl\./, "compareBytes or < on ids"],
];

interface Source {
  readonly path: string;
  readonly text: string;
}

function sources(root: string): Source[] {
  return readdirSync(root, { recursive: true })
    .map((file) => posix.join(root, String(file)))
    .filter((path) => path.endsWith(".ts"))
    .map((path) => ({ path, text: readFileSync(path, "utf8") }));
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$|(?<=\s)\/\/ .*$/gm, "");
}

function problemsOf({ path, text }: Source): string[] {
  const problems: string[] = [];
  const lines = text.split("\n").length - 1;
  const [top, folder] = path.split("/") as [string, string];
  if (lines > 300) problems.push(`${path}: ${lines} lines, at most 300`);
  if (/\b(TODO|FIXME|XXX)\b/.test(text)) problems.push(`${path}: unfinished; decide it`);
  if (/(^|\/)(index|utils?|helpers?|common)\.ts$/.test(path)) {
    problems.push(`${path}: name it for the one thing it exports`);
  }
  if (top !== "src") return problems;
  const inCore = core.includes(folder);
  const code = withoutComments(text);
  const builtin = /(?:from|import)\s*\(?\s*"(node:[^"]+)"/.exec(code)?.[1];
  if (builtin !== undefined && inCore && folder !== "crypto") {
    problems.push(`${path}: imports ${builtin}; the core does no I/O`);
  }
  for (const target of importsIn(path, code)) {
    const into = target.split("/");
    if (into[0] !== "src" || into[1] === folder) continue;
    const may = allowed[folder] ?? above[folder] ?? [];
    if (!may.includes(into[1]!)) problems.push(`${path}: ${folder} must not import ${into[1]}`);
  }
  if (!inCore) return problems;
  if (!/^\/\*\*/.test(text)) problems.push(`${path}: begins without saying what it is`);
  for (const [pattern, instead] of banned) {
    const found = pattern.exec(code);
    if (found) problems.push(`${path}: ${found[0]} is not for the core; use ${instead}`);
  }
  return problems;
}

/** The first way from a file of `src` back to itself, types counted; undefined: none. */
function circleIn(files: readonly Source[]): string | undefined {
  const importsOf = new Map(
    files.map(({ path, text }) => [path, importsIn(path, withoutComments(text))]),
  );
  const seen = new Set<string>();
  const visit = (path: string, way: readonly string[]): string | undefined => {
    if (way.includes(path)) return [...way.slice(way.indexOf(path)), path].join(" -> ");
    if (seen.has(path)) return undefined;
    seen.add(path);
    for (const next of importsOf.get(path) ?? []) {
      const circle = visit(next, [...way, path]);
      if (circle !== undefined) return circle;
    }
    return undefined;
  };
  for (const path of importsOf.keys()) {
    const circle = visit(path, []);
    if (circle !== undefined) return circle;
  }
  return undefined;
}

function importsIn(path: string, code: string): string[] {
  const targets = [...code.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)];
  return targets.map(([, target]) => posix.join(posix.dirname(path), target!));
}

test("no file imports itself by a detour, not even for its types", () => {
  assert.equal(circleIn(sources("src")), undefined);
  const texts = ['import "./b.ts";', 'import type { C } from "./c.ts";', 'export * from "./a.ts";'];
  const files = texts.map((text, index) => ({ path: `src/x/${"abc"[index]}.ts`, text }));
  assert.equal(circleIn(files), "src/x/a.ts -> src/x/b.ts -> src/x/c.ts -> src/x/a.ts");
  assert.equal(circleIn(files.slice(0, 2)), undefined);
});

test("the tree keeps its own rules", () => {
  const files = [...sources("src"), ...sources("bin"), ...sources("test"), ...sources("bench")];
  assert.ok(files.length > 50, "the tree was found");
  const own = new Set(["test/tidy.test.ts"]);
  const problems = files.filter((file) => !own.has(file.path)).flatMap(problemsOf);
  assert.deepEqual(problems, []);
});

test("each rule catches the text that breaks it", () => {
  const cases: readonly (readonly [string, string, RegExp])[] = [
    [
      "src/net/connections/dialer.ts",
      'import { x } from "../../chain/rules.ts";',
      /net must not import chain/,
    ],
    ["src/chain/rules.ts", 'import { x } from "../../src/host/tcp.ts";', /must not import host/],
    ["src/chain/rules.ts", 'import fs from "node:fs";', /does no I\/O/],
    ["src/chain/rules.ts", "const now = Date.now();", /env\.clock/],
    ["src/chain/rules.ts", "setTimeout(f, 1);", /deadline/],
    ["src/chain/rules.ts", "const x = Math.random();", /env\.random/],
    ["src/chain/rules.ts", "export async function f() {}", /effect/],
    ["src/chain/rules.ts", "console.log(1);", /NodeEvent/],
    ["src/chain/utils.ts", "/** x */", /name it/],
    ["src/chain/rules.ts", "// TODO later", /unfinished/],
    ["src/chain/rules.ts", "x\n".repeat(301), /at most 300/],
  ];
  for (const [path, text, expected] of cases) {
    assert.match(problemsOf({ path, text }).join("\n"), expected, text.slice(0, 60));
  }
  const clean =
    '/** Says what it is; Date.now() in prose is no sin. */\nimport { a } from "../base/a.ts";';
  assert.deepEqual(problemsOf({ path: "src/chain/rules.ts", text: clean }), []);
});
