/** What the chain asks to be checked of a block whose transactions were seen before. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { concatBytes } from "../../../src/base/bytes.ts";
import { decodeBody } from "../../../src/model/block.ts";
import { idBytes } from "../../../src/model/ids.ts";
import { preimageOf, type Transaction } from "../../../src/model/transaction.ts";
import { ChainBuilder } from "../../support/chain-builder.ts";
import { networkOf } from "../../support/chain-network.ts";
import { ChainWorld, sourceOf } from "../../support/chain-world.ts";

const builder = new ChainBuilder(networkOf(4));
const { genesis } = builder;
const transactions = [0, 1, 2].map((nonce) => builder.transfer(1, 0, nonce));
const block = builder.block(genesis, { transactions });

function see(world: ChainWorld, transaction: Transaction): boolean {
  const { signatures } = world.chain.view.heard;
  const preimage = preimageOf(transaction, idBytes(world.chain.genesisHash));
  return signatures.verify(transaction.signature, preimage, idBytes(transaction.sender));
}

test("a block of transactions that were found good before is executed without a check", () => {
  for (const source of [sourceOf(1), undefined]) {
    const world = new ChainWorld(builder, { autoVerify: false });
    for (const transaction of transactions) assert.ok(see(world, transaction));
    world.block(block, source);
    assert.equal(world.jobs.length, 0);
    assert.equal(world.chain.head.hash, block.hash);
  }
});

test("of a block only what was never found good is checked, and blamed by its place", () => {
  const world = new ChainWorld(builder, { autoVerify: false });
  assert.ok(see(world, transactions[0]!));
  const signature = transactions[2]!.signature.slice();
  signature[7]! ^= 1;
  const bytes = concatBytes(transactions[2]!.bytes.subarray(0, -64), signature);
  const forged: Transaction = { ...transactions[2]!, signature, bytes };
  assert.ok(see(world, transactions[2]!));
  assert.equal(see(world, forged), false);
  const bad = builder.block(genesis, { transactions: [...transactions.slice(0, 2), forged] });
  world.block(bad, sourceOf(1));
  const asked = decodeBody(world.jobs[0]!.check.bytes);
  assert.ok(!("code" in asked));
  assert.deepEqual(
    asked.transactions.map(({ bytes }) => bytes),
    [transactions[1]!.bytes, bytes],
  );
  const [rejected] = world.verify();
  assert.ok(rejected?.type === "rejected");
  assert.equal(rejected.rejection.code, "block-transaction-signature");
  assert.equal(rejected.rejection.detail, "of transaction 2");
  assert.equal(rejected.source, sourceOf(1));
});
