import assert from "node:assert/strict";
import { test } from "node:test";
import { sealPreimage } from "../../../src/model/header.ts";
import { chainLimits } from "../../../src/params/limits.ts";
import type { Built } from "../../support/built.ts";
import { ChainBuilder } from "../../support/chain-builder.ts";
import { cheapSignatures, networkOf, seedOf, slotMs } from "../../support/chain-network.ts";
import { ChainWorld, sourceOf, spoken } from "../../support/chain-world.ts";

const builder = new ChainBuilder(networkOf(4));
const { genesis } = builder;
const alice = sourceOf(1);
const bob = sourceOf(2);
const carol = sourceOf(3);
const nine = new Uint8Array(32).fill(9);

const kinds = (results: readonly { readonly type: string }[]) => results.map((r) => r.type);

test("a fresh chain stands at genesis and has written it first", () => {
  const { chain, batches } = new ChainWorld(builder);
  assert.equal(chain.head.hash, genesis.hash);
  assert.equal(chain.anchor, chain.head);
  assert.deepEqual(chain.finalized, { height: 0, slot: 0, hash: genesis.hash });
  assert.equal(chain.justified, chain.head);
  assert.equal(batches.length, 1);
  assert.equal(chain.view.confirmations(genesis.hash), 1);
});

test("results name who gave the body, not who gave the header or the child", () => {
  const world = new ChainWorld(builder);
  const bad = builder.block(genesis, { slot: 5, lie: { stateRoot: nine } });
  const child = builder.block(bad);
  const [good] = builder.chain(genesis, 1, 4);
  world.block(good!, carol);
  world.headers([bad, child], alice);
  assert.deepEqual(world.body(bad, bob), [{ type: "side", hash: bad.hash, source: bob }]);
  const results = world.body(child, alice);
  assert.equal(results.length, 1);
  const [verdict] = results;
  assert.ok(verdict?.type === "rejected" && verdict.source === bob && verdict.hash === bad.hash);
  assert.deepEqual(
    world.body(child, carol).map((r) => r.source),
    [carol],
  );
});

test("a head moved by a late verdict names the source of the new head", () => {
  const world = new ChainWorld(builder, { autoVerify: false });
  const a1 = builder.block(genesis, { transactions: [builder.transfer(0, 1, 0)] });
  const a2 = builder.block(a1, { transactions: [builder.transfer(0, 1, 1)] });
  const a3 = builder.block(a2, { transactions: [builder.transfer(0, 1, 2)] });
  world.headers([a1, a2, a3], carol);
  for (const [block, source] of [
    [a1, alice],
    [a2, bob],
    [a3, alice],
  ] as const) {
    assert.deepEqual(kinds(world.body(block, source)), ["pending"]);
  }
  assert.equal(world.jobs.length, 3);
  assert.deepEqual(kinds(world.verify(2)), ["pending"]);
  assert.deepEqual(kinds(world.verify(1)), ["pending"]);
  const [moved] = world.verify(0);
  assert.ok(moved?.type === "moved" && moved.source === alice);
  assert.deepEqual(
    moved.connected.map((b) => b.header.hash),
    [a1.hash, a2.hash, a3.hash],
  );
});

test("late, repeated and unknown verdicts change nothing", () => {
  const world = new ChainWorld(builder, { autoVerify: false });
  const a1 = builder.block(genesis, { transactions: [builder.transfer(0, 1, 0)] });
  world.block(a1, alice);
  const { job } = world.jobs[0]!;
  assert.deepEqual(world.chain.onVerified(99 as typeof job, 0), []);
  assert.deepEqual(kinds(world.verify()), ["moved"]);
  assert.deepEqual(world.chain.onVerified(job, 0), []);
  assert.equal(world.chain.head.hash, a1.hash);
  assert.deepEqual(kinds(world.block(a1, bob)), ["duplicate"]);
});

test("a bounded number of bodies is under signature check at once, the others follow", () => {
  const world = new ChainWorld(builder, { autoVerify: false });
  const blocks = builder.certified(genesis, chainLimits.verifyJobsMax + 7);
  world.headers(blocks);
  for (const block of blocks) world.body(block);
  assert.equal(world.jobs.length, chainLimits.verifyJobsMax);
  let isFull = true;
  while (world.jobs.length > 0) {
    world.verify(world.jobs.length - 1);
    isFull &&= world.jobs.length <= chainLimits.verifyJobsMax;
  }
  world.drain();
  assert.ok(isFull);
  assert.equal(world.chain.head.hash, blocks.at(-1)!.hash);
});

test("one step executes a bounded number of blocks and the next ticks go on", () => {
  const world = new ChainWorld(builder);
  const blocks = builder.certified(genesis, 200);
  world.headers(blocks);
  for (const block of blocks.slice(1)) world.body(block);
  assert.equal(world.chain.missingBodies(9)[0]?.hash, blocks[0]!.hash);
  const [moved] = world.body(blocks[0]!);
  assert.ok(moved?.type === "moved");
  assert.equal(moved.connected.length, chainLimits.connectBlocksPerStepMax);
  assert.ok(world.chain.deadline > world.clock.monotonicMs);
  assert.equal(kinds(world.drain()).filter((type) => type === "moved").length, 3);
  assert.equal(world.chain.head.height, 200);
});

