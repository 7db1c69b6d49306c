/** A whole node that is given blocks by whoever sealed them, and by those who say so. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { concatBytes } from "../../../src/base/bytes.ts";
import { relayLimits } from "../../../src/params/limits.ts";
import { inventoryKinds } from "../../../src/wire/messages.ts";
import { CompactWorld, compactOf } from "./compact-world.ts";

describe("a node that is given a block at first hand", () => {
  test("takes it unasked, and passes it on as any other", () => {
    const world = new CompactWorld();
    const [sealer, pushed, told] = [world.connect(), world.connect(), world.connect()];
    world.send(pushed, { type: "relay_mode", push: true });
    const transactions = [world.transfer(), world.transfer()];
    world.share(told, transactions);
    world.send(sealer, compactOf(world.block(transactions)));
    assert.equal(world.height, 1);
    assert.deepEqual(world.blames(sealer), []);
    assert.equal(world.heard(pushed, "compact_block").length, 1);
    assert.equal(world.heard(told, "compact_block").length, 0, "not unasked: it is not our own");
    assert.equal(world.heard(told, "inv").length, 1);
    assert.deepEqual(world.heard(sealer, "compact_block"), []);
  });

  test("asks it for what is missing, and does not ask those who announce it meanwhile", () => {
    const world = new CompactWorld();
    const [sealer, other] = [world.connect(), world.connect()];
    const transaction = world.transfer();
    const block = world.block([transaction]);
    world.send(sealer, compactOf(block));
    assert.equal(world.heard(sealer, "get_block_txs").length, 1);
    world.announce(other, block);
    assert.deepEqual(world.asked(other), []);
    const { bytes } = transaction;
    world.send(sealer, { type: "block_txs", hash: block.hash, transactions: bytes });
    assert.equal(world.height, 1);
  });

  test("does not choose it to push what others seal", () => {
    const world = new CompactWorld();
    const sealer = world.connect();
    world.send(sealer, compactOf(world.block([])));
    assert.equal(world.height, 1);
    assert.deepEqual(world.heard(sealer, "relay_mode"), []);
  });

  test("takes it although it has just told the sealer of it", () => {
    const world = new CompactWorld();
    const [sealer, other] = [world.connect(), world.connect()];
    const block = world.block([]);
    world.announce(other, block);
    world.send(other, compactOf(block));
    assert.equal(world.heard(sealer, "inv").length, 1);
    world.send(sealer, compactOf(block));
    assert.deepEqual(world.blames(sealer), []);
  });

  test("fetches it whole when its parent is not here, as if it were announced", () => {
    const world = new CompactWorld();
    const sealer = world.connect();
    const parentHash = world.block([world.transfer()]).header.hash;
    const block = world.block([], { height: 2, slot: 1, parentHash });
    world.send(sealer, compactOf(block));
    assert.deepEqual(world.blames(sealer), []);
    assert.deepEqual(world.asked(sealer), [inventoryKinds.block]);
  });
});

describe("a node with a peer that gives unasked what it did not seal", () => {
  test("looks at no transaction of a block with a bad seal, and goes on to ask for the good one", () => {
    const world = new CompactWorld();
    const [liar, honest] = [world.connect(), world.connect()];
    const good = world.block([world.transfer()]);
    const sealed = good.sealed.slice();
    sealed[400] = sealed[400]! ^ 1;
    world.send(liar, compactOf({ ...good, sealed }));
    assert.deepEqual(world.blames(liar), ["header-seal"]);
    assert.deepEqual(world.heard(liar, "get_block_txs"), []);
    world.announce(honest, good);
    assert.deepEqual(world.asked(honest), [inventoryKinds.compact]);
  });

  test("charges who repeats itself each time, and does no more work for it", () => {
    const world = new CompactWorld();
    const [liar, other, sealer] = [world.connect(), world.connect(), world.connect()];
    const block = world.block([world.transfer()]);
    world.send(liar, compactOf(block));
    const { verified } = world.hub;
    for (let n = 1; n <= 5; n++) {
      world.send(liar, compactOf(block, new Uint8Array(8).fill(n)));
      assert.equal(world.blames(liar).length, n);
    }
    assert.deepEqual(new Set(world.blames(liar)), new Set(["unsolicited"]));
    assert.equal(world.hub.verified, verified);
    assert.equal(world.heard(liar, "get_block_txs").length, 1);
    // Delivered as an answer, it does not come a second time either.
    const next = world.block([]);
    world.announce(other, next);
    world.send(sealer, compactOf(next));
    world.send(other, compactOf(next));
    assert.deepEqual(world.blames(other), []);
    world.send(other, compactOf(next));
    assert.deepEqual(world.blames(other), ["unsolicited"]);
  });

  test("does nothing about a block that it has, but takes nothing as old of that peer again", () => {
    const world = new CompactWorld();
    const [sealer, late] = [world.connect(), world.connect()];
    const block = world.block([]);
    world.send(sealer, compactOf(block));
    assert.equal(world.height, 1);
    const { verified } = world.hub;
    world.send(late, compactOf(block));
    assert.deepEqual(world.blames(late), []);
    assert.equal(world.hub.verified, verified);
    world.send(late, compactOf(world.block([world.transfer()])));
    assert.deepEqual(world.blames(late), ["unsolicited"]);
    assert.equal(world.hub.verified, verified);
  });

  test("lets many of them wait for one at most, and takes the block of whoever announced it", () => {
    const world = new CompactWorld();
    const transactions = [world.transfer()];
    const honest = world.connect();
    const block = world.block(transactions);
    const junk = { ...compactOf(block), shortIds: new Uint8Array(6).fill(9) };
    const liars = Array.from({ length: 5 }, () => world.connect());
    for (const liar of liars) world.send(liar, junk);
    const asked = liars.map((liar) => world.heard(liar, "get_block_txs").length);
    assert.deepEqual(asked, [1, 0, 0, 0, 0]);
    // It was announced, so it is no third of those that wait for a liar.
    world.share(honest, transactions);
    world.announce(honest, block);
    world.send(honest, compactOf(block));
    assert.equal(world.height, 1);
    assert.deepEqual(world.blames(honest), []);
  });

  test("loses to one that withholds what is missing no more time than to one that announced it", () => {
    const world = new CompactWorld();
    const [liar, honest] = [world.connect(), world.connect()];
    const transactions = [world.transfer()];
    const block = world.block(transactions);
    world.send(liar, compactOf(block));
    world.announce(honest, block);
    world.hub.advance(relayLimits.blockTxsMs);
    assert.deepEqual(world.asked(honest), [inventoryKinds.compact]);
    world.send(honest, compactOf(block));
    const bytes = concatBytes(...transactions.map((each) => each.bytes));
    world.send(honest, { type: "block_txs", hash: block.hash, transactions: bytes });
    assert.equal(world.height, 1);
    assert.deepEqual(world.blames(liar), []);
  });
});
