import assert from "node:assert/strict";
import { test } from "node:test";
import { StoreRefused } from "../../../src/chain/adopt-recoveries.ts";
import { haltWrite } from "../../../src/chain/halt-record.ts";
import type { Imported } from "../../../src/chain/imported.ts";
import { sealPreimage } from "../../../src/model/header.ts";
import type { Recovery } from "../../../src/model/recovery.ts";
import { encodeVoteData, votePreimage } from "../../../src/model/vote.ts";
import type { Built } from "../../support/built.ts";
import { ChainBuilder } from "../../support/chain-builder.ts";
import { keyOf, networkOf, seedOf } from "../../support/chain-network.ts";
import { ChainWorld, sourceOf } from "../../support/chain-world.ts";

const peer = sourceOf(1);
const key = (number: number) => keyOf(seedOf(number));

/**
 * Four validators; blocks 1 to 4 are final or justified, `lost` were built with two of four.
 *
 *   g ─ 1 ─ 2 ─ 3 ─ R ─ x1 ─ x2 ─ x3       R = 4, justified; 3 is final by votes
 */
function story() {
  const builder = new ChainBuilder(networkOf(4));
  const kept = builder.certified(builder.genesis, 4);
  const last = kept[3]!;
  const first = builder.block(last, { certificate: builder.certificateFor(last) });
  const lost = [first, ...builder.chain(first, 2)];
  return { builder, kept, r: last, lost };
}

function recoveryOn(block: Built, over: Partial<Recovery> = {}): Recovery {
  return {
    network: "",
    block: { height: block.height, hash: block.hash },
    validators: [key(0), key(1), key(9)],
    minSlot: 50,
    recoveryId: "5a".repeat(32),
    ...over,
  } as Recovery;
}

function recovered(over: Partial<Recovery> = {}) {
  const { builder, kept, r, lost } = story();
  const recovery = recoveryOn(r, { network: builder.genesis.hash, ...over });
  builder.recover(recovery);
  return { builder, kept, r, lost, recovery, trust: { recoveries: [recovery] } };
}

const codes = (results: readonly Imported[]) =>
  results.flatMap((result) =>
    result.type === "rejected" || result.type === "refused" ? [result.rejection.code] : [],
  );

const isRefused = (pattern: RegExp) => (error: unknown) =>
  error instanceof StoreRefused && pattern.test(error.message);

/** The first block of the new validators, and `count` more, each with a certificate. */
function after(builder: ChainBuilder, block: Built, slot: number, count: number): Built[] {
  const first = builder.block(block, { slot });
  return [first, ...builder.certified(first, count)];
}

function grow(world: ChainWorld, blocks: readonly Built[]): Imported[] {
  const results = blocks.flatMap((block) => world.block(block, peer));
  for (let rounds = 0; rounds < 3; rounds++) {
    results.push(...world.drain());
    world.persisted();
  }
  return results;
}

test("with the recovery its block is final, and the new validators go on and make blocks final", () => {
  const { builder, kept, r, trust } = recovered();
  const world = new ChainWorld(builder, { trust });
  grow(world, kept);
  assert.equal(world.chain.finalized.hash, r.hash);
  assert.equal(world.chain.justified.hash, r.hash);
  const next = after(builder, r, 50, 3);
  assert.equal(next[0]!.sealed.header.justifiedHash, r.hash);
  assert.deepEqual(codes(grow(world, next)), []);
  assert.equal(world.chain.head.hash, next[3]!.hash);
  assert.deepEqual([...world.state.validators()], [key(0), key(1), key(9)]);
  assert.equal(world.chain.finalized.hash, next[1]!.hash);
});

test("the votes of the new set alone make a quorum, and those of the old set count for nothing", () => {
  const { builder, kept, r, trust } = recovered();
  const world = new ChainWorld(builder, { trust });
  const child = builder.block(r, { slot: 51 });
  const next = builder.block(child);
  grow(world, [...kept, child, next]);
  const old = builder.vote({ ...child, validators: [key(2)] }, 0);
  assert.deepEqual(codes(world.vote(old, peer)), ["vote-stranger"]);
  world.votes(child, [0, 2]);
  assert.equal(world.chain.justified.hash, child.hash);
});

test("a vote or a seal of before does not count after, by whoever's key", () => {
  const { builder, kept, r, trust } = recovered();
  const world = new ChainWorld(builder, { trust });
  const child = builder.block(r, { slot: 51 });
  grow(world, [...kept, child]);
  const good = builder.vote(child, 0);
  const data = encodeVoteData(good);
  const signature = builder.sign(key(0), votePreimage(builder.genesisId, data));
  assert.deepEqual(codes(world.vote({ ...good, signature }, peer)), ["vote-signature"]);
  const { sealer, hash } = child.sealed.header;
  const seal = builder.sign(sealer, sealPreimage(builder.genesisId, hash));
  const other = builder.block(r, { slot: 54, seal });
  assert.deepEqual(codes(world.block(other, peer)), ["header-seal"]);
});

