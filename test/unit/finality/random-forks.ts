/** Random block trees and random votes for them, for the properties of these tests. */
import fc from "fast-check";
import type { OracleBlock, OracleVote } from "../../../src/finality/final-of.ts";
import { sameVote, voteFault } from "../../../src/model/evidence.ts";
import type { PublicKey } from "../../../src/model/ids.ts";
import type { Vote } from "../../../src/model/vote.ts";
import { at, type Checkpoint, keysOf, vote, zeros } from "./fixtures.ts";

export interface ForkBlock extends OracleBlock {
  readonly hash: Checkpoint["hash"];
  readonly parent: Checkpoint["hash"];
  readonly justified: Checkpoint;
  readonly set: readonly PublicKey[];
}

/** All slots that the pool keeps of one validator: within them no vote is pushed out. */
const slotsMax = 8;

/** Draws for one block: parent, slots after it, which ancestor is justified, change of the set. */
type BlockDraw = readonly [number, number, number, number];

/** Genesis first, parents before children, slots up to 8. */
export function forks(validators: number, blocksMax = 10): fc.Arbitrary<ForkBlock[]> {
  const draw = fc.tuple(fc.nat(99), fc.integer({ min: 1, max: 2 }), fc.nat(99), fc.nat(9));
  return fc
    .array(draw, { minLength: blocksMax >> 1, maxLength: blocksMax })
    .map((draws) => treeOf(draws, keysOf(validators)));
}

function treeOf(draws: readonly BlockDraw[], keys: readonly PublicKey[]): ForkBlock[] {
  const set = keys.length > 1 ? keys.slice(0, -1) : keys;
  const genesis = { ...at(0), parent: zeros.hash, justified: zeros, set };
  const blocks: ForkBlock[] = [genesis];
  for (const [parentDraw, step, sourceDraw, setDraw] of draws) {
    // Of the last three blocks: long branches side by side.
    const parent = blocks.at(-1 - (parentDraw % Math.min(3, blocks.length)))!;
    const slot = parent.slot + step;
    if (slot > slotsMax) continue;
    const sources = sourcesFor(parent, blocks);
    // Mostly the parent, as when votes come in time.
    const justified = sources[sourceDraw < 60 ? 1 : sourceDraw % sources.length] ?? sources[0]!;
    // Now and then the last one joins or leaves.
    const next = parent.set.length === keys.length ? set : keys;
    blocks.push({
      ...at(slot, `block ${blocks.length}`),
      parent: parent.hash,
      justified,
      set: setDraw === 0 ? next : parent.set,
    });
  }
  return blocks;
}

/** What a child of `parent` may name as justified: the parent's own, or an ancestor after it. */
function sourcesFor(parent: ForkBlock, blocks: readonly ForkBlock[]): Checkpoint[] {
  const sources: Checkpoint[] = [parent.justified];
  let block: ForkBlock | undefined = parent;
  while (block !== undefined && block.slot > parent.justified.slot) {
    sources.push({ slot: block.slot, hash: block.hash });
    const { parent: above }: ForkBlock = block;
    block = blocks.find(({ hash }) => hash === above);
  }
  return sources;
}

/** Votes drawn for one block: which ranks, and whether their source is made up. */
export type VoteDraw = readonly [block: number, ranks: readonly number[], isWrong: boolean];

/** Most validators for most blocks, so that quorums form; in random order. */
export function voteDraws(validators: number, drawsMax: number): fc.Arbitrary<VoteDraw[]> {
  const all = Array.from({ length: validators }, (_, rank) => rank);
  const ranks = fc.oneof(
    { weight: 1, arbitrary: fc.subarray(all) },
    { weight: 2, arbitrary: fc.subarray(all, { minLength: Math.ceil((2 * validators) / 3) }) },
  );
  const isWrong = fc.nat(19).map((n) => n === 0);
  const draw = fc.tuple(fc.nat(99), ranks, isWrong);
  return fc.array(draw, { minLength: drawsMax >> 1, maxLength: drawsMax });
}

/** The votes drawn, at most two of a validator for one slot, each once. */
export function anyVotes(blocks: readonly ForkBlock[], draws: readonly VoteDraw[]): Vote[] {
  const votes: Vote[] = [];
  for (const [index, ranks, isWrong] of draws) {
    const block = votable(blocks, index);
    if (block === undefined) continue;
    const source = isWrong ? { slot: 0, hash: block.hash } : block.justified;
    for (const rank of ranks) {
      const one = vote(rank, source, { slot: block.slot, hash: block.hash });
      const others = votes.filter(
        ({ validator, targetSlot }) => validator === one.validator && targetSlot === one.targetSlot,
      );
      if (!others.some((other) => sameVote(other, one)) && others.length < 2) votes.push(one);
    }
  }
  return votes;
}

/** Those of the votes drawn that a validator with floors signs, in the order drawn. */
export function honestVotes(blocks: readonly ForkBlock[], draws: readonly VoteDraw[]): Vote[] {
  const floors = new Map<number, { source: number; target: number }>();
  const votes: Vote[] = [];
  for (const [index, ranks] of draws) {
    const block = votable(blocks, index);
    if (block === undefined) continue;
    const { slot, hash, justified } = block;
    for (const rank of ranks) {
      const floor = floors.get(rank) ?? { source: 0, target: 0 };
      if (slot <= floor.target || justified.slot < floor.source) continue;
      floors.set(rank, { source: justified.slot, target: slot });
      votes.push(vote(rank, justified, { slot, hash }));
    }
  }
  return votes;
}

/** Any but genesis. */
function votable(blocks: readonly ForkBlock[], index: number): ForkBlock | undefined {
  return blocks[placeOf(index, blocks)];
}

/** The place of the block that a vote was drawn for. */
export const placeOf = (index: number, { length }: readonly ForkBlock[]): number =>
  1 + (index % Math.max(1, length - 1));

export const asOracleVote = (one: Vote): OracleVote => ({
  validator: one.validator,
  source: { slot: one.sourceSlot, hash: one.sourceHash },
  target: { slot: one.targetSlot, hash: one.targetHash },
});

/** Who signed two votes that contradict each other, by looking at all pairs. */
export function guiltyOf(votes: readonly Vote[]): Set<PublicKey> {
  const guilty = new Set<PublicKey>();
  for (const one of votes) {
    for (const other of votes) {
      const isSame = one.validator === other.validator;
      if (isSame && voteFault(one.validator, one, other)) guilty.add(one.validator);
    }
  }
  return guilty;
}

/** Blocks that a quorum of their set voted for, whatever their source is: by counting. */
export function certifiedOf(blocks: readonly ForkBlock[], votes: readonly Vote[]): Set<string> {
  const certified = blocks.filter((block) => {
    const voters = votes.filter((one) => isVoteFor(one, block)).map(({ validator }) => validator);
    return 3 * new Set(voters).size >= 2 * block.set.length;
  });
  return new Set(certified.filter(({ slot }) => slot > 0).map(({ hash }) => hash));
}

export function isVoteFor(one: Vote, { hash, slot, justified, set }: ForkBlock): boolean {
  return (
    one.targetHash === hash &&
    one.targetSlot === slot &&
    one.sourceHash === justified.hash &&
    one.sourceSlot === justified.slot &&
    set.includes(one.validator)
  );
}
