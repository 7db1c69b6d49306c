import { strict as assert } from "node:assert";
import { test } from "node:test";
import { chainLimits, mempoolLimits } from "../../../src/params/limits.ts";
import { accountAddress, blockWith, draft, PoolWorld } from "../../support/pool-world.ts";

const rich = 1_000_000_000n;

function worldOf(accounts: number, options = {}): PoolWorld {
  const world = new PoolWorld(options);
  for (let account = 0; account < accounts; account++) world.fund(account, rich);
  return world;
}

test("each rule has its code, and no signature is looked at before the cheap ones have passed", () => {
  const world = worldOf(1, { minFee: 5n });
  world.fund(1, 50, 3);
  const cases: [string, ReturnType<typeof draft>][] = [
    ["transaction-type", draft(0, { type: 1 })],
    ["transaction-type", draft(0, { type: 4 })],
    ["transaction-fee-low", draft(0, { fee: 4 })],
    ["transaction-expired", draft(0, { validUntilSlot: 99 })],
    ["transaction-overflow", draft(0, { amount: (1n << 64n) - 5n })],
    ["transaction-nonce-low", draft(1, { nonce: 2 })],
    ["transaction-nonce-high", draft(1, { nonce: 3 + mempoolLimits.nonceGapMax + 1 })],
    ["transaction-balance", draft(1, { nonce: 3, fee: 10, amount: 41 })],
    ["transaction-balance", draft(2)],
  ];
  for (const [code, transaction] of cases) assert.equal(world.add(transaction), code);
  assert.equal(world.verifiedCount, 0);
  assert.equal(world.add(draft(0, { forged: true })), "transaction-signature");
  assert.equal(world.add(draft(0, { validUntilSlot: 100 })), "accepted");
  assert.equal(world.add(draft(0, { validUntilSlot: 100 })), "transaction-duplicate");
  assert.equal(world.verifiedCount, 2);
  assert.equal(world.pool.size, 1);
});

test("highest fee per byte goes first, each sender's nonces in order, equals by arrival", () => {
  const world = worldOf(4);
  const cheapFirst = [draft(0, { fee: 5, payload: 200 }), draft(0, { nonce: 1, fee: 900 })];
  const big = draft(1, { fee: 60, payload: 1_000 });
  const [early, late] = [draft(2, { fee: 50 }), draft(3, { fee: 50 })];
  for (const t of [...cheapFirst, big, early, late]) assert.equal(world.add(t), "accepted");
  // 50/168 twice, 60/1168, then the cheap one and what it held back.
  const expected = [early, late, big, ...cheapFirst];
  assert.deepEqual(world.pool.select(1 << 20, 100), expected);
});

test("a selection keeps to bytes and count, and what follows a misfit of the same sender waits", () => {
  const world = worldOf(2);
  const large = draft(0, { fee: 60_000, payload: 500 });
  const afterLarge = draft(0, { nonce: 1, fee: 60_000 });
  const small = draft(1, { fee: 10 });
  for (const t of [large, afterLarge, small]) assert.equal(world.add(t), "accepted");
  assert.deepEqual(world.pool.select(400, 100), [small]);
  assert.deepEqual(world.pool.select(1 << 20, 1), [large]);
});

test("what expires with its slot is not selected, and then forgotten", () => {
  const world = worldOf(1);
  world.add(draft(0, { validUntilSlot: 100 }));
  world.add(draft(0, { nonce: 1 }));
  world.slot = 101;
  assert.deepEqual(world.pool.select(1 << 20, 100), []);
  world.pool.tick();
  assert.equal(world.pool.size, 1);
});

test("threat 34: a flood of least fees is bounded, and one that pays more enters and pushes one out", () => {
  const world = worldOf(2_000, { transactionsMax: 5_000 });
  for (let i = 0; i < 20_000; i++) {
    const verdict = world.add(draft(i % 1_000, { nonce: Math.floor(i / 1_000), fee: 1 }));
    assert.equal(verdict, i < 5_000 ? "accepted" : "mempool-full");
  }
  assert.equal(world.pool.size, 5_000);
  const verified = world.verifiedCount;
  const paying = draft(1_500, { fee: 2 });
  assert.equal(world.add(paying), "accepted");
  assert.equal(world.pool.size, 5_000);
  assert.equal(world.pool.select(1 << 20, 1)[0], paying);
  assert.equal(world.verifiedCount, verified + 1);
});

test("threat 34: cheap transactions cannot hide before a dear last one", () => {
  const world = worldOf(3, { transactionsMax: 4 });
  for (let nonce = 0; nonce < 3; nonce++) world.add(draft(0, { nonce, fee: 1 }));
  assert.equal(world.add(draft(0, { nonce: 3, fee: 1_000_000 })), "accepted");
  assert.equal(world.add(draft(1, { fee: 2 })), "accepted");
  assert.equal(world.pool.countOf(accountAddress(0)), 3);
  assert.equal(world.pool.countOf(accountAddress(1)), 1);
});

