/** What a terminal shows during a sync, and what a pipe is spared. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { progressBar } from "../../../src/host/terminal/progress-bar.ts";
import { SyncDisplay } from "../../../src/host/terminal/sync-display.ts";

const screen = (isTTY: boolean) => {
  const written: string[] = [];
  return { isTTY, written, write: (text: string) => written.push(text) };
};
const syncing = { state: "syncing", currentHeight: 100, targetHeight: 300 } as const;

test("a bar is as full as the way that this sync has gone, never more", () => {
  const filled = (bar: string) => [...bar].filter((cell) => cell === "#").length;
  assert.equal(progressBar(100, 300, 100), `[${"-".repeat(30)}]`);
  assert.equal(filled(progressBar(200, 300, 100)), 15);
  for (const done of [300, 301, 1e9]) assert.equal(filled(progressBar(done, 300, 100)), 30);
  assert.equal(filled(progressBar(5, 300, 100)), 0);
  assert.equal(filled(progressBar(7, 7, 7)), 30);
});

test("on a terminal the bar is drawn over itself, and other lines stand above it", () => {
  const out = screen(true);
  const display = new SyncDisplay(out);
  assert.equal(display.show("line", syncing), true);
  assert.equal(display.show("line", { ...syncing, currentHeight: 200 }), true);
  assert.match(out.written.join(""), /\[#{15}-{15}\] line\n/);
  out.written.length = 0;
  display.print("news");
  const [first = "", again = ""] = out.written;
  assert.ok(first.endsWith("news\n") && again.includes("[####"), "the bar comes back below");
  assert.equal(display.show("line", { ...syncing, state: "synced" }), false);
  assert.equal(display.isLive, false);
  out.written.length = 0;
  display.print("news");
  assert.deepEqual(out.written, ["news\n"]);
});

test("a pipe gets lines only", () => {
  const out = screen(false);
  const display = new SyncDisplay(out);
  assert.equal(display.show("line", syncing), false);
  display.print("line");
  display.end();
  assert.deepEqual(out.written, ["line\n"]);
});
