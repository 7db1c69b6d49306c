import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "../../../src/base/bytes.ts";
import {
  bodyKey,
  canonicalKey,
  decodeCanonical,
  decodeTransactionRef,
  indexKey,
  metaKey,
  nodeKey,
  stateKey,
  transactionKey,
} from "../../../src/chain/records.ts";
import { StoreDamaged } from "../../../src/chain/restore.ts";
import { ChainBuilder } from "../../support/chain-builder.ts";
import { networkOf } from "../../support/chain-network.ts";
import { ChainWorld, imageOf, storeAfter } from "../../support/chain-world.ts";

const builder = new ChainBuilder(networkOf(4));
const first = builder.block(builder.genesis, { transactions: [builder.transfer(0, 1, 0)] });
const certified = [first, ...builder.certified(first, 12)];
const long = [...certified, ...builder.chain(certified.at(-1)!, 12)];
const side = builder.chain(long[3]!, 2, 60);
const late = builder.chain(long.at(-10)!, 2, 600);
/** Of the anchor: the source of the last block that is final. */
const buried = 10;
const finalHeight = 11;

/** A store of 25 blocks, 11 of them final, and of two branches, of which one lost for good. */
function grown(): ChainWorld {
  const world = new ChainWorld(builder);
  for (const block of [...long.slice(0, 6), ...side, ...long.slice(6), ...late]) {
    world.block(block);
    world.persisted();
  }
  return world;
}

const keysOf = (records: ReadonlyMap<string, Uint8Array>, letter: string) =>
  [...records.keys()].filter((key) => key.startsWith(toHex(Buffer.from(letter))));

test("what lies below the source of the final block is buried: C, I, T and B, no N", () => {
  const world = grown();
  assert.equal(world.chain.head.height, 25);
  assert.equal(world.chain.anchor.hash, long[buried - 1]!.hash);
  assert.deepEqual([world.chain.finalized.hash], [long[finalHeight - 1]!.hash]);
  const records = storeAfter(world.batches, world.batches.length);
  for (const block of long.slice(0, buried)) {
    const at = { height: block.height, hash: block.hash };
    assert.deepEqual(
      decodeCanonical(records.get(toHex(canonicalKey(block.height)))!),
      block.sealed,
    );
    assert.ok(records.has(toHex(indexKey(block.hash))) && records.has(toHex(bodyKey(at))));
    assert.ok(!records.has(toHex(nodeKey(at))));
    assert.equal(world.chain.node(block.hash) !== undefined, block.height === buried);
  }
  const [transaction] = first.transactions;
  const found = decodeTransactionRef(records.get(toHex(transactionKey(transaction!.id)))!);
  assert.deepEqual(found, { height: 1, hash: first.hash, index: 0 });
  assert.equal(keysOf(records, "C").length, buried + 1);
  assert.equal(keysOf(records, "N").length, 25 - buried);
});

test("a branch that lost for good is forgotten, with its records", () => {
  const fork = builder.chain(builder.genesis, 2, 2);
  const world = new ChainWorld(builder);
  for (const block of [...fork, ...long]) {
    world.block(block);
    world.persisted();
  }
  const records = storeAfter(world.batches, world.batches.length);
  for (const block of fork) {
    assert.ok(!world.chain.has(block.hash));
    assert.ok(!records.has(toHex(nodeKey(block))) && !records.has(toHex(bodyKey(block))));
  }
  assert.equal(keysOf(records, "N").length, 25 - buried);
  assert.equal(world.restarted().chain.head.hash, world.chain.head.hash);
});

test("a branch that lost is forgotten with its records also when a restart lies between", () => {
  const fork = builder.chain(builder.genesis, 2, 2);
  const world = new ChainWorld(builder);
  for (const block of [...fork, ...long.slice(0, 3)]) world.block(block);
  assert.equal(world.chain.head.hash, long[2]!.hash);
  const again = world.restarted();
  assert.equal(again.chain.view.forks().length, 2);
  for (const block of long) {
    again.block(block);
    again.persisted();
  }
  const records = storeAfter([...world.batches, ...again.batches], 1000);
  assert.ok(fork.every((block) => !records.has(toHex(nodeKey(block)))));
  assert.equal(keysOf(records, "N").length, 25 - buried);
});

