import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  type CertificateOfSet,
  culpritCertificatesMax,
  culpritsOf,
} from "../../../src/finality/culprits.ts";
import { finalOf, type OracleBlock } from "../../../src/finality/final-of.ts";
import { VotePool } from "../../../src/finality/vote-pool.ts";
import { certifiersOf } from "../../../src/model/certificate.ts";
import { checkEvidence, evidenceTypes } from "../../../src/model/evidence.ts";
import { quorum } from "../../../src/model/validator-set.ts";
import type { Vote } from "../../../src/model/vote.ts";
import {
  at,
  type Checkpoint,
  certificate,
  genesisHash,
  keyOf,
  keysOf,
  signatures,
  zeros,
} from "./fixtures.ts";
import { anyVotes, forks, guiltyOf, isVoteFor, voteDraws } from "./random-forks.ts";

type Link = readonly [source: Checkpoint, target: Checkpoint];

const [a1, a2, b1, b2] = [at(1, "a"), at(2, "a"), at(1, "b"), at(2, "b")];
const [b5, b6] = [at(5, "b"), at(6, "b")];
const sideA: readonly Link[] = [
  [zeros, a1],
  [a1, a2],
];
/** In the same slots: two votes for one slot. */
const sameSlots: readonly Link[] = [
  [zeros, b1],
  [b1, b2],
];
/** After them: a link from genesis to slot 5 goes around the one from slot 1 to 2. */
const around: readonly Link[] = [
  [zeros, b5],
  [b5, b6],
];

interface Forked {
  readonly certificates: CertificateOfSet[];
  readonly guilty: Set<string>;
}

/** Two final blocks that conflict, with as few cheaters as that takes; `order` shuffles who. */
function forked(n: number, sideB: readonly Link[], order: readonly number[]): Forked {
  const cheaters = 2 * quorum(n) - n;
  const honestPerSide = quorum(n) - cheaters;
  const guilty = order.slice(0, cheaters);
  const onA = order.slice(cheaters, cheaters + honestPerSide);
  const onB = order.slice(cheaters + honestPerSide);
  const set = keysOf(n);
  const certify = (links: readonly Link[], signers: readonly number[]) =>
    links.map(([source, target]) => ({
      certificate: certificate(source, target, set, signers),
      set,
    }));
  const certificates = [
    ...certify(sideA, [...guilty, ...onA]),
    ...certify(sideB, [...guilty, ...onB]),
  ];
  return { certificates, guilty: new Set(guilty.map(keyOf)) };
}

const rotated = (n: number, by: number) => Array.from({ length: n }, (_, i) => (i + by) % n);

/** What the oracle says of these certificates as votes, on two branches. */
function finalHashes({ certificates }: Forked, n: number, sideB: readonly Link[]) {
  const set = keysOf(n);
  const branch = (links: readonly Link[]): OracleBlock[] =>
    links.map(([source, target], i) => ({
      ...target,
      parent: i === 0 ? "genesis" : links[i - 1]![1].hash,
      justified: source,
      set,
    }));
  const genesis = { ...zeros, hash: "genesis", parent: "", justified: zeros, set };
  const votes = certificates.flatMap(({ certificate: c }) =>
    certifiersOf(c, set).map((validator) => ({
      validator,
      source: { slot: c.data.sourceSlot, hash: c.data.sourceHash },
      target: { slot: c.data.targetSlot, hash: c.data.targetHash },
    })),
  );
  return finalOf([genesis, ...branch(sideA), ...branch(sideB)], votes);
}

test("two final blocks that conflict name a third of the validators, and no honest one", () => {
  for (let n = 4; n <= 10; n++) {
    for (const [sideB, type] of [
      [sameSlots, evidenceTypes.doubleVote],
      [around, evidenceTypes.surround],
    ] as const) {
      const fork = forked(n, sideB, rotated(n, n >> 1));
      const final = finalHashes(fork, n, sideB);
      assert.ok(final.has(a1.hash) && final.has(sideB[0]![1].hash), `${n}: a fork it is`);

      const culprits = culpritsOf(fork.certificates);
      assert.deepEqual(new Set(culprits.map(({ validator }) => validator)), fork.guilty);
      assert.equal(culprits.length, fork.guilty.size, "one piece each");
      assert.ok(3 * culprits.length >= n, `${culprits.length} of ${n}`);
      for (const evidence of culprits) {
        assert.equal(evidence.type, type);
        assert.equal(checkEvidence(evidence, genesisHash, signatures), undefined);
      }
    }
  }
});

