/**
 * The list of mutants fits the tree as it is: each finds the text that it breaks, and the files that
 * hunt it are there. NOT whether they kill it (`npm run mutants`).
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { mutantsOf } from "../scripts/mutants/mutants.ts";

const all = Object.values(mutantsOf).flat();
const texts = new Map<string, string>();

function textOf(file: string): string {
  const text = texts.get(file) ?? readFileSync(new URL(`../${file}`, import.meta.url), "utf8");
  texts.set(file, text);
  return text;
}

test("every mutant finds the text that it breaks, once, and is named once", () => {
  assert.equal(new Set(all.map(({ name }) => name)).size, all.length);
  for (const { name, edits } of all) {
    for (const { file, find, replace } of edits) {
      const places = textOf(file).split(find).length - 1;
      assert.equal(places, 1, `${name}: ${places} times in ${file}: ${find}`);
      assert.notEqual(find, replace, name);
    }
  }
});

test("every file of tests that hunts a mutant is there", () => {
  for (const { name, hunts } of all) {
    for (const { test: hunted } of hunts) {
      if (hunted !== undefined) assert.match(textOf(hunted.file), /\btest\(/, name);
    }
  }
});
