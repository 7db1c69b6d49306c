/**
 * Blocks, votes and certificates in any order give the same chain: what is justified and final is
 * that of the definition (`finality/final-of.ts`), worked out anew from all there is.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { finalOf } from "../../../src/finality/final-of.ts";
import type { BlockHash } from "../../../src/model/ids.ts";
import type { Vote } from "../../../src/model/vote.ts";
import type { Built } from "../../support/built.ts";
import { ChainBuilder } from "../../support/chain-builder.ts";
import { networkOf } from "../../support/chain-network.ts";
import { ChainWorld } from "../../support/chain-world.ts";

const builder = new ChainBuilder(networkOf(4));
const { genesis } = builder;

interface History {
  readonly blocks: readonly Built[];
  readonly votes: readonly { readonly block: Built; readonly vote: Vote }[];
}

/** Each slot: where its block stands, what it carries, and who votes for it. */
const anySlots = fc.array(
  fc.record({
    isMissed: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
    isForked: fc.integer({ min: 0, max: 3 }).map((n) => n === 0),
    at: fc.nat(),
    carries: fc.boolean(),
    voters: fc.subarray([0, 1, 2, 3]),
  }),
  { minLength: 3, maxLength: 14 },
);
type Slots = typeof anySlots extends fc.Arbitrary<infer T> ? T : never;

/** One honest vote a slot for its one block, so nothing contradicts: floors keep from surrounding. */
function played(slots: Slots): History {
  const blocks: Built[] = [genesis];
  const votes: { block: Built; vote: Vote }[] = [];
  const certified = new Set<Built>();
  const floors = [0, 0, 0, 0];
  slots.forEach(({ isMissed, isForked, at, carries, voters }, index) => {
    if (isMissed) return;
    const justified = justifiedOf(blocks, certified);
    const open = blocks.filter((block) => isOn(block, justified));
    const parent = isForked ? open[at % open.length]! : open.at(-1)!;
    const raised = carries ? highestOn(parent, certified) : undefined;
    const isNews = raised !== undefined && raised.slot > parent.sealed.header.justifiedSlot;
    const certificate = isNews ? builder.certificateFor(raised, votersOf(raised)) : undefined;
    const block = builder.block(parent, { slot: index + 1, certificate });
    blocks.push(block);
    const source = block.sealed.header.justifiedSlot;
    for (const rank of voters) {
      if (source < floors[rank]!) continue;
      floors[rank] = source;
      votes.push({ block, vote: builder.vote(block, rank) });
    }
    if (votersOf(block).length >= 3) certified.add(block);
  });
  return { blocks: blocks.slice(1), votes };

  function votersOf(block: Built): number[] {
    const { validators } = builder.file;
    const own = votes.filter((each) => each.block === block);
    return own.map(({ vote }) => validators.indexOf(vote.validator));
  }
}

const isOn = (block: Built, ancestor: Built): boolean =>
  block === ancestor || (block.parent !== undefined && isOn(block.parent, ancestor));
const justifiedOf = (blocks: readonly Built[], certified: ReadonlySet<Built>) =>
  blocks.findLast((block) => certified.has(block)) ?? genesis;

function highestOn(tip: Built, certified: ReadonlySet<Built>): Built | undefined {
  let at: Built | undefined = tip;
  while (at !== undefined && !certified.has(at)) at = at.parent;
  return at;
}

/** By definition: the highest final block. */
function highestFinal({ blocks, votes }: History): Built {
  const known = [genesis, ...blocks].map(({ hash, slot, parent, sealed, validators }) => ({
    hash,
    slot,
    parent: parent?.hash ?? sealed.header.parentHash,
    justified: { slot: sealed.header.justifiedSlot, hash: sealed.header.justifiedHash },
    set: validators,
  }));
  const finals = finalOf(
    known,
    votes.map(({ vote }) => ({
      validator: vote.validator,
      source: { slot: vote.sourceSlot, hash: vote.sourceHash },
      target: { slot: vote.targetSlot, hash: vote.targetHash },
    })),
  );
  return blocks.findLast(({ hash }) => finals.has(hash as BlockHash)) ?? genesis;
}

const anyOrder = fc.array(fc.nat(), { minLength: 90, maxLength: 90 });

/** Everything once, in an order drawn; what came too soon comes again at the end. */
function deliver(world: ChainWorld, { blocks, votes }: History, order: readonly number[]): void {
  const acts = [
    ...blocks.map((block) => () => world.block(block)),
    ...votes.map(
      ({ vote }) =>
        () =>
          world.vote(vote),
    ),
  ];
  acts
    .map((act, i) => ({ act, key: order[i % order.length]! }))
    .sort((a, b) => a.key - b.key)
    .forEach(({ act, key }) => {
      act();
      if (key % 3 === 0) world.persisted();
      if (key % 7 === 0) world.chain.duties.freeze(key % 14);
      if (key % 5 === 0) world.thaw();
    });
  world.thaw();
  for (const block of blocks) world.block(block);
  for (const { vote } of votes) world.vote(vote);
  world.drain();
  for (let i = 0; i < 4; i++) world.persisted();
}

test("in whatever order blocks and votes come, the same is justified and final, as defined", () => {
  let finalCount = 0;
  fc.assert(
    fc.property(anySlots, anyOrder, (slots, order) => {
      const history = played(slots);
      const world = new ChainWorld(builder);
      deliver(world, history, order);
      const wanted = highestFinal(history);
      if (wanted !== genesis) finalCount++;
      assert.equal(world.chain.halted, undefined);
      assert.equal(world.chain.finalized.hash, wanted.hash);
      const plain = new ChainWorld(builder);
      for (const block of history.blocks) {
        plain.block(block);
        for (const { vote, block: of } of history.votes) if (of === block) plain.vote(vote);
      }
      for (let i = 0; i < 4; i++) plain.persisted();
      assert.equal(world.chain.justified.hash, plain.chain.justified.hash);
      assert.equal(world.chain.head.hash, plain.chain.head.hash);
      assert.equal(world.root, plain.root);
    }),
    { seed: 5, numRuns: 150 },
  );
  assert.ok(finalCount > 20, `something was final in ${finalCount} runs`);
});

test("a restart after any batch, and all again: the same", () => {
  fc.assert(
    fc.property(anySlots, anyOrder, fc.nat(), (slots, order, at) => {
      const history = played(slots);
      const world = new ChainWorld(builder);
      deliver(world, history, order);
      const again = world.restarted(1 + (at % world.batches.length));
      assert.ok(again.chain.finalized.height <= world.chain.finalized.height);
      deliver(again, history, order.toReversed());
      assert.equal(again.chain.finalized.hash, world.chain.finalized.hash);
      assert.equal(again.chain.justified.hash, world.chain.justified.hash);
      assert.equal(again.chain.head.hash, world.chain.head.hash);
      assert.equal(again.root, world.root);
    }),
    { seed: 6, numRuns: 80 },
  );
});
