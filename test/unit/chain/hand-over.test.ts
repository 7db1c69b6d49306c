/** The validator set changes: who judges which header, before and after, on which branch. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "../../../src/base/bytes.ts";
import { setKey } from "../../../src/chain/records.ts";
import { StoreDamaged } from "../../../src/chain/restore.ts";
import { validatorsHash } from "../../../src/model/validator-set.ts";
import type { Built } from "../../support/built.ts";
import { keyOf, seedOf } from "../../support/chain-network.ts";
import { ChainWorld, imageOf, sourceOf, storeAfter } from "../../support/chain-world.ts";
import { add, builder, decided, fifth, old } from "../../support/joining-validator.ts";

const { genesis } = builder;
const alice = sourceOf(1);

/**
 *   g ── c1 ── c2 ── c3 ── c4 ── …      each carries the certificate of its parent
 *        decided     │     └ of five validators
 *                    └ carries that of c2, so c1 is final: it hands over
 */
const c1 = builder.block(genesis, { transactions: decided(add) });
const chain = [c1, ...builder.certified(c1, 8)];
const [, c2, c3, c4] = chain as [Built, Built, Built, Built];

function worldOf(blocks: readonly Built[]): ChainWorld {
  const world = new ChainWorld(builder);
  for (const block of blocks) {
    world.block(block);
    world.persisted();
  }
  assert.equal(world.chain.head.hash, blocks.at(-1)!.hash);
  return world;
}

test("a set takes over in the child of the block by which its decision is final on chain", () => {
  const nexts = chain.map(({ sealed }) => toHex(sealed.header.nextValidatorsHash));
  const [four, five] = [old, [...old, fifth]].map((set) => toHex(validatorsHash(set)));
  assert.deepEqual(nexts.slice(0, 4), [four, four, five, five]);
  const world = worldOf(chain);
  assert.deepEqual(world.state.validators(), [...old, fifth]);
  assert.equal(c4.sealed.header.sealer, fifth, "slot 4 of five is the new one's");
  assert.ok(world.chain.finalized.height >= 6);
});

test("the set in charge of a block votes for it: the old one for the block that hands over", () => {
  const world = worldOf(chain.slice(0, 4));
  assert.deepEqual(world.chain.duties.validatorsOf(world.chain.node(c3.hash)!), old);
  assert.deepEqual(world.chain.duties.validatorsOf(world.chain.node(c4.hash)!), [...old, fifth]);
  const results = world.votes(c4, [0, 1, 4]);
  assert.ok(results.every((result) => result.type === "vote"));
  assert.equal(world.chain.justified.hash, c3.hash, "three of five are no quorum");
  world.votes(c4, [2]);
  assert.equal(world.chain.justified.hash, c4.hash);
  const three = builder.certificateFor(c4, [0, 1, 4]);
  const bad = builder.block(c4, { certificate: three });
  const [verdict] = world.block(bad).filter((result) => result.type === "rejected");
  assert.equal(verdict?.rejection.code, "certificate-quorum");
});

test("a header after a hand-over is unready until the block that hands over is executed", () => {
  const world = new ChainWorld(builder);
  assert.deepEqual(world.headers(chain, alice), { accepted: 3, isUnready: true });
  assert.equal(world.chain.bestHeader.hash, c3.hash);
  assert.equal(world.chain.sizes.orphans, 0, "it is not kept");
  for (const block of [c2, c3]) world.body(block, alice);
  assert.deepEqual(world.headers(chain, alice), { accepted: 0, isUnready: true });
  world.body(c1, alice);
  assert.equal(world.chain.head.hash, c3.hash);
  assert.deepEqual(world.headers(chain, alice), { accepted: chain.length - 3 });
  for (const block of chain.slice(3)) world.body(block, alice);
  assert.equal(world.chain.head.hash, chain.at(-1)!.hash);
});

test("a whole block after a hand-over asks for its parent, and comes in when that is executed", () => {
  const world = worldOf([c1, c2]);
  const [result] = world.block(c4, alice);
  assert.deepEqual(result, { type: "orphan", hash: c4.hash, missing: c3.hash, source: alice });
  world.block(c3, alice);
  world.block(c4, alice);
  assert.equal(world.chain.head.hash, c4.hash);
});

