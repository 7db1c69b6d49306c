/** Whom an attacker with many addresses of few networks can drive out, and whom not. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Conn } from "../../../src/edge/conn.ts";
import {
  type EvictionCandidate,
  unprotected,
  victimOf,
} from "../../../src/net/connections/eviction.ts";
import { connectionLimits } from "../../../src/params/limits.ts";
import { conn, testEnv } from "./net-fixture.ts";

const key = testEnv(1).random.bytes(32);
const never = Number.NEGATIVE_INFINITY;

function candidate(n: number, some: Partial<EvictionCandidate> = {}): EvictionCandidate {
  return {
    conn: conn(n),
    group: `${n % 250}.0`,
    readyAt: n,
    pingMs: Number.POSITIVE_INFINITY,
    blockAt: never,
    transactionAt: never,
    quiet: false,
    value: 0,
    isSuspect: false,
    ...some,
  };
}

const anyPeers = fc
  .array(
    fc.record({
      group: fc.integer({ min: 0, max: 9 }).map((n) => `g${n}`),
      pingMs: fc.oneof(fc.nat(500), fc.constant(Number.POSITIVE_INFINITY)),
      blockAt: fc.oneof(fc.nat(1_000), fc.constant(never)),
      transactionAt: fc.oneof(fc.nat(1_000), fc.constant(never)),
      quiet: fc.boolean(),
      value: fc.integer({ min: -50, max: 50 }),
      isSuspect: fc.boolean(),
      readyAt: fc.nat(1_000),
    }),
    { maxLength: 120 },
  )
  .map((peers) => peers.map((some, n) => candidate(n, some)));

/** Fills the slots with `attackers` over and over; returns who is left of the `honest`. */
function underAttack(
  honest: readonly EvictionCandidate[],
  attacker: (n: number) => EvictionCandidate,
  slots: number,
  count: number,
): ReadonlySet<Conn> {
  let peers = [...honest];
  for (let n = 0; n < count; n++) {
    if (peers.length >= slots) {
      const victim = victimOf(peers, key);
      peers = peers.filter((peer) => peer !== victim);
    }
    peers.push(attacker(n));
  }
  const left = new Set(peers.map((peer) => peer.conn));
  return new Set(honest.map((peer) => peer.conn).filter((one) => left.has(one)));
}

describe("eviction", () => {
  test("names one of those who are not spared, and at least a quarter is not", () => {
    const property = fc.property(anyPeers, (peers) => {
      const victim = victimOf(peers, key);
      assert.equal(victim === undefined, peers.length === 0);
      if (victim === undefined) return;
      const open = unprotected(peers, key);
      assert.ok(open.includes(victim));
      assert.ok(open.length * 4 >= peers.length, "slots never close");
    });
    fc.assert(property, { seed: 1, numRuns: 500 });
  });

  test("takes the youngest of the netgroup that holds most, and suspects before all others", () => {
    const two = [candidate(1, { group: "b" }), candidate(2, { group: "b" })];
    const many = Array.from({ length: 6 }, (_, n) => candidate(10 + n, { group: "a" }));
    assert.equal(victimOf([...many, ...two], key)?.conn, conn(15));
    const suspect = candidate(99, { group: "c", isSuspect: true });
    assert.equal(victimOf([...many, ...two, suspect], key)?.conn, conn(99));
  });

  /** What an attacker would have to be better at than all honest peers at once. */
  const merits = {
    "a short way": (n: number) => ({ pingMs: 1 + n }),
    "news of transactions": (n: number) => ({ transactionAt: 1e9 + n }),
    "news of blocks": (n: number) => ({ blockAt: 1e9 + n }),
    "news of blocks on a block-only link": (n: number) => ({ blockAt: 1e9 + n, quiet: true }),
    "a good name": (n: number) => ({ value: 100 + n }),
    "a long stay": () => ({}),
  };
  for (const [name, merit] of Object.entries(merits)) {
    test(`an attacker with k netgroups drives out nobody who has ${name}`, () => {
      const run = fc.record({
        groups: fc.integer({ min: 1, max: 64 }),
        slots: fc.constantFrom(39, 115, 300),
      });
      const stays = name === "a long stay";
      const property = fc.property(run, ({ groups, slots }) => {
        const spared = stays ? Math.floor(slots / 4) : slots < 64 ? 2 : 4;
        const honest = Array.from({ length: spared }, (_, n) =>
          candidate(n, { group: "crowded", readyAt: stays ? n : 1e8 + n, ...merit(n) }),
        );
        // As good as the honest, and better at all but the one thing that these have.
        const attacker = (n: number) =>
          candidate(1_000 + n, {
            group: `evil${n % groups}`,
            readyAt: 1e6 + n,
            ...(name === "a short way" ? {} : { pingMs: 0 }),
            ...(name === "news of transactions" ? {} : { transactionAt: 2e9 + n }),
            ...(name.startsWith("news of blocks") ? {} : { blockAt: 2e9 + n }),
            ...(name === "a good name" ? {} : { value: 1_000 }),
          });
        assert.equal(underAttack(honest, attacker, slots, 3 * slots).size, spared);
      });
      fc.assert(property, { seed: 1, numRuns: 8 });
    });
  }

  test("an attacker with few netgroups drives out nobody who is alone in his", () => {
    const property = fc.property(fc.integer({ min: 1, max: 6 }), (groups) => {
      const honest = Array.from({ length: 20 }, (_, n) =>
        candidate(n, { group: `honest${n}`, readyAt: 1e7 + n }),
      );
      const attacker = (n: number) =>
        candidate(1_000 + n, {
          ...{ group: `evil${n % groups}`, readyAt: n, pingMs: 0, value: 1_000 },
          ...{ transactionAt: 1e9 + n, blockAt: 1e9 + n },
        });
      assert.equal(underAttack(honest, attacker, 115, 1_000).size, honest.length);
    });
    fc.assert(property, { seed: 1, numRuns: 8 });
  });

  test("which netgroups are spared depends on a secret, so nobody can buy them", () => {
    const peers = Array.from({ length: 128 }, (_, n) => candidate(n, { readyAt: 0 }));
    const sparedBy = (seed: number) => {
      const open = new Set(unprotected(peers, testEnv(seed).random.bytes(32)));
      return peers.filter((peer) => !open.has(peer)).map((peer) => peer.group);
    };
    assert.deepEqual(sparedBy(1), sparedBy(1));
    assert.notDeepEqual(sparedBy(1), sparedBy(2));
    assert.ok(sparedBy(1).length >= connectionLimits.keptByGroupMax);
  });
});
