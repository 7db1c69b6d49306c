import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import type { Conn } from "../../../src/edge/conn.ts";
import type { NodeEvent } from "../../../src/edge/event.ts";
import { printable } from "../../../src/host/event-text.ts";
import { HostError } from "../../../src/host/host-error.ts";
import { type LogOptions, lineBytesPerHour, NodeLog } from "../../../src/host/logger.ts";
import type { NodeId } from "../../../src/model/ids.ts";
import { inFolder } from "./temporary-folder.ts";

const nodeId = "ab".repeat(32) as NodeId;
const ready = (agent: string): NodeEvent => ({
  type: "peer-ready",
  conn: 2 as Conn,
  nodeId,
  address: "1.2.3.4:5",
  inbound: true,
  agent,
  height: 7,
});

function recorded(extra: Partial<LogOptions> = {}) {
  const lines: string[] = [];
  const clock = { ms: 0 };
  const log = new NodeLog({
    level: "info",
    json: true,
    file: undefined,
    sink: { write: (line) => lines.push(line) },
    nowMs: () => clock.ms,
    ...extra,
  });
  return { log, lines, clock };
}

test("an event is one line, as JSON with its fields or as text", () => {
  const json = recorded();
  json.log.event(ready("windlass/1"));
  const line = JSON.parse(json.lines[0]!);
  assert.equal(line.level, "info");
  assert.equal(line.event, "peer-ready");
  assert.equal(line.nodeId, nodeId);
  const text = recorded({ json: false });
  text.log.event(ready("windlass/1"));
  assert.match(
    text.lines[0]!,
    /^\d\d:\d\d:00 info {2}peer abababab..abab ready, from 1.2.3.4:5, windlass\/1, height 7\n$/,
  );
});

test("strings that a peer chose are cut, and control characters escaped", () => {
  const { log, lines } = recorded({ json: false });
  log.event(ready(`\u001b[31mred\nFAKE LINE\u202e${"A".repeat(65_536)}`));
  assert.equal(lines.length, 1);
  assert.ok(lines[0]!.length < 400);
  assert.match(lines[0]!, /^[ -~]*\n$/);
  assert.match(lines[0]!, /\\u001b\[31mred\\u000aFAKE LINE\\u202e/);
  assert.equal(printable("a\u0000b"), "a\\u0000b");
});

test("bytes are hex and amounts strings", () => {
  const { log, lines } = recorded();
  log.say("info", "x", { hash: new Uint8Array([1, 255]), amount: 2n ** 63n });
  const line = JSON.parse(lines[0]!);
  assert.equal(line.hash, "01ff");
  assert.equal(line.amount, "9223372036854775808");
});

test("a flood of one kind spends its hour; what was left out is counted; others are heard", () => {
  const { log, lines, clock } = recorded();
  for (let i = 0; i < 100_000; i++) log.event(ready("x"));
  const bytes = lines.join("").length;
  assert.ok(bytes < 2 * lineBytesPerHour, `${bytes} bytes`);
  const written = lines.length;
  log.event({ type: "sealed", height: 1, hash: "00".repeat(32) as never });
  assert.equal(lines.length, written + 1);
  clock.ms = 3_600_000;
  log.event(ready("x"));
  const suppressed = JSON.parse(lines[written + 1]!);
  assert.equal(suppressed.suppressed, 100_000 - written);
  assert.match(suppressed.msg, /^suppressed \d+ lines of peer-ready$/);
  assert.equal(lines.length, written + 3);
});

test("what the program says has a budget too, and no text of it begins a line of its own", () => {
  const { log, lines } = recorded({ json: false });
  for (let i = 0; i < 50_000; i++) log.say("warn", `HTTP: ${"x".repeat(100)}`);
  assert.ok(lines.join("").length < 2 * lineBytesPerHour);
  const other = recorded({ json: false });
  other.log.say("warn", "a\u001b[2J\n12:00:00 info  all is well");
  assert.deepEqual(
    other.lines[0]!.split("\n").map((line) => line.slice(9)),
    ["warn  a\\u001b[2J", "0 info  all is well", ""],
  );
});

test("the level decides, and nothing is counted below it", () => {
  const { log, lines } = recorded({ level: "warn" });
  for (let i = 0; i < 10_000; i++) log.event(ready("x"));
  log.close();
  assert.deepEqual(lines, []);
  const loud = recorded({ level: "debug" });
  loud.log.event({ type: "dialling", conn: 1 as Conn, address: "a:1" });
  assert.equal(loud.lines.length, 1);
});

test("the file gets JSON lines of its own, private; a path that does not work is named", () =>
  inFolder((folder) => {
    const file = join(folder, "node.log");
    const { log } = recorded({ file, json: false });
    log.event(ready("x"));
    log.close();
    assert.equal(JSON.parse(readFileSync(file, "utf8")).event, "peer-ready");
    assert.throws(
      () => recorded({ file: join(folder, "none", "x.log") }),
      (error: HostError) => error instanceof HostError && /--log-file/.test(error.mend),
    );
  }));
