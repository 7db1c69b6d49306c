import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Ticket } from "../../../src/edge/conn.ts";
import type { BlockHash, TxId } from "../../../src/model/ids.ts";
import { decodeItems, encodeItems, itemOf } from "../../../src/net/inventory.ts";
import { Relay } from "../../../src/net/relay.ts";
import { relayLimits } from "../../../src/params/limits.ts";
import { inventoryKinds } from "../../../src/wire/messages.ts";
import { conn, idOf, NotedPort, pass, testEnv } from "./net-fixture.ts";

const kinds = inventoryKinds;
const tx = (n: number): TxId => idOf(n) as string as TxId;
const block = (n: number): BlockHash => idOf(n) as string as BlockHash;
const txInv = (...numbers: number[]) =>
  encodeItems(numbers.map((n) => itemOf(kinds.transaction, tx(n))));
const blockInv = (...numbers: number[]) =>
  encodeItems(numbers.map((n) => itemOf(kinds.block, block(n))));
const nothing = () => false;
const [a, b, c] = [conn(1), conn(2), conn(3)];

function setup(peers: readonly ReturnType<typeof conn>[] = [a, b, c]) {
  const env = testEnv(1);
  const port = new NotedPort();
  const relay = new Relay(env, port);
  for (const peer of peers) relay.onReady(peer);
  return { env, port, relay };
}

function requests(port: NotedPort) {
  return port
    .drain()
    .flatMap(({ conn, message }) =>
      message.type === "get_data"
        ? [{ conn, ids: decodeItems(message.items)!.map((item) => Number.parseInt(item.id, 16)) }]
        : [],
    );
}

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

describe("announcing", () => {
  test("a block goes to all at once, but never to a peer that knows it, and under its ticket", () => {
    const { port, relay } = setup();
    relay.onInv(b, blockInv(1), () => true);
    relay.announceBlock(block(1), a, 5 as Ticket);
    assert.deepEqual(
      port.sent.map((sent) => [sent.conn, sent.message.type, sent.after]),
      [[c, "inv", 5]],
    );
    relay.announceBlock(block(1));
    assert.deepEqual(
      port.sent.map((sent) => sent.conn),
      [c, a],
    );
    assert.equal(relay.known(a, kinds.block, block(1)), true);
  });

  test("transactions are collected and leave in one inv per peer, without what it has by then", () => {
    const { env, port, relay } = setup();
    for (let n = 1; n <= 100; n++) relay.announceTransaction(tx(n), n === 1 ? a : undefined);
    assert.equal(port.sent.length, 0);
    assert.equal(relay.deadline, relayLimits.transactionTrickleMs);
    relay.onInv(b, txInv(2, 3), () => true);
    pass(env, relayLimits.transactionTrickleMs);
    relay.tick();
    const counts = port.drain().map(({ conn, message }) => {
      assert.ok(message.type === "inv");
      return [conn, decodeItems(message.items)!.length];
    });
    assert.deepEqual(counts, [
      [a, 99],
      [b, 98],
      [c, 100],
    ]);
    assert.equal(relay.deadline, Number.POSITIVE_INFINITY);
  });

  test("more than fits into one inv leaves early, in several", () => {
    const { port, relay } = setup([a]);
    for (let n = 1; n <= 2048; n++) relay.announceTransaction(tx(n));
    assert.equal(port.sent.length, 2);
  });

  test("what a full lane dropped is not held to be known", () => {
    const { port, relay } = setup([a]);
    port.laneIsFull = true;
    relay.announceBlock(block(1));
    assert.equal(relay.known(a, kinds.block, block(1)), false);
  });

  test("an announced object is not fetched any more", () => {
    const { port, relay } = setup();
    relay.onInv(a, blockInv(1), nothing);
    relay.announceBlock(block(1));
    assert.equal(relay.counts.wanted, 0);
    relay.onInv(b, blockInv(2), nothing);
    relay.onObtained(kinds.block, block(2));
    assert.equal(relay.counts.wanted, 0);
    assert.equal(port.blamed.length, 0);
  });
});

test("no sequence of inputs asks two peers at once, leaves a late request, or keeps anything of the gone", () => {
  const step = fc.record({
    what: fc.constantFrom("inv", "object", "notFound", "close", "ready", "pass", "bad", "announce"),
    peer: fc.integer({ min: 1, max: 4 }),
    ids: fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 6 }),
  });
  const property = fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
    const { env, port, relay } = setup([]);
    const here = new Set<number>();
    const openRequests = new Map<number, { peer: number; at: number }>();
    for (const { what, peer, ids } of steps) {
      const at = conn(peer);
      if (what === "ready" && !here.has(peer)) {
        here.add(peer);
        relay.onReady(at);
      } else if (what === "close") {
        here.delete(peer);
        for (const [id, open] of openRequests) if (open.peer === peer) openRequests.delete(id);
        relay.onClosed(at);
      } else if (what === "inv") relay.onInv(at, txInv(...ids), nothing);
      else if (what === "notFound") {
        for (const id of ids) if (openRequests.get(id)?.peer === peer) openRequests.delete(id);
        relay.onNotFound(at, txInv(...ids));
      } else if (what === "object") {
        if (relay.onObject(at, kinds.transaction, tx(ids[0]!))) openRequests.delete(ids[0]!);
      } else if (what === "bad") relay.onUnusable(kinds.transaction, tx(ids[0]!));
      else if (what === "announce") {
        openRequests.delete(ids[0]!);
        relay.announceTransaction(tx(ids[0]!));
      } else if (what === "pass") pass(env, 4_000);
      for (const [id, open] of openRequests) {
        if (env.clock.monotonicMs - open.at >= relayLimits.requestMs) openRequests.delete(id);
      }
      relay.tick();
      assert.ok(relay.deadline > env.clock.monotonicMs);
      for (const request of requests(port)) {
        assert.ok(here.has(request.conn));
        for (const id of request.ids) {
          assert.equal(openRequests.has(id), false, "asked of two at once");
          openRequests.set(id, { peer: request.conn, at: env.clock.monotonicMs });
        }
      }
    }
    for (const peer of here) relay.onClosed(conn(peer));
    assert.deepEqual([relay.counts.wanted, relay.counts.asked], [0, 0]);
    assert.equal(relay.deadline, Number.POSITIVE_INFINITY);
  });
  fc.assert(property, { seed: 1, numRuns: 300 });
});
