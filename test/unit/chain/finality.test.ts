/** What becomes final, when it counts, and what is left of it after a crash. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "../../../src/base/bytes.ts";
import { finalityKey } from "../../../src/chain/records.ts";
import type { Ticket } from "../../../src/edge/conn.ts";
import { decodeCertificate } from "../../../src/model/certificate.ts";
import type { Built } from "../../support/built.ts";
import { ChainBuilder } from "../../support/chain-builder.ts";
import { networkOf } from "../../support/chain-network.ts";
import { ChainWorld, sourceOf, storeAfter } from "../../support/chain-world.ts";

const builder = new ChainBuilder(networkOf(4));
const { genesis } = builder;
const alice = sourceOf(1);
const bob = sourceOf(2);

const kinds = (results: readonly { readonly type: string }[]) => results.map((r) => r.type);
const finalEvents = ({ events }: ChainWorld) =>
  events.flatMap((event) => (event.type === "finalized" ? [event.height] : []));

test("without votes nothing is final, however long the chain", () => {
  const world = new ChainWorld(builder);
  for (const block of builder.chain(genesis, 90)) world.block(block);
  world.persisted();
  assert.equal(world.chain.finalized.height, 0);
  assert.equal(world.chain.anchor.hash, genesis.hash);
});

test("a block is final when its child of the next slot is certified and that is durable", () => {
  const world = new ChainWorld(builder);
  const [a1, a2, a3] = builder.certified(genesis, 3) as [Built, Built, Built];
  for (const block of [a1, a2]) world.block(block, alice);
  assert.equal(world.chain.justified.hash, a1.hash);
  world.persisted();
  assert.equal(world.chain.finalized.height, 0, "a source needs a target");
  world.votes(a2, [0, 1, 3], alice);
  assert.equal(world.chain.finalized.height, 0, "not before it is durable");
  const batch = world.batches.at(-1)!;
  assert.ok(batch.sync);
  assert.deepEqual(batch.durableTip, { height: 2, hash: a2.hash });
  world.chain.onPersisted((world.batches.length - 1) as Ticket);
  assert.deepEqual(finalEvents(world), []);
  world.persisted();
  assert.deepEqual(world.chain.finalized, { height: 1, slot: 1, hash: a1.hash });
  assert.deepEqual(finalEvents(world), [1]);
  world.block(a3, alice);
  world.persisted();
  assert.deepEqual(finalEvents(world), [1], "the same certificate again is no news");
});

test("with a slot between source and target nothing is final", () => {
  const world = new ChainWorld(builder);
  const [a1] = builder.chain(genesis, 1) as [Built];
  const a2 = builder.block(a1, { slot: 3, certificate: builder.certificateFor(a1) });
  const a3 = builder.block(a2, { slot: 5, certificate: builder.certificateFor(a2) });
  for (const block of [a1, a2, a3]) world.block(block);
  world.votes(a3, [0, 1, 2]);
  world.persisted();
  assert.equal(world.chain.justified.hash, a3.hash);
  assert.equal(world.chain.finalized.height, 0);
});

test("adjacent blocks are not enough: the certified child must have its parent for source", () => {
  const world = new ChainWorld(builder);
  const [a1, a2] = builder.chain(genesis, 2) as [Built, Built];
  for (const block of [a1, a2]) world.block(block);
  world.votes(a1, [0, 1, 2]);
  world.votes(a2, [0, 1, 2]);
  world.persisted();
  assert.equal(world.chain.justified.hash, a2.hash);
  assert.equal(world.chain.finalized.height, 0);
});

test("while finality is being written, no branch without that block is taken", () => {
  const world = new ChainWorld(builder);
  const [a1, a2] = builder.certified(genesis, 2) as [Built, Built];
  for (const block of [a1, a2]) world.block(block);
  world.certificate(builder.certificateFor(a2));
  for (const block of builder.chain(genesis, 9, 11)) world.block(block, bob);
  assert.equal(world.chain.head.hash, a2.hash);
  assert.equal(world.chain.finalized.height, 0);
  world.persisted();
  assert.equal(world.chain.finalized.hash, a1.hash);
  assert.equal(world.chain.head.hash, a2.hash);
});

test("what becomes final while finality is being written follows it, and nothing is left out", () => {
  const world = new ChainWorld(builder);
  const chain = builder.certified(genesis, 8);
  for (const block of chain) world.block(block);
  assert.equal(world.chain.finalized.height, 0);
  world.persisted();
  assert.equal(world.chain.finalized.height, 1, "the one that was being written");
  world.persisted();
  assert.deepEqual(finalEvents(world), [1, 6]);
  const records = storeAfter(world.batches, world.batches.length);
  for (const height of [1, 6]) {
    const certificate = decodeCertificate(records.get(toHex(finalityKey(height)))!);
    assert.ok(!("code" in certificate));
    assert.equal(certificate.data.sourceHash, chain[height - 1]!.hash);
  }
});

test("a block that was proven final but is not executed yet is final when it is", () => {
  const world = new ChainWorld(builder);
  const chain = builder.certified(genesis, 4);
  world.headers(chain);
  world.certificate(builder.certificateFor(chain[3]!), alice);
  for (const block of chain.slice(1)) world.body(block);
  assert.equal(world.chain.justified.hash, genesis.hash);
  world.persisted();
  assert.equal(world.chain.finalized.height, 0);
  world.body(chain[0]!);
  world.persisted();
  assert.equal(world.chain.finalized.hash, chain[2]!.hash);
});

test("the root of the tree is what the final block names as justified, never the final block", () => {
  const world = new ChainWorld(builder);
  const [a1, a2] = builder.certified(genesis, 2) as [Built, Built];
  const gap = builder.block(a2, { slot: 5, certificate: builder.certificateFor(a2) });
  const a4 = builder.block(gap, { slot: 6, certificate: builder.certificateFor(gap) });
  const a5 = builder.block(a4, { slot: 7, certificate: builder.certificateFor(a4) });
  for (const block of [a1, a2, gap, a4, a5]) {
    world.block(block);
    world.persisted();
  }
  assert.equal(world.chain.finalized.hash, gap.hash);
  assert.equal(world.chain.anchor.hash, a2.hash, "two slots below");
  const fork = builder.block(a2, { slot: 9, certificate: builder.certificateFor(a2) });
  const results = kinds(world.block(fork, bob));
  assert.deepEqual(results, ["pending", "side"], "its proof can still be found");
  const deep = builder.block(a1, { slot: 10 });
  const [verdict] = world.block(deep, bob);
  assert.ok(verdict?.type === "rejected");
  assert.equal(verdict.rejection.code, "header-fork-too-deep");
});

test("a header beside the final block whose source is buried is too deep, and nobody is blamed", () => {
  const world = new ChainWorld(builder);
  const [a1, a2] = builder.chain(genesis, 2) as [Built, Built];
  const a3 = builder.block(a2, { certificate: builder.certificateFor(a2) });
  const beside = builder.block(a2, { slot: 9, certificate: builder.certificateFor(a1) });
  const rest = builder.certified(a3, 4);
  for (const block of [a1, a2, a3, ...rest]) {
    world.block(block);
    world.persisted();
  }
  assert.ok(world.chain.anchor.height >= 2);
  const late = builder.block(rest[2]!, { slot: 20 });
  const lie = { certHash: new Uint8Array(32).fill(1), justifiedSlot: 0 };
  assert.equal(world.headers([late]).accepted, 1);
  assert.equal(world.headers([beside]).rejection?.code, "header-fork-too-deep");
  assert.equal(world.headers([builder.block(late, { lie })]).rejection?.code, "header-justified");
});

test("a lone validator votes too: each block is final one slot later", () => {
  const solo = new ChainBuilder(networkOf(1));
  const world = new ChainWorld(solo);
  let at = solo.genesis;
  for (let slot = 1; slot <= 6; slot++) {
    const certificate = slot === 1 ? undefined : solo.certificateFor(at);
    at = solo.block(at, { slot, certificate });
    world.block(at, alice);
    world.votes(at, [0]);
    world.persisted();
    assert.equal(world.chain.finalized.height, slot - 1);
  }
  assert.equal(world.restarted().chain.finalized.height, 5);
});

test("a store after any batch keeps finality and what is justified, and is never damaged", () => {
  const world = new ChainWorld(builder);
  const chain = builder.certified(genesis, 7);
  const side = builder.chain(chain[4]!, 2, 30);
  const last = chain.at(-1)!;
  let reported = 0;
  const finalAfter: number[] = [];
  const note = () => {
    reported = world.chain.finalized.height;
    while (finalAfter.length < world.batches.length) finalAfter.push(reported);
  };
  for (const block of [...chain, ...side]) {
    world.block(block, alice);
    world.votes(block, [0, 1, 2]);
    note();
    if (block.height % 2 === 0) world.persisted();
    note();
  }
  const byHash = new Map([genesis, ...chain, ...side].map((block) => [block.hash, block]));
  let best = 0;
  for (let count = 1; count <= world.batches.length; count++) {
    const again = world.restarted(count);
    const { finalized, head, justified, anchor } = again.chain;
    assert.ok(finalized.height >= best, "it never falls");
    assert.ok(finalized.height >= finalAfter[count - 1]!, "what was reported is in the store");
    best = finalized.height;
    assert.ok(justified.height >= finalized.height && head.height >= justified.height);
    assert.ok(anchor.height <= finalized.height);
    assert.equal(again.root, builder.rootAt(byHash.get(head.hash)!));
    for (const block of [...chain, ...side]) again.block(block);
    again.certificate(builder.certificateFor(last));
    for (let i = 0; i < 3; i++) again.persisted();
    assert.equal(again.chain.justified.hash, world.chain.justified.hash, `after ${count}`);
    assert.equal(again.chain.finalized.hash, chain[5]!.hash);
    assert.equal(again.root, world.root);
  }
});
