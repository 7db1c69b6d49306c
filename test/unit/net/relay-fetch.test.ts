/** Fetching what was announced: whom, when, how much at once. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { relayLimits } from "../../../src/params/limits.ts";
import { conn, pass } from "./net-fixture.ts";
import {
  a,
  b,
  block,
  blockInv,
  c,
  kinds,
  nothing,
  requests,
  setup,
  tx,
  txInv,
} from "./relay-fixture.ts";

describe("fetching what was announced", () => {
  test("one peer at a time is asked, and the next one within requestMs when it stalls", () => {
    const { env, port, relay } = setup();
    relay.onInv(a, txInv(7), nothing);
    relay.onInv(b, txInv(7), nothing);
    assert.deepEqual(requests(port), [{ conn: a, ids: [7] }]);
    assert.equal(relay.deadline, relayLimits.requestMs);
    pass(env, relayLimits.requestMs);
    relay.tick();
    assert.deepEqual(requests(port), [{ conn: b, ids: [7] }]);
    assert.ok(relay.deadline > env.clock.monotonicMs);
    // Late, but announced by it: not a fault.
    assert.equal(relay.onObject(a, kinds.transaction, tx(7)), true);
    assert.equal(relay.deadline, Number.POSITIVE_INFINITY);
    assert.equal(relay.counts.wanted, 0);
  });

  test("when every announcer stalled the item is forgotten, and may be announced again", () => {
    const { env, port, relay } = setup();
    relay.onInv(a, blockInv(7), nothing);
    pass(env, relayLimits.requestMs);
    relay.tick();
    assert.equal(relay.counts.wanted, 0);
    requests(port);
    relay.onInv(c, blockInv(7), nothing);
    assert.deepEqual(requests(port), [{ conn: c, ids: [7] }]);
  });

  test("a peer that goes frees its requests at once", () => {
    const { port, relay } = setup();
    relay.onInv(a, txInv(1, 2, 3), nothing);
    relay.onInv(b, txInv(2, 3), nothing);
    requests(port);
    relay.onClosed(a);
    assert.deepEqual(requests(port), [{ conn: b, ids: [2, 3] }]);
    assert.equal(relay.counts.wanted, 2);
    relay.onClosed(b);
    assert.equal(relay.counts.wanted, 0);
    assert.equal(relay.deadline, Number.POSITIVE_INFINITY);
  });

  test("not_found asks the next announcer; from somebody else it changes nothing", () => {
    const { port, relay } = setup();
    relay.onInv(a, txInv(1), nothing);
    relay.onInv(b, txInv(1), nothing);
    requests(port);
    relay.onNotFound(c, txInv(1));
    assert.deepEqual(requests(port), []);
    relay.onNotFound(a, txInv(1));
    assert.deepEqual(requests(port), [{ conn: b, ids: [1] }]);
    relay.onNotFound(b, txInv(1));
    assert.equal(relay.counts.wanted, 0);
  });

  test("what we have or saw arrive is not asked for", () => {
    const { port, relay } = setup();
    relay.onInv(a, txInv(1), (_, id) => id === tx(1));
    relay.onInv(a, txInv(2), nothing);
    relay.onObject(a, kinds.transaction, tx(2));
    requests(port);
    relay.onInv(b, txInv(2), nothing);
    assert.deepEqual(requests(port), []);
  });

  test("what was seen long ago may be asked for again", () => {
    const { env, port, relay } = setup();
    relay.onInv(a, txInv(2), nothing);
    relay.onObject(a, kinds.transaction, tx(2));
    pass(env, relayLimits.seenMs + 2);
    requests(port);
    relay.onInv(b, txInv(2), nothing);
    assert.deepEqual(requests(port), [{ conn: b, ids: [2] }]);
  });

  test("an object that nobody asked for and nobody announced is told apart, also when repeated", () => {
    const { port, relay } = setup();
    assert.equal(relay.onObject(a, kinds.transaction, tx(9)), false);
    // It does not keep us from asking an honest announcer.
    relay.onInv(b, txInv(9), nothing);
    assert.deepEqual(requests(port), [{ conn: b, ids: [9] }]);
    assert.equal(relay.onObject(b, kinds.transaction, tx(9)), true);
    assert.equal(relay.onObject(b, kinds.transaction, tx(9)), false);
    relay.announceBlock(block(4));
    assert.equal(relay.onObject(c, kinds.block, block(4)), false);
  });

  test("a forged copy delivered first does not suppress the object: the others are asked", () => {
    const { port, relay } = setup();
    relay.onInv(a, txInv(5), nothing);
    relay.onInv(b, txInv(5), nothing);
    assert.equal(relay.onObject(a, kinds.transaction, tx(5)), true);
    relay.onInv(c, txInv(5), nothing);
    requests(port);
    relay.onUnusable(kinds.transaction, tx(5));
    assert.deepEqual(requests(port), [{ conn: b, ids: [5] }]);
    relay.onClosed(b);
    assert.deepEqual(requests(port), [{ conn: c, ids: [5] }]);
  });

  test("an inv flood of random ids costs bounded memory and at most requestsPerPeerMax requests", () => {
    const { port, relay } = setup(Array.from({ length: 40 }, (_, i) => conn(i)));
    let n = 1;
    for (let round = 0; round < 3; round++) {
      for (let peer = 0; peer < 40; peer++) {
        const ids = Array.from({ length: relayLimits.inventoryPerMessageMax }, () => n++);
        relay.onInv(conn(peer), txInv(...ids), nothing);
      }
    }
    assert.ok(relay.counts.wanted <= relayLimits.wantedMax);
    const asked = new Map<number, number>();
    for (const request of requests(port)) {
      asked.set(request.conn, (asked.get(request.conn) ?? 0) + request.ids.length);
    }
    for (const count of asked.values()) assert.ok(count <= relayLimits.requestsPerPeerMax);
    for (let peer = 0; peer < 40; peer++) relay.onClosed(conn(peer));
    assert.deepEqual([relay.counts.wanted, relay.counts.asked], [0, 0]);
  });

  test("one flooding peer does not take the room of others", () => {
    const { port, relay } = setup();
    for (let round = 0; round < 30; round++) {
      relay.onInv(
        a,
        txInv(...Array.from({ length: 1024 }, (_, i) => round * 1024 + i + 1)),
        nothing,
      );
    }
    assert.ok(relay.counts.wanted <= relayLimits.inventoryPerMessageMax);
    requests(port);
    relay.onInv(b, txInv(900_001), nothing);
    assert.deepEqual(requests(port), [{ conn: b, ids: [900_001] }]);
  });

  test("what a peer leaves behind is not heaped upon one that has its hands full", () => {
    const { relay } = setup();
    relay.onInv(a, txInv(5_000, 5_001), nothing);
    relay.onInv(b, txInv(...Array.from({ length: 1024 }, (_, i) => i + 1)), nothing);
    relay.onInv(b, txInv(5_000, 5_001), nothing);
    relay.onInv(c, txInv(5_001), nothing);
    relay.onClosed(a);
    assert.equal(relay.counts.wanted, 1024 + 1);
  });

  test("a peer's queue is asked for in order, in batches", () => {
    const { port, relay } = setup();
    const ids = Array.from({ length: 600 }, (_, i) => i + 1);
    relay.onInv(a, txInv(...ids), nothing);
    const order = requests(port).flatMap((request) => request.ids);
    let messages = 0;
    for (let i = 0; i < 600; i++) {
      relay.onObject(a, kinds.transaction, tx(order[i]!));
      for (const request of requests(port)) {
        messages++;
        order.push(...request.ids);
      }
    }
    assert.deepEqual(order, ids);
    assert.ok(messages <= 8);
    assert.equal(relay.counts.wanted, 0);
  });

  test("an inventory of broken items is blamed", () => {
    const { port, relay } = setup();
    relay.onInv(a, new Uint8Array(34), nothing);
    relay.onNotFound(a, new Uint8Array(33).fill(9));
    assert.deepEqual(
      port.blamed.map((blame) => blame.code),
      ["bad-field", "bad-field"],
    );
  });
});