test("a restart gives the same head, anchor, finalized, forks of executed blocks and state", () => {
  const world = grown();
  const { chain } = world;
  const again = world.restarted();
  assert.equal(again.chain.head.hash, chain.head.hash);
  assert.equal(again.chain.anchor.hash, chain.anchor.hash);
  assert.deepEqual(again.chain.finalized, chain.finalized);
  assert.equal(again.chain.justified.hash, chain.justified.hash);
  assert.deepEqual(again.chain.certificates(), chain.certificates());
  assert.equal(again.root, world.root);
  assert.equal(again.batches.length, 0);
  assert.deepEqual(again.chain.bodyOf(long.at(-1)!.hash), long.at(-1)!.body);
});

test("a chain goes on, and undoes blocks, after a restart after any batch", () => {
  const world = new ChainWorld(builder);
  const plain = builder.chain(builder.genesis, 12);
  for (const block of plain) world.block(block);
  const other = builder.chain(plain[3]!, 12, 900);
  for (let count = 1; count <= world.batches.length; count++) {
    const again = world.restarted(count);
    for (const block of [...plain.slice(0, 4), ...other]) again.block(block);
    assert.equal(again.chain.head.hash, other.at(-1)!.hash);
    assert.equal(again.root, builder.rootAt(other.at(-1)!));
  }
});

test("a store of another network is refused", () => {
  const records = storeAfter(grown().batches, 5);
  const other = new ChainBuilder({ ...builder.file, name: "another" });
  assert.throws(() => new ChainWorld(other, { image: imageOf(records) }), StoreDamaged);
});

const damages: readonly (readonly [string, (records: Map<string, Uint8Array>) => void])[] = [
  ["another layout", (r) => r.set(toHex(metaKey("schema")), Uint8Array.of(0, 0, 0, 9))],
  ["a cut layout", (r) => r.set(toHex(metaKey("schema")), Uint8Array.of(1))],
  ["no layout", (r) => r.delete(toHex(metaKey("schema")))],
  ["no head", (r) => r.delete(toHex(metaKey("head")))],
  ["a cut head", (r) => cut(r, metaKey("head"))],
  ["no anchor", (r) => r.delete(toHex(metaKey("anchor")))],
  ["a cut anchor", (r) => cut(r, metaKey("anchor"))],
  ["a cut finalized", (r) => cut(r, metaKey("finalized"))],
  ["a cut certificate", (r) => r.set(toHex(metaKey("justified")), new Uint8Array(9))],
  ["a missing block", (r) => r.delete(toHex(nodeKey(long[15]!)))],
  ["a missing head block", (r) => r.delete(toHex(nodeKey(long.at(-1)!)))],
  ["a cut block", (r) => cut(r, nodeKey(long[15]!))],
  ["a cut block key", (r) => r.set(`${toHex(nodeKey(long[15]!)).slice(0, 40)}`, new Uint8Array(9))],
  ["a swapped block", (r) => r.set(toHex(nodeKey(long[15]!)), r.get(toHex(nodeKey(long[16]!)))!)],
  ["a missing body", (r) => r.delete(toHex(bodyKey(long[15]!)))],
  ["a changed body", (r) => r.set(toHex(bodyKey(long[15]!)), first.body)],
  ["a missing state entry", (r) => r.delete(keysOf(r, "S").at(-1)!)],
  ["no state", (r) => keysOf(r, "S").forEach((key) => void r.delete(key))],
  ["a cut state entry", (r) => r.set(keysOf(r, "S")[0]!, new Uint8Array(1))],
  ["a strange state entry", (r) => r.set(toHex(stateKey(new Uint8Array(32))), new Uint8Array(56))],
  [
    "a finalized block off the chain",
    (r) => {
      const finalized = r.get(toHex(metaKey("finalized")))!.slice();
      finalized[7] = 13;
      r.set(toHex(metaKey("finalized")), finalized);
    },
  ],
];

function cut(records: Map<string, Uint8Array>, key: Uint8Array): void {
  records.set(toHex(key), records.get(toHex(key))!.slice(1));
}

for (const [what, damage] of damages) {
  test(`a store with ${what} is refused loudly`, () => {
    const world = grown();
    const records = storeAfter(world.batches, world.batches.length);
    damage(records);
    assert.throws(() => new ChainWorld(builder, { image: imageOf(records) }), StoreDamaged);
  });
}