test("whoever cheats and wherever their signatures stand, the same pieces are found", () => {
  const scene = fc.integer({ min: 4, max: 10 }).chain((n) =>
    fc.record({
      n: fc.constant(n),
      sideB: fc.constantFrom(sameSlots, around),
      order: fc.shuffledSubarray(rotated(n, 0), { minLength: n }),
      places: fc.shuffledSubarray([0, 1, 2, 3, 0, 2], { minLength: 6 }),
    }),
  );
  fc.assert(
    fc.property(scene, ({ n, sideB, order, places }) => {
      const { certificates, guilty } = forked(n, sideB, order);
      const culprits = culpritsOf(certificates);
      assert.deepEqual(new Set(culprits.map(({ validator }) => validator)), guilty);
      const shuffled = places.map((place) => certificates[place]!);
      assert.deepEqual(culpritsOf(shuffled), culprits);
    }),
    { seed: 11, numRuns: 200 },
  );
});

test("one chain, however long and with whatever gaps, accuses nobody", () => {
  const set = keysOf(4);
  const all: CertificateOfSet[] = [];
  let source = zeros;
  for (let slot = 1; slot < 700; slot += 1 + (slot % 3)) {
    const signers = [0, 1, 2, 3].filter((rank) => rank !== slot % 5);
    all.push({ certificate: certificate(source, at(slot), set, signers), set });
    if (slot % 4 !== 0) source = at(slot);
  }
  assert.ok(all.length > 400 && all.length < culpritCertificatesMax, `${all.length}`);
  assert.deepEqual(culpritsOf(all), []);
  assert.deepEqual(culpritsOf([...all, ...all.slice(0, 12)]), []);
  assert.deepEqual(culpritsOf([]), []);
});

test("a surround is found among many links, and across two sets", () => {
  const [before, after] = [keysOf(4), [...keysOf(4).slice(1), keyOf(4)]];
  const chain: CertificateOfSet[] = [];
  for (let slot = 1; slot <= 40; slot++) {
    const source = slot === 1 ? zeros : at(slot - 1);
    chain.push({ certificate: certificate(source, at(slot), before, [0, 1, 2]), set: before });
  }
  const other = certificate(at(20), at(50, "other"), after, [2, 3, 4]);
  const culprits = culpritsOf([...chain, { certificate: other, set: after }]);
  assert.deepEqual(
    culprits.map(({ validator, type }) => [validator, type]),
    [[keyOf(2), evidenceTypes.surround]],
  );
});

test("of random certificates exactly the signers who contradict themselves are named", () => {
  const scene = fc.tuple(forks(5, 14), voteDraws(5, 40)).map(([blocks, draws]) => ({
    blocks,
    votes: anyVotes(blocks, draws),
  }));
  let found = 0;
  fc.assert(
    fc.property(scene, ({ blocks, votes }) => {
      const pool = new VotePool(genesisHash, signatures);
      const certified: Vote[] = [];
      const certificates: CertificateOfSet[] = [];
      for (const block of blocks) {
        const right = votes.filter((one) => isVoteFor(one, block));
        const target = { slot: block.slot, set: block.set, source: block.justified };
        for (const one of right) {
          const added = pool.add(one, target);
          if (typeof added !== "object" || "code" in added) continue;
          if (added.certificate === undefined) continue;
          const { certificate: formed } = added;
          certificates.push({ certificate: formed, set: block.set });
          const signers = certifiersOf(formed, block.set);
          certified.push(...right.filter(({ validator }) => signers.includes(validator)));
        }
      }
      const named = culpritsOf(certificates).map(({ validator }) => validator);
      assert.deepEqual(named, [...guiltyOf(certified)].sort());
      found += named.length;
    }),
    { seed: 5, numRuns: 200 },
  );
  assert.ok(found > 200, `${found} found`);
});

test("more certificates than can be compared at once are the caller's bug", () => {
  const one = { certificate: certificate(zeros, a1, keysOf(1), [0]), set: keysOf(1) };
  assert.deepEqual(culpritsOf(Array(culpritCertificatesMax).fill(one)), []);
  assert.throws(() => culpritsOf(Array(culpritCertificatesMax + 1).fill(one)), /caller/);
});
