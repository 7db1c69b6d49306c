import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { toHex } from "../../../src/base/bytes.ts";
import { accountKey } from "../../../src/chain/account.ts";
import { Ledger } from "../../../src/chain/ledger.ts";
import type { Applied } from "../../../src/chain/state-machine.ts";
import { receiptsRoot } from "../../../src/model/receipt.ts";
import type { Transaction } from "../../../src/model/transaction.ts";
import { validatorsHash } from "../../../src/model/validator-set.ts";
import {
  addressNamed,
  applied,
  context,
  keyOf,
  ledgerOf,
  networkFile,
  stranger,
  transfer,
} from "./ledger-fixtures.ts";

const balance = (ledger: Ledger, name: string) => ledger.account(addressNamed(name)).balance;
const hasEntry = (ledger: Ledger, key: Uint8Array) =>
  [...ledger.entries()].some(([entry]) => toHex(entry) === toHex(key));
const totalOf = (ledger: Ledger, names: readonly string[]) =>
  names.reduce((sum, name) => sum + balance(ledger, name), 0n);

test("a transfer moves the amount, pays the sealer and raises the nonce", () => {
  const ledger = ledgerOf();
  const result = applied(ledger.apply(context(1), [transfer("alice", 0n, { fee: 7n })]));
  assert.equal(balance(ledger, "alice"), 1000n - 10n - 7n);
  assert.equal(ledger.account(addressNamed("alice")).nonce, 1n);
  assert.deepEqual(
    { nonce: ledger.account(stranger).nonce, balance: ledger.account(stranger).balance },
    { nonce: 0n, balance: 10n },
  );
  assert.equal(balance(ledger, "sealer"), 50n + 7n);
  assert.equal(ledger.supply, 3050n);
  assert.deepEqual(result.receipts, [{ status: 1, fee: 7n }]);
  assert.deepEqual(result.receiptsRoot, receiptsRoot(result.receipts));
  assert.deepEqual(result.stateRoot, ledger.root);
  assert.deepEqual(result.nextValidatorsHash, validatorsHash(networkFile().validators));
  assert.equal(result.included.length, 1);
  assert.equal(result.changes.length, 4, "sender, recipient, sealer, supply");
});

test("an empty block pays the reward, and without a reward changes nothing", () => {
  const ledger = ledgerOf();
  assert.equal(applied(ledger.apply(context(1), [])).changes.length, 2);
  const unpaid = ledgerOf(networkFile({ blockReward: 0n }));
  const root = unpaid.root;
  assert.deepEqual(applied(unpaid.apply(context(1), [])).changes, []);
  assert.deepEqual(unpaid.root, root);
});

test("every broken rule has its code", () => {
  const ledger = ledgerOf(networkFile({ minFee: 5n }));
  applied(ledger.apply(context(1), [transfer("alice", 0n, { fee: 5n })]));
  const u64Max = (1n << 64n) - 1n;
  const cases: [string, Transaction][] = [
    ["transaction-type", transfer("alice", 1n, { fee: 5n, type: 1 })],
    ["transaction-fee-low", transfer("alice", 1n, { fee: 4n })],
    ["transaction-expired", transfer("alice", 1n, { fee: 5n, validUntilSlot: 8 })],
    ["transaction-nonce-low", transfer("alice", 0n, { fee: 5n })],
    ["transaction-nonce-gap", transfer("alice", 2n, { fee: 5n })],
    ["transaction-nonce-gap", transfer("alice", u64Max, { fee: 5n })],
    ["transaction-overflow", transfer("alice", 1n, { fee: 5n, amount: u64Max })],
    ["transaction-overflow", transfer("alice", 1n, { fee: 1n << 63n, amount: 1n << 63n })],
    ["transaction-balance", transfer("alice", 1n, { fee: 5n, amount: 981n })],
    ["transaction-balance", transfer("alice", 1n, { fee: 5n, amount: 1n << 63n })],
    ["transaction-balance", transfer("alice", 1n, { fee: u64Max, amount: 0n })],
    ["transaction-balance", transfer("alice", 1n, { fee: 5n, amount: 2n ** 53n + 1n })],
    ["transaction-balance", transfer("nobody", 0n, { fee: 5n, amount: 0n })],
  ];
  const root = ledger.root;
  for (const [code, transaction] of cases) {
    assert.equal(ledger.check(transaction, 9)?.code, code);
    const result = ledger.apply(context(2, 9), [transaction]);
    assert.ok("code" in result && result.code === "block-transaction-invalid", code);
    assert.ok(result.detail.includes(`${transaction.id}): ${code}:`), result.detail);
  }
  assert.deepEqual(ledger.root, root);
  for (const last of [
    transfer("alice", 1n, { fee: 5n, amount: 980n }),
    transfer("alice", 1n, { fee: 5n, validUntilSlot: 9 }),
  ]) {
    assert.equal(ledger.check(last, 9), undefined);
  }
});

