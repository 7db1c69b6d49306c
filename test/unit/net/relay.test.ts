import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Conn, Ticket } from "../../../src/edge/conn.ts";
import { decodeItems } from "../../../src/net/relay/inventory.ts";
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

  test("an own block goes itself to all who take it compact, its hash to the others", () => {
    const { port, relay } = setup([]);
    const use = { takesTransactions: true, takesCompact: true };
    const compact = { type: "relay_mode", push: true } as const;
    relay.onReady(a);
    for (const peer of [b, c]) relay.onReady(peer, use);
    relay.onRelayMode(c, true);
    const told = () =>
      port.sent.splice(0).map(({ conn, message, after }) => [conn, message.type, after]);
    relay.announceBlock(block(1), undefined, 5 as Ticket, () => compact, true);
    assert.deepEqual(told(), [
      [b, compact.type, 5],
      [c, compact.type, 5],
      [a, "inv", 5],
    ]);
    relay.announceBlock(block(1), undefined, undefined, () => compact, true);
    assert.deepEqual(told(), [], "once");
    relay.announceBlock(block(2), a, undefined, () => compact);
    assert.deepEqual(told(), [
      [c, compact.type, undefined],
      [b, "inv", undefined],
    ]);
    relay.announceBlock(block(3), undefined, undefined, () => undefined, true);
    assert.deepEqual(
      told().map(([, type]) => type),
      ["inv", "inv", "inv"],
    );
  });

  test("a block-only peer is told of blocks, and of no transactions", () => {
    const { env, port, relay } = setup([a]);
    relay.onReady(b, { takesTransactions: false, takesCompact: false });
    relay.announceTransaction(tx(1));
    pass(env, 2 * relayLimits.transactionTrickleMs);
    relay.tick();
    assert.deepEqual(
      port.drain().map((sent) => sent.conn),
      [a],
    );
    relay.announceBlock(block(1));
    assert.deepEqual(
      port.drain().map((sent) => sent.conn),
      [a, b],
    );
  });

  test("transactions are collected and leave in one inv per peer, without what it has by then", () => {
    const { env, port, relay } = setup();
    for (let n = 1; n <= 100; n++) relay.announceTransaction(tx(n), n === 1 ? a : undefined);
    assert.equal(port.sent.length, 0);
    assert.ok(relay.deadline > 0 && relay.deadline <= 2 * relayLimits.transactionTrickleMs);
    relay.onInv(b, txInv(2, 3), () => true);
    pass(env, 2 * relayLimits.transactionTrickleMs);
    relay.tick();
    const counts = port.drain().map(({ conn, message }) => {
      assert.ok(message.type === "inv");
      return [conn, decodeItems(message.items)!.length];
    });
    // In the order of their times.
    assert.deepEqual(
      new Map(counts as [Conn, number][]),
      new Map([
        [a, 99],
        [b, 98],
        [c, 100],
      ]),
    );
    assert.equal(relay.deadline, Number.POSITIVE_INFINITY);
  });

  test("each peer is told after a time of its own, so that the first to hear proves nothing", () => {
    const { env, port, relay } = setup();
    const first = new Map<string, number>();
    for (let n = 1; n <= 300; n++) {
      relay.announceTransaction(tx(n));
      while (relay.deadline < Number.POSITIVE_INFINITY) {
        pass(env, relay.deadline - env.clock.monotonicMs);
        relay.tick();
      }
      const conn = String(port.drain()[0]?.conn);
      first.set(conn, (first.get(conn) ?? 0) + 1);
    }
    assert.equal(first.size, 3);
    for (const count of first.values()) assert.ok(count > 60 && count < 140, `${count} of 300`);
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
