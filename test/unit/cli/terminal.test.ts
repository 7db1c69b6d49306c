/** Colours, tables and the live block: what a terminal and what a file gets. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { LiveDisplay } from "../../../src/host/terminal/live-display.ts";
import { paintFor, plainPaint } from "../../../src/host/terminal/paint.ts";
import { fieldsText, tableText } from "../../../src/host/terminal/table.ts";

test("colours are for terminals, and not where NO_COLOR is set", () => {
  const red = (isTTY: boolean | undefined, env: Record<string, string>) =>
    paintFor({ isTTY }, env)("red", "x");
  assert.equal(red(true, {}), "\x1b[31mx\x1b[39m");
  assert.equal(red(true, { NO_COLOR: "" }), "\x1b[31mx\x1b[39m", "an empty one does not count");
  assert.equal(red(true, { NO_COLOR: "1" }), "x");
  assert.equal(red(true, { TERM: "dumb" }), "x");
  assert.equal(red(false, {}), "x");
  assert.equal(red(undefined, {}), "x");
});

test("tables line up, numbers to the right, nothing trails", () => {
  const columns = [{ title: "name" }, { title: "height", align: "right" }] as const;
  const rows = [
    ["a", "1"],
    ["longer", "1,234"],
  ];
  assert.equal(
    tableText(columns, rows, plainPaint),
    ["name    height", "a            1", "longer   1,234"].join("\n"),
  );
  assert.equal(
    fieldsText(
      [
        ["a", "1"],
        ["bcd", "2"],
      ],
      plainPaint,
    ),
    "a    1\nbcd  2",
  );
});

test("a live block is drawn over itself, and lines that stay go above it", () => {
  const written: string[] = [];
  const live = new LiveDisplay({ write: (text) => written.push(text) });
  live.print("first");
  live.show("one\ntwo");
  live.show("three\nfour");
  assert.ok(!written[1]!.includes("\x1b[2A"), "nothing to go over yet");
  assert.match(written[2]!, /\x1b\[2A\x1b\[0Jthree\nfour\n/);
  live.print("stays");
  assert.match(written[3]!, /\x1b\[2A\x1b\[0Jstays\n$/);
  assert.match(written[4]!, /three\nfour/);
  live.end();
  assert.equal(written[5], "\x1b[?25h");
  live.end();
  assert.equal(written.length, 6);
});