test("a certificate of before is no certificate of after", () => {
  const { builder, kept, r, trust } = recovered();
  const plain = new ChainBuilder(builder.file);
  const world = new ChainWorld(builder, { trust });
  const child = builder.block(r, { slot: 51 });
  grow(world, [...kept, child]);
  const forged = plain.certificateFor(child, [0, 1, 2]);
  assert.deepEqual(codes(world.certificate(forged, peer)), ["certificate-signature"]);
  const carrier = builder.block(child, { certificate: forged });
  assert.deepEqual(codes(world.block(carrier, peer)), ["certificate-signature"]);
});

test("no other block stands at the height of its block", () => {
  const { builder, kept, trust } = recovered();
  const world = new ChainWorld(builder, { trust });
  grow(world, kept.slice(0, 3));
  const other = builder.block(kept[2]!, { slot: 20 });
  assert.deepEqual(codes(world.block(other, peer)), ["header-recovery"]);
});

test("above its block slots begin at minSlot, below it they end before", () => {
  const { builder, kept, r, lost, trust } = recovered();
  const world = new ChainWorld(builder, { trust });
  grow(world, kept.slice(0, 3));
  const early = builder.block(r, { slot: 49 });
  const late = builder.block(kept[1]!, { slot: 50 });
  assert.deepEqual(codes(world.block(late, peer)), ["header-recovery"]);
  assert.deepEqual(codes(grow(world, [r])), []);
  for (const block of [early, ...lost]) {
    assert.deepEqual(codes(world.block(block, peer)), ["header-recovery"]);
  }
});

test("a child of its block names the new validators, and the block itself as justified", () => {
  const { builder, kept, r, trust } = recovered();
  const world = new ChainWorld(builder, { trust });
  grow(world, kept);
  const { validatorsHash, justifiedSlot, justifiedHash } = r.sealed.header;
  const sealer = key(2);
  const lie = { validatorsHash, sealer };
  const asBefore = builder.block(r, { slot: 50, lie, seal: new Uint8Array(64) });
  assert.deepEqual(codes(world.block(asBefore, peer)), ["header-validators"]);
  const unraised = builder.block(r, { slot: 50, lie: { justifiedSlot, justifiedHash } });
  assert.deepEqual(codes(world.block(unraised, peer)), ["header-certificate"]);
  const carrying = builder.block(r, { slot: 50, certificate: builder.certificateFor(r) });
  assert.deepEqual(codes(world.block(carrying, peer)), ["header-certificate"]);
});

test("the cap counts from its block", () => {
  const { builder, kept, r, trust } = recovered();
  const world = new ChainWorld(builder, { trust });
  const long = builder.chain(r, 101, 50);
  assert.deepEqual(codes(grow(world, [...kept, ...long])), ["header-cap"]);
  assert.equal(world.chain.head.height, r.height + 100);
});

test("proposals, jail and what was pending are gone after it, and come back when it is undone", () => {
  const { builder, kept, r, trust } = recovered();
  const world = new ChainWorld(builder, { trust });
  const one = builder.block(r, { slot: 50 });
  const two = builder.block(r, { slot: 51 });
  const three = builder.block(two);
  grow(world, [...kept, one]);
  const root = world.root;
  grow(world, [two, three]);
  assert.equal(world.chain.head.hash, three.hash);
  assert.notEqual(world.root, root);
  assert.equal(world.root, builder.rootAt(three));
});

test("nothing is sealed or voted for before its block is here and its slots have begun", () => {
  const { builder, kept, r, trust } = recovered();
  const world = new ChainWorld(builder, { trust });
  grow(world, kept.slice(0, 2));
  const { duties } = world.chain;
  for (let slot = 5; slot < 60; slot++) {
    for (const each of builder.file.validators) {
      assert.equal(
        duties.buildBlock(slot, each, () => []),
        undefined,
      );
    }
  }
  grow(world, kept.slice(2));
  assert.ok(!duties.standsOnFinal(world.chain.node(r.hash)!));
  const leader = (slot: number) => [key(0), key(1), key(9)][slot % 3]!;
  assert.equal(
    duties.buildBlock(49, leader(49), () => []),
    undefined,
  );
  assert.ok(duties.leads(leader(50), 50));
  const built = duties.buildBlock(50, leader(50), () => []);
  assert.equal(built?.header.hash, builder.block(r, { slot: 50 }).hash);
});

test("a store that built on the old validators gives those blocks up when it adopts one", () => {
  const { builder, kept, r, lost, trust } = recovered();
  const old = new ChainWorld(builder);
  grow(old, [...kept, ...lost]);
  assert.equal(old.chain.head.hash, lost[2]!.hash);
  const world = old.restarted(undefined, { trust });
  assert.equal(world.chain.head.hash, r.hash);
  assert.equal(world.root, builder.rootAt(r));
  world.persisted();
  assert.equal(world.chain.finalized.hash, r.hash);
  const next = after(builder, r, 50, 3);
  assert.deepEqual(codes(grow(world, next)), []);
  assert.equal(world.chain.finalized.hash, next[1]!.hash);
});

