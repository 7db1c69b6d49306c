/** The timer of a host, on the real loop. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { Alarm } from "../../../src/host/alarm.ts";

test("a deadline that has passed rings in the next turn of the loop, once", async () => {
  let rings = 0;
  const alarm = new Alarm(() => rings++);
  alarm.arm(performance.now() - 5);
  assert.deepEqual([alarm.isArmed, rings], [true, 0], "never from inside the call");
  for (let turn = 0; turn < 3; turn++) await nextTurn();
  assert.deepEqual([alarm.isArmed, rings], [false, 1]);
});

test("a nearer deadline takes the place of a far one, and what was stopped never rings", async () => {
  let rings = 0;
  const alarm = new Alarm(() => rings++);
  alarm.arm(performance.now() + 3_600_000);
  alarm.arm(0);
  for (let turn = 0; turn < 3; turn++) await nextTurn();
  assert.deepEqual([alarm.isArmed, rings], [false, 1]);
  alarm.arm(0);
  alarm.stop();
  alarm.arm(0);
  for (let turn = 0; turn < 3; turn++) await nextTurn();
  assert.deepEqual([alarm.isArmed, rings], [false, 1]);
});
