/** The leaves of the state in which the registry is kept. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { concatBytes, u16Bytes, u64Bytes } from "../../../src/base/bytes.ts";
import type { Proposal, Registry, SetChange } from "../../../src/chain/registry.ts";
import {
  decodeRegistry,
  encodeRegistry,
  type RegistryLeaves,
} from "../../../src/chain/registry-codec.ts";
import { encodeChange } from "../../../src/model/governance.ts";
import { idBytes, txIdOf } from "../../../src/model/ids.ts";
import { encodeValidatorSet } from "../../../src/model/validator-set.ts";
import { chainLimits } from "../../../src/params/limits.ts";
import { change, keysOf, registryOf } from "./governance-fixtures.ts";
import { keyOf } from "./ledger-fixtures.ts";

const slots = fc.nat(10 ** 9);
const targets = fc.nat(20).map((i) => `v${i}`);
const proposable = fc.oneof(
  fc
    .tuple(
      fc.constantFrom("add" as const, "rerank" as const),
      targets,
      fc.option(fc.nat(127), { nil: undefined }),
    )
    .map(([action, name, rank]) => change(action, name, { rank })),
  fc.tuple(targets, fc.boolean()).map(([name, force]) => change("remove", name, { force })),
);
const changes: fc.Arbitrary<SetChange> = fc.oneof(
  proposable.map((each) => ({ ...each, fromEvidence: false })),
  targets.map((name) => ({ ...change("remove", name), fromEvidence: true })),
);

const registries: fc.Arbitrary<Registry> = fc
  .record({
    count: fc.integer({ min: 1, max: 128 }),
    jail: fc.uniqueArray(fc.tuple(targets, slots), { selector: ([name]) => name, maxLength: 5 }),
    open: fc.array(fc.tuple(proposable, slots, fc.nat(), fc.nat()), { maxLength: 6 }),
    pending: fc.option(fc.tuple(changes, slots), { nil: undefined }),
    queue: fc.array(changes, { maxLength: 6 }),
  })
  .map(({ count, jail, open, pending, queue }) => {
    const validators = keysOf(count);
    const sorted = open.map(([, slot]) => slot).sort((a, b) => a - b);
    return {
      validators,
      jail: jail
        .map(([name, slot]) => ({ validator: keyOf(name), slot }))
        .sort((a, b) => (a.validator < b.validator ? -1 : 1)),
      proposals: open.slice(0, count).map(([each, , one, other], i): Proposal => {
        const approving = [validators[i], validators[one % count], validators[other % count]];
        return {
          ...each,
          id: txIdOf(new Uint8Array(32).fill(i)),
          proposer: validators[i]!,
          slot: sorted[i]!,
          approvals: validators.filter((key) => approving.includes(key)),
        };
      }),
      pending: pending && { ...pending[0], queuedAt: pending[1] },
      queue: pending === undefined ? [] : queue,
    };
  });

test("a registry round-trips through its leaves", () => {
  fc.assert(
    fc.property(registries, (registry) => {
      const leaves = encodeRegistry(registry);
      assert.equal(leaves.jailed === undefined, registry.jail.length === 0);
      const isQuiet = registry.pending === undefined && registry.proposals.length === 0;
      assert.equal(leaves.governance === undefined, isQuiet);
      assert.deepEqual(decodeRegistry(leaves), registry);
    }),
    { seed: 1, numRuns: 200 },
  );
});

test("changed bytes are refused or are another registry, never the same", () => {
  const changed = fc.tuple(registries, fc.nat(), fc.integer({ min: 1, max: 255 }));
  fc.assert(
    fc.property(changed, ([registry, at, flip]) => {
      const leaves = encodeRegistry(registry);
      for (const name of ["governance", "jailed"] as const) {
        const bytes = leaves[name]?.slice();
        if (bytes === undefined) continue;
        bytes[at % bytes.length]! ^= flip;
        const decoded = decodeRegistry({ ...leaves, [name]: bytes });
        if (decoded !== undefined) assert.deepEqual(encodeRegistry(decoded)[name], bytes);
        assert.notDeepEqual(decoded, registry);
        for (const other of [concatBytes(bytes, Uint8Array.of(0)), bytes.slice(0, -1)]) {
          assert.equal(decodeRegistry({ ...leaves, [name]: other }), undefined);
        }
      }
    }),
    { seed: 2, numRuns: 200 },
  );
});

const plain: Registry = registryOf(4, {
  pending: { ...change("remove", "v1"), fromEvidence: true, queuedAt: 7 },
  queue: [{ ...change("add", "v4", { rank: 2 }), fromEvidence: false }],
  proposals: [
    {
      ...change("remove", "v2", { force: true }),
      id: txIdOf(new Uint8Array(32).fill(9)),
      proposer: keyOf("v3"),
      slot: 5,
      approvals: [keyOf("v0"), keyOf("v3")],
    },
  ],
  jail: [{ validator: keyOf("v1"), slot: 6 }],
});
const byEvidence = encodeChange(change("remove", "v1"));
byEvidence[0] = 0x42;
const parts = [
  Uint8Array.of(1),
  byEvidence,
  u64Bytes(7),
  u16Bytes(1),
  encodeChange(change("add", "v4", { rank: 2 })),
  u16Bytes(1),
  new Uint8Array(32).fill(9),
  encodeChange(change("remove", "v2", { force: true })),
  idBytes(keyOf("v3")),
  u64Bytes(5),
  concatBytes(Uint8Array.of(0b1001), new Uint8Array(15)),
];
const proposalPart = concatBytes(...parts.slice(6));

test("the leaves are laid out as specified", () => {
  const leaves = encodeRegistry(plain);
  assert.deepEqual(leaves.validators, encodeValidatorSet(keysOf(4)));
  assert.deepEqual(leaves.governance, concatBytes(...parts));
  assert.deepEqual(leaves.jailed, concatBytes(u16Bytes(1), idBytes(keyOf("v1")), u64Bytes(6)));
});

test("other leaves are no registry", () => {
  const good = encodeRegistry(plain);
  const governance = (...replaced: [number, Uint8Array][]) => {
    const own = new Map(replaced);
    return concatBytes(...parts.map((part, i) => own.get(i) ?? part));
  };
  const jailed = [keyOf("v1"), keyOf("v2")].sort().map(idBytes);
  const forcedEvidence = byEvidence.slice();
  forcedEvidence[0] = 0xc2;
  const addedByEvidence = encodeChange(change("add", "v4"));
  addedByEvidence[0] = 0x41;
  const queueMax = chainLimits.setChangesQueuedMax;
  const longQueue = concatBytes(...Array.from({ length: queueMax + 1 }, () => parts[4]!));
  const wrong: [string, Partial<RegistryLeaves>][] = [
    ["an empty set", { validators: u16Bytes(0) }],
    ["a governance leaf of nothing", { governance: new Uint8Array(0) }],
    ["a governance leaf that says nothing", { governance: new Uint8Array(5) }],
    ["another flag", { governance: governance([0, Uint8Array.of(2)]) }],
    ["a queue behind nothing", { governance: concatBytes(Uint8Array.of(0), ...parts.slice(3)) }],
    ["a height of 2^53", { governance: governance([2, u64Bytes(1n << 53n)]) }],
    ["forced evidence", { governance: governance([1, forcedEvidence]) }],
    ["an addition by evidence", { governance: governance([4, addedByEvidence]) }],
    ["a slot of 2^53", { governance: governance([9, u64Bytes(1n << 53n)]) }],
    ["a proposer who did not approve", { governance: governance([10, new Uint8Array(16)]) }],
    ["a proposer who is no validator", { governance: governance([8, idBytes(keyOf("x"))]) }],
    [
      "an approval beyond the set",
      { governance: governance([10, concatBytes(Uint8Array.of(0b11001), new Uint8Array(15))]) },
    ],
    [
      "two proposals of one validator",
      { governance: governance([5, u16Bytes(2)], [6, concatBytes(proposalPart, parts[6]!)]) },
    ],
    [
      "a queue beyond its bound",
      { governance: governance([3, u16Bytes(queueMax + 1)], [4, longQueue]) },
    ],
    ["a count beyond the bytes", { governance: governance([5, u16Bytes(2)]) }],
    ["a jail of nobody", { jailed: u16Bytes(0) }],
    ["half a count", { jailed: new Uint8Array(1) }],
    [
      "a jail in no order",
      {
        jailed: concatBytes(u16Bytes(2), jailed[1]!, u64Bytes(1), jailed[0]!, u64Bytes(1)),
      },
    ],
    [
      "one jailed twice",
      {
        jailed: concatBytes(u16Bytes(2), jailed[1]!, u64Bytes(1), jailed[1]!, u64Bytes(2)),
      },
    ],
    [
      "a jailing slot of 2^53",
      { jailed: concatBytes(u16Bytes(1), jailed[0]!, u64Bytes(1n << 53n)) },
    ],
  ];
  assert.deepEqual(decodeRegistry(good), plain);
  for (const [what, leaf] of wrong) {
    assert.equal(decodeRegistry({ ...good, ...leaf }), undefined, what);
  }
});
