/** Any votes in any order, any number of times: what the pool finds, against the definition. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { culpritsOf } from "../../../src/finality/culprits.ts";
import { finalOf } from "../../../src/finality/final-of.ts";
import { VotePool } from "../../../src/finality/vote-pool.ts";
import type { Certificate } from "../../../src/model/certificate.ts";
import { checkCertificate } from "../../../src/model/certificate.ts";
import { checkEvidence, type Evidence } from "../../../src/model/evidence.ts";
import type { Vote } from "../../../src/model/vote.ts";
import { genesisHash, keysOf, signatures } from "./fixtures.ts";
import {
  anyVotes,
  asOracleVote,
  certifiedOf,
  type ForkBlock,
  forks,
  guiltyOf,
  honestVotes,
  isVoteFor,
  voteDraws,
} from "./random-forks.ts";

const validators = 5;
const seed = 20261121;

interface Run {
  readonly certificates: Map<string, Certificate>;
  readonly evidence: Evidence[];
  readonly pool: VotePool;
}

/** Gives `votes` and the blocks to a pool in the order of `order`, an index each. */
function run(blocks: readonly ForkBlock[], votes: readonly Vote[], order: readonly number[]): Run {
  const pool = new VotePool(genesisHash, signatures);
  const here = new Map<string, ForkBlock>();
  const certificates = new Map<string, Certificate>();
  const evidence: Evidence[] = [];
  const add = (vote: Vote, block: ForkBlock) => {
    const { slot, set, justified: source } = block;
    const added = pool.add(vote, { slot, set, source });
    if (added === "duplicate") return;
    assert.equal("code" in added, !isVoteFor(vote, block));
    if ("code" in added) return;
    if (added.evidence !== undefined) evidence.push(added.evidence);
    if (added.certificate === undefined) return;
    assert.ok(!certificates.has(block.hash), "a certificate forms once");
    certificates.set(block.hash, added.certificate);
  };
  const items = [...votes, ...blocks];
  for (const index of order) {
    const item = items[index]!;
    if (!("validator" in item)) {
      here.set(item.hash, item);
      for (const vote of pool.takeKept(item.hash)) add(vote, item);
      continue;
    }
    const block = here.get(item.targetHash);
    if (block !== undefined) add(item, block);
    else {
      const kept = pool.keep(item, keysOf(validators));
      assert.ok(typeof kept === "string", "there is room for all");
      const fault = kept === "kept" ? pool.faultOf(item) : undefined;
      if (fault !== undefined) evidence.push(fault);
    }
  }
  return { certificates, evidence, pool };
}

/** Every index once or more, in random order. */
function orders(count: number): fc.Arbitrary<number[]> {
  const all = Array.from({ length: count }, (_, index) => index);
  const repeats = fc.array(fc.nat(Math.max(0, count - 1)), { maxLength: count });
  const chances = fc.array(fc.nat(0xffff), { minLength: 2 * count, maxLength: 2 * count });
  return fc.tuple(repeats, chances).map(([again, keys]) => {
    const drawn = [...all, ...again].map((index, i) => [keys[i] ?? 0, index] as const);
    return drawn.sort((a, b) => a[0] - b[0]).map(([, index]) => index);
  });
}

const scenes = fc
  .tuple(forks(validators), voteDraws(validators, 14))
  .map(([blocks, draws]) => ({ blocks, votes: anyVotes(blocks, draws) }))
  .chain(({ blocks, votes }) => {
    const order = orders(blocks.length + votes.length);
    return fc.record({
      blocks: fc.constant(blocks),
      votes: fc.constant(votes),
      one: order,
      other: order,
    });
  });

test("the certificates that form are those of the definition, in any order", () => {
  let finals = 0;
  fc.assert(
    fc.property(scenes, ({ blocks, votes, one, other }) => {
      const expected = certifiedOf(blocks, votes);
      for (const order of [one, other]) {
        const { certificates } = run(blocks, votes, order);
        assert.deepEqual(new Set(certificates.keys()), expected);
        for (const block of blocks) {
          const formed = certificates.get(block.hash);
          if (formed === undefined) continue;
          assert.equal(formed.data.targetHash, block.hash);
          assert.equal(checkCertificate(formed, block.set, genesisHash, signatures), undefined);
        }
      }
      const final = finalOf(blocks, votes.map(asOracleVote));
      assert.deepEqual(finalByCertificates(blocks, expected), final);
      if (final.size > 1) finals++;
    }),
    { seed, numRuns: 300 },
  );
  assert.ok(finals > 20, `${finals} of 300 made something final`);
});

/** As a chain does it: until nothing changes, a certificate on a justified source justifies. */
function finalByCertificates(blocks: readonly ForkBlock[], certified: ReadonlySet<string>) {
  const [genesis] = blocks as [ForkBlock];
  const find = (hash: string) => blocks.find((block) => block.hash === hash);
  const justified = new Set<string>([genesis.hash]);
  const final = new Set<string>([genesis.hash]);
  let isChanging = true;
  while (isChanging) {
    isChanging = false;
    for (const block of blocks) {
      const source = find(block.justified.hash) ?? genesis;
      if (justified.has(block.hash) || !certified.has(block.hash)) continue;
      if (!justified.has(source.hash)) continue;
      justified.add(block.hash);
      isChanging = true;
      if (block.slot !== source.slot + 1) continue;
      for (let at: ForkBlock | undefined = source; at; at = find(at.parent)) final.add(at.hash);
    }
  }
  return final;
}

test("evidence names whoever contradicted itself, nobody else, and can be checked", () => {
  let found = 0;
  fc.assert(
    fc.property(scenes, ({ blocks, votes, one }) => {
      const { evidence, pool } = run(blocks, votes, one);
      const guilty = guiltyOf(votes);
      for (const piece of evidence) {
        assert.equal(checkEvidence(piece, genesisHash, signatures), undefined);
        assert.ok(guilty.has(piece.validator));
      }
      const named = new Set(evidence.map(({ validator }) => validator));
      const counted = votes.filter((vote) => blocks.some((block) => isVoteFor(vote, block)));
      for (const validator of guiltyOf(counted)) assert.ok(named.has(validator));
      found += named.size;
      assert.ok(pool.size <= votes.length);
    }),
    { seed, numRuns: 300 },
  );
  assert.ok(found > 100, `${found} found`);
});

test("validators whose target rises and whose source never falls are never accused", () => {
  const honest = fc
    .tuple(forks(validators, 16), voteDraws(validators, 40))
    .map(([blocks, draws]) => ({ blocks, votes: honestVotes(blocks, draws) }))
    .chain(({ blocks, votes }) =>
      fc.record({
        blocks: fc.constant(blocks),
        votes: fc.constant(votes),
        order: orders(blocks.length + votes.length),
      }),
    );
  let certificates = 0;
  fc.assert(
    fc.property(honest, ({ blocks, votes, order }) => {
      const result = run(blocks, votes, order);
      assert.deepEqual(result.evidence, []);
      const setOf = (hash: string) => blocks.find((block) => block.hash === hash)!.set;
      const all = [...result.certificates].map(([hash, certificate]) => ({
        certificate,
        set: setOf(hash),
      }));
      assert.deepEqual(culpritsOf(all), []);
      certificates += all.length;
    }),
    { seed, numRuns: 300 },
  );
  assert.ok(certificates > 100, `${certificates} formed`);
});
