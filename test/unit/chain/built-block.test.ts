/**
 * A block that we built is connected with what was worked out then. The other world never built it
 * and works it out: both must write the same and come to the same state, whatever happens between.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { toHex } from "../../../src/base/bytes.ts";
import type { UnsealedBlock } from "../../../src/chain/block-builder.ts";
import type { Certificate } from "../../../src/model/certificate.ts";
import { sealPreimage } from "../../../src/model/header.ts";
import { addressOfKey } from "../../../src/model/transaction.ts";
import type { Built } from "../../support/built.ts";
import { ChainBuilder } from "../../support/chain-builder.ts";
import { cheapSignatures, keyOf, networkOf, seedOf } from "../../support/chain-network.ts";
import { type Batch, ChainWorld, sourceOf } from "../../support/chain-world.ts";

const builder = new ChainBuilder(networkOf(4));
const { genesis, file } = builder;
const alice = sourceOf(1);

/** What happens around the import of a block of our own. */
const turns = fc.record({
  kind: fc.constantFrom("plain", "late", "overtaken", "back", "twice", "proven"),
  payers: fc.uniqueArray(fc.nat({ max: 3 }), { maxLength: 4 }),
  each: fc.integer({ min: 1, max: 3 }),
  isCertified: fc.boolean(),
});
type Turn = typeof turns extends fc.Arbitrary<infer T> ? T : never;

class Twins {
  /** Builds blocks. */
  readonly own = new ChainWorld(builder);
  readonly plain = new ChainWorld(builder);
  readonly both = [this.own, this.plain];
  tip: Built = genesis;
  private certificate: Certificate | undefined;
  private lastSlot = 0;

  /** `count` blocks of others on `parent`, in slots of their own: nobody seals twice in one. */
  others(parent: Built, count: number): Built[] {
    const blocks = builder.chain(parent, count, this.nextSlot());
    this.lastSlot += count - 1;
    return blocks;
  }

  nextSlot(): number {
    return ++this.lastSlot;
  }

  certify(): void {
    if (this.tip === genesis) return;
    this.certificate = builder.certificateFor(this.tip);
    for (const world of this.both) world.certificate(this.certificate);
  }

  /** Built in the first world; by the test's own builder it must be the same. */
  build(slot: number, { payers, each }: Turn): Built {
    const transactions = payers.flatMap((from) => {
      const { nonce } = this.own.state.account(addressOfKey(keyOf(seedOf(1000 + from))));
      const nonces = Array.from({ length: each }, (_, i) => Number(nonce) + i);
      return nonces.map((each) => builder.transfer(from, from + 1, each));
    });
    const gap = builder.transfer(0, 1, 99);
    const leader = file.validators[slot % 4]!;
    const { root } = this.own;
    const unsealed = this.own.chain.duties.buildBlock(slot, leader, () => [gap, ...transactions]);
    assert.ok(unsealed !== undefined);
    assert.equal(this.own.root, root);
    return this.sealed(unsealed, slot);
  }

  take(block: Built, source = alice): void {
    for (const world of this.both) world.block(block, source);
  }

  takeOwn(block: Built): void {
    for (const world of this.both) world.block(block);
  }

  areSame(): void {
    const [own, plain] = this.both as [ChainWorld, ChainWorld];
    assert.equal(own.chain.head.hash, plain.chain.head.hash);
    assert.equal(own.root, plain.root);
    assert.deepEqual(own.batches.map(speltOut), plain.batches.map(speltOut));
    assert.deepEqual([...own.state.entries()], [...plain.state.entries()]);
    const changes = (world: ChainWorld) =>
      world.chain.head.changes?.map((each) => ({
        key: each.key,
        before: each.before,
        after: each.after,
      }));
    assert.deepEqual(changes(own), changes(plain));
  }

