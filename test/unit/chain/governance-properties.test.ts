/** What holds of the registry whatever is proposed, approved, proven and final, in any order. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readU64, toHex } from "../../../src/base/bytes.ts";
import { systemKey } from "../../../src/chain/account.ts";
import { Ledger } from "../../../src/chain/ledger.ts";
import type { Applied, BlockContext, RegistryView } from "../../../src/chain/state-machine.ts";
import type { PublicKey } from "../../../src/model/ids.ts";
import { addressOfKey, type Transaction } from "../../../src/model/transaction.ts";
import { chainLimits } from "../../../src/params/limits.ts";
import {
  accusation,
  approve,
  change,
  namesOf,
  propose,
  validatorLedger,
  validatorsFile,
} from "./governance-fixtures.ts";
import { addressNamed, applied, keyOf, transfer } from "./ledger-fixtures.ts";

const names = namesOf(8);
const who = fc.constantFrom(...names);
const intent = fc.oneof(
  fc.record({ kind: fc.constant("transfer" as const), from: who, to: who }),
  fc.record({
    kind: fc.constant("propose" as const),
    from: who,
    action: fc.constantFrom("add" as const, "remove" as const, "rerank" as const),
    of: who,
    rank: fc.option(fc.nat(8), { nil: undefined }),
    force: fc.boolean(),
  }),
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant("approve" as const), from: who, pick: fc.nat(7) }),
  },
  fc.record({
    kind: fc.constant("accuse" as const),
    of: who,
    age: fc.integer({ min: -1, max: 4 }),
  }),
);
type Intent = typeof intent extends fc.Arbitrary<infer I> ? I : never;

const block = fc.record({
  intents: fc.array(intent, { maxLength: 10 }),
  skipped: fc.oneof({ weight: 20, arbitrary: fc.nat(3) }, fc.constant(60_000)),
  lag: fc.nat(3),
  sealer: fc.nat(100),
  voters: fc.nat(255),
});
type Plan = typeof block extends fc.Arbitrary<infer B> ? B : never;
const plans = fc.tuple(
  fc.integer({ min: 1, max: 6 }),
  fc.array(block, { minLength: 1, maxLength: 14 }),
);

const systemKeys = new Set(
  (["params", "validators", "supply", "governance", "jailed"] as const).map((name) =>
    toHex(systemKey(name)),
  ),
);

function balancesOf(ledger: Ledger): bigint {
  let sum = 0n;
  for (const [key, value] of ledger.entries()) {
    if (!systemKeys.has(toHex(key))) sum += readU64(value, 8);
  }
  return sum;
}

const nameOf = new Map<PublicKey, string>(names.map((name) => [keyOf(name), name]));

/** Nonces that fit when all before it in the block are included. */
function transactionsOf(ledger: Ledger, intents: readonly Intent[], context: BlockContext) {
  const nonces = new Map<string, bigint>();
  const next = (name: string): bigint => {
    const nonce = nonces.get(name) ?? ledger.account(addressNamed(name)).nonce;
    nonces.set(name, nonce + 1n);
    return nonce;
  };
  const open = ledger.registry().proposals.map(({ id }) => id);
  return intents.map((each): Transaction => {
    if (each.kind === "transfer") {
      return transfer(each.from, next(each.from), { to: addressNamed(each.to), amount: 3n });
    }
    if (each.kind === "accuse") {
      const slot = Math.max(1, context.slot - each.age);
      return accusation(each.of, slot, nameOf.get(context.sealer));
    }
    if (each.kind === "approve") {
      const id = open[each.pick % Math.max(1, open.length)];
      if (id === undefined) return transfer(each.from, next(each.from));
      return approve(each.from, next(each.from), id);
    }
    const { action, of, rank, force } = each;
    const isRemoval = action === "remove";
    const over = { rank: isRemoval ? undefined : rank, force: isRemoval && force };
    const proposal = propose(each.from, next(each.from), change(action, of, over));
    open.push(proposal.id);
    return proposal;
  });
}

