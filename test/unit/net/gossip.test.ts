import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Conn, Ticket } from "../../../src/edge/conn.ts";
import { Gossip } from "../../../src/net/relay/gossip.ts";
import { relayLimits } from "../../../src/params/limits.ts";
import type { Message } from "../../../src/wire/messages.ts";
import { conn, NotedPort } from "./net-fixture.ts";

const knownMax = relayLimits.gossipKnownPerPeerMax;
const [a, b, c] = [conn(1), conn(2), conn(3)];
const vote = (n: number): Message => ({ type: "vote", vote: new Uint8Array(176).fill(n) });
const certificate: Message = { type: "certificate", certificate: new Uint8Array(307) };

function setup(peers: readonly Conn[] = [a, b, c]) {
  const port = new NotedPort();
  const gossip = new Gossip(port);
  for (const peer of peers) gossip.onReady(peer);
  return { port, gossip };
}

/** Who was sent something since the last look. */
const receivers = (port: NotedPort): Conn[] => port.drain().map((sent) => sent.conn);

describe("what is flooded", () => {
  test("goes whole to every ready peer, and to no other", () => {
    const { port, gossip } = setup([a, b]);
    gossip.broadcast(vote(1), "v1");
    assert.deepEqual(port.drain(), [
      { conn: a, message: vote(1), after: undefined },
      { conn: b, message: vote(1), after: undefined },
    ]);
  });

  test("never goes back to the peer from which it came", () => {
    const { port, gossip } = setup();
    gossip.broadcast(vote(1), "v1", a);
    assert.deepEqual(receivers(port), [b, c]);
  });

  test("does not go to a peer that sent it to us at any time before", () => {
    const { port, gossip } = setup();
    gossip.onReceived(b, "v1");
    gossip.onReceived(a, "v1");
    gossip.broadcast(vote(1), "v1", a);
    assert.deepEqual(receivers(port), [c]);
    gossip.broadcast(vote(2), "v2");
    assert.deepEqual(receivers(port), [a, b, c], "another object is not affected");
  });

  test("goes to each peer once, however often it is given", () => {
    const { port, gossip } = setup();
    for (let n = 0; n < 3; n++) gossip.broadcast(vote(1), "v1");
    gossip.send(a, vote(1), "v1");
    assert.deepEqual(receivers(port), [a, b, c]);
  });

  test("is parked with its ticket until it is durable", () => {
    const { port, gossip } = setup([a]);
    gossip.broadcast(vote(1), "v1", undefined, 5 as Ticket);
    assert.deepEqual(
      port.sent.map(({ after }) => after),
      [5],
    );
  });

  test("is not taken for known by a peer whose lane was full", () => {
    const { port, gossip } = setup();
    port.laneIsFull = true;
    gossip.broadcast(vote(1), "v1");
    gossip.send(a, certificate, "c1");
    port.laneIsFull = false;
    gossip.broadcast(vote(1), "v1");
    gossip.send(a, certificate, "c1");
    assert.deepEqual(receivers(port), [a, b, c, a]);
  });
});

describe("what is sent to one peer", () => {
  test("goes to that peer alone, and counts as known by it", () => {
    const { port, gossip } = setup();
    gossip.send(b, certificate, "c1");
    gossip.send(b, certificate, "c1");
    assert.deepEqual(receivers(port), [b]);
    gossip.broadcast(certificate, "c1");
    assert.deepEqual(receivers(port), [a, c]);
  });

  test("is not sent to a peer that has it, or that is not ready", () => {
    const { port, gossip } = setup([a]);
    gossip.onReceived(a, "c1");
    gossip.send(a, certificate, "c1");
    gossip.send(b, certificate, "c1");
    assert.deepEqual(receivers(port), []);
  });
});

describe("a peer that goes", () => {
  test("gets nothing more, and what it had is forgotten", () => {
    const { port, gossip } = setup();
    gossip.broadcast(vote(1), "v1");
    port.drain();
    gossip.onClosed(b);
    gossip.onReceived(b, "v2");
    gossip.broadcast(vote(2), "v2");
    assert.deepEqual(receivers(port), [a, c]);
    gossip.onReady(b);
    gossip.broadcast(vote(1), "v1");
    gossip.broadcast(vote(2), "v2");
    assert.deepEqual(receivers(port), [b, b]);
  });

  test("may go while it is being sent to", () => {
    const closing = new NotedPort();
    const gossip = new Gossip({
      send: (to, message, after) => {
        if (to === b) gossip.onClosed(b);
        return to !== b && closing.send(to, message, after);
      },
    });
    for (const peer of [a, b, c]) gossip.onReady(peer);
    gossip.broadcast(vote(1), "v1");
    assert.deepEqual(receivers(closing), [a, c]);
    gossip.send(b, vote(1), "v1");
    assert.deepEqual(receivers(closing), []);
  });
});

describe("what a peer is known to have", () => {
  test("is bounded: what it had longest ago is forgotten and sent once more", () => {
    const { port, gossip } = setup([a]);
    for (let n = 0; n <= knownMax; n++) gossip.onReceived(a, `v${n}`);
    for (let n = 1; n <= knownMax; n++) gossip.broadcast(vote(n), `v${n}`);
    assert.deepEqual(receivers(port), []);
    gossip.broadcast(vote(0), "v0");
    assert.deepEqual(receivers(port), [a]);
  });

  test("is not forgotten because another peer says a great deal", () => {
    const { port, gossip } = setup([a, b]);
    gossip.onReceived(a, "v1");
    for (let n = 0; n < 4 * knownMax; n++) gossip.onReceived(b, `w${n}`);
    gossip.broadcast(vote(1), "v1");
    assert.deepEqual(receivers(port), [b]);
  });

  test("holds all votes of two slots of the largest set", () => {
    assert.ok(knownMax >= 2 * 128);
  });
});

test("whatever happens, a peer is sent only what it is not known to have, and once", () => {
  const peer = fc.constantFrom(a, b, c);
  const id = fc.integer({ min: 0, max: 5 });
  const step = fc.oneof(
    fc.record({ ready: peer }),
    fc.record({ closed: peer }),
    fc.record({ received: peer, id }),
    fc.record({ broadcast: id, except: fc.option(peer, { nil: undefined }) }),
    fc.record({ sendTo: peer, id }),
    fc.record({ full: fc.boolean() }),
  );
  const property = fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const { port, gossip } = setup([]);
    const model = new Map<Conn, Set<number>>();
    for (const each of steps) {
      const wanted: Conn[] = [];
      const offer = (to: Conn, n: number): void => {
        const has = model.get(to);
        if (has === undefined || has.has(n) || port.laneIsFull) return;
        has.add(n);
        wanted.push(to);
      };
      if ("ready" in each) {
        if (!model.has(each.ready)) gossip.onReady(each.ready);
        model.set(each.ready, model.get(each.ready) ?? new Set());
      } else if ("closed" in each) {
        gossip.onClosed(each.closed);
        model.delete(each.closed);
      } else if ("received" in each) {
        gossip.onReceived(each.received, `v${each.id}`);
        model.get(each.received)?.add(each.id);
      } else if ("broadcast" in each) {
        gossip.broadcast(vote(each.broadcast), `v${each.broadcast}`, each.except);
        for (const to of model.keys()) if (to !== each.except) offer(to, each.broadcast);
      } else if ("sendTo" in each) {
        gossip.send(each.sendTo, vote(each.id), `v${each.id}`);
        offer(each.sendTo, each.id);
      } else port.laneIsFull = each.full;
      assert.deepEqual(receivers(port), wanted);
    }
  });
  fc.assert(property, { seed: 1, numRuns: 300 });
});
