import assert from "node:assert/strict";
import { test } from "node:test";
import type { NodeEvent } from "../../../src/edge/event.ts";
import type { PublicKey } from "../../../src/model/ids.ts";
import { Reach, type ReachParts } from "../../../src/node/reach.ts";
import { connectionLimits } from "../../../src/params/limits.ts";
import { idOf, pass, testEnv } from "../net/net-fixture.ts";

const { reachMs, reachPeersMax, reachSlots } = connectionLimits;
const slotMs = 1000;
const keys = Array.from({ length: 4 }, (_, i) => `${i}`.padStart(64, "f") as PublicKey);

function world() {
  const env = testEnv(1);
  const events: NodeEvent[] = [];
  const votes = new Map<PublicKey, number>();
  const current = { state: "synced" as "synced" | "syncing" | "lonely" };
  const file = { genesisTimeMs: env.clock.wallMs, slotMs } as ReachParts["file"];
  const reach = new Reach(env, {
    file,
    state: () => current.state,
    validators: () => keys,
    votersSince: (slot) => new Set([...votes].filter(([, at]) => at >= slot).map(([key]) => key)),
    notify: (event) => events.push(event),
  });
  let slot = 0;
  /** Time passes, and `voting` vote. */
  const run = (slots: number, voting: readonly PublicKey[] = keys) => {
    for (let i = 0; i < slots; i++) {
      slot++;
      for (const key of voting) votes.set(key, slot);
      pass(env, slotMs);
      assert.ok(reach.deadline <= env.clock.monotonicMs, "it is due when the slot begins");
      reach.tick();
      assert.ok(reach.deadline > env.clock.monotonicMs, "the next slot lies ahead");
    }
  };
  return { env, events, reach, run, current };
}

const alarms = (events: readonly NodeEvent[]) =>
  events.map((event) => event.type === "reach-changed" && event.isPartitioned);

test("more than a third of the validators unheard for some slots is an alarm, and its end is told", () => {
  const { events, reach, run } = world();
  run(20);
  run(reachSlots + 2, keys.slice(0, 3));
  assert.deepEqual(events, [], "a quarter is not a third");
  run(reachSlots, keys.slice(0, 2));
  assert.deepEqual(events, [], "not before they were silent for long");
  run(2, keys.slice(0, 2));
  assert.deepEqual(alarms(events), [true]);
  assert.deepEqual(reach.view().validators, { count: 4, silent: 2 });
  run(1);
  assert.deepEqual(alarms(events), [true, false]);
});

test("most known peers lost for some slots is an alarm; those we let go are not missing", () => {
  const { events, reach, run } = world();
  for (let i = 0; i < 6; i++) reach.onReady(idOf(i));
  run(5);
  reach.onClosed(idOf(0), "too-many-peers");
  reach.onClosed(idOf(1), "duplicate");
  run(reachSlots + 1);
  assert.deepEqual(reach.view().peers, { known: 5, reached: 5 });
  for (let i = 1; i < 4; i++) reach.onClosed(idOf(i), "timeout-pong");
  run(reachSlots - 1);
  assert.deepEqual(events, []);
  run(1);
  assert.deepEqual(alarms(events), [true]);
  reach.onReady(idOf(1));
  run(1);
  assert.deepEqual(alarms(events), [true, false]);
});

test("a node that catches up, or never followed, says nothing; with few peers neither", () => {
  const { events, run, current, reach } = world();
  current.state = "syncing";
  run(3 * reachSlots, []);
  current.state = "lonely";
  run(3 * reachSlots, []);
  assert.deepEqual(events, []);
  current.state = "synced";
  for (let i = 0; i < 3; i++) reach.onReady(idOf(i));
  run(1);
  for (let i = 0; i < 3; i++) reach.onClosed(idOf(i), "closed");
  run(3 * reachSlots);
  assert.deepEqual(events, []);
});

test("when no more can be known, one that is missing is forgotten, not one that is here", () => {
  const { reach } = world();
  for (let i = 0; i < reachPeersMax; i++) reach.onReady(idOf(i));
  reach.onClosed(idOf(reachPeersMax - 1), "closed");
  reach.onReady(idOf(reachPeersMax));
  assert.deepEqual(reach.view().peers, { known: reachPeersMax, reached: reachPeersMax });
});

test("known peers are bounded, and one that is lost is missed for an hour", () => {
  const { env, reach } = world();
  for (let i = 0; i < 1000; i++) reach.onReady(idOf(i));
  assert.equal(reach.view().peers.known, reachPeersMax);
  for (let i = 0; i < 1000; i++) reach.onClosed(idOf(i), "closed");
  assert.deepEqual(reach.view().peers, { known: reachPeersMax, reached: 0 });
  pass(env, reachMs);
  assert.equal(reach.view().peers.known, 0);
});
