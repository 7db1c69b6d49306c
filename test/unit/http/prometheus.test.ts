/** What a Prometheus server reads at `/metrics`: its text format, names, labels and figures. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { PublicKey } from "../../../src/model/ids.ts";
import { SoloNode } from "../../support/solo-node.ts";
import { appOf } from "./api-under-test.ts";

interface Family {
  readonly type: string;
  readonly help: string;
  /** By labels as they stand, `{a="b"}` or nothing, and suffix. */
  readonly samples: Map<string, number>;
}

const headers = { host: "127.0.0.1:5321" };

/** Demands the text format, version 0.0.4, as strictly as its grammar. */
function parse(text: string): Map<string, Family> {
  assert.ok(text.endsWith("\n"));
  const families = new Map<string, Family>();
  let help: readonly [string, string] | undefined;
  let current = "";
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const comment = /^# (HELP|TYPE) ([a-z_]+) (.+)$/.exec(line);
    if (comment?.[1] === "HELP") help = [comment[2]!, comment[3]!];
    else if (comment !== null) {
      current = comment[2]!;
      assert.ok(help?.[0] === current && !families.has(current), "said once, after its help");
      families.set(current, { type: comment[3]!, help: help[1], samples: new Map() });
    } else {
      const sample =
        /^([a-z_]+?)(_bucket|_sum|_count)?((?:\{[a-z]+="[^"\\\n]*"\})?) (-?[0-9.e+-]+)$/.exec(line);
      assert.ok(sample !== null, line);
      const [, name, suffix = "", labels, value] = sample;
      assert.equal(name, current, line);
      const { samples } = families.get(name!)!;
      assert.ok(!samples.has(suffix + labels), "a series once");
      samples.set(suffix + labels, Number(value));
    }
  }
  return families;
}

async function scrape(node: SoloNode) {
  const answer = await appOf(node).inject({ url: "/metrics", headers });
  assert.equal(answer.statusCode, 200);
  assert.equal(answer.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
  const families = parse(answer.body);
  return { families, of: (name: string, labels = "") => families.get(name)?.samples.get(labels) };
}

test("what is counted, gauged and distributed is what the node knows", async () => {
  const solo = new SoloNode();
  solo.runSlots(5);
  const { of } = await scrape(solo);
  assert.equal(of("windlass_height"), 5);
  assert.equal(of("windlass_slot"), 5);
  assert.equal(of("windlass_justified_height"), 5);
  assert.equal(of("windlass_finalized_height"), 4);
  assert.equal(of("windlass_finalized_lag_slots"), 1);
  assert.equal(of("windlass_blocks_sealed_total"), 5);
  assert.equal(of("windlass_votes_total"), 5);
  assert.equal(of("windlass_missed_slots_total"), 0);
  assert.deepEqual(
    [of("windlass_peers", '{direction="inbound"}'), of("windlass_peers", '{direction="outbound"}')],
    [0, 0],
  );
  assert.deepEqual([of("windlass_synced"), of("windlass_halted")], [1, 0]);
  assert.deepEqual([of("windlass_mempool_transactions"), of("windlass_mempool_bytes")], [0, 0]);
  assert.deepEqual([of("windlass_received_bytes_total"), of("windlass_sent_bytes_total")], [0, 0]);
  assert.equal(of("windlass_deflate_saved_bytes_total"), 0);
  assert.equal(of("windlass_clock_offset_seconds"), undefined, "no peer told the time");
  const finality = "windlass_time_to_finality_seconds";
  assert.deepEqual([of(finality, "_count"), of(finality, "_sum")], [4, 4]);
  assert.deepEqual(
    ["0.5", "1", "+Inf"].map((le) => of(finality, `_bucket{le="${le}"}`)),
    [0, 4, 4],
  );
  assert.equal(of("windlass_vote_latency_seconds", "_count"), 5);
  assert.ok(of("windlass_resident_memory_bytes")! > 1e6);
  assert.ok(of("windlass_cpu_seconds_total")! > 0);
});

test("reorgs are counted by their depth, evidence by its kind", async () => {
  const solo = new SoloNode();
  const { hash } = solo.node.queries.head();
  const moved = { type: "head-moved", height: 0, hash, slot: 0, transactions: 0 } as const;
  solo.metrics.onEvent({ ...moved, disconnected: 4, connected: 5 });
  const [validator] = solo.file.validators as [PublicKey];
  solo.metrics.onEvent({ type: "evidence-found", validator, kind: "surround", slot: 1 });
  const { of } = await scrape(solo);
  const depth = "windlass_reorg_depth_blocks";
  assert.deepEqual(
    ["3", "5"].map((le) => of(depth, `_bucket{le="${le}"}`)),
    [0, 1],
  );
  assert.deepEqual(
    ["double-seal", "double-vote", "surround"].map((kind) =>
      of("windlass_evidence_total", `{kind="${kind}"}`),
    ),
    [0, 0, 1],
  );
});

test("names say what they are: counters end in total, times are seconds, sizes bytes", async () => {
  const { families } = await scrape(new SoloNode());
  assert.ok(families.size > 30);
  for (const [name, { type, help }] of families) {
    assert.match(name, /^windlass_[a-z]+(_[a-z]+)*$/);
    assert.equal(name.endsWith("_total"), type === "counter", name);
    if (type === "histogram") assert.match(name, /_(seconds|blocks)$/);
    assert.doesNotMatch(name, /_(ms|milliseconds|kb|mb)(_|$)/);
    assert.ok(help.length > 10 && !help.endsWith("."), name);
  }
});

test("series are the same at every scrape, and nobody outside chooses a label", async () => {
  const solo = new SoloNode();
  await scrape(solo);
  solo.runSlots(3);
  const series = async () =>
    [...(await scrape(solo)).families]
      .flatMap(([name, { samples }]) => [...samples.keys()].map((labels) => name + labels))
      .filter((name) => !name.startsWith("windlass_event_loop_lag_seconds"))
      .sort();
  const before = await series();
  solo.runSlots(40);
  assert.deepEqual(await series(), before);
  const labels = before.flatMap((name) => [...name.matchAll(/\{([a-z]+)=/g)].map(([, at]) => at));
  assert.deepEqual(new Set(labels), new Set(["direction", "kind", "le"]));
});

test("two nodes in one process do not share figures", async () => {
  const [one, two] = [new SoloNode(), new SoloNode()];
  one.runSlots(4);
  assert.equal((await scrape(one)).of("windlass_votes_total"), 4);
  assert.equal((await scrape(two)).of("windlass_votes_total"), 0);
});

test("the query must be empty, as everywhere", async () => {
  const app = appOf(new SoloNode());
  assert.equal((await app.inject({ url: "/metrics?name=x", headers })).statusCode, 400);
});
