/** What holds of the ledger after any blocks: undo, the sum of all money, one root by any way. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { toHex } from "../../../src/base/bytes.ts";
import { Ledger } from "../../../src/chain/ledger.ts";
import type { Applied } from "../../../src/chain/state-machine.ts";
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

const totalOf = (ledger: Ledger, names: readonly string[]) =>
  names.reduce((sum, name) => sum + balance(ledger, name), 0n);

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

type PlanStep = {
  from: string;
  to: string;
  amount: bigint;
  fee: bigint;
  nonceOffset: bigint;
};

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