test("the last nonce is never used, so that nonces never wrap", () => {
  const ledger = ledgerOf();
  const last = (1n << 64n) - 1n;
  const entries = [...ledger.entries()].map(([key, value]): [Uint8Array, Uint8Array] => {
    if (toHex(key) === toHex(accountKey(addressNamed("alice")))) value.fill(255, 0, 8);
    return [key, value];
  });
  ledger.load(entries);
  assert.equal(ledger.account(addressNamed("alice")).nonce, last);
  assert.equal(ledger.check(transfer("alice", last), 1)?.code, "transaction-nonce-high");
});

test("a rejected block leaves the state unchanged, whatever came before the bad transaction", () => {
  const ledger = ledgerOf();
  const root = ledger.root;
  const result = ledger.apply(context(1), [
    transfer("alice", 0n),
    transfer("bob", 0n),
    transfer("alice", 0n),
  ]);
  assert.ok("code" in result);
  assert.match(result.detail, /^transaction 2 .*transaction-nonce-low/);
  assert.deepEqual(ledger.root, root);
  assert.equal(ledger.account(addressNamed("bob")).nonce, 0n);
  assert.equal(ledger.supply, 3000n);
});

test("one sender's transactions follow each other inside a block", () => {
  const ledger = ledgerOf();
  const five = [0n, 1n, 2n, 3n, 4n].map((nonce) => transfer("alice", nonce));
  applied(ledger.apply(context(1), five));
  assert.equal(ledger.account(addressNamed("alice")).nonce, 5n);
  assert.equal(ledger.account(stranger).balance, 50n);
  const swapped = [transfer("bob", 1n), transfer("bob", 0n)];
  assert.ok("code" in ledger.apply(context(2), swapped));
});

test("several transactions together cannot overdraw, nor can money be spent before it came", () => {
  const ledger = ledgerOf();
  const twice = [0n, 1n].map((nonce) => transfer("alice", nonce, { amount: 500n }));
  const overdraft = ledger.apply(context(1), twice);
  assert.ok("code" in overdraft);
  assert.match(overdraft.detail, /transaction 1 .*transaction-balance/);
  const give = transfer("alice", 0n, { to: addressNamed("dave"), amount: 100n });
  const spend = transfer("dave", 0n, { amount: 99n });
  assert.ok("code" in ledger.apply(context(1), [spend, give]));
  applied(ledger.apply(context(1), [give, spend]));
  assert.equal(balance(ledger, "dave"), 0n);
});

test("the sealer cannot spend the reward and the fees of its own block", () => {
  const ledger = ledgerOf();
  const early = transfer("sealer", 0n, { amount: 10n });
  assert.ok("code" in ledger.apply(context(1), [transfer("alice", 0n), early]));
  applied(ledger.apply(context(1), []));
  applied(ledger.apply(context(2), [early]));
  assert.equal(balance(ledger, "sealer"), 50n - 11n + 50n + 1n);
});

test("transfers to oneself, to the sealer and of nothing add up", () => {
  const ledger = ledgerOf();
  applied(
    ledger.apply(context(1), [
      transfer("alice", 0n, { to: addressNamed("alice"), amount: 999n }),
      transfer("bob", 0n, { to: addressNamed("sealer"), amount: 5n }),
      transfer("carol", 0n, { amount: 0n }),
    ]),
  );
  assert.equal(balance(ledger, "alice"), 999n);
  assert.equal(balance(ledger, "bob"), 994n);
  assert.equal(balance(ledger, "carol"), 999n);
  assert.equal(balance(ledger, "sealer"), 5n + 50n + 3n);
  assert.ok(!hasEntry(ledger, accountKey(stranger)), "nothing sent, no account made");
  const result = applied(
    ledger.apply(context(2), [transfer("sealer", 0n, { to: addressNamed("sealer") })]),
  );
  assert.equal(balance(ledger, "sealer"), 58n + 50n, "its own fee comes back");
  assert.equal(result.changes.length, 2);
});

