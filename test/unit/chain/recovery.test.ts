import assert from "node:assert/strict";
import { test } from "node:test";
import { sealPreimage } from "../../../src/model/header.ts";
import { encodeVoteData, votePreimage } from "../../../src/model/vote.ts";
import { ChainBuilder } from "../../support/chain-builder.ts";
import { ChainWorld } from "../../support/chain-world.ts";
import { after, codes, grow, key, peer, recovered } from "./recovery-story.ts";

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
