/** Who is paid for a block that carries votes or evidence. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { equalBytes } from "../../../src/base/bytes.ts";
import { accountKey } from "../../../src/chain/account.ts";
import { payoutOf } from "../../../src/chain/rewards.ts";
import type { BlockContext } from "../../../src/chain/state-machine.ts";
import { supplyEnd } from "../../../src/model/network-file.ts";
import { addressOfKey } from "../../../src/model/transaction.ts";
import { accusation, keysOf, validatorContext, validatorLedger } from "./governance-fixtures.ts";
import {
  addressNamed,
  applied,
  balance,
  context,
  keyOf,
  ledgerOf,
  networkFile,
  transfer,
} from "./ledger-fixtures.ts";

test("an eighth of the reward goes to those who signed, the rest and the fees to the sealer", () => {
  const ledger = validatorLedger(4, { blockReward: 100n });
  const voters = ["v1", "v2", "v3"].map(keyOf);
  applied(ledger.apply(validatorContext(1, { voters }), [transfer("alice", 0n, { fee: 7n })]));
  // 100 / 8 = 12, a third of it is 4.
  for (const name of ["v1", "v2", "v3"]) assert.equal(balance(ledger, name), 1004n, name);
  assert.equal(balance(ledger, "v0"), 1000n + 100n - 12n + 7n);
  assert.equal(ledger.supply, 9000n + 100n);
});

test("what does not divide goes to the sealer, who may be a voter too", () => {
  const ledger = validatorLedger(4, { blockReward: 121n });
  const voters = ["v0", "v1"].map(keyOf);
  applied(ledger.apply(validatorContext(1, { voters }), []));
  // 121 / 8 = 15, half of it is 7.
  assert.equal(balance(ledger, "v1"), 1007n);
  assert.equal(balance(ledger, "v0"), 1000n + 121n - 7n);
});

test("a block without a certificate, or a reward too small to share, is the sealer's alone", () => {
  const ledger = validatorLedger(4, { blockReward: 31n });
  applied(ledger.apply(validatorContext(1), []));
  const voters = ["v1", "v2", "v3", "v4"].map(keyOf);
  const result = applied(ledger.apply(validatorContext(2, { voters }), []));
  assert.equal(balance(ledger, "v0"), 1062n);
  assert.equal(result.changes.length, 2, "no voter's account is touched");
});

test("each piece of evidence pays the sealer the reward once more", () => {
  const ledger = validatorLedger(6, { blockReward: 80n });
  const pieces = [accusation("v1", 1), accusation("v2", 1)];
  applied(ledger.apply(validatorContext(1, { voters: [keyOf("v3")] }), pieces));
  assert.equal(balance(ledger, "v3"), 1010n);
  assert.equal(balance(ledger, "v0"), 1000n + 70n + 160n);
  assert.equal(ledger.supply, 9000n + 240n);
});

test("near the end of the supply less is minted, and what is minted is paid", () => {
  const rich = { address: addressNamed("rich"), balance: supplyEnd - 101n };
  const file = networkFile({ accounts: [rich], blockReward: 80n, validators: keysOf(4) });
  const ledger = ledgerOf(file);
  applied(
    ledger.apply(context(1, 1, { sealer: keyOf("v0"), voters: [keyOf("v2")] }), [
      accusation("v1", 1),
    ]),
  );
  assert.equal(ledger.supply, supplyEnd - 1n);
  assert.equal(balance(ledger, "v2"), 10n);
  assert.equal(balance(ledger, "v0"), 70n + 20n);
});

test("the voters' eighth is of what is minted", () => {
  const parties = { sealer: keyOf("v0"), voters: [keyOf("v1")] };
  const earned = { blockReward: 80n, supply: supplyEnd - 41n, fees: 3n, evidence: 2 };
  const { minted, shares } = payoutOf(parties, earned);
  assert.equal(minted, 40n);
  assert.deepEqual(
    shares.map(({ amount }) => amount),
    [38n, 5n],
  );
});

test("shares are whole, and sum to what is minted and the fees", () => {
  const amounts = fc.bigInt({ min: 0n, max: 1n << 62n });
  fc.assert(
    fc.property(
      amounts,
      amounts,
      amounts,
      fc.nat(4),
      fc.nat(128),
      (blockReward, supply, fees, evidence, count) => {
        const parties: Pick<BlockContext, "sealer" | "voters"> = {
          sealer: keyOf("sealer"),
          voters: keysOf(count),
        };
        const { minted, shares } = payoutOf(parties, { blockReward, supply, fees, evidence });
        assert.ok(supply + minted < supplyEnd);
        const wanted = blockReward * BigInt(evidence + 1);
        assert.ok(minted === wanted || supply + minted === supplyEnd - 1n);
        assert.equal(
          shares.reduce((sum, { amount }) => sum + amount, 0n),
          minted + fees,
        );
        assert.ok(shares.every(({ amount }) => amount >= 0n));
        assert.equal(shares[0]?.to, addressOfKey(keyOf("sealer")));
        assert.ok(shares.every(({ to, key }) => equalBytes(key, accountKey(to))));
        assert.equal(new Set(shares.slice(1).map(({ amount }) => amount)).size <= 1, true);
      },
    ),
    { seed: 1, numRuns: 150 },
  );
});
