/**
 * The chain against a naive model: the best tip of all complete, valid branches, by comparing
 * every block with every other, and the state by replay.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { better } from "../../../src/chain/fork-choice.ts";
import type { Built } from "../../support/built.ts";
import { ChainBuilder } from "../../support/chain-builder.ts";
import { networkOf } from "../../support/chain-network.ts";
import { ChainWorld } from "../../support/chain-world.ts";

const builder = new ChainBuilder(networkOf(3));
const runs = { seed: 1, numRuns: 150 };

/** A tree of up to 24 blocks: which earlier block each stands on, how many slots it skips. */
const anyTree = fc.array(
  fc.record({
    parent: fc.nat(),
    skips: fc.nat(4),
    pays: fc.boolean(),
    isBad: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
  }),
  { minLength: 1, maxLength: 24 },
);
type Tree = typeof anyTree extends fc.Arbitrary<infer T> ? T : never;

function nonceAfter(block: Built): number {
  let count = 0;
  for (let b: Built | undefined = block; b !== undefined; b = b.parent) {
    count += b.transactions.length;
  }
  return count;
}

/** Blocks of distinct (validator, slot) beyond two are left out: the bound has its own tests. */
function grow(tree: Tree): Built[] {
  const blocks: Built[] = [builder.genesis];
  const perSlot = new Map<number, number>();
  for (const { parent, skips, pays, isBad } of tree) {
    // A recent block twice as often, so that branches grow.
    const index = parent % 2 === 0 ? blocks.length - 1 : parent % blocks.length;
    const on = blocks[index]!;
    const slot = on.slot + 1 + skips;
    if (blocks.some((b) => b.parent === on && b.slot === slot)) continue;
    const held = perSlot.get(slot) ?? 0;
    if (held === 2) continue;
    perSlot.set(slot, held + 1);
    const transactions = pays ? [builder.transfer(0, 1, nonceAfter(on))] : [];
    const lie = isBad ? { lie: { stateRoot: new Uint8Array(32).fill(1) } } : {};
    blocks.push(builder.block(on, { slot, transactions, ...lie }));
  }
  return blocks;
}

function isValid(block: Built): boolean {
  for (let b: Built | undefined = block; b !== undefined; b = b.parent) {
    if (b.changes === undefined) return false;
  }
  return true;
}

function naiveBest(blocks: readonly Built[]): Built {
  const rankOf = ({ slot, height }: Built) => (height === 0 ? 0 : slot % 3);
  const tips = blocks.filter(isValid).map((block) => ({ ...block, rank: rankOf(block), block }));
  return tips.reduce((a, b) => (better(b, a) ? b : a)).block;
}

type Step = { readonly how: "block" | "header" | "verify"; readonly pick: number };
const anySteps = fc.array(
  fc.record({
    how: fc.constantFrom<Step["how"]>("block", "header", "verify"),
    pick: fc.nat(),
  }),
  { maxLength: 80 },
);

/** Random order, duplicates, bodies before headers and after, verdicts in any order. */
function deliver(world: ChainWorld, blocks: readonly Built[], steps: readonly Step[]): void {
  const sent = blocks.slice(1);
  for (const { how, pick } of steps) {
    const block = sent[pick % sent.length];
    if (how === "verify" && world.jobs.length > 0) world.verify(pick % world.jobs.length);
    else if (block !== undefined && how === "block") world.block(block);
    else if (block !== undefined && how === "header") world.headers([block]);
  }
  // Whatever was left out comes now: each header in order, then each body.
  world.headers(sent);
  for (const block of sent) world.headers([block]);
  world.drain();
  for (const block of sent.toReversed()) world.body(block);
  while (world.jobs.length > 0) world.verify(world.jobs.length - 1);
  world.drain();
}

test("in whatever order blocks come, the head is the best valid tip", () => {
  fc.assert(
    fc.property(anyTree, anySteps, (tree, steps) => {
      const blocks = grow(tree);
      const world = new ChainWorld(builder, { autoVerify: false });
      deliver(world, blocks, steps);
      const wanted = naiveBest(blocks);
      assert.equal(world.chain.head.hash, wanted.hash);
      assert.equal(world.root, builder.rootAt(wanted));
    }),
    runs,
  );
});

test("every invalid block that was executed or checked is rejected once, none twice", () => {
  fc.assert(
    fc.property(anyTree, anySteps, (tree, steps) => {
      const world = new ChainWorld(builder, { autoVerify: false });
      deliver(world, grow(tree), steps);
      const rejected = world.events.flatMap((e) => (e.type === "block-rejected" ? [e.hash] : []));
      assert.equal(new Set(rejected).size, rejected.length);
    }),
    { seed: 2, numRuns: 60 },
  );
});

test("every prefix of the batches is a consistent store of an earlier head", () => {
  fc.assert(
    fc.property(anyTree, anySteps, (tree, steps) => {
      const blocks = grow(tree);
      const byHash = new Map(blocks.map((block) => [block.hash, block]));
      const world = new ChainWorld(builder, { autoVerify: false });
      deliver(world, blocks, steps);
      let previous = world.restarted(1).chain.head;
      for (let count = 1; count <= world.batches.length; count++) {
        const again = world.restarted(count);
        const head = again.chain.head;
        assert.equal(again.root, builder.rootAt(byHash.get(head.hash)!));
        assert.ok(head.hash === previous.hash || better(head, previous), "heads only improve");
        previous = head;
      }
      assert.equal(previous.hash, world.chain.head.hash);
    }),
    { seed: 3, numRuns: 40 },
  );
});

test("after a restart at any point the rest of the blocks gives the same chain", () => {
  fc.assert(
    fc.property(anyTree, anySteps, fc.nat(), (tree, steps, at) => {
      const blocks = grow(tree);
      const world = new ChainWorld(builder);
      deliver(world, blocks, steps);
      const again = world.restarted(1 + (at % world.batches.length));
      deliver(again, blocks, steps.toReversed());
      assert.equal(again.chain.head.hash, world.chain.head.hash);
      assert.equal(again.root, world.root);
    }),
    { seed: 4, numRuns: 60 },
  );
});