interface Done {
  readonly context: BlockContext;
  readonly result: Applied;
  readonly before: RegistryView;
  readonly after: RegistryView;
}

/** Builds a block of each plan; `seen` is told before each, `done` after each. */
function build(
  ledger: Ledger,
  blocks: readonly Plan[],
  seen: () => void,
  done: (block: Done) => void,
): Done[] {
  let slot = 0;
  let finalizedHeight = 0;
  return blocks.map(({ intents, skipped, lag, sealer, voters }, index) => {
    const height = index + 1;
    slot += 1 + skipped;
    finalizedHeight = Math.max(finalizedHeight, height - 1 - lag);
    const before = ledger.registry();
    const able = before.validators.filter((key) => !before.jailed.includes(key));
    const context: BlockContext = {
      height,
      slot,
      finalizedHeight,
      sealer: able[sealer % able.length]!,
      voters: before.validators.filter((_, rank) => ((voters >> rank) & 1) === 1),
    };
    seen();
    const transactions = transactionsOf(ledger, intents, context);
    const result = ledger.applyPossible(context, transactions, 1 << 20);
    const block = { context, result, before, after: ledger.registry() };
    done(block);
    return block;
  });
}

const nothing = () => {};

test("undo takes set changes, proposals and jailings back exactly, and redo repeats them", () => {
  fc.assert(
    fc.property(plans, ([count, blocks]) => {
      const ledger = validatorLedger(count);
      const states: [string, (readonly [Uint8Array, Uint8Array])[], RegistryView][] = [];
      const seen = () =>
        states.push([toHex(ledger.root), [...ledger.entries()], ledger.registry()]);
      const made = build(ledger, blocks, seen, nothing);
      const root = toHex(ledger.root);
      for (const [index, { result }] of [...made.entries()].reverse()) {
        ledger.undo(result.changes);
        assert.equal(toHex(ledger.root), states[index]![0]);
        assert.deepEqual([...ledger.entries()], states[index]![1]);
        assert.deepEqual(ledger.registry(), states[index]![2]);
      }
      for (const { context, result } of made) {
        assert.deepEqual(applied(ledger.apply(context, result.included)), result);
      }
      assert.equal(toHex(ledger.root), root);
    }),
    { seed: 11, numRuns: 80 },
  );
});

test("the set changes by one member at most, and only by what was pending and final", () => {
  let changes = 0;
  const check = ({ context, result, before, after }: Done) => {
    const gone = before.validators.filter((key) => !after.validators.includes(key));
    const come = after.validators.filter((key) => !before.validators.includes(key));
    assert.ok(gone.length + come.length <= 1, "one member");
    const left = after.validators.filter((key) => !after.jailed.includes(key));
    assert.ok(left.length >= 1, "somebody may seal");
    assert.equal(new Set(after.validators).size, after.validators.length);
    assert.ok(after.pending !== undefined || after.queue.length === 0);
    assert.ok(after.proposals.length <= after.validators.length);
    const isSame = before.validators.join() === after.validators.join();
    assert.equal(isSame, !result.changes.some(({ key }) => toHex(key) === validatorsKey));
    if (isSame) return;
    changes++;
    const { pending } = before;
    assert.ok(pending !== undefined && pending.queuedAt <= context.finalizedHeight);
    for (const key of [...gone, ...come]) assert.equal(key, pending.validator);
    if (gone.length === 1 && !pending.force && !pending.fromEvidence) {
      const safe = chainLimits.validatorsSafeMin;
      assert.ok(after.validators.length >= safe || before.validators.length < safe);
    }
    // The next waits for its own finality.
    if (after.pending !== undefined) assert.equal(after.pending.queuedAt, context.height);
  };
  fc.assert(
    fc.property(plans, ([count, blocks]) => {
      build(validatorLedger(count), blocks, nothing, check);
    }),
    { seed: 12, numRuns: 150 },
  );
  assert.ok(changes > 50, `${changes} changes were seen`);
});

