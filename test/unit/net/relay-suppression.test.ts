/** Peers that announce and never deliver: they cost time, but keep nothing from us. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { relayLimits } from "../../../src/params/limits.ts";
import { conn, pass } from "./net-fixture.ts";
import { a, b, block, blockInv, kinds, nothing, requests, setup, txInv } from "./relay-fixture.ts";

const { inventoryPerMessageMax, requestMs, wantedMax, blocksWantedMax } = relayLimits;
const conns = (count: number) => Array.from({ length: count }, (_, i) => conn(i));
const numbers = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);

describe("who announces and never delivers", () => {
  test("does not keep a late honest announcer from being asked, however many are before it", () => {
    const { env, port, relay } = setup(conns(21));
    const honest = conn(20);
    for (const each of conns(21)) relay.onInv(each, blockInv(7), nothing);
    const asked: number[] = [];
    for (let turn = 0; turn < 21; turn++) {
      asked.push(...requests(port).map((request) => request.conn));
      // A second announcement by who is late gives it no second turn.
      for (const each of conns(20)) relay.onInv(each, blockInv(7), nothing);
      if (asked.includes(honest)) break;
      pass(env, requestMs);
      relay.tick();
    }
    assert.equal(new Set(asked).size, asked.length);
    assert.equal(asked.at(-1), honest);
    assert.equal(relay.onObject(honest, kinds.block, block(7)), true);
    assert.equal(relay.counts.wanted, 0);
  });

  test("cannot take the room of all peers together", () => {
    const liars = wantedMax / inventoryPerMessageMax;
    const { port, relay } = setup(conns(liars + 1));
    for (let i = 0; i < liars; i++) {
      const ids = numbers(1 + i * inventoryPerMessageMax, inventoryPerMessageMax);
      relay.onInv(conn(i), txInv(...ids), nothing);
    }
    assert.equal(relay.counts.wanted, wantedMax);
    requests(port);
    relay.onInv(conn(liars), txInv(900_001, 900_002), nothing);
    assert.deepEqual(requests(port), [{ conn: conn(liars), ids: [900_001, 900_002] }]);
    assert.equal(relay.counts.wanted, wantedMax);
    for (const each of conns(liars + 1)) relay.onClosed(each);
    assert.deepEqual([relay.counts.wanted, relay.counts.asked], [0, 0]);
  });

  test("cannot take the room of blocks with transactions, nor more than its share of blocks", () => {
    const { port, relay } = setup();
    relay.onInv(conn(1), txInv(...numbers(1, inventoryPerMessageMax)), nothing);
    requests(port);
    relay.onInv(conn(1), blockInv(900_001), nothing);
    assert.deepEqual(requests(port), [{ conn: conn(1), ids: [900_001] }]);
    relay.onInv(conn(2), blockInv(...numbers(1, inventoryPerMessageMax)), nothing);
    assert.ok(relay.counts.wanted <= inventoryPerMessageMax + 1 + relayLimits.blocksPerPeerMax);
    assert.equal(requests(port)[0]?.ids.length, relayLimits.blockRequestsPerPeerMax);
    assert.ok(blocksWantedMax > relayLimits.blocksPerPeerMax);
  });
});

test("a forged copy of a block that was settled does not make us fetch it again", () => {
  const { port, relay } = setup();
  relay.onInv(conn(1), blockInv(7), nothing);
  relay.onInv(conn(2), blockInv(7), nothing);
  relay.onObject(conn(1), kinds.block, block(7));
  relay.announceBlock(block(7), conn(1));
  requests(port);
  relay.onObject(conn(2), kinds.block, block(7));
  relay.onUnusable(kinds.block, block(7));
  assert.deepEqual(requests(port), []);
});

test("who gave way while it was asked is not asked again, so that it cannot answer twice", () => {
  const holders = wantedMax / relayLimits.requestsPerPeerMax;
  const { env, port, relay } = setup(conns(holders + 1));
  const perPeer = relayLimits.requestsPerPeerMax;
  for (let i = 0; i < holders; i++) {
    relay.onInv(conn(i), txInv(...numbers(1 + i * perPeer, perPeer)), nothing);
  }
  relay.onInv(conn(holders), txInv(900_001), nothing);
  relay.onInv(conn(holders), txInv(1), nothing);
  requests(port);
  pass(env, requestMs);
  relay.tick();
  assert.deepEqual(
    requests(port).filter(({ conn: asked, ids }) => asked === conn(0) && ids.includes(1)),
    [],
  );
});

test("a peer that was asked twice, because another's copy was no use, may answer twice", () => {
  const { port, relay } = setup();
  relay.onInv(a, blockInv(7), nothing);
  relay.onInv(b, blockInv(7), nothing);
  assert.deepEqual(requests(port), [{ conn: a, ids: [7] }]);
  relay.onObject(b, kinds.block, block(7));
  relay.onUnusable(kinds.block, block(7));
  assert.deepEqual(requests(port), [{ conn: a, ids: [7] }]);
  assert.equal(relay.onObject(a, kinds.block, block(7)), true);
  assert.equal(relay.onObject(a, kinds.block, block(7)), true);
  assert.equal(relay.onObject(a, kinds.block, block(7)), false);
});

test("an answer under way is not forgotten for an announcement of the same", () => {
  const { env, port, relay } = setup();
  relay.onInv(a, blockInv(7), nothing);
  requests(port);
  pass(env, requestMs);
  relay.tick();
  relay.onInv(a, blockInv(7), nothing);
  assert.deepEqual(requests(port), [{ conn: a, ids: [7] }]);
  assert.equal(relay.onObject(a, kinds.block, block(7)), true);
  assert.equal(relay.onObject(a, kinds.block, block(7)), true);
});
