/** When a leader seals, and what it hands to the signer. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "../../../src/base/bytes.ts";
import type { SealRequest } from "../../../src/edge/effect.ts";
import type { NodeEvent } from "../../../src/edge/event.ts";
import type { Mempool } from "../../../src/mempool/mempool.ts";
import { addressOfKey, type Transaction } from "../../../src/model/transaction.ts";
import { EffectQueue } from "../../../src/node/effect-queue.ts";
import { Sealer } from "../../../src/node/sealer.ts";
import { ValidatorGuard } from "../../../src/node/validator-guard.ts";
import { chainLimits } from "../../../src/params/limits.ts";
import { ChainBuilder } from "../../support/chain-builder.ts";
import { keyOf, networkOf, seedOf, slotMs } from "../../support/chain-network.ts";
import { ChainWorld } from "../../support/chain-world.ts";

const builder = new ChainBuilder(networkOf(4));
const chain = builder.certified(builder.genesis, 4);
/** Leads slots 1, 5, 9 … */
const key = builder.file.validators[1]!;

/** What the sealer asks of a pool. */
function poolOf(transactions: readonly Transaction[], size = transactions.length) {
  const pool = {
    size,
    revision: 0,
    asked: 0,
    select: () => {
      pool.asked++;
      return transactions;
    },
  };
  return pool;
}

function sealerIn(
  slot: number,
  { floor = 0, maySeal = true, isFresh = true, pool = poolOf([builder.transfer(0, 1, 0)]) } = {},
) {
  const world = new ChainWorld(builder, { slot });
  for (const block of chain) world.block(block, 9 as never);
  const { env } = world;
  const effects = new EffectQueue();
  const floors = { sealSlot: floor, sourceSlot: 0, targetSlot: 0 };
  const validator = { key, floors, isFresh };
  const guard = new ValidatorGuard(
    env,
    builder.file,
    validator,
    () => 4,
    (event) => effects.notify(event),
  );
  const mempool = pool as unknown as Mempool;
  const options = { file: builder.file, key, floor, guard, maySeal: () => maySeal };
  const sealer = new Sealer(env, effects, world.chain, mempool, options);
  const at = (next: number, ms = 0) => {
    const wallMs = builder.file.genesisTimeMs + next * slotMs + ms;
    world.clock.monotonicMs += wallMs - world.clock.wallMs;
    world.clock.wallMs = wallMs;
    guard.tick();
    const results = sealer.tick();
    const drained = effects.drain();
    const requests = drained.flatMap((e) => (e.type === "sign" ? [e] : []));
    return { results, requests };
  };
  return { world, sealer, guard, effects, at };
}

test("a leader asks for the seal of its block at the start of its slot, once", () => {
  const { at, sealer, effects } = sealerIn(4);
  const { requests } = at(5);
  const [{ job, request }] = requests as [(typeof requests)[0]];
  const seal = request as SealRequest;
  assert.deepEqual([seal.type, seal.slot], ["seal", 5]);
  assert.deepEqual(at(5, 500).requests, []);
  const block = sealer.onSigned(job, new Uint8Array(64), "");
  assert.ok(block !== undefined);
  const { header } = block.sealed;
  assert.equal(header.hash, toHex(seal.blockHash));
  assert.equal(header.txCount, 1);
  assert.deepEqual([header.height, header.slot, header.parentHash], [5, 5, chain[3]!.hash]);
  const [event] = effects
    .drain()
    .flatMap((e): NodeEvent[] => (e.type === "notify" ? [e.event] : []));
  assert.deepEqual(event, { type: "sealed", height: 5, hash: header.hash });
  assert.equal(sealer.onSigned(job, new Uint8Array(64), ""), undefined, "once");
});

test("in the slot of another nothing is asked for, nor in the slot of the start", () => {
  const { at } = sealerIn(5);
  for (const slot of [5, 6, 7, 8]) assert.deepEqual(at(slot).requests, []);
  assert.equal(at(9).requests.length, 1);
});

test("what was kept back since the freeze is in the leader's block", () => {
  const { world, at, sealer } = sealerIn(4);
  world.chain.duties.freeze(4);
  world.votes(chain[3]!, [0, 2, 3]);
  assert.equal(world.chain.justified.hash, chain[2]!.hash);
  const { requests } = at(5);
  assert.equal(world.chain.justified.hash, chain[3]!.hash);
  const block = sealer.onSigned(requests[0]!.job, new Uint8Array(64), "");
  assert.equal(block?.sealed.header.justifiedHash, chain[3]!.hash);
});

test("a signer that refuses is reported, and there is no block", () => {
  const { at, sealer, effects } = sealerIn(4);
  const { job } = at(5).requests[0]!;
  assert.equal(sealer.onSigned(job, undefined, "the floor is above"), undefined);
  const events = effects.drain().flatMap((e) => (e.type === "notify" ? [e.event] : []));
  assert.deepEqual(events, [{ type: "seal-refused", slot: 5, reason: "the floor is above" }]);
});