const validatorsKey = toHex(systemKey("validators"));

test("the jailed never seal, and are jailed once for evidence only", () => {
  let jailings = 0;
  fc.assert(
    fc.property(plans, ([count, blocks]) => {
      const ledger = validatorLedger(count);
      build(ledger, blocks, nothing, ({ context, result, before, after }) => {
        const accused = result.included.filter(({ type }) => type === 4).length;
        const news = after.jailed.filter((key) => !before.jailed.includes(key));
        assert.equal(news.length, accused);
        assert.ok(accused <= chainLimits.evidencePerBlockMax);
        jailings += accused;
        const next = { ...context, height: context.height + 1, slot: context.slot + 1 };
        for (const key of after.jailed) {
          const refused = ledger.apply({ ...next, sealer: key }, []);
          assert.ok("code" in refused && refused.code === "block-sealer-jailed");
        }
      });
    }),
    { seed: 13, numRuns: 80 },
  );
  assert.ok(jailings > 20, `${jailings} jailings were seen`);
});

test("the supply is the sum of all balances and grows by rewards and evidence alone", () => {
  fc.assert(
    fc.property(plans, ([count, blocks]) => {
      const ledger = validatorLedger(count, { blockReward: 1001n });
      let supply = ledger.supply;
      build(ledger, blocks, nothing, ({ result, context }) => {
        const pieces = result.included.filter(({ type }) => type === 4).length;
        supply += 1001n * BigInt(1 + pieces);
        assert.equal(ledger.supply, supply);
        assert.equal(balancesOf(ledger), supply);
        const sealer = addressOfKey(context.sealer);
        assert.ok(ledger.account(sealer).balance >= 1001n - 1001n / 8n);
      });
    }),
    { seed: 14, numRuns: 60 },
  );
});

test("the root depends on the state only: loaded in any order it is the same ledger", () => {
  fc.assert(
    fc.property(plans, fc.nat(), ([count, blocks], turn) => {
      const ledger = validatorLedger(count);
      build(ledger, blocks, nothing, nothing);
      const entries = [...ledger.entries()];
      const at = turn % entries.length;
      const loaded = new Ledger(validatorsFile(count));
      loaded.load([...entries.slice(at), ...entries.slice(0, at)].reverse());
      assert.deepEqual(loaded.root, ledger.root);
      assert.deepEqual(loaded.registry(), ledger.registry());
      assert.deepEqual(loaded.validators(), ledger.validators());
    }),
    { seed: 15, numRuns: 60 },
  );
});

test("a block that was set aside leaves nothing, and resumed is the block applied anew", () => {
  fc.assert(
    fc.property(plans, ([count, blocks]) => {
      const ledger = validatorLedger(count);
      const plain = validatorLedger(count);
      const isAsPlain = () => {
        assert.equal(toHex(ledger.root), toHex(plain.root));
        assert.deepEqual([...ledger.entries()], [...plain.entries()]);
        assert.deepEqual(ledger.registry(), plain.registry());
        assert.equal(ledger.supply, plain.supply);
      };
      build(ledger, blocks, nothing, ({ context, result }) => {
        assert.equal(ledger.resume(result), false, "it is not aside");
        ledger.setAside(result);
        isAsPlain();
        assert.equal(ledger.resume({ ...result }), false, "another's");
        if (context.height % 3 === 0) {
          const again = applied(ledger.apply(context, result.included));
          assert.deepEqual(again, result);
          assert.equal(ledger.resume(result), false, "the state has changed since");
          ledger.undo(again.changes);
          assert.equal(ledger.resume(result), false, "once is enough");
        } else {
          assert.ok(ledger.resume(result));
          assert.throws(() => ledger.setAside(result), "it is nobody's trial any more");
          ledger.undo(result.changes);
          isAsPlain();
        }
        applied(ledger.apply(context, result.included));
        assert.deepEqual(applied(plain.apply(context, result.included)), result);
        isAsPlain();
      });
    }),
    { seed: 14, numRuns: 60 },
  );
});
