/**
 * What a validator sealed may be taken back by a power cut until it is durable. Whoever got it by
 * then would hold a block that its sealer does not know, and the sealer could make another.
 * consensus.md §3.8; protocol-spec/09-connections §5.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Ticket } from "../../../src/edge/conn.ts";
import { PublicChain } from "../../../src/node/public-chain.ts";
import { ChainBuilder } from "../../support/chain-builder.ts";
import { networkOf } from "../../support/chain-network.ts";
import { ChainWorld, sourceOf } from "../../support/chain-world.ts";

test("an own block is in no answer before it is durable", () => {
  const builder = new ChainBuilder(networkOf(4));
  const [first, own] = builder.chain(builder.genesis, 2);
  assert.ok(first !== undefined && own !== undefined);
  const world = new ChainWorld(builder);
  world.block(first);
  world.persisted();
  world.block(own);
  const shown = new PublicChain(world.chain);
  const ticket = world.batches.length as Ticket;
  shown.hold(own.hash, ticket);
  const names = () => [
    shown.head.hash,
    shown.node(own.hash)?.hash,
    shown.canonicalAt(own.height)?.hash,
    shown.bodyOf(own.hash)?.length,
  ];
  assert.deepEqual(names(), [first.hash, undefined, undefined, undefined], "served too early");
  shown.onDurable((ticket - 1) as Ticket);
  assert.equal(shown.head.hash, first.hash, "served too early");
  shown.onDurable(ticket);
  assert.deepEqual(names(), [own.hash, own.hash, own.hash, own.body.length]);
});

test("an own block is written durably when it becomes the head, another's need not be", () => {
  const builder = new ChainBuilder(networkOf(4));
  const [first, own] = builder.chain(builder.genesis, 2);
  assert.ok(first !== undefined && own !== undefined);
  const world = new ChainWorld(builder);
  world.block(first, sourceOf(1));
  assert.equal(world.batches.at(-1)?.sync, false);
  world.block(own);
  assert.equal(world.batches.at(-1)?.sync, true, "our block is only in memory");
});
