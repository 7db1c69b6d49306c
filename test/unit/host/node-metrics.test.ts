/** Figures of a node from its events: what counts, since when, and that it stays bounded. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TreeNode } from "../../../src/chain/tree-node.ts";
import { Samples } from "../../../src/host/metrics/samples.ts";
import { SlotLog, slotsMax } from "../../../src/host/metrics/slot-log.ts";
import type { BlockHash, PublicKey } from "../../../src/model/ids.ts";
import { SoloNode } from "../../support/solo-node.ts";

const [a, b, c] = ["aa", "bb", "cc"] as readonly string[] as readonly PublicKey[] & string[];
const set = [a, b, c] as PublicKey[];

/** A chain of blocks in `slots`, each sealed by its leader; only what the log reads. */
function chainOf(slots: readonly number[], parent?: TreeNode): TreeNode {
  return slots.reduce<TreeNode | undefined>((below, slot) => {
    const header = { sealer: set[slot % 3] };
    const hash = `${below?.hash ?? ""}/${slot}` as BlockHash;
    return { slot, hash, height: (below?.height ?? -1) + 1, header, parent: below } as TreeNode;
  }, parent)!;
}

const newLog = () => new SlotLog({ validatorsOf: () => set });

test("summaries are of the newest thousand values, the count of all", () => {
  const samples = new Samples();
  assert.deepEqual(samples.summary(), { count: 0, last: null, median: null, p95: null, max: null });
  samples.add(7);
  assert.deepEqual(samples.summary(), { count: 1, last: 7, median: 7, p95: 7, max: 7 });
  for (let value = 1; value <= 1000; value++) samples.add(value);
  assert.deepEqual(samples.summary(), {
    count: 1001,
    last: 1000,
    median: 500,
    p95: 950,
    max: 1000,
  });
});

test("a slot is missed by its leader once a later block stands on the chain without it", () => {
  const log = newLog();
  const early = chainOf([0, 1, 2]);
  log.follow(early, false, true);
  assert.equal(log.missed().size, 0, "slot 3 may still come");
  log.follow(chainOf([5], early), false, true);
  assert.deepEqual(
    log.missed(),
    new Map([
      [a, 1],
      [b, 1],
    ]),
  );
  assert.deepEqual(
    log.sealed(),
    new Map([
      [b, 1],
      [c, 5],
    ]),
  );
});

test("empty slots are counted between two slots, as far as the log knows them", () => {
  const log = newLog();
  log.follow(chainOf([0, 1, 4, 5, 9]), false, true);
  assert.equal(log.emptySlots(1, 9), 5);
  assert.equal(log.emptySlots(5, 8), 3);
  assert.equal(log.emptySlots(10, 50), 0, "none is known");
  assert.equal(log.emptySlots(0, 1_000_000_000), 0, "nor looked for beyond a thousand");
});

test("after a reorg the slots are those of the new branch", () => {
  const log = newLog();
  const root = chainOf([0, 1]);
  const left = chainOf([2, 4], root);
  const right = chainOf([3, 5], root);
  log.follow(left, false, true);
  assert.deepEqual(log.missed(), new Map([[a, 1]]));
  log.follow(right, true, true);
  assert.deepEqual(
    log.missed(),
    new Map([
      [b, 1],
      [c, 1],
    ]),
  );
  log.follow(chainOf([7], left), true, true);
  assert.deepEqual(
    log.missed(),
    new Map([
      [a, 2],
      [c, 1],
    ]),
  );
  assert.deepEqual(
    log.sealed(),
    new Map([
      [b, 7],
      [c, 2],
    ]),
  );
});

test("the log covers the newest thousand slots, however long the chain and its gaps are", () => {
  const log = newLog();
  let head = chainOf([0, 1]);
  for (let slot = 2; slot < 3000; slot += 2) {
    head = chainOf([slot], head);
    log.follow(head, false, true);
  }
  const missed = [...log.missed().values()].reduce((sum, count) => sum + count, 0);
  assert.equal(missed, slotsMax / 2);
  log.follow(chainOf([1_000_000], head), false, true);
  const all = [...log.missed().values()].reduce((sum, count) => sum + count, 0);
  assert.equal(all, slotsMax - 1);
});

test("time to finality is of blocks that came live, those in between included", () => {
  const log = newLog();
  const synced = chainOf([0, 1, 2, 3]);
  log.follow(synced, false, false);
  log.follow(chainOf([4, 6], synced), false, true);
  assert.deepEqual([...log.liveSlots(1, 6)], [4, 6]);
  log.follow(chainOf([4, 6], synced), true, false);
  assert.deepEqual([...log.liveSlots(1, 6)], [4, 6], "a block stays what it was");
});

test("a lone validator votes at once, is final one slot later, and misses nothing", () => {
  const solo = new SoloNode();
  solo.runSlots(10);
  const view = solo.metrics.view();
  assert.deepEqual([view.sealed, view.votes, view.finalized], [10, 10, 9]);
  const zero = { count: 10, last: 0, median: 0, p95: 0, max: 0 };
  assert.deepEqual(view.voteLatencyMs, zero);
  assert.deepEqual(view.timeToFinalityMs, {
    count: 9,
    last: 1000,
    median: 1000,
    p95: 1000,
    max: 1000,
  });
  assert.deepEqual(view.missedSlots, { count: 0, window: slotsMax, final: 0 });
  assert.deepEqual(view.reorgDepth.count, 0);
  assert.deepEqual(view.evidence, { doubleSeal: 0, doubleVote: 0, surround: 0 });
});

test("events count: reorgs by depth, evidence by kind, halts", () => {
  const solo = new SoloNode();
  const { hash } = solo.node.queries.head();
  const moved = { type: "head-moved", height: 0, hash, slot: 0, transactions: 0 } as const;
  solo.metrics.onEvent({ ...moved, disconnected: 3, connected: 4 });
  solo.metrics.onEvent({ ...moved, disconnected: 0, connected: 1 });
  const [validator] = solo.file.validators as [PublicKey];
  for (const kind of ["double-vote", "surround", "double-vote"] as const) {
    solo.metrics.onEvent({ type: "evidence-found", validator, kind, slot: 1 });
  }
  solo.metrics.onEvent({ type: "safety-halt", detail: "" });
  const view = solo.metrics.view();
  assert.deepEqual([view.reorgDepth.count, view.reorgDepth.max], [1, 3]);
  assert.deepEqual(view.evidence, { doubleSeal: 0, doubleVote: 2, surround: 1 });
  assert.equal(view.safetyHalts, 1);
});
