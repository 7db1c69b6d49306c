/**
 * Feeds parts of a history to real chains, in many orders, and asserts what must hold whatever each
 * has heard: nobody reports conflicting final blocks, nobody reports more than the definition finds
 * (`finality/final-of.ts`), who heard all of it reports all that it finds, and a block that is valid
 * for one is valid for all. Knows no schedule. protocol-spec/06-validation §5-6.
 */
import assert from "node:assert/strict";
import type { Imported } from "../../../src/chain/imported.ts";
import { culpritsOf } from "../../../src/finality/culprits.ts";
import { finalOf } from "../../../src/finality/final-of.ts";
import type { BlockHash } from "../../../src/model/ids.ts";
import { SeededRandom } from "../../../src/sim/seeded-random.ts";
import type { Built } from "../../support/built.ts";
import { keyOf, seedOf } from "../../support/chain-network.ts";
import { ChainWorld, sourceOf } from "../../support/chain-world.ts";
import type { History, Thing } from "./history.ts";

const peer = sourceOf(1);

/** Not of a valid block, but where it stands: beside what is final here. */
const placeCodes = new Set(["header-fork-too-deep", "header-set-unknown", "header-slot"]);

export interface Heard {
  readonly world: ChainWorld;
  readonly final: Built;
}

/** A new chain that hears `things`, twice over, because what it cannot place at once is told again. */
export function heard(history: History, things: readonly Thing[], isHasty = false): Heard {
  const world = new ChainWorld(history.builder);
  for (let round = 0; round < 2; round++) {
    for (const thing of things) {
      const results =
        "block" in thing ? world.block(thing.block, peer) : world.vote(thing.vote, peer);
      assertValid(results);
      if (isHasty) world.persisted();
    }
    assertValid(world.drain());
  }
  let before: BlockHash | undefined;
  while (before !== world.chain.finalized.hash) {
    before = world.chain.finalized.hash;
    world.persisted();
  }
  const all = [history.genesis, ...history.blocks];
  const final = all.find(({ hash }) => hash === world.chain.finalized.hash);
  assert.ok(final !== undefined, "what is final was said");
  return { world, final };
}

/** No part of `history`, in whatever order, makes two chains disagree. */
export function assertAgreement(history: History, orders = 6): Heard[] {
  const random = new SeededRandom("history");
  const { things } = history;
  const wholes = [things, things.toReversed()];
  for (let i = 0; i < orders; i++) wholes.push(shuffled(things, random));
  const parts = leavesOf(history).flatMap((leaf) => sideOf(history, leaf));
  for (let i = 0; i < orders; i++) {
    parts.push(shuffled(things, random).filter(() => random.chance(75)));
  }
  const proven = oracleOf(history);
  const highest = [...proven].reduce((a, b) => (b.height > a.height ? b : a));
  const reports = parts.map((part) => heard(history, part, random.chance(50)));
  for (const whole of wholes) {
    const report = heard(history, whole, random.chance(50));
    reports.push(report);
  }
  for (const { final } of reports) {
    for (const other of reports) assertSameChain(final, other.final);
  }
  for (const { world, final } of reports) {
    assert.equal(world.chain.halted?.detail, undefined, "a chain halted");
    assert.ok(proven.has(final), `${nameOf(final)} is reported final, by definition it is not`);
  }
  const { world: first } = reports.at(-1)!;
  for (const { world, final } of reports.slice(parts.length)) {
    assert.equal(nameOf(final), nameOf(highest), "final by definition, and not reported");
    assert.equal(world.chain.justified.hash, first.chain.justified.hash, "justified by the order");
    assert.equal(world.chain.head.hash, first.chain.head.hash, "the head depends on the order");
  }
  return reports;
}

/** Two chains that heard one branch each report conflicting final blocks; who heard both stops. */
export function assertFork(history: History, left: Built, right: Built, culprits: number[]): void {
  const [one, other] = [left, right].map((leaf) => heard(history, sideOf(history, leaf)[0]!));
  assert.ok(one !== undefined && other !== undefined);
  assert.throws(() => assertSameChain(one.final, other.final), /conflicting final blocks/);
  const { halted } = heard(history, history.things).world.chain;
  assert.ok(halted !== undefined, "who sees both sides stops");
  assert.equal(halted.certificates.length, 2, "both proofs are kept");
  const all = history.blocks.flatMap((block) => {
    const certificate = history.certificate(block);
    return certificate === undefined ? [] : [{ certificate, set: block.validators }];
  });
  const named = culpritsOf(all).map(({ validator }) => validator);
  assert.deepEqual(named, culprits.map((number) => keyOf(seedOf(number))).sort());
}

/** By the definition, from all that was said. */
export function oracleOf(history: History): ReadonlySet<Built> {
  const all = [history.genesis, ...history.blocks];
  const found = finalOf(
    all.map((block) => ({
      hash: block.hash,
      parent: block.parent?.hash ?? "",
      slot: block.slot,
      justified: {
        slot: block.sealed.header.justifiedSlot,
        hash: block.sealed.header.justifiedHash,
      },
      set: block.validators,
    })),
    history.votes.map(({ validator, sourceSlot, sourceHash, targetSlot, targetHash }) => ({
      validator,
      source: { slot: sourceSlot, hash: sourceHash },
      target: { slot: targetSlot, hash: targetHash },
    })),
  );
  return new Set(all.filter(({ hash }) => found.has(hash)));
}

/** One branch and the votes for its blocks: in order, and the votes before the blocks. */
function sideOf({ things }: History, leaf: Built): Thing[][] {
  const branch = new Set<BlockHash>();
  for (let at: Built | undefined = leaf; at !== undefined; at = at.parent) branch.add(at.hash);
  const side = things.filter((thing) =>
    branch.has("block" in thing ? thing.block.hash : thing.vote.targetHash),
  );
  return [side, [...side].sort((a, b) => Number("block" in a) - Number("block" in b))];
}

function leavesOf({ blocks }: History): Built[] {
  const parents = new Set(blocks.map(({ parent }) => parent));
  return blocks.filter((block) => !parents.has(block));
}

function assertSameChain(one: Built, other: Built): void {
  const [low, high] = one.height < other.height ? [one, other] : [other, one];
  let at: Built | undefined = high;
  while (at !== undefined && at.height > low.height) at = at.parent;
  assert.ok(at === low, `conflicting final blocks: ${nameOf(one)} and ${nameOf(other)}`);
}

function assertValid(results: readonly Imported[]): void {
  for (const result of results) {
    if (result.type !== "rejected" || placeCodes.has(result.rejection.code)) continue;
    assert.fail(`a valid block is refused: ${result.rejection.code}: ${result.rejection.detail}`);
  }
}

function shuffled(things: readonly Thing[], random: SeededRandom): Thing[] {
  const keyed = things.map((thing) => ({ thing, key: random.below(1 << 30) }));
  return keyed.sort((a, b) => a.key - b.key).map(({ thing }) => thing);
}

const nameOf = (block: Built): string => `${block.hash.slice(0, 6)} of slot ${block.slot}`;