test("threat 34: bytes are bounded, and a large newcomer pushes out all or nothing", () => {
  const world = worldOf(40, { bytesMax: 40_000 });
  for (let account = 0; account < 38; account++) {
    assert.equal(
      world.add(draft(account, { fee: account < 19 ? 100 : 50_000, payload: 832 })),
      "accepted",
    );
  }
  const before = [...world.pool.entries()].map((t) => t.id).sort();
  assert.equal(world.add(draft(39, { fee: 40_000, payload: 30_000 })), "mempool-full");
  assert.deepEqual([...world.pool.entries()].map((t) => t.id).sort(), before);
  assert.equal(world.add(draft(39, { fee: 40_000, payload: 10_000 })), "accepted");
  assert.ok(world.pool.bytes <= 40_000);
});

test("replacing needs the same nonce and 12.5 % more; where fees are nothing, still more", () => {
  const world = worldOf(2, { minFee: 0n });
  world.add(draft(0, { fee: 80 }));
  assert.equal(world.add(draft(0, { fee: 89 })), "transaction-underpriced");
  assert.equal(world.add(draft(0, { fee: 90 })), "replaced");
  world.add(draft(1, { fee: 0 }));
  assert.equal(world.add(draft(1, { fee: 0, amount: 2 })), "transaction-underpriced");
  assert.equal(world.add(draft(1, { fee: 1 })), "replaced");
  assert.equal(world.pool.size, 2);
});

test("threat 35: gaps are bounded, wait, are never selected, and filling one promotes in order", () => {
  const world = worldOf(1);
  const odd = Array.from({ length: 50 }, (_, i) => draft(0, { nonce: 2 * i + 1 }));
  const verdicts = odd.map((t) => world.add(t));
  assert.equal(verdicts.filter((v) => v === "accepted").length, mempoolLimits.nonceGapMax / 2);
  assert.deepEqual(world.pool.select(1 << 20, 100), []);
  assert.equal(world.add(draft(0, { nonce: 0 })), "accepted");
  assert.equal(world.add(draft(0, { nonce: 2 })), "accepted");
  assert.deepEqual(
    world.pool.select(1 << 20, 100).map((t) => t.nonce),
    [0n, 1n, 2n, 3n],
  );
});

test("threat 35: one sender holds so many and no more; filling a gap pushes out its last", () => {
  const world = worldOf(1);
  const { perAccountMax } = mempoolLimits;
  for (let nonce = 0; nonce < perAccountMax - 1; nonce++) world.add(draft(0, { nonce }));
  assert.equal(world.add(draft(0, { nonce: perAccountMax })), "accepted");
  assert.equal(world.add(draft(0, { nonce: perAccountMax + 1 })), "mempool-account-full");
  assert.equal(world.add(draft(0, { nonce: perAccountMax - 1 })), "accepted");
  assert.equal(world.pool.countOf(accountAddress(0)), perAccountMax);
  assert.equal(world.pool.select(1 << 20, 100).length, perAccountMax);
});

test("threat 35: what waits behind a gap is the first to go when the pool is full", () => {
  const world = worldOf(3, { transactionsMax: 2 });
  world.add(draft(0, { nonce: 5, fee: 1_000_000 }));
  world.add(draft(1, { fee: 1 }));
  assert.equal(world.add(draft(2, { fee: 1 })), "accepted");
  assert.equal(world.pool.countOf(accountAddress(0)), 0);
  assert.equal(world.add(draft(0, { nonce: 5, fee: 1_000_000 })), "mempool-full");
});

test("threat 36: of ten that spend everything one is accepted", () => {
  const world = new PoolWorld();
  world.fund(0, 110);
  const verdicts = Array.from({ length: 10 }, (_, nonce) =>
    world.add(draft(0, { nonce, amount: 100 })),
  );
  assert.deepEqual(verdicts, ["accepted", ...Array(9).fill("transaction-balance")]);
});

test("threat 37: expiry is by our own monotonic clock, whatever the wall clock does", () => {
  const world = worldOf(1);
  world.add(draft(0));
  world.time.clock.wallMs += 2 ** 45;
  world.pool.tick();
  assert.equal(world.pool.size, 1);
  world.time.clock.monotonicMs = world.pool.deadline;
  world.time.clock.wallMs = 0;
  world.pool.tick();
  assert.equal(world.pool.size, 0);
  assert.equal(world.pool.deadline, Number.POSITIVE_INFINITY);
});

test("threat 37: the largest slots, nonces and fees are plain numbers to it", () => {
  const world = new PoolWorld();
  const most = (1n << 64n) - 1n;
  world.fund(0, most);
  assert.equal(
    world.add(draft(0, { validUntilSlot: 2 ** 53 - 1, fee: most - 1n, amount: 1 })),
    "accepted",
  );
  world.slot = 2 ** 53 - 1;
  world.pool.tick();
  assert.equal(world.pool.size, 1);
});

