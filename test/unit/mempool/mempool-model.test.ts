import { strict as assert } from "node:assert";
import { test } from "node:test";
import fc from "fast-check";
import type { Block } from "../../../src/model/block.ts";
import type { TxId } from "../../../src/model/ids.ts";
import type { Transaction } from "../../../src/model/transaction.ts";
import { mempoolLimits } from "../../../src/params/limits.ts";
import { accountAddress, draft, PoolWorld } from "../../support/pool-world.ts";

const accounts = 4;
const caps = { transactionsMax: 25, bytesMax: 9_000 };

const drafted = fc.record({
  account: fc.nat(accounts - 1),
  ahead: fc.integer({ min: -2, max: 20 }),
  fee: fc.integer({ min: 0, max: 60 }),
  amount: fc.integer({ min: 0, max: 120 }),
  payload: fc.constantFrom(0, 0, 50, 900),
  validFor: fc.constantFrom(-1, 0, 1, 5, 1_000),
});

const action = fc.oneof(
  { weight: 12, arbitrary: fc.record({ type: fc.constant("add" as const), of: drafted }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("block" as const), count: fc.nat(6) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("reorg" as const), depth: fc.nat(3) }) },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant("time" as const), ms: fc.nat(6_000_000) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant("drain" as const),
      account: fc.nat(accounts - 1),
      left: fc.nat(300),
    }),
  },
);

function ofSender(world: PoolWorld, account: number): Transaction[] {
  const address = accountAddress(account);
  return [...world.pool.entries()]
    .filter((t) => t.from === address)
    .sort((a, b) => Number(a.nonce - b.nonce));
}

function checkInvariants(world: PoolWorld): void {
  const { pool } = world;
  const all = [...pool.entries()];
  assert.equal(pool.size, all.length);
  assert.equal(
    pool.bytes,
    all.reduce((sum, t) => sum + t.bytes.length, 0),
  );
  assert.ok(pool.size <= caps.transactionsMax && pool.bytes <= caps.bytesMax);
  for (let account = 0; account < accounts; account++) {
    const { nonce, balance } = world.account(accountAddress(account));
    const own = ofSender(world, account);
    assert.equal(pool.countOf(accountAddress(account)), own.length);
    assert.ok(own.length <= mempoolLimits.perAccountMax);
    assert.equal(new Set(own.map((t) => t.nonce)).size, own.length, "one for each nonce");
    let next = nonce;
    for (const t of own) if (t.nonce === next) next += 1n;
    for (const t of own) {
      assert.ok(t.nonce >= nonce && t.nonce <= next + BigInt(mempoolLimits.nonceGapMax));
    }
    const cost = own.reduce((sum, t) => sum + t.amount + t.fee, 0n);
    assert.ok(cost <= balance, "together affordable");
  }
}

/** The rule, as plainly as it can be said. */
function naiveSelection(world: PoolWorld): Transaction[] {
  const queues = Array.from({ length: accounts }, (_, account) => {
    const { nonce } = world.account(accountAddress(account));
    const own = ofSender(world, account);
    const gap = own.findIndex((t, index) => t.nonce !== nonce + BigInt(index));
    return gap < 0 ? own : own.slice(0, gap);
  });
  const arrival = [...world.pool.entries()];
  const selected: Transaction[] = [];
  for (;;) {
    const heads = queues.flatMap((queue) => queue.slice(0, 1));
    heads.sort((a, b) => {
      const difference = b.fee * BigInt(a.bytes.length) - a.fee * BigInt(b.bytes.length);
      return difference !== 0n ? Number(difference) : arrival.indexOf(a) - arrival.indexOf(b);
    });
    const best = heads[0];
    if (best === undefined) return selected;
    const queue = queues.find((q) => q[0] === best)!;
    queue.shift();
    if (best.validUntilSlot === 0 || best.validUntilSlot >= world.slot) selected.push(best);
    else queue.length = 0;
  }
}

