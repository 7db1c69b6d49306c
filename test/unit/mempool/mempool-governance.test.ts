/** What the pool knows of validators: their transactions, their evidence and their rewards. */
import { strict as assert } from "node:assert";
import { test } from "node:test";
import { u64Bytes } from "../../../src/base/bytes.ts";
import { sha256 } from "../../../src/crypto/hash.ts";
import { publicKeyOf } from "../../../src/model/ids.ts";
import { blockWith, draft, PoolWorld } from "../../support/pool-world.ts";

test("proposals and approvals wait like transfers, unless they would fail", () => {
  const world = new PoolWorld();
  world.fund(0, 1_000_000);
  const failing = [draft(0, { type: 2 }), draft(0, { type: 3, nonce: 1 })];
  for (const { id } of failing) world.failing.add(id);
  for (const each of failing) assert.equal(world.add(each), "transaction-governance");
  assert.equal(world.verifiedCount, 0);
  const good = [draft(0, { type: 2, fee: 20 }), draft(0, { type: 3, nonce: 1, fee: 30 })];
  for (const each of good) assert.equal(world.add(each), "accepted");
  assert.deepEqual(world.pool.select(1 << 20, 100), good);
});

test("evidence of an undone block does not come back: it has no sender", () => {
  const world = new PoolWorld();
  world.fund(0, 1_000_000);
  const evidence = draft(0, { type: 4 });
  world.pool.onChainMoved([blockWith([evidence])], []);
  assert.equal(world.pool.size, 0);
});

test("voters who lose a reward with an undone block keep only what they can pay", () => {
  const world = new PoolWorld();
  world.fund(3, 100);
  world.validators = [publicKeyOf(sha256(u64Bytes(3)))];
  assert.equal(world.add(draft(3, { fee: 100, amount: 0 })), "accepted");
  world.fund(3, 99);
  const undone = blockWith([]);
  world.pool.onChainMoved([undone], []);
  assert.equal(world.pool.size, 1, "no certificate, no reward");
  const certificate = new Uint8Array(1);
  world.pool.onChainMoved([{ ...undone, body: { ...undone.body, certificate } }], []);
  assert.equal(world.pool.size, 0);
});