  private sealed({ header, body, certificate, applied }: UnsealedBlock, slot: number): Built {
    const carried = certificate.length === 0 ? undefined : this.certificate;
    const transactions = applied.included;
    const made = builder.block(this.tip, { slot, transactions, certificate: carried });
    assert.equal(made.hash, header.hash);
    assert.deepEqual(made.body, body);
    const seal = cheapSignatures.sign(
      seedOf(slot % 4),
      sealPreimage(builder.genesisId, header.hash),
    );
    // The very bytes that were built, as the sealer hands them on.
    return { ...made, sealed: { header, seal }, body };
  }
}

const speltOut = ({ writes, sync, durableTip }: Batch) => ({
  writes: writes.map(({ key, value }) => [toHex(key), value && toHex(value)]),
  sync,
  durableTip,
});

function play(twins: Twins, turn: Turn): void {
  const { tip } = twins;
  const slot = twins.nextSlot();
  if (turn.isCertified) twins.certify();
  const block = twins.build(slot, turn);
  const rivals = twins.others(tip, 2);
  twins.tip = block;
  switch (turn.kind) {
    case "late":
      // The head moves on without it; then it is a side branch, and the best once more.
      for (const each of rivals.slice(0, 1)) twins.take(each);
      twins.takeOwn(block);
      twins.areSame();
      for (const each of twins.others(block, 2)) twins.take((twins.tip = each));
      break;
    case "overtaken":
      twins.takeOwn(block);
      twins.areSame();
      for (const each of rivals) twins.take((twins.tip = each));
      break;
    case "back":
      twins.takeOwn(block);
      for (const each of rivals) twins.take(each);
      twins.areSame();
      for (const each of twins.others(block, 3)) twins.take((twins.tip = each));
      break;
    case "twice": {
      twins.tip = tip;
      const second = twins.build(slot, { ...turn, payers: turn.payers.slice(1) });
      assert.equal(turn.payers.length === 0, second.hash === block.hash);
      twins.tip = block;
      twins.takeOwn(block);
      break;
    }
    case "proven":
      // Another is executed beside the head meanwhile, and taken back.
      twins.take(rivals[0]!);
      for (const world of twins.both) world.chain.duties.prove(world.chain.node(rivals[0]!.hash)!);
      twins.takeOwn(block);
      for (const each of twins.others(block, 2)) twins.take((twins.tip = each));
      break;
    default:
      twins.takeOwn(block);
  }
  twins.areSame();
}

test("a block of our own is the same, in store and state, connected as built or worked out", () => {
  fc.assert(
    fc.property(fc.array(turns, { minLength: 1, maxLength: 6 }), (plan) => {
      const twins = new Twins();
      for (const turn of plan) play(twins, turn);
      const again = twins.own.restarted();
      assert.equal(again.root, twins.own.root);
      assert.equal(again.chain.head.hash, twins.tip.hash);
    }),
    { seed: 1, numRuns: 60 },
  );
});

test("what was worked out is used for its block, once, and for no other", () => {
  const turn: Turn = { payers: [0, 1], each: 1, isCertified: false, kind: "plain" };
  const slots: [own: number, rival: number | undefined, isUsed: boolean][] = [
    [3, undefined, true],
    // The rival becomes the head; the block is better, and worked out on the state before.
    [3, 4, false],
  ];
  for (const [slot, rival, isUsed] of slots) {
    const twins = new Twins();
    const { state } = twins.own;
    const used: boolean[] = [];
    const resume = state.resume.bind(state);
    state.resume = (applied) => {
      used.push(resume(applied));
      return used.at(-1)!;
    };
    const block = twins.build(slot, turn);
    if (rival !== undefined) twins.take(builder.block(genesis, { slot: rival }));
    twins.takeOwn(block);
    for (const each of builder.chain(block, 2, 5)) twins.take(each);
    // Undone and done again.
    for (const each of builder.chain(genesis, 4, 9)) twins.take(each);
    for (const each of builder.chain(block, 5, 5)) twins.take(each);
    twins.areSame();
    assert.deepEqual(used, [isUsed]);
  }
});