test("confirmed transactions go, also when another of that nonce was confirmed", () => {
  const world = worldOf(2);
  const mine = draft(0);
  world.add(mine);
  world.add(draft(0, { nonce: 1 }));
  world.add(draft(1, { fee: 20 }));
  world.pool.onChainMoved([], [world.move([mine, draft(1, { fee: 99 })])]);
  assert.deepEqual(
    [...world.pool.entries()].map((t) => t.nonce),
    [1n],
  );
});

test("transactions of disconnected blocks come back, without another look at signatures", () => {
  const world = worldOf(1);
  const chain = [0, 1, 2].map((nonce) => draft(0, { nonce }));
  world.fund(0, rich, 3);
  const pending = [3, 4, 5].map((nonce) => draft(0, { nonce }));
  // At the far end of what a gap allows: it must survive the moment before the others are back.
  const far = draft(0, { nonce: 6 + mempoolLimits.nonceGapMax });
  for (const t of [...pending, far]) assert.equal(world.add(t), "accepted");
  const blocks = chain.map((t, height) => blockWith([t], height));
  const verified = world.verifiedCount;
  world.move(chain, -1n);
  world.pool.onChainMoved(blocks.toReversed(), []);
  assert.deepEqual(world.pool.select(1 << 20, 100), [...chain, ...pending]);
  assert.equal(world.pool.has(far.id), true);
  assert.equal(world.verifiedCount, verified);
});

test("what comes back but has expired, or costs more than is left, stays out", () => {
  const world = worldOf(1);
  world.fund(1, 5);
  world.pool.onChainMoved([blockWith([draft(0, { validUntilSlot: 99 }), draft(1)])], []);
  assert.equal(world.pool.size, 0);
});

test("after a reorg what is no longer affordable goes from the tail on, also of who was paid", () => {
  const world = worldOf(1);
  world.fund(1, 100);
  const paid = draft(0, { to: 1, amount: 80 });
  for (let nonce = 0; nonce < 4; nonce++) world.add(draft(1, { nonce, amount: 15 }));
  world.fund(1, 60);
  world.pool.onChainMoved([blockWith([paid])], []);
  assert.deepEqual(
    [...world.pool.entries()].filter((t) => t.from === accountAddress(1)).map((t) => t.nonce),
    [0n, 1n],
  );
});

test("fifty thousand entries: adding, evicting and selecting stay cheap", () => {
  const world = worldOf(1_100);
  const transactions = Array.from({ length: 52_000 }, (_, i) =>
    draft(i % 1_040, { nonce: Math.floor(i / 1_040), fee: 1 + ((i * 7_919) % 10_007) }),
  );
  let selectedCount = 0;
  for (const t of transactions) {
    world.pool.add(t);
    if (world.pool.size % 5_000 === 0)
      selectedCount += world.pool.select(chainLimits.blockBodyBytesMax, 200).length;
  }
  assert.equal(world.pool.size, mempoolLimits.transactionsMax);
  assert.ok(selectedCount > 0);
});

test("a replacement that finds no room leaves the one it would have replaced", () => {
  const world = worldOf(2, { bytesMax: 1_000 });
  const old = draft(0, { fee: 100 });
  world.add(old);
  assert.equal(world.add(draft(1, { fee: 90_000, payload: 600 })), "accepted");
  assert.equal(world.add(draft(0, { fee: 200, payload: 300 })), "mempool-full");
  assert.equal(world.pool.has(old.id), true);
  assert.equal(world.pool.size, 2);
});

test("when one in the middle expires, those too far behind the new gap go with it", () => {
  const world = worldOf(1);
  world.add(draft(0, { nonce: 0, validUntilSlot: 100 }));
  for (let nonce = 1; nonce < 30; nonce++) world.add(draft(0, { nonce }));
  world.slot = 101;
  world.pool.tick();
  assert.equal(world.pool.size, mempoolLimits.nonceGapMax);
  assert.deepEqual(world.pool.select(1 << 20, 100), []);
  assert.equal(world.add(draft(0, { nonce: 0 })), "accepted");
  assert.equal(world.pool.select(1 << 20, 100).length, mempoolLimits.nonceGapMax + 1);
});

test("the revision is another once anything came or went, and the same while nothing did", () => {
  const world = new PoolWorld();
  world.fund(1, 1000);
  const seen = [world.pool.revision];
  const one = draft(1, { nonce: 0 });
  const steps = [
    () => world.add(one),
    () => world.add(draft(1, { nonce: 1 })),
    () => world.pool.onChainMoved([], [world.move([one])]),
  ];
  for (const step of steps) {
    step();
    assert.ok(!seen.includes(world.pool.revision));
    seen.push(world.pool.revision);
    world.pool.select(1000, 10);
    assert.equal(world.pool.revision, seen.at(-1));
  }
});