test("our own block is written durably, and the result carries its ticket", () => {
  const world = new ChainWorld(builder);
  const unsealed = world.chain.duties.buildBlock(5, builder.file.validators[1]!, () => [
    builder.transfer(0, 1, 0),
    builder.transfer(0, 1, 7),
  ]);
  assert.ok(unsealed !== undefined);
  const { header, body } = unsealed;
  assert.equal(header.txCount, 1);
  assert.equal(world.root, builder.rootAt(genesis));
  const preimage = sealPreimage(builder.genesisId, header.hash);
  const sealed = { header, seal: cheapSignatures.sign(seedOf(1), preimage) };
  assert.deepEqual(kinds(world.chain.importBlock(sealed, body, undefined)), ["pending"]);
  const [moved] = world.verify();
  assert.ok(moved?.type === "moved" && moved.source === undefined);
  assert.equal(moved.ticket, world.batches.length);
  const batch = world.batches.at(-1)!;
  assert.ok(batch.sync);
  assert.deepEqual(batch.durableTip, { height: 1, hash: header.hash });
});

test("blocks of others become durable within two seconds, and only then is nothing due", () => {
  const world = new ChainWorld(builder);
  const [a1] = builder.chain(genesis, 1);
  world.block(a1!, alice);
  assert.ok(world.batches.every((batch) => !batch.sync));
  const dueMs = world.chain.deadline - world.clock.monotonicMs;
  assert.equal(dueMs, chainLimits.persistSyncMs);
  world.advance(dueMs - 1);
  assert.equal(world.batches.length, 2);
  world.advance(1);
  assert.deepEqual(world.batches.at(-1), {
    writes: [],
    sync: true,
    durableTip: { height: 1, hash: a1!.hash },
  });
  assert.equal(world.chain.deadline, Number.POSITIVE_INFINITY);
});

test("the body and header of a block may be overwritten by the caller afterwards", () => {
  const world = new ChainWorld(builder, { autoVerify: false });
  const a1 = builder.block(genesis, { transactions: [builder.transfer(0, 1, 0)] });
  const borrowed = a1.body.slice();
  world.chain.importBlock(a1.sealed, borrowed, alice);
  borrowed.fill(0);
  assert.deepEqual(kinds(world.verify()), ["moved"]);
});

test("a branch that forks off below the anchor is refused and reported once", () => {
  const world = new ChainWorld(builder);
  const long = builder.certified(genesis, 12);
  for (const block of long) {
    world.block(block);
    world.persisted();
  }
  const fork = builder.chain(genesis, 30, 300);
  const verdict = world.headers(fork, alice);
  assert.equal(verdict.accepted, 0);
  assert.equal(verdict.rejection?.code, "header-fork-too-deep");
  assert.equal(world.headers(fork, alice).accepted, 0);
  const reports = world.events.filter((event) => event.type === "deep-fork-refused");
  assert.equal(reports.length, 1);
  const [old] = world.block(fork[1]!, alice);
  assert.ok(old?.type === "rejected" && old.rejection.code === "header-fork-too-deep");
  assert.equal(world.chain.head.hash, long.at(-1)!.hash);
  assert.deepEqual(kinds(world.block(long[0]!, alice)), ["duplicate"]);
  assert.deepEqual(kinds(world.block(genesis, alice)), ["duplicate"]);
  assert.deepEqual(world.headers(long, alice), { accepted: 0 });
});

test("the deepest branch that may win starts at the justified block", () => {
  const world = new ChainWorld(builder);
  const certified = builder.certified(genesis, 12);
  const long = [...certified, ...builder.chain(certified[11]!, 80)];
  for (const block of long) world.block(block);
  world.persisted();
  assert.equal(world.chain.justified.hash, long[10]!.hash);
  for (const block of builder.chain(long[9]!, 100, 200)) world.block(block);
  assert.equal(world.chain.head.hash, long.at(-1)!.hash);
  const fork = builder.chain(long[10]!, 82, 400);
  for (const block of fork) world.block(block);
  assert.equal(world.chain.head.hash, fork.at(-1)!.hash);
  assert.equal(world.root, builder.rootAt(fork.at(-1)!));
  assert.equal(world.restarted().chain.head.hash, fork.at(-1)!.hash);
});

test("future blocks are few, wait without a place in the tree, and come in order", () => {
  const world = new ChainWorld(builder, { slot: 10 });
  const [a1, a2] = builder.chain(genesis, 2, 11) as [Built, Built];
  assert.deepEqual(spoken(world.block(a2), new Map([[a2.hash, "a2"]])), ["future a2"]);
  assert.deepEqual(kinds(world.block(a1)), ["future"]);
  assert.equal(world.chain.sizes.future, 2);
  assert.equal(world.chain.has(a1.hash), false);
  const waitMs = world.chain.deadline - world.clock.monotonicMs;
  assert.ok(waitMs < slotMs);
  assert.deepEqual(kinds(world.advance(waitMs)), ["moved"]);
  assert.deepEqual(kinds(world.advance(slotMs)), ["moved"]);
  assert.deepEqual(
    { ...world.chain.sizes, bodyBytes: 0 },
    {
      nodes: 3,
      bodyBytes: 0,
      orphans: 0,
      future: 0,
      slots: 3,
      votes: 0,
      parked: 0,
      sets: 1,
    },
  );
});
