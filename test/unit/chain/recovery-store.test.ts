import assert from "node:assert/strict";
import { test } from "node:test";
import { StoreRefused } from "../../../src/chain/adopt-recoveries.ts";
import { haltWrite } from "../../../src/chain/halt-record.ts";
import { ChainBuilder } from "../../support/chain-builder.ts";
import { networkOf } from "../../support/chain-network.ts";
import { ChainWorld } from "../../support/chain-world.ts";
import { after, codes, grow, key, recovered, recoveryOn } from "./recovery-story.ts";

const isRefused = (pattern: RegExp) => (error: unknown) =>
  error instanceof StoreRefused && pattern.test(error.message);

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
  const { builder, kept, r } = recovered();
  const world = new ChainWorld(builder);
  grow(world, kept);
  assert.equal(world.chain.finalized.height, 2);
  const beside = builder.block(kept[1]!, { slot: 9 });
  for (const block of [kept[0]!, { ...kept[1]!, hash: beside.hash }]) {
    const trust = { recoveries: [recoveryOn(builder, block)] };
    assert.throws(() => world.restarted(undefined, { trust }), isRefused(/is final, which/));
  }
  const early = recoveryOn(builder, r, { minSlot: r.slot });
  assert.throws(
    () => world.restarted(undefined, { trust: { recoveries: [early] } }),
    isRefused(/minSlot|begins with slot/),
  );
});

test("a network recovers a second time", () => {
  const { builder, kept, r, recovery } = recovered();
  const again = after(builder, r, 50, 2);
  const second = recoveryOn(builder, again[2]!, {
    validators: [key(9), key(1)],
    minSlot: 90,
    recoveryId: "77".repeat(32),
  });
  const once = new ChainWorld(builder, { trust: { recoveries: [recovery] } });
  grow(once, [...kept, ...again]);
  builder.recover(second);
  const trust = { recoveries: [recovery, second] };
  const next = after(builder, again[2]!, 90, 3);
  const fresh = new ChainWorld(builder, { trust });
  grow(fresh, [...kept, ...again]);
  for (const world of [once.restarted(undefined, { trust }), fresh]) {
    assert.deepEqual(codes(grow(world, next)), []);
    assert.equal(world.chain.head.hash, next[3]!.hash);
    assert.equal(world.chain.finalized.hash, next[1]!.hash);
  }
  const alone = { recoveries: [second] };
  assert.throws(() => once.restarted(undefined, { trust: alone }), isRefused(/went through/));
});

test("genesis may be the block of a recovery", () => {
  const builder = new ChainBuilder(networkOf(4));
  const { genesis } = builder;
  const recovery = recoveryOn(builder, genesis);
  builder.recover(recovery);
  const world = new ChainWorld(builder, { trust: { recoveries: [recovery] } });
  const blocks = builder.certified(builder.block(genesis, { slot: 50 }), 3);
  assert.deepEqual(codes(grow(world, [blocks[0]!.parent!, ...blocks])), []);
  assert.equal(world.chain.finalized.hash, blocks[0]!.hash);
});

test("a safety halt ends with a recovery, and the branch given up does not bring it back", () => {
  const { builder, kept, r, trust } = recovered();
  const old = new ChainWorld(builder);
  // Beside R, above its parent: certified, and of a later slot.
  const beside = builder.block(kept[2]!, { slot: 20 });
  grow(old, [...kept, beside]);
  old.certificate(builder.certificateFor(beside, [0, 1, 2]));
  const [one, two] = [builder.certificateFor(r), builder.certificateFor(r, [1, 2, 3])];
  const conflict = { detail: "both are final", certificates: [one, two] };
  old.batches.push({ writes: [haltWrite(conflict)], sync: true, durableTip: undefined });
  assert.ok(old.restarted().chain.halted);
  const world = old.restarted(undefined, { trust });
  grow(world, []);
  assert.equal(world.chain.halted, undefined);
  assert.equal(world.chain.head.hash, r.hash);
  world.batches.unshift(...old.batches);
  assert.equal(world.restarted(undefined, { trust }).chain.halted, undefined);
});