test("below its floor, out of step, under watch or after a halt it seals nothing", () => {
  assert.deepEqual(sealerIn(4, { floor: 5 }).at(5).requests, []);
  assert.deepEqual(sealerIn(4, { maySeal: false }).at(5).requests, []);
  assert.deepEqual(sealerIn(4, { isFresh: false }).at(5).requests, []);
  const { world, at } = sealerIn(4);
  const twin = builder.block(chain[2]!, { slot: 4 });
  world.block(twin);
  world.certificate(builder.certificateFor(chain[3]!, [0, 1, 2]));
  world.certificate(builder.certificateFor(twin, [1, 2, 3]));
  assert.ok(world.chain.halted !== undefined);
  assert.deepEqual(at(5).requests, []);
});

const few = [builder.transfer(0, 1, 0), builder.transfer(0, 1, 1)];
const hashOf = ({ request }: { readonly request: unknown }) =>
  toHex((request as SealRequest).blockHash);
const sealOf = ({ requests }: { requests: readonly { readonly request: unknown }[] }) =>
  hashOf(requests[0]!);
const builtInSlot = sealOf(sealerIn(4, { pool: poolOf(few) }).at(5));

test("with many pending a block is prepared a quarter of a slot ahead, and is the same", () => {
  const pool = poolOf(few, 1000);
  const { at, sealer, world } = sealerIn(4, { pool });
  assert.equal(sealer.deadline - world.clock.monotonicMs, 0.75 * slotMs);
  assert.deepEqual(at(4, 0.75 * slotMs - 1).requests, []);
  assert.equal(pool.asked, 0);
  const { root } = world;
  assert.deepEqual(at(4, 0.75 * slotMs).requests, []);
  assert.equal(pool.asked, 1);
  assert.equal(world.root, root);
  assert.equal(sealer.deadline - world.clock.monotonicMs, 0.25 * slotMs);
  at(4, 0.9 * slotMs);
  assert.equal(sealOf(at(5)), builtInSlot);
  assert.equal(pool.asked, 1, "nothing was done again");
  at(8, 0.8 * slotMs);
  assert.equal(sealOf(at(9)).length, 64);
  assert.equal(pool.asked, 2);
});

test("with few pending, and in the slots of others, nothing is prepared", () => {
  for (const [slot, size] of [
    [4, 511],
    [5, 1000],
  ] as const) {
    const pool = poolOf(few, size);
    const { at, sealer, world } = sealerIn(slot, { pool });
    at(slot, 0.8 * slotMs);
    assert.equal(pool.asked, 0);
    assert.equal(sealer.deadline - world.clock.monotonicMs, 0.2 * slotMs);
  }
});

test("a step that comes late in a slot leaves no deadline behind", () => {
  const { world, at, sealer } = sealerIn(4, { pool: poolOf(few, 600) });
  for (const [slot, ms] of [
    [5, slotMs - 1],
    [6, slotMs / 2],
    [9, slotMs - 1],
  ] as const) {
    at(slot, ms);
    assert.ok(sealer.deadline > world.clock.monotonicMs, `slot ${slot}`);
  }
});

test("a prepared block is built again when another transaction came that may fit", () => {
  const pool = poolOf(few, 1000);
  const { at } = sealerIn(4, { pool });
  at(4, 0.8 * slotMs);
  pool.revision++;
  assert.equal(sealOf(at(5)), builtInSlot);
  assert.equal(pool.asked, 2);
});

test("a prepared block that is full stays, whatever came", () => {
  const payload = new Uint8Array(chainLimits.transactionBytesMax - 168);
  const count = Math.floor(chainLimits.blockBodyBytesMax / chainLimits.transactionBytesMax);
  const large = Array.from({ length: count }, (_, nonce) =>
    builder.signed({
      type: 0,
      sender: keyOf(seedOf(1000)),
      nonce: BigInt(nonce),
      fee: 2n,
      validUntilSlot: 0,
      to: addressOfKey(keyOf(seedOf(1001))),
      amount: 1n,
      payload,
    }),
  );
  const pool = poolOf(large, 1000);
  const { at } = sealerIn(4, { pool });
  at(4, 0.8 * slotMs);
  pool.revision++;
  assert.equal(sealOf(at(5)), sealOf(sealerIn(4, { pool: poolOf(large) }).at(5)));
  assert.equal(pool.asked, 1);
});

test("a prepared block is not sealed when what it stands on or carries is another", () => {
  const cases: readonly ((world: ChainWorld) => void)[] = [
    (world) => world.certificate(builder.certificateFor(chain[3]!)),
    (world) => world.block(builder.block(chain[3]!, { slot: 5 })),
    (world) => {
      const votes = [chain[3]!, builder.block(chain[2]!, { slot: 4 })];
      for (const block of votes) world.vote(builder.vote(block, 2));
    },
  ];
  for (const happen of cases) {
    const pool = poolOf(few, 1000);
    const { at, world } = sealerIn(4, { pool });
    at(4, 0.8 * slotMs);
    happen(world);
    const plain = sealerIn(4, { pool: poolOf(few) });
    happen(plain.world);
    assert.deepEqual(at(5).requests.map(hashOf), plain.at(5).requests.map(hashOf));
    assert.notEqual(world.chain.duties.preparedBlock(5, key)?.header.hash, builtInSlot);
  }
});
