import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { finalOf, type OracleBlock, type OracleVote } from "../../../src/finality/final-of.ts";
import { keyOf, keysOf } from "./fixtures.ts";
import {
  anyVotes,
  asOracleVote,
  type ForkBlock,
  forks,
  honestVotes,
  placeOf,
  voteDraws,
} from "./random-forks.ts";

const four = ["0", "1", "2", "3"];
const genesis: OracleBlock = {
  hash: "g",
  parent: "",
  slot: 0,
  justified: { slot: 0, hash: "" },
  set: four,
};

function child(of: OracleBlock, hash: string, slot: number, justified = genesis, set = four) {
  const named = justified === genesis ? genesis.justified : justified;
  const block: OracleBlock = {
    hash,
    parent: of.hash,
    slot,
    justified: { slot: named.slot, hash: named.hash },
    set,
  };
  return block;
}

const votesFor = (block: OracleBlock, ...validators: string[]): OracleVote[] =>
  validators.map((validator) => ({ validator, source: block.justified, target: block }));

const finalHashes = (blocks: readonly OracleBlock[], votes: readonly OracleVote[]) =>
  [...finalOf([genesis, ...blocks], votes)].sort().join("");

test("a justified block makes its source final when their slots are adjacent", () => {
  const a = child(genesis, "a", 1);
  const b = child(a, "b", 2, a);
  const both = [...votesFor(a, "0", "1", "2"), ...votesFor(b, "1", "2", "3")];
  assert.equal(finalHashes([a, b], both), "ag");
  assert.equal(finalHashes([a, b], votesFor(a, "0", "1", "2")), "g", "justified is not final");
  assert.equal(finalHashes([a, b], votesFor(b, "0", "1", "2")), "g", "the source is not justified");
});

test("a skipped slot between source and target makes nothing final, and delays it only", () => {
  const a = child(genesis, "a", 1);
  const b = child(a, "b", 3, a);
  const c = child(b, "c", 4, b);
  const ab = [...votesFor(a, ...four), ...votesFor(b, ...four)];
  assert.equal(finalHashes([a, b, c], ab), "g");
  assert.equal(finalHashes([a, b, c], [...ab, ...votesFor(c, ...four)]), "abg");
});

test("four honest validators do not finalize two branches by parent and child", () => {
  const a = child(genesis, "a", 2);
  const b = child(genesis, "b", 3);
  const a2 = child(a, "c", 4, a);
  const b2 = child(b, "d", 5, b);
  const votes = [a, b, a2, b2].flatMap((block) => votesFor(block, ...four));
  assert.equal(finalHashes([a, b, a2, b2], votes), "g");
});

test("votes count once, of members, with the source and slot that the block says", () => {
  const a = child(genesis, "a", 1);
  const b = child(a, "b", 2, a);
  const justified = votesFor(a, ...four);
  const [one, two, three] = votesFor(b, "0", "1", "2") as [OracleVote, OracleVote, OracleVote];
  const cases: [string, OracleVote[], string][] = [
    ["three members", [one, two, three], "ag"],
    ["two members", [one, two], "g"],
    ["one of them twice", [one, two, two], "g"],
    ["a stranger", [one, two, { ...three, validator: "4" }], "g"],
    ["another source", [one, two, { ...three, source: genesis.justified }], "g"],
    ["another slot", [one, two, { ...three, target: { ...b, slot: 3 } }], "g"],
    ["an unknown block", [one, two, { ...three, target: { slot: 2, hash: "x" } }], "g"],
  ];
  for (const [what, votes, expected] of cases) {
    assert.equal(finalHashes([a, b], [...justified, ...votes]), expected, what);
  }
});

test("who counts is the set of the block voted for", () => {
  const a = child(genesis, "a", 1, genesis, ["0", "1", "2"]);
  const b = child(a, "b", 2, a, ["0", "1", "2", "3"]);
  const votes = [...votesFor(a, "0", "1"), ...votesFor(b, "1", "2", "3")];
  assert.equal(finalHashes([a, b], votes), "ag");
  const withStranger = [...votesFor(a, "0", "3"), ...votesFor(b, "1", "2", "3")];
  assert.equal(finalHashes([a, b], withStranger), "g");
});

test("a lone validator finalizes with the next slot", () => {
  const a = child(genesis, "a", 1, genesis, ["0"]);
  const b = child(a, "b", 2, a, ["0"]);
  assert.equal(finalHashes([a, b], [...votesFor(a, "0"), ...votesFor(b, "0")]), "ag");
});

test("the first link may finalize genesis alone", () => {
  const a = child(genesis, "a", 1);
  assert.equal(finalHashes([a], votesFor(a, ...four)), "g");
});

test("less than a third that votes for everything makes no two final blocks conflict", () => {
  let advanced = 0;
  const scene = fc.tuple(forks(1, 14), voteDraws(3, 40)).map(([tree, draws]) => {
    const blocks = tree.map((block): ForkBlock => ({ ...block, set: keysOf(4) }));
    const inOrder = draws.toSorted(([a], [b]) => placeOf(a, blocks) - placeOf(b, blocks));
    const everything = blocks.map((_, index) => [index, [3], false] as const);
    return {
      blocks,
      honest: honestVotes(blocks, inOrder),
      byzantine: anyVotes(blocks, everything),
    };
  });
  fc.assert(
    fc.property(scene, ({ blocks, honest, byzantine }) => {
      const byHash = new Map(blocks.map((block) => [block.hash as string, block]));
      // It may vote for more than two blocks of a slot: the definition has no bounds.
      const all = blocks.slice(1).map((block) => ({
        validator: keyOf(3),
        source: block.justified,
        target: block,
      }));
      const votes = [...honest, ...byzantine].map(asOracleVote).concat(all);
      const final = finalOf(blocks, votes);
      const heights = new Set([...final].map((hash) => heightOf(hash, byHash)));
      assert.equal(heights.size, final.size, "one final block at each height");
      if (final.size > 1) advanced++;
    }),
    { seed: 7, numRuns: 500 },
  );
  assert.ok(advanced > 50, `${advanced} of 500 made something final`);
});

function heightOf(hash: string, blocks: ReadonlyMap<string, ForkBlock>): number {
  let height = 0;
  for (let at = blocks.get(hash); at; at = blocks.get(at.parent)) height++;
  return height;
}
