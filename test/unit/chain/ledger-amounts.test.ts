/** Who may spend what, and when: order inside a block, the sealer, and the ends of the range. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { accountKey } from "../../../src/chain/account.ts";
import {
  addressNamed,
  applied,
  balance,
  context,
  hasEntry,
  ledgerOf,
  networkFile,
  stranger,
  transfer,
} from "./ledger-fixtures.ts";

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