test("free transfers work when the network asks no fee", () => {
  const ledger = ledgerOf(networkFile({ minFee: 0n, blockReward: 0n }));
  const free = transfer("nobody", 0n, { fee: 0n, amount: 0n });
  const result = applied(ledger.apply(context(1), [free]));
  assert.equal(result.changes.length, 1);
  assert.equal(ledger.account(addressNamed("nobody")).nonce, 1n);
  ledger.undo(result.changes);
  assert.ok(!hasEntry(ledger, accountKey(addressNamed("nobody"))), "all zero is absent again");
});

test("amounts beyond 2^53 are exact", () => {
  for (const amount of [2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 62n + 1n]) {
    const rich = { address: addressNamed("rich"), balance: 2n ** 63n - 2n };
    const ledger = ledgerOf(networkFile({ accounts: [rich], blockReward: 0n }));
    applied(ledger.apply(context(1), [transfer("rich", 0n, { amount })]));
    assert.equal(ledger.account(stranger).balance, amount);
    assert.equal(balance(ledger, "rich"), 2n ** 63n - 3n - amount);
    const back = transfer("rich", 1n, { amount: 2n ** 63n - 1n - amount });
    assert.equal(ledger.check(back, 2)?.code, "transaction-balance");
  }
});

test("rewards end just below a supply of 2^63", () => {
  const rich = { address: addressNamed("rich"), balance: 2n ** 63n - 31n };
  const ledger = ledgerOf(networkFile({ accounts: [rich], blockReward: 20n }));
  for (const [height, supply] of [
    [1, 2n ** 63n - 11n],
    [2, 2n ** 63n - 1n],
    [3, 2n ** 63n - 1n],
  ] as const) {
    applied(ledger.apply(context(height), []));
    assert.equal(ledger.supply, supply);
  }
  assert.equal(balance(ledger, "sealer"), 30n);
  const over = networkFile({ accounts: [{ ...rich, balance: 2n ** 63n }] });
  assert.throws(() => ledgerOf(over));
});

test("building a block takes what is valid and fits, in order, and skips the rest", () => {
  const ledger = ledgerOf();
  const big = transfer("alice", 0n, { payload: new Uint8Array(400) });
  const candidates = [
    transfer("bob", 1n),
    big,
    transfer("alice", 1n),
    transfer("bob", 0n),
    transfer("bob", 1n, { fee: 2n }),
    transfer("carol", 0n, { amount: 5000n }),
    transfer("carol", 0n, { amount: 999n }),
  ];
  const before = ledger.root;
  const built = ledger.applyPossible(context(1), candidates, 168 * 3);
  assert.deepEqual(built.included, [candidates[3], candidates[4], candidates[6]]);
  assert.equal(built.receipts.length, 3);
  const after = ledger.root;
  assert.deepEqual(built.stateRoot, after);
  ledger.undo(built.changes);
  assert.deepEqual(ledger.root, before);
  const replayed = applied(ledger.apply(context(1), built.included));
  assert.deepEqual(replayed, built);
  assert.deepEqual(ledger.root, after);
  ledger.undo(replayed.changes);
  const all = ledger.applyPossible(context(1), candidates, 1 << 20);
  assert.deepEqual(
    all.included,
    [1, 2, 3, 4, 6].map((i) => candidates[i]),
  );
  ledger.undo(all.changes);
  assert.deepEqual(ledger.applyPossible(context(1), candidates, 0).included, []);
});

const names = ["alice", "bob", "carol", "sealer", "dave"];
const plans = fc.array(
  fc.array(
    fc.record({
      from: fc.constantFrom(...names),
      to: fc.constantFrom(...names),
      amount: fc.bigInt({ min: 0n, max: 400n }),
      fee: fc.bigInt({ min: 1n, max: 20n }),
      nonceOffset: fc.constantFrom(0n, 0n, 0n, 0n, 1n),
    }),
    { maxLength: 8 },
  ),
  { minLength: 1, maxLength: 6 },
);

