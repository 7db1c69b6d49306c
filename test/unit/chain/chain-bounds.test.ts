import assert from "node:assert/strict";
import { test } from "node:test";
import { ActiveChain } from "../../../src/chain/active-chain.ts";
import { BlockTree } from "../../../src/chain/block-tree.ts";
import { makeRoom } from "../../../src/chain/body-room.ts";
import { SlotTable } from "../../../src/chain/slot-table.ts";
import { treeNode } from "../../../src/chain/tree-node.ts";
import { FutureQueue, OrphanPool } from "../../../src/chain/waiting.ts";
import { chainLimits } from "../../../src/params/limits.ts";
import { bareRun } from "../../support/bare-headers.ts";
import type { Built } from "../../support/built.ts";
import { ChainBuilder } from "../../support/chain-builder.ts";
import { networkOf } from "../../support/chain-network.ts";
import { ChainWorld } from "../../support/chain-world.ts";

const builder = new ChainBuilder(networkOf(4));
const { genesis } = builder;
const final = { height: 0, slot: 0, hash: genesis.hash };

/** Headers of validator 1 alone, whose state nobody computes. */
function headersOfOne(count: number, on: Built): Built[] {
  const lie = { receiptsRoot: new Uint8Array(32).fill(1) };
  return Array.from({ length: count }, (_, i) =>
    builder.block(on, { slot: on.slot + 1 + 4 * i, lie }),
  );
}

test("a flood of headers of one validator is bounded and does not stop the chain", () => {
  const world = new ChainWorld(builder);
  const [a1, a2] = builder.chain(genesis, 2) as [Built, Built];
  world.block(a1);
  for (const header of headersOfOne(chainLimits.treeNodesMax + 40, genesis)) {
    const { rejection } = world.headers([header]);
    assert.ok(rejection === undefined || rejection.code === "header-tree-full");
  }
  const { nodes, slots } = world.chain.sizes;
  assert.equal(nodes, chainLimits.treeNodesMax);
  assert.ok(slots <= nodes);
  world.block(a2);
  assert.equal(world.chain.head.hash, a2.hash);
  assert.equal(world.chain.sizes.nodes, chainLimits.treeNodesMax);
});

test("a long chain of headers without bodies does not stop the chain either", () => {
  const world = new ChainWorld(builder, { slot: 1_000_000 });
  const [a1, a2, a3] = builder.chain(genesis, 3) as [Built, Built, Built];
  world.block(a1);
  const run = bareRun(builder, genesis, chainLimits.treeNodesMax + 10, 5);
  for (let i = 0; i < run.length; i += 500) world.headers(run.slice(i, i + 500));
  assert.equal(world.chain.sizes.nodes, chainLimits.treeNodesMax);
  world.block(a2);
  world.block(a3);
  assert.equal(world.chain.head.hash, a3.hash);
  assert.equal(world.chain.sizes.nodes, chainLimits.treeNodesMax);
});

test("orphans are bounded in number, and those dropped leave no trace", () => {
  const world = new ChainWorld(builder);
  const bare = builder.block(genesis, { slot: 5, lie: { receiptsRoot: new Uint8Array(32) } });
  const on = builder.block(bare, { slot: 6 });
  for (const orphan of headersOfOne(chainLimits.orphansMax + 50, on)) world.block(orphan);
  assert.equal(world.chain.sizes.orphans, chainLimits.orphansMax);
  assert.equal(world.chain.sizes.slots, chainLimits.orphansMax + 1);
});

test("orphans are bounded in bytes: the oldest go first", () => {
  const pool = new OrphanPool();
  const body = new Uint8Array(chainLimits.orphanBytesMax / 4);
  const blocks = builder.chain(genesis, 6);
  const dropped = blocks.flatMap(({ sealed }) => pool.add({ sealed, body, source: undefined }));
  assert.deepEqual(
    dropped.map(({ sealed }) => sealed.header.height),
    [1, 2],
  );
  assert.equal(pool.bodyBytes, chainLimits.orphanBytesMax);
  assert.equal(pool.missingFor(blocks[5]!.hash), blocks[1]!.hash);
  assert.equal(pool.takeBuried(6).length, 4);
  assert.deepEqual([pool.size, pool.bodyBytes], [0, 0]);
});

test("future blocks are bounded: the oldest go first", () => {
  const queue = new FutureQueue();
  const blocks = builder.chain(genesis, chainLimits.futureBlocksMax + 1);
  const dropped = blocks.map(({ sealed }, i) =>
    queue.add({ sealed, body: undefined, source: undefined }, 1000 - i),
  );
  assert.equal(queue.size, chainLimits.futureBlocksMax);
  assert.equal(dropped.at(-1)?.sealed, blocks[0]!.sealed);
  assert.equal(queue.takeDue(1000 - 10)[0]?.sealed, blocks.at(-1)!.sealed);
});