test("whatever happens, caps, gaps, sums and the order of selection hold", () => {
  const run = (actions: readonly (typeof action extends fc.Arbitrary<infer A> ? A : never)[]) => {
    const world = new PoolWorld({ ...caps, minFee: 1n });
    for (let account = 0; account < accounts; account++) world.fund(account, 3_000);
    const blocks: Block[] = [];
    for (const step of actions) {
      if (step.type === "add") {
        const { account, ahead, validFor, ...rest } = step.of;
        const nonce = Math.max(0, Number(world.account(accountAddress(account)).nonce) + ahead);
        const transaction = draft(account, {
          ...rest,
          nonce,
          validUntilSlot: world.slot + validFor,
        });
        checkAdd(world, transaction);
      } else if (step.type === "block") {
        world.slot++;
        const chosen = world.pool.select(2_000, step.count);
        blocks.push(world.move(chosen));
        world.pool.onChainMoved([], blocks.slice(-1));
        for (const t of chosen) assert.equal(world.pool.has(t.id), false, "confirmed");
      } else if (step.type === "reorg") {
        const undone = blocks.splice(blocks.length - Math.min(step.depth, blocks.length)).reverse();
        for (const block of undone) world.move(block.body.transactions.toReversed(), -1n);
        world.pool.onChainMoved(undone, []);
      } else if (step.type === "time") {
        world.time.clock.monotonicMs += step.ms;
        world.pool.tick();
        assert.ok(world.pool.deadline > world.time.clock.monotonicMs);
      } else {
        const address = accountAddress(step.account);
        const { nonce, balance } = world.account(address);
        const left = BigInt(step.left) < balance ? BigInt(step.left) : balance;
        world.accounts.set(address, { nonce, balance: left });
        // Somebody's block touched it: in a real ledger only blocks move balances.
        const touching = { ...draft(0), from: address } as Transaction;
        world.pool.onChainMoved([], [{ ...emptyBlock(world), body: bodyOf(touching) }]);
      }
      checkInvariants(world);
      assert.deepEqual(
        world.pool.select(1 << 24, 1_000).map((t) => t.id),
        naiveSelection(world).map((t) => t.id),
      );
    }
  };
  fc.assert(fc.property(fc.array(action, { maxLength: 120 }), run), { seed: 1, numRuns: 150 });
});

const emptyBlock = (world: PoolWorld) => world.move([]);
const bodyOf = (transaction: Transaction) => {
  const empty = new Uint8Array(0);
  return { certificate: empty, transactions: [transaction], bytes: empty };
};

/** A refusal changes nothing; a newcomer replaces only its like and evicts only tails. */
function checkAdd(world: PoolWorld, transaction: Transaction): void {
  const before = new Map([...world.pool.entries()].map((t) => [t.id, t] as const));
  const verdict = world.pool.add(transaction);
  const after = new Set([...world.pool.entries()].map((t) => t.id));
  if ("code" in verdict) {
    assert.deepEqual(after, new Set(before.keys()), "a refusal changes nothing");
    return;
  }
  assert.ok(after.has(transaction.id));
  const gone = [...before.values()].filter((t) => !after.has(t.id));
  for (const t of gone) {
    if (t.id === verdict.replaced) checkReplaced(t, transaction);
    else checkEvicted(t, before, after);
  }
}

function checkReplaced(old: Transaction, by: Transaction): void {
  assert.ok(old.from === by.from && old.nonce === by.nonce);
  assert.ok(by.fee > old.fee && by.fee * 1_000n >= old.fee * 1_125n);
}

function checkEvicted(
  evicted: Transaction,
  before: ReadonlyMap<TxId, Transaction>,
  after: ReadonlySet<TxId>,
): void {
  for (const t of before.values()) {
    const isLater = t.from === evicted.from && t.nonce > evicted.nonce;
    assert.ok(!isLater || !after.has(t.id), "nothing after an evicted one stays");
  }
}
