import assert from "node:assert/strict";
import test from "node:test";
import type { Conn } from "../../../src/edge/conn.ts";
import {
  grouped,
  LonelyReasons,
  type StatusView,
  statusLine,
} from "../../../src/host/status-line.ts";

const info = {
  height: 1284,
  headHash: `${"7b3f0a11".padEnd(60, "0")}91c2`,
  finalizedHeight: 1278,
  peers: { inbound: 3, outbound: 5 },
  mempool: 14,
};
const extra = { wallMs: 0, reasons: "tried 1, 1 refused", durableHeight: 0 };
const line = (sync: Partial<StatusView["sync"]>, more = {}) =>
  statusLine(
    {
      info,
      sync: {
        state: "synced",
        currentHeight: 1284,
        targetHeight: 9020,
        blocksPerSecond: 0,
        ...sync,
      },
    },
    { ...extra, ...more },
  ).slice(9);

test("the state word comes first, then always the same order", () => {
  assert.equal(
    line({}),
    "SYNCED   height 1,284 (7b3f0a11..91c2)  final 1,278  peers 8 (5 out 3 in)  mempool 14",
  );
  assert.equal(
    line({ state: "syncing", blocksPerSecond: 310 }),
    "SYNCING  1,284 / 9,020 (14 %)  310 blocks/s  ~25 s left  peers 8 (5 out 3 in)",
  );
  const ranges = [{ blocks: 1000 }, { blocks: 28 }];
  assert.match(
    line({ state: "syncing", ranges }),
    /\(14 %\) {2}fetching 1,028 from 2 peers {2}peers/,
  );
  assert.match(
    line({ state: "lonely" }),
    /^LONELY {3}no peers: tried 1, 1 refused {2}height 1,284/,
  );
});

test("a node that halted says nothing before that", () => {
  for (const state of ["synced", "syncing", "lonely"] as const) {
    const sync = { state, currentHeight: 1284, targetHeight: 9020, blocksPerSecond: 0 };
    const halted = statusLine({ info: { ...info, halted: "a and b" }, sync }, extra);
    assert.equal(
      halted.slice(9),
      "HALTED   two final blocks contradict each other, see the log  " +
        "height 1,284 (7b3f0a11..91c2)  final 1,278  peers 8 (5 out 3 in)",
    );
  }
});

test("a lost final block is an error until it is back", () => {
  assert.match(line({}, { durableHeight: 1279 }), /ERROR: final block 1,279 was lost/);
  assert.doesNotMatch(line({}, { durableHeight: 1278 }), /ERROR/);
});

test("reasons are counted since the last peer, and bounded", () => {
  const reasons = new LonelyReasons();
  const failed = (reason: string) =>
    reasons.onEvent({ type: "dial-failed", address: "a:1", reason, retryMs: 1 });
  for (const reason of ["refused", "refused", "timed out"]) failed(reason);
  assert.equal(reasons.text, "tried 3, 2 refused, 1 timed out");
  for (let i = 0; i < 1000; i++) failed(`reason ${i}`);
  assert.ok(reasons.text.length < 200);
  reasons.onEvent({
    type: "peer-ready",
    conn: 1 as Conn,
    nodeId: "" as never,
    address: "",
    inbound: false,
    agent: "",
    height: 0,
  });
  assert.equal(reasons.text, "waiting for one to connect");
});

test("numbers are grouped by thousands", () => {
  assert.deepEqual([0, 999, 1000, 1234567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
  assert.equal(grouped(10n ** 18n), "1,000,000,000,000,000,000");
});

test("while a dial is under way it says whom it dials", () => {
  const reasons = new LonelyReasons();
  const dial = (conn: number, address: string) =>
    reasons.onEvent({ type: "dialling", conn: conn as Conn, address });
  dial(1, "127.0.0.1:4322");
  assert.equal(reasons.text, "dialling 127.0.0.1:4322");
  dial(2, "a.example:1");
  assert.equal(reasons.text, "dialling 127.0.0.1:4322 and 1 more");
  reasons.onEvent({
    ...{ type: "dial-failed", address: "127.0.0.1:4322", reason: "refused", retryMs: 1 },
  });
  assert.equal(reasons.text, "dialling a.example:1; tried 1, 1 refused");
  reasons.onEvent({
    ...{ type: "peer-closed", conn: 2 as Conn, nodeId: undefined, address: "10.0.0.1:1" },
    ...{ code: "closed", detail: "", byUs: false },
  });
  assert.equal(reasons.text, "tried 2, 1 refused, 1 closed");
});