test("the slot table counts distinct headers of one validator and slot", () => {
  const table = new SlotTable();
  const [a, b, c] = [0, 1, 2].map((nonce) => {
    const transactions = Array.from({ length: nonce }, (_, i) => builder.transfer(0, 1, i));
    return builder.block(genesis, { slot: 1, transactions }).sealed.header;
  }) as [Built["sealed"]["header"], Built["sealed"]["header"], Built["sealed"]["header"]];
  table.add(a);
  table.add(a);
  assert.ok(table.hasRoom(b));
  table.add(b);
  assert.ok(!table.hasRoom(c) && table.hasRoom(a));
  table.delete(a);
  assert.ok(table.hasRoom(c));
  table.delete(b);
  assert.equal(table.size, 0);
});

test("bodies of side branches give way first, then those furthest ahead", () => {
  const root = treeNode(genesis.sealed, undefined, { rank: 0, final });
  root.status = "executed";
  root.ready = true;
  const tree = new BlockTree(root);
  const active = new ActiveChain(root);
  const bytes = new Uint8Array(chainLimits.treeBodyBytesMax / 4);
  const hold = (block: Built) => {
    const node = tree.insert(block.sealed, tree.get(block.parent!.hash)!, {
      rank: block.slot % 4,
      final,
    });
    tree.setBody(node, bytes, undefined);
    return node;
  };
  const best = builder.chain(genesis, 3).map(hold);
  const side = builder.chain(genesis, 2, 7).map(hold);
  assert.deepEqual(makeRoom(tree, active), [side[0]]);
  assert.equal(side[0]!.status, "header");
  const more = builder.chain(genesis, 5, 11).map(hold);
  const dropped = makeRoom(tree, active);
  assert.ok(tree.bodyBytes <= chainLimits.treeBodyBytesMax);
  assert.ok(dropped.includes(side[1]!) && dropped.includes(more[4]!));
  assert.ok(
    best.every((node) => dropped.includes(node)),
    "the best header chain is another now",
  );
  assert.ok(more.slice(0, 4).every((node) => node.body !== undefined));
});

test("a branch whose body was dropped is ready again when it comes back", () => {
  const root = treeNode(genesis.sealed, undefined, { rank: 0, final });
  root.ready = true;
  const tree = new BlockTree(root);
  const { body } = genesis;
  const nodes = builder.chain(genesis, 3).map((block) => {
    const node = tree.insert(block.sealed, tree.get(block.parent!.hash)!, { rank: 0, final });
    tree.setBody(node, body, undefined);
    tree.setChecked(node);
    return node;
  });
  const [a1, a2, a3] = nodes as [(typeof nodes)[0], (typeof nodes)[0], (typeof nodes)[0]];
  assert.ok(nodes.every((node) => node.ready));
  tree.dropBody(a1);
  assert.ok(nodes.every((node) => !node.ready));
  tree.setBody(a1, body, undefined);
  assert.deepEqual(tree.setChecked(a1), [a1, a2, a3]);
  assert.equal(tree.bodyBytes, 3 * genesis.body.length);
});

test("a block that comes again while it waits for its slot counts once", () => {
  const world = new ChainWorld(builder, { slot: 10 });
  const [a1] = builder.chain(genesis, 1, 11) as [Built];
  world.block(a1);
  world.clock.wallMs += 5000;
  world.block(a1);
  world.advance(1);
  const { nodes, slots, future } = world.chain.sizes;
  assert.deepEqual({ nodes, slots, future }, { nodes: 2, slots: 2, future: 0 });
});

test("orphans that wait for a branch below the anchor are forgotten", () => {
  const world = new ChainWorld(builder);
  const far = builder.chain(genesis, 3, 900);
  world.block(far[2]!);
  assert.equal(world.chain.sizes.orphans, 1);
  for (const block of builder.certified(genesis, 8)) {
    world.block(block);
    world.persisted();
  }
  assert.equal(world.chain.anchor.height, 5);
  const { orphans, slots, nodes } = world.chain.sizes;
  assert.deepEqual({ orphans, slots }, { orphans: 0, slots: nodes });
});

test("blocks that break a rule count for the work of one step too", () => {
  const world = new ChainWorld(builder);
  const parent = builder.block(genesis);
  const lie = { stateRoot: new Uint8Array(32).fill(3) };
  const count = 3 * chainLimits.connectBlocksPerStepMax;
  const bad = Array.from({ length: count }, (_, i) => builder.block(parent, { slot: 2 + i, lie }));
  world.headers([parent]);
  for (const block of bad) world.block(block);
  const results = [world.body(parent), world.drain()];
  const [first, later] = results.map((all) => all.filter((r) => r.type === "rejected").length);
  assert.ok(first! <= chainLimits.connectBlocksPerStepMax, `${first} in one step`);
  assert.equal(first! + later!, count);
  assert.equal(world.chain.head.hash, parent.hash);
});
