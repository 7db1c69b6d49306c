/** Drafts of accounts, one after another and beside each other: they share memory, not contents. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { accountKey, emptyAccount, encodeAccount } from "../../../src/chain/account.ts";
import { AccountDraft } from "../../../src/chain/account-draft.ts";
import { StateTree } from "../../../src/chain/state-tree.ts";
import { addressNamed } from "./ledger-fixtures.ts";

const full = new Uint8Array(32).fill(0xff);
const rich = (nonce: bigint) =>
  encodeAccount({ nonce, balance: 2n ** 60n, bonded: 2n ** 60n, dataRoot: full })!;
/** Those with even numbers are in the tree. */
const nameOf = (number: number) => addressNamed(`account ${number}`);

function treeOf(accounts: number): StateTree {
  const tree = new StateTree();
  for (let at = 0; at < accounts; at += 2) tree.set(accountKey(nameOf(at)), rich(BigInt(at)));
  return tree;
}

/** Asks for accounts, forgets those it is told to, and pays the rest one. */
function changesIn(draft: AccountDraft, steps: readonly { account: number; isKept: boolean }[]) {
  const expected: unknown[] = [];
  const seen = new Set<number>();
  for (const { account: number, isKept } of steps) {
    if (seen.has(number)) continue;
    const account = draft.account(nameOf(number));
    if (!isKept) {
      draft.forgetLast(nameOf(number));
      continue;
    }
    seen.add(number);
    account.balance += 1n;
    const isThere = number % 2 === 0;
    const before = isThere ? rich(BigInt(number)) : undefined;
    const after = isThere
      ? encodeAccount({
          nonce: BigInt(number),
          balance: 2n ** 60n + 1n,
          bonded: 2n ** 60n,
          dataRoot: full,
        })
      : encodeAccount({ ...emptyAccount, balance: 1n });
    expected.push({ key: accountKey(nameOf(number)), before, after });
  }
  return expected;
}

const plainOf = (draft: AccountDraft) =>
  draft.changes().map(({ key, before, after }) => ({ key, before, after }));

test("a draft finds nothing of the drafts before it, nor of accounts that were forgotten", () => {
  const tree = treeOf(24);
  const steps = fc.array(fc.record({ account: fc.nat(23), isKept: fc.boolean() }), {
    maxLength: 24,
  });
  fc.assert(
    fc.property(fc.array(steps, { minLength: 1, maxLength: 6 }), (blocks) => {
      for (const block of blocks) {
        const draft = new AccountDraft(tree);
        const expected = changesIn(draft, block);
        assert.deepEqual(plainOf(draft), expected);
      }
    }),
    { seed: 1, numRuns: 100 },
  );
});

test("two drafts at a time do not meet, and what they changed outlives those after them", () => {
  const tree = treeOf(8);
  const stepsTo = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, at) => ({ account: from + at, isKept: true }));
  const one = new AccountDraft(tree);
  const two = new AccountDraft(tree);
  const [expectedOne, expectedTwo] = [changesIn(one, stepsTo(0, 5)), changesIn(two, stepsTo(3, 8))];
  const changesOfOne = one.changes();
  const three = new AccountDraft(tree);
  const expectedThree = changesIn(three, stepsTo(1, 7));
  assert.deepEqual(plainOf(two), expectedTwo);
  assert.deepEqual(plainOf(three), expectedThree);
  const kept = changesOfOne.map(({ key, before, after }) => ({ key, before, after }));
  assert.deepEqual(kept, expectedOne);
});
