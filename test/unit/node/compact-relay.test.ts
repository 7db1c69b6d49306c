/** A whole node and compact blocks: from honest peers, and from those who are not. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { concatBytes, u16Bytes } from "../../../src/base/bytes.ts";
import { relayLimits } from "../../../src/params/limits.ts";
import { inventoryKinds } from "../../../src/wire/messages.ts";
import { CompactWorld, compactOf } from "./compact-world.ts";

const three = (world: CompactWorld) => [world.transfer(), world.transfer(), world.transfer()];

describe("a node that hears of a block", () => {
  test("asks for it compact, and puts it together of its mempool without another question", () => {
    const world = new CompactWorld();
    const peer = world.connect();
    const transactions = three(world);
    world.share(peer, transactions);
    const block = world.block(transactions);
    world.announce(peer, block);
    assert.equal(world.asked(peer).at(-1), inventoryKinds.compact);
    world.send(peer, compactOf(block));
    assert.equal(world.height, 1);
    assert.deepEqual(world.heard(peer, "get_block_txs"), []);
    assert.deepEqual(world.blames(peer), []);
  });

  test("asks who does not list the feature for the whole block, and takes no compact one of it", () => {
    const world = new CompactWorld();
    const peer = world.connect(false);
    const block = world.block([]);
    world.announce(peer, block);
    assert.deepEqual(world.asked(peer), [inventoryKinds.block]);
    world.send(peer, compactOf(block));
    assert.equal(world.height, 0);
    assert.deepEqual(world.blames(peer), ["unsolicited"]);
    world.send(peer, { type: "new_block", header: block.sealed, body: block.body });
    assert.equal(world.height, 1);
  });

  test("asks for what it lacks, and tells it whole to those that it pushes the block to", () => {
    const world = new CompactWorld();
    const [peer, next] = [world.connect(), world.connect()];
    world.send(next, { type: "relay_mode", push: true });
    const transactions = Array.from({ length: 17 }, () => world.transfer());
    world.share(peer, transactions.slice(2));
    const block = world.block(transactions);
    world.announce(peer, block);
    world.send(peer, compactOf(block));
    assert.deepEqual(world.heard(peer, "get_block_txs")[0]?.indexes, Uint8Array.of(0, 0, 0, 1));
    const bytes = concatBytes(transactions[0]!.bytes, transactions[1]!.bytes);
    world.send(peer, { type: "block_txs", hash: block.hash, transactions: bytes });
    assert.equal(world.height, 1);
    const [pushed] = world.heard(next, "compact_block");
    assert.equal(pushed?.shortIds.length, 15 * 6);
    assert.equal(pushed.prefilled.length, 2 + 2 + bytes.length);
    assert.deepEqual(world.heard(next, "inv"), [], "not announced besides");
    assert.deepEqual(world.heard(peer, "compact_block"), [], "not back");
  });

  test("pushes it before its signatures are checked, and gives of it what is asked for", () => {
    const world = new CompactWorld();
    const [peer, pushed, told] = [world.connect(), world.connect(), world.connect()];
    world.send(pushed, { type: "relay_mode", push: true });
    world.hub.verifiesLater = true;
    const transactions = three(world);
    const block = world.block(transactions);
    world.announce(peer, block);
    world.send(peer, compactOf(block));
    const bytes = concatBytes(...transactions.map((each) => each.bytes));
    world.send(peer, { type: "block_txs", hash: block.hash, transactions: bytes });
    assert.equal(world.height, 0);
    assert.equal(world.heard(pushed, "compact_block").length, 1);
    assert.equal(world.heard(told, "inv").length, 0);
    world.send(pushed, { type: "get_block_txs", hash: block.hash, indexes: u16Bytes(1) });
    assert.deepEqual(world.heard(pushed, "block_txs")[0]?.transactions, transactions[1]!.bytes);
    world.hub.verifyAll();
    assert.equal(world.height, 1);
    assert.equal(world.heard(pushed, "compact_block").length, 1, "once");
    assert.equal(world.heard(told, "inv").length, 1);
  });

  test("has who was first with it push from then on", () => {
    const world = new CompactWorld();
    const peer = world.connect();
    const block = world.block([]);
    world.announce(peer, block);
    world.send(peer, compactOf(block));
    assert.deepEqual(world.heard(peer, "relay_mode"), [{ type: "relay_mode", push: true }]);
  });

  test("gives it compact to who asks so while it is recent", () => {
    const world = new CompactWorld();
    const [peer, asker] = [world.connect(), world.connect()];
    const block = world.block([]);
    world.announce(peer, block);
    world.send(peer, compactOf(block));
    const items = concatBytes(Uint8Array.of(inventoryKinds.compact), block.hash);
    world.send(asker, { type: "get_data", items });
    assert.deepEqual(world.heard(asker, "compact_block")[0]?.header, block.sealed);
  });
});

describe("a node with a bad peer", () => {
  test("blames it for a second block of a slot that nobody asked for, and does not look at it", () => {
    const world = new CompactWorld();
    const peer = world.connect();
    world.send(peer, compactOf(world.block([])));
    assert.deepEqual(world.blames(peer), []);
    const { verified } = world.hub;
    world.send(peer, compactOf(world.block([world.transfer()])));
    assert.deepEqual(world.blames(peer), ["unsolicited"]);
    assert.equal(world.hub.verified, verified);
  });

  test("fetches the block whole, of the same peer, when a short id names another transaction", () => {
    const world = new CompactWorld();
    const peer = world.connect();
    const transactions = three(world);
    world.share(peer, transactions);
    const block = world.block(transactions.slice(0, 2));
    world.announce(peer, block);
    // As if the first and the third had one short id under this salt.
    const salt = new Uint8Array(8).fill(5);
    const other = concatBytes(transactions[2]!.bytes, transactions[1]!.bytes);
    world.send(peer, compactOf({ ...block, body: concatBytes(new Uint8Array(4), other) }, salt));
    assert.equal(world.height, 0);
    assert.deepEqual(world.blames(peer), []);
    assert.equal(world.asked(peer).at(-1), inventoryKinds.block);
    world.send(peer, { type: "new_block", header: block.sealed, body: block.body });
    assert.equal(world.height, 1);
  });

  test("fetches the block whole when two of its short ids are alike", () => {
    const world = new CompactWorld();
    const peer = world.connect();
    const block = world.block([world.transfer(), world.transfer()]);
    world.announce(peer, block);
    const compact = compactOf(block);
    const first = compact.shortIds.subarray(0, 6);
    world.send(peer, { ...compact, shortIds: concatBytes(first, first) });
    assert.equal(world.asked(peer).at(-1), inventoryKinds.block);
    assert.deepEqual(world.blames(peer), []);
  });

  test("blames it for a count that is not the header's, and asks the next", () => {
    const world = new CompactWorld();
    const [peer, next] = [world.connect(), world.connect()];
    const block = world.block([world.transfer()]);
    world.announce(peer, block);
    world.announce(next, block);
    world.send(peer, { ...compactOf(block), shortIds: new Uint8Array(12) });
    assert.deepEqual(world.blames(peer), ["bad-field"]);
    assert.deepEqual(world.asked(next), [inventoryKinds.compact]);
  });

  test("blames it for transactions that are not those that were asked for", () => {
    const world = new CompactWorld();
    const [peer, next] = [world.connect(), world.connect()];
    const [mine, other] = [world.transfer(), world.transfer()];
    const block = world.block([mine]);
    world.announce(peer, block);
    world.announce(next, block);
    world.send(peer, compactOf(block));
    world.send(peer, { type: "block_txs", hash: block.hash, transactions: other.bytes });
    assert.deepEqual(world.blames(peer), ["bad-field"]);
    world.send(next, compactOf(block));
    world.send(next, { type: "block_txs", hash: block.hash, transactions: mine.bytes });
    assert.equal(world.height, 1);
  });

  test("asks the next when transactions do not come, and takes them late all the same", () => {
    const world = new CompactWorld();
    const [peer, next] = [world.connect(), world.connect()];
    const transaction = world.transfer();
    const block = world.block([transaction]);
    world.announce(peer, block);
    world.announce(next, block);
    world.send(peer, compactOf(block));
    assert.deepEqual(world.asked(next), []);
    world.hub.advance(relayLimits.blockTxsMs);
    assert.deepEqual(world.asked(next), [inventoryKinds.compact]);
    const { bytes } = transaction;
    world.send(peer, { type: "block_txs", hash: block.hash, transactions: bytes });
    assert.equal(world.height, 1);
    assert.deepEqual(world.blames(peer), []);
  });

  test("asks the next when transactions are not to be had, or the peer goes", () => {
    for (const isGone of [false, true]) {
      const world = new CompactWorld();
      const [peer, next] = [world.connect(), world.connect()];
      const block = world.block([world.transfer()]);
      world.announce(peer, block);
      world.announce(next, block);
      world.send(peer, compactOf(block));
      if (isGone) world.hub.hangUp(peer);
      else {
        const items = concatBytes(Uint8Array.of(inventoryKinds.compact), block.hash);
        world.send(peer, { type: "not_found", items });
      }
      assert.deepEqual(world.asked(next), [inventoryKinds.compact]);
    }
  });

  test("blames nobody for an invalid block with a valid header, when it came compact", () => {
    const world = new CompactWorld();
    const [peer, other] = [world.connect(), world.connect()];
    const transactions = [world.transfer()];
    world.share(peer, transactions);
    const bad = world.block(transactions, { stateRoot: new Uint8Array(32).fill(1) });
    world.announce(peer, bad);
    world.send(peer, compactOf(bad));
    assert.equal(world.height, 0);
    assert.deepEqual(world.blames(peer), []);
    // Whole, it claims to have executed it.
    world.announce(other, bad);
    world.send(other, { type: "new_block", header: bad.sealed, body: bad.body });
    assert.deepEqual(world.blames(other), ["block-state-root"]);
  });

  test("blames it for a header that breaks a rule, and for a seal that is not the leader's", () => {
    const world = new CompactWorld();
    const [late, forged] = [world.connect(), world.connect()];
    const block = world.block([], { height: 7 });
    world.announce(late, block);
    world.send(late, compactOf(block));
    assert.deepEqual(world.blames(late), ["header-height"]);
    const good = world.block([]);
    const sealed = good.sealed.slice();
    sealed[400] = sealed[400]! ^ 1;
    world.announce(forged, good);
    world.send(forged, compactOf({ ...good, sealed }));
    assert.deepEqual(world.blames(forged), ["header-seal"]);
  });

  test("blames it for a question beyond the block, and for an answer without a question", () => {
    const world = new CompactWorld();
    const [peer, greedy, unasked] = [world.connect(), world.connect(), world.connect()];
    const block = world.block([]);
    world.announce(peer, block);
    world.send(peer, compactOf(block));
    world.send(greedy, { type: "get_block_txs", hash: block.hash, indexes: u16Bytes(0) });
    assert.deepEqual(world.blames(greedy), ["bad-field"]);
    const { bytes } = world.transfer();
    world.send(unasked, { type: "block_txs", hash: block.hash, transactions: bytes });
    assert.deepEqual(world.blames(unasked), ["unsolicited"]);
  });

  test("answers a question for a block that it does not have", () => {
    const world = new CompactWorld();
    const peer = world.connect();
    const hash = new Uint8Array(32).fill(9);
    world.send(peer, { type: "get_block_txs", hash, indexes: u16Bytes(0) });
    const items = concatBytes(Uint8Array.of(inventoryKinds.compact), hash);
    assert.deepEqual(world.heard(peer, "not_found"), [{ type: "not_found", items }]);
  });

  test("without the feature none of it passes", () => {
    const hash = new Uint8Array(32);
    const messages = [
      { type: "relay_mode", push: true },
      { type: "get_block_txs", hash, indexes: u16Bytes(0) },
      { type: "get_data", items: concatBytes(Uint8Array.of(inventoryKinds.compact), hash) },
    ] as const;
    for (const message of messages) {
      const world = new CompactWorld();
      const peer = world.connect(false);
      world.send(peer, message);
      assert.deepEqual(world.blames(peer), ["unsolicited"], message.type);
    }
  });
});
