import assert from "node:assert/strict";
import test from "node:test";
import type { NodeEvent } from "../../../src/edge/event.ts";
import { doppelgangerError } from "../../../src/host/doppelganger.ts";
import { type EventLevel, eventText, levelOf } from "../../../src/host/event-text.ts";
import { exitCodes } from "../../../src/host/host-error.ts";
import type { BlockHash, PublicKey } from "../../../src/model/ids.ts";

const hash = `7b3f0a11${"0".repeat(52)}91c2` as BlockHash;
const validator = "ab".repeat(32) as PublicKey;
const shortHash = "7b3f0a11\\.\\.91c2";

const cases: readonly (readonly [NodeEvent, EventLevel, RegExp])[] = [
  [
    { type: "justified", slot: 8, height: 7, hash },
    "debug",
    new RegExp(`^block 7 ${shortHash}, slot 8, is justified$`),
  ],
  [{ type: "voted", slot: 8, hash }, "debug", new RegExp(`^voted for block ${shortHash}, slot 8$`)],
  [
    { type: "vote-refused", slot: 8, reason: "target slot 8 is not above the floor, 8" },
    "warn",
    /^no vote in slot 8: target slot 8 is not above/,
  ],
  [
    { type: "finalized", slot: 8, height: 7, hash },
    "debug",
    new RegExp(`^block 7 ${shortHash}, slot 8, is final$`),
  ],
  [
    { type: "evidence-found", validator, kind: "double-seal", slot: 8 },
    "warn",
    /^validator abababab\.\.abab cheated in slot 8: it sealed two blocks of one slot$/,
  ],
  [
    { type: "evidence-found", validator, kind: "double-vote", slot: 8 },
    "warn",
    /it voted for two blocks of one slot$/,
  ],
  [
    { type: "evidence-found", validator, kind: "surround", slot: 8 },
    "warn",
    /one of its votes surrounds another$/,
  ],
  [
    { type: "safety-halt", detail: `${hash} and ${validator}` },
    "error",
    new RegExp(`^HALTED: .*keep its data folder.*Settle.*: ${hash} and ${validator}$`),
  ],
  [
    { type: "doppelganger", what: "vote", slot: 8 },
    "error",
    /^a vote of slot 8 by our validator key came from somebody else$/,
  ],
  [{ type: "clock-jumped", byMs: -7000 }, "warn", /jumped by -7000 ms: sealing and voting rest/],
  [
    { type: "clock-compared", byMs: 2100, peers: 5, isOff: true },
    "warn",
    /^our clock is 2100 ms behind those of 5 peers: check its synchronisation$/,
  ],
  [
    { type: "clock-compared", byMs: -2100, peers: 5, isOff: true },
    "warn",
    /^our clock is 2100 ms ahead of those of 5 peers/,
  ],
  [
    { type: "clock-compared", byMs: 3, peers: 4, isOff: false },
    "info",
    /^our clock agrees again with those of 4 peers$/,
  ],
  [
    { type: "validators-changed", height: 7, count: 5 },
    "info",
    /^from block 8 on there are 5 validators$/,
  ],
  [
    { type: "validators-changed", height: 7, count: 1 },
    "info",
    /^from block 8 on there is 1 validator$/,
  ],
];

test("each fact about finality has its level and its words", () => {
  for (const [event, level, text] of cases) {
    assert.equal(levelOf(event), level, event.type);
    assert.match(eventText(event), text);
  }
});

test("what somebody else signed with our key ends the program with a code of its own", () => {
  const error = doppelgangerError({ type: "doppelganger", what: "seal", slot: 8 });
  assert.equal(error.exitCode, 8);
  assert.match(error.message, /a seal of slot 8 .* another node uses the same key/);
  assert.match(error.mend, /find that node and stop it/);
  const codes = Object.values(exitCodes);
  assert.equal(new Set(codes).size, codes.length, "no exit code means two things");
});
