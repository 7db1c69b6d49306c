import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { rejection } from "../../../src/model/rule-code.ts";
import { UploadTarget } from "../../../src/net/relay/upload-target.ts";
import { Verdicts } from "../../../src/net/relay/verdicts.ts";
import { connectionLimits, relayLimits } from "../../../src/params/limits.ts";
import { VirtualClock } from "../../support/session-pair.ts";

describe("a verdict", () => {
  test("is remembered of good objects and of bad signatures, not of what may change", () => {
    const verdicts = new Verdicts(new VirtualClock());
    verdicts.onGood("a");
    verdicts.onRefused("b", rejection("vote-signature", "bad"));
    verdicts.onRefused("c", rejection("vote-slot", "too early"));
    assert.equal(verdicts.of("a"), "good");
    assert.deepEqual(verdicts.of("b"), rejection("vote-signature", "bad"));
    assert.equal(verdicts.of("c"), undefined);
  });

  test("is forgotten with age, and the least used first when there are too many", () => {
    const clock = new VirtualClock();
    const verdicts = new Verdicts(clock);
    verdicts.onGood("old");
    clock.monotonicMs += relayLimits.seenMs + 1;
    assert.equal(verdicts.of("old"), undefined);
    for (let n = 0; n < 2 * relayLimits.verdictsMax; n++) {
      verdicts.onGood(`${n}`);
      verdicts.of("0");
    }
    assert.equal(verdicts.size, relayLimits.verdictsMax);
    assert.equal(verdicts.of("0"), "good");
    assert.equal(verdicts.of("1"), undefined);
  });
});

test("a daily target is spent until the day is over, and none is never spent", () => {
  const clock = new VirtualClock();
  const target = new UploadTarget(clock, 1_000);
  const none = new UploadTarget(clock, 0);
  for (const each of [target, none]) each.onSent(999);
  assert.equal(target.isSpent, false);
  for (const each of [target, none]) each.onSent(1);
  assert.deepEqual([target.isSpent, none.isSpent], [true, false]);
  clock.monotonicMs += connectionLimits.uploadDayMs - 1;
  assert.equal(target.isSpent, true);
  clock.monotonicMs += 1;
  assert.equal(target.isSpent, false);
});
