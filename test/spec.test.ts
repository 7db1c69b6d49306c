/**
 * The pages of protocol-spec against the code: every reference leads to a heading, every table says
 * what the code's tables say, nothing is left out.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { test } from "node:test";
import constants from "../protocol-spec/constants.json" with { type: "json" };
import { specPages } from "../scripts/vectors/spec-blocks.ts";
import { ruleCodes } from "../src/model/rule-code.ts";
import { type Penalty, penalties } from "../src/node/penalties.ts";
import { HANDSHAKE } from "../src/peer/handshake-table.ts";
import { wireCodes } from "../src/wire/errors.ts";
import { messageFields } from "../src/wire/message-fields.ts";
import {
  disconnectNumbers,
  type MessageType,
  messageNumbers,
  messageRules,
} from "../src/wire/messages.ts";

const folder = "protocol-spec";
const pageText = (name: string): string => readFileSync(`${folder}/${name}`, "utf8");
const pageNames = readdirSync(folder).filter((name) => /^\d\d-.*\.md$/.test(name));

/** Numbers of the `## N. Title` headings by page, without `.md`. */
const headings = new Map(
  pageNames.map((name) => {
    const numbers = [...pageText(name).matchAll(/^## (\d+)\. \S/gm)].map((match) => match[1]!);
    return [name.replace(/\.md$/, ""), numbers] as const;
  }),
);

/** References in `text`, `01-opening §1 to §3` and the like, that lead nowhere. */
function brokenReferences(text: string): string[] {
  const broken: string[] = [];
  const reference = /\b(0\d-[a-z]+)((?:(?:, | to | and |-| )?§?\d+(?![-\w]))*)/g;
  for (const [whole, page, rest] of text.matchAll(reference)) {
    const known = headings.get(page!);
    const asked = rest!.includes("§") ? [...rest!.matchAll(/\d+/g)].map(String) : [];
    if (known === undefined || asked.some((number) => !known.includes(number))) broken.push(whole);
  }
  for (const [whole] of text.matchAll(/(?<![-\w/])0\d §\d+/g)) {
    broken.push(`${whole} (name the page in full)`);
  }
  return broken;
}

/** Cells of every table row of `text`, without marks. */
function rowsOf(text: string): string[][] {
  const lines = text.split("\n").filter((line) => line.startsWith("|") && !line.startsWith("|-"));
  return lines.map((line) =>
    line
      .slice(1, -1)
      .split("|")
      .map((cell) => cell.trim().replaceAll("`", "")),
  );
}

function block(page: string, name: string): string {
  const match = new RegExp(`<!-- generated: ${name} -->([\\s\\S]*?)<!-- end -->`).exec(
    pageText(page),
  );
  assert.ok(match, `${page} has a block ${name}`);
  return match[1]!;
}

test("every reference to a page and section leads to a heading", () => {
  const roots = ["src", "bin", "test", "scripts", "bench", folder];
  const own = new Set(["test/spec.test.ts"]);
  const files = roots.flatMap((root) =>
    readdirSync(root, { recursive: true }).map((file) => posix.join(root, String(file))),
  );
  files.push(...readdirSync(".").filter((file) => file.endsWith(".md")));
  const texts = files.filter((path) => /\.(ts|md|json)$/.test(path) && !path.includes("vectors/"));
  assert.ok(texts.length > 100, "the tree was found");
  const broken = texts
    .filter((path) => !own.has(path))
    .flatMap((path) =>
      brokenReferences(readFileSync(path, "utf8")).map((reference) => `${path}: ${reference}`),
    );
  assert.deepEqual(broken, []);
});

test("a page refers to sections of its own that exist", () => {
  const foreign = /(?:0\d-[a-z]+|Noise(?: revision 34)?|RFC \d+)(?:(?:, | to | and | )?§[\d.]+)+/g;
  for (const [page, numbers] of headings) {
    const text = pageText(`${page}.md`).replaceAll(foreign, "");
    for (const [whole, number] of text.matchAll(/§(\d+)/g)) {
      assert.ok(numbers.includes(number!), `${page}: ${whole}`);
    }
  }
});

test("a broken reference is caught, a good one is not", () => {
  for (const bad of [
    "03-frames §99",
    "99 §1, 01-nothing §1",
    "05-objects §1 to §77",
    "see 03 §2",
  ]) {
    assert.notDeepEqual(brokenReferences(bad), [], bad);
  }
  for (const good of ["03-frames §1 to §3", "03-frames", "06-validation §3-4", "2026-01-02"]) {
    assert.deepEqual(brokenReferences(good), [], good);
  }
});

test("the generated blocks are those that the code's tables print", () => {
  for (const [name, text] of specPages(pageText)) {
    assert.ok(pageText(name) === text, `${name} is stale: npm run vectors`);
  }
});

test("the page of limits has every constant with its value, unit and reason", () => {
  const printed = block("08-limits.md", "limits").split(/^### /m).slice(1);
  const read = printed.map((section) => {
    const rows = rowsOf(section).slice(1);
    const entries = rows.map(([name, value, unit, why]) => {
      return [name, { value: Number(value!.replaceAll(",", "")), unit, why }];
    });
    return [section.split("\n")[0], Object.fromEntries(entries)];
  });
  const wanted = JSON.parse(JSON.stringify(constants).replaceAll("`", "")) as unknown;
  assert.deepEqual(Object.fromEntries(read), wanted);
});

test("constants that the text names exist, with the values that it quotes", () => {
  const values = new Map<string, number>();
  for (const [group, entries] of Object.entries(constants)) {
    for (const [name, { value }] of Object.entries(entries)) values.set(`${group}.${name}`, value);
  }
  const groups = Object.keys(constants).join("|");
  const named = new RegExp(
    `\`((?:${groups})\\.[A-Za-z]+)\`(?: \\(([\\d,]+)\\)| = ([\\d,]+))?`,
    "g",
  );
  let count = 0;
  for (const name of pageNames) {
    for (const [whole, constant, inBrackets, afterEquals] of pageText(name).matchAll(named)) {
      const value = values.get(constant!);
      assert.notEqual(value, undefined, `${name}: ${whole}`);
      const quoted = inBrackets ?? afterEquals;
      if (quoted !== undefined) assert.equal(Number(quoted.replaceAll(",", "")), value, whole);
      count++;
    }
  }
  assert.ok(count > 80, "the text names its numbers");
});

test("the table of the handshake is the one that the code walks", () => {
  const [head, ...rows] = rowsOf(block("02-handshake.md", "handshake"));
  const events = head!.slice(1);
  const read = rows.map(([state, ...cells]) => {
    const arrows = cells.map((next, i) => [events[i], next]).filter(([, next]) => next !== "-");
    return [state, Object.fromEntries(arrows)];
  });
  const live = Object.entries(HANDSHAKE).filter(([, arrows]) => Object.keys(arrows).length > 0);
  assert.deepEqual(Object.fromEntries(read), Object.fromEntries(live));
  const text = pageText("02-handshake.md");
  for (const state of Object.keys(HANDSHAKE)) assert.ok(text.includes(state), state);
});

test("the table of messages has every message with its number, lane, cap and fields", () => {
  const rows = rowsOf(block("04-messages.md", "messages")).slice(1);
  assert.deepEqual(
    rows.map((row) => row[1]),
    Object.keys(messageNumbers),
  );
  const samples = sampleMessages();
  for (const [number, name, lane, cap, fields] of rows) {
    const type = name as MessageType;
    const { bytesMax, lane: wanted } = messageRules[type];
    assert.equal(Number(number), messageNumbers[type], name);
    assert.deepEqual([lane, cap!.replaceAll(",", "")], [wanted, String(bytesMax)], name);
    const names = fields!.split("; ").map((field) => field.split(" ")[0]);
    assert.equal(names.length, messageFields[type].count, name);
    assert.deepEqual(names, samples.get(type), name);
  }
  const described = rowsOf(pageText("04-messages.md")).map((row) => row[0]);
  for (const type of Object.keys(messageNumbers)) assert.ok(described.includes(type), type);
});

/** Names of fields in order, as the vectors show them. */
function sampleMessages(): Map<string, string[]> {
  const { cases } = JSON.parse(pageText("vectors/messages.json")) as {
    cases: readonly { readonly messages?: readonly Record<string, unknown>[] }[];
  };
  const samples = new Map<string, string[]>();
  for (const message of cases.flatMap((each) => each.messages ?? [])) {
    const names = Object.keys(message).filter((name) => name !== "type");
    samples.set(String(message["type"]), names);
  }
  return samples;
}

test("the table of disconnect codes is complete", () => {
  const rows = rowsOf(block("04-messages.md", "disconnect")).slice(1);
  const read = Object.fromEntries(rows.map(([number, code]) => [code, Number(number)]));
  assert.deepEqual(read, disconnectNumbers);
  const [, after] = pageText("04-messages.md").split("<!-- generated: disconnect -->");
  for (const code of Object.keys(disconnectNumbers))
    assert.ok(after!.includes(`\`${code}\` `), code);
});

function penaltyName({ score, disconnect, discourage }: Penalty): string {
  if (discourage) return "violation";
  if (disconnect) return score > 0 ? `costly(${score})` : "disconnect";
  return score > 0 ? `soft(${score})` : "none";
}

test("the tables of errors have every code with its meaning and its penalty", () => {
  const [, wire, rules] = pageText("07-errors.md").split(/^## [23]\. /m);
  for (const [text, codes] of [
    [wire, wireCodes],
    [rules, ruleCodes],
  ] as const) {
    const rows = rowsOf(text ?? "").slice(1);
    const read = rows.map(([code, meaning, penalty]) => {
      assert.ok(meaning !== "", `${code} has a meaning`);
      return [code, penalty];
    });
    const wanted = codes.map((code) => [code, penaltyName(penalties[code])]);
    assert.deepEqual(Object.fromEntries(read), Object.fromEntries(wanted));
    assert.equal(read.length, codes.length, "each code once");
  }
});

test("every code is produced somewhere: none is kept for show", () => {
  const elsewhere = readdirSync("src", { recursive: true })
    .map((file) => `src/${String(file)}`)
    .filter((file) => file.endsWith(".ts"))
    .filter((file) => !/(penalties|errors|rule-code)\.ts$/.test(file))
    .map((file) => readFileSync(file, "utf8"))
    .join("\n");
  const unused = [...wireCodes, ...ruleCodes].filter((code) => !elsewhere.includes(`"${code}"`));
  assert.deepEqual(unused, []);
});

test("codes that the pages name are codes", () => {
  const known = new Set<string>([...wireCodes, ...ruleCodes, ...Object.keys(disconnectNumbers)]);
  const prefixed = /`((?:header|body|block|transaction|mempool|timeout|bad|frame)-[a-z-]*[a-z])`/g;
  for (const name of pageNames) {
    for (const [, code] of pageText(name).matchAll(prefixed)) {
      assert.ok(known.has(code!), `${name}: ${code}`);
    }
  }
});