/** Builds a block of each part of the plan; `seen` is told the state before each. */
function build(
  ledger: Ledger,
  plan: readonly (readonly PlanStep[])[],
  seen: () => void,
): Applied[] {
  return plan.map((steps, index) => {
    seen();
    const nonces = new Map<string, bigint>();
    const candidates = steps.map(({ from, to, amount, fee, nonceOffset }) => {
      const next = nonces.get(from) ?? ledger.account(addressNamed(from)).nonce;
      nonces.set(from, next + 1n);
      return transfer(from, next + nonceOffset, { to: addressNamed(to), amount, fee });
    });
    return ledger.applyPossible(context(index + 1), candidates, 1 << 20);
  });
}
type PlanStep = {
  from: string;
  to: string;
  amount: bigint;
  fee: bigint;
  nonceOffset: bigint;
};

test("undo takes blocks back exactly, entries and roots", () => {
  fc.assert(
    fc.property(plans, (plan) => {
      const ledger = ledgerOf();
      const states: [string, (readonly [Uint8Array, Uint8Array])[]][] = [];
      const blocks = build(ledger, plan, () => {
        states.push([toHex(ledger.root), [...ledger.entries()]]);
      });
      for (const block of blocks.toReversed()) {
        ledger.undo(block.changes);
        const [root, entries] = states.pop()!;
        assert.equal(toHex(ledger.root), root);
        assert.deepEqual([...ledger.entries()], entries);
      }
    }),
    { seed: 1, numRuns: 60 },
  );
});

test("the balances sum to genesis and rewards, and nonces count inclusions", () => {
  fc.assert(
    fc.property(plans, (plan) => {
      const ledger = ledgerOf();
      const blocks = build(ledger, plan, () => {});
      assert.equal(ledger.supply, 3000n + 50n * BigInt(blocks.length));
      assert.equal(totalOf(ledger, names), ledger.supply);
      for (const name of names) {
        const sent = blocks.flatMap((b) => b.included).filter((t) => t.sender === keyOf(name));
        assert.equal(ledger.account(addressNamed(name)).nonce, BigInt(sent.length));
        assert.deepEqual(
          sent.map((t) => t.nonce),
          sent.map((_, i) => BigInt(i)),
        );
      }
    }),
    { seed: 2, numRuns: 60 },
  );
});

test("a replay, a load of all entries and a load of merged changes reach one root", () => {
  fc.assert(
    fc.property(plans, (plan) => {
      const ledger = ledgerOf();
      const stored = new Map([...ledger.entries()].map(([key, value]) => [toHex(key), value]));
      const blocks = build(ledger, plan, () => {});
      const replayed = ledgerOf();
      blocks.forEach((block, i) => {
        const again = applied(replayed.apply(context(i + 1), block.included));
        assert.deepEqual(again.stateRoot, block.stateRoot);
        for (const { key, after } of block.changes) {
          if (after === undefined) stored.delete(toHex(key));
          else stored.set(toHex(key), after);
        }
      });
      const loaded = new Ledger(networkFile());
      loaded.load(ledger.entries());
      const merged = new Ledger(networkFile());
      merged.load([...stored].map(([key, value]) => [Buffer.from(key, "hex"), value]));
      for (const other of [replayed, loaded, merged]) {
        assert.deepEqual(other.root, ledger.root);
        assert.deepEqual(other.validators(), ledger.validators());
        assert.equal(other.supply, ledger.supply);
      }
    }),
    { seed: 3, numRuns: 40 },
  );
});

test("load drops what the ledger held, and refuses another network's state", () => {
  const ledger = ledgerOf();
  const entries = [...ledger.entries()];
  const root = ledger.root;
  applied(ledger.apply(context(1), [transfer("alice", 0n)]));
  ledger.load(entries);
  assert.deepEqual(ledger.root, root);
  assert.throws(() => new Ledger(networkFile({ minFee: 2n })).load(entries));
  assert.throws(() => new Ledger(networkFile()).load([]));
  assert.throws(() => ledger.genesis(networkFile({ minFee: 2n })));
});

test("undoing anything but the latest block is our own bug", () => {
  const ledger = ledgerOf();
  const first = applied(ledger.apply(context(1), [transfer("alice", 0n)]));
  applied(ledger.apply(context(2), [transfer("alice", 1n)]));
  assert.throws(() => ledger.undo(first.changes));
});