test("what is left on disk after adopting starts again, and at every batch of it", () => {
  const { builder, kept, r, lost, trust } = recovered();
  const old = new ChainWorld(builder);
  grow(old, [...kept, ...lost]);
  const world = old.restarted(undefined, { trust });
  const next = after(builder, r, 50, 2);
  grow(world, next);
  const all = [...old.batches, ...world.batches];
  for (let count = old.batches.length; count <= all.length; count++) {
    world.batches.length = 0;
    world.batches.push(...all.slice(0, count));
    const again = world.restarted(undefined, { trust });
    assert.ok(again.chain.head.height >= r.height);
    assert.deepEqual(codes(grow(again, next)), []);
    assert.equal(again.chain.head.hash, next[2]!.hash);
  }
});

test("a store that went through a recovery does not start without it, or with another", () => {
  const { builder, kept, recovery, trust } = recovered();
  const world = new ChainWorld(builder, { trust });
  grow(world, kept);
  const refused = isRefused(/went through a recovery/);
  assert.throws(() => world.restarted(), refused);
  for (const over of [{ minSlot: 51 }, { recoveryId: "5b".repeat(32) }]) {
    const other = { recoveries: [{ ...recovery, ...over }] };
    assert.throws(() => world.restarted(undefined, { trust: other }), refused);
  }
  assert.equal(world.restarted(undefined, { trust }).chain.head.hash, world.chain.head.hash);
});

test("a recovery that contradicts what is final here is refused", () => {
  const { builder, kept, r } = story();
  const world = new ChainWorld(builder);
  grow(world, kept);
  assert.equal(world.chain.finalized.height, 2);
  const beside = builder.block(kept[1]!, { slot: 9 });
  for (const block of [kept[0]!, { ...kept[1]!, hash: beside.hash }]) {
    const trust = { recoveries: [recoveryOn(block, { network: builder.genesis.hash })] };
    assert.throws(() => world.restarted(undefined, { trust }), isRefused(/is final, which/));
  }
  const early = recoveryOn(r, { network: builder.genesis.hash, minSlot: r.slot });
  assert.throws(
    () => world.restarted(undefined, { trust: { recoveries: [early] } }),
    isRefused(/minSlot|begins with slot/),
  );
});

test("a network recovers a second time", () => {
  const { builder, kept, r, recovery } = recovered();
  const again = after(builder, r, 50, 2);
  const second = recoveryOn(again[2]!, {
    network: builder.genesis.hash,
    validators: [key(9), key(1)],
    minSlot: 90,
    recoveryId: "77".repeat(32),
  });
  const once = new ChainWorld(builder, { trust: { recoveries: [recovery] } });
  grow(once, [...kept, ...again]);
  builder.recover(second);
  const trust = { recoveries: [recovery, second] };
  const worlds = [once.restarted(undefined, { trust }), new ChainWorld(builder, { trust })];
  const next = after(builder, again[2]!, 90, 3);
  for (const world of worlds) {
    assert.deepEqual(codes(grow(world, [...kept, ...again, ...next])), []);
    assert.equal(world.chain.head.hash, next[3]!.hash);
    assert.equal(world.chain.finalized.hash, next[1]!.hash);
  }
  const alone = { recoveries: [second] };
  assert.throws(() => once.restarted(undefined, { trust: alone }), isRefused(/went through/));
});

test("genesis may be the block of a recovery", () => {
  const builder = new ChainBuilder(networkOf(4));
  const { genesis } = builder;
  const recovery = recoveryOn(genesis, { network: genesis.hash });
  builder.recover(recovery);
  const world = new ChainWorld(builder, { trust: { recoveries: [recovery] } });
  const blocks = builder.certified(builder.block(genesis, { slot: 50 }), 3);
  assert.deepEqual(codes(grow(world, [blocks[0]!.parent!, ...blocks])), []);
  assert.equal(world.chain.finalized.hash, blocks[0]!.hash);
});

test("a safety halt ends with a recovery, and the branch given up does not bring it back", () => {
  const { builder, kept, r, trust } = recovered();
  const plain = new ChainBuilder(builder.file);
  const old = new ChainWorld(builder);
  // Beside R, above its parent: certified, and of a later slot.
  const beside = plain.block(kept[2]!, { slot: 20 });
  grow(old, [...kept, beside]);
  old.certificate(plain.certificateFor(beside, [0, 1, 2]));
  const [one, two] = [plain.certificateFor(r), plain.certificateFor(r, [1, 2, 3])];
  const conflict = { detail: "both are final", certificates: [one, two] };
  old.batches.push({ writes: [haltWrite(conflict)], sync: true, durableTip: undefined });
  assert.ok(old.restarted().chain.halted);
  const world = old.restarted(undefined, { trust });
  grow(world, []);
  assert.equal(world.chain.halted, undefined);
  assert.equal(world.chain.head.hash, r.hash);
  assert.equal(world.restarted(undefined, { trust }).chain.halted, undefined);
});