test("a branch that hands over is followed from a sibling of the block that does", () => {
  const world = new ChainWorld(builder);
  const sibling = builder.block(c2, { slot: 8 });
  for (const block of [c1, c2, sibling, c3]) world.block(block, alice);
  assert.equal(world.chain.head.hash, sibling.hash, "of two at its height it has the better rank");
  assert.deepEqual(world.headers(chain, alice), { accepted: chain.length - 3 });
  for (const block of chain.slice(3)) world.body(block, alice);
  assert.equal(world.chain.head.hash, chain.at(-1)!.hash);
});

test("a sibling of the block that hands over knows after a restart who comes next", () => {
  const world = new ChainWorld(builder);
  const sibling = builder.block(c2, { slot: 8 });
  for (const block of [c1, c2, sibling]) world.block(block, alice);
  world.persisted();
  const again = world.restarted(world.batches.length);
  assert.equal(again.chain.head.hash, sibling.hash);
  assert.deepEqual(again.headers(chain, alice), { accepted: chain.length - 2 });
});

test("a header whose set nobody could know is refused where the parent says otherwise", () => {
  const world = worldOf([c1, c2]);
  const lie = { validatorsHash: new Uint8Array(32).fill(9) };
  const { rejection } = world.headers([builder.block(c2, { lie })], alice);
  assert.equal(rejection?.code, "header-validators");
});

test("a branch that does not show the decision to be final keeps the old set", () => {
  const world = worldOf(chain.slice(0, 4));
  const plain = builder.block(c2, { slot: 7 });
  const on = builder.block(plain, { slot: 8 });
  assert.deepEqual(on.validators, old);
  world.headers([plain, on]);
  for (const block of [plain, on]) world.body(block);
  assert.deepEqual(world.chain.duties.validatorsOf(world.chain.node(on.hash)!), old);
  assert.equal(world.chain.node(on.hash)?.rank, 0, "slot 8 of four");
});

test("votes for a block after a hand-over wait when we are behind, the new one's too", () => {
  const world = worldOf([c1, c2]);
  world.votes(c4, [0, 1, 2, 4], alice);
  assert.equal(world.chain.sizes.votes, 3, "the fifth is a stranger so far");
  world.block(c3, alice);
  world.block(c4, alice);
  assert.equal(world.chain.justified.hash, c3.hash);
  world.votes(c4, [4], alice);
  assert.equal(world.chain.justified.hash, c4.hash);
});

test("a restart knows the sets that its blocks name, and misses one loudly", () => {
  for (let length = 3; length <= chain.length; length++) {
    const world = worldOf(chain.slice(0, length));
    for (let count = 1; count <= world.batches.length; count++) {
      const again = world.restarted(count);
      for (const block of chain) again.block(block);
      assert.equal(again.chain.head.hash, chain.at(-1)!.hash, `${count} of ${length}`);
    }
  }
});

test("a store that names a set which it does not hold is refused loudly", () => {
  const sixth = { ...add, validator: keyOf(seedOf(101)) };
  const transactions = decided(sixth, 1n, [1, 2, 3]).map((transaction) =>
    transaction.sender === old[3] ? builder.signed({ ...transaction, nonce: 0n }) : transaction,
  );
  const d4 = builder.block(c3, { transactions, certificate: builder.certificateFor(c3) });
  const world = worldOf([c1, c2, c3, d4, ...builder.certified(d4, 3)]);
  assert.equal(world.state.validators().length, 6);
  assert.equal(world.chain.anchor.hash, d4.hash);
  const records = storeAfter(world.batches, world.batches.length);
  assert.ok(new ChainWorld(builder, { image: imageOf(records) }));
  records.delete(toHex(setKey(validatorsHash([...old, fifth]))));
  assert.throws(() => new ChainWorld(builder, { image: imageOf(records) }), StoreDamaged);
});

test("undoing a hand-over brings the old set back, and the chain goes on with either", () => {
  const world = worldOf(chain.slice(0, 3));
  assert.equal(world.state.validators().length, 5);
  const plain = builder.chain(c2, 3, 20);
  for (const block of plain) world.block(block);
  assert.equal(world.chain.head.hash, plain[2]!.hash, "c2 is justified, so it may");
  assert.deepEqual(world.state.validators(), old);
  const again = builder.chain(c3, 3, 40);
  for (const block of again) world.block(block);
  assert.equal(world.chain.head.hash, again[2]!.hash);
  assert.equal(world.state.validators().length, 5);
  assert.equal(world.root, builder.rootAt(again[2]!));
});
