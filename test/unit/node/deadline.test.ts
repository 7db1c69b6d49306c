/** The deadline of a whole node beside the peers of which it is the earliest: nothing kept is stale. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { RoomShare } from "../../../src/peer/shared-room.ts";
import { inventoryKinds } from "../../../src/wire/messages.ts";
import { Hub, type HubPeer } from "../../support/hub.ts";

function assertFresh(hub: Hub): void {
  const [peers, sync] = [hub.node["peers"], hub.node["sync"]];
  const sessions = [...peers.links.all()].map(({ session }) => session.deadline);
  assert.equal(peers.deadline, Math.min(peers.members.deadline, ...sessions));
  assert.equal(sync.deadline, Math.min(sync["headers"].deadline, sync["bodies"].deadline));
}

const deadlineOf = (hub: Hub) => hub.node["peers"].deadline;

const peersMax = 12;
const block = (seed: number) =>
  Uint8Array.of(inventoryKinds.block, ...new Uint8Array(32).fill(seed));

const hoards = new WeakMap<Hub, RoomShare>();

/** What a peer may do, or what happens to it. */
const acts: Readonly<Record<string, (hub: Hub, peer: HubPeer, n: number) => void>> = {
  connect: (hub, _peer, n) => {
    if (hub.peers.length < peersMax) {
      hub.connect({ height: n % 3, headHash: new Uint8Array(32).fill(n) });
    }
  },
  ping: (_hub, { session }, n) => {
    session.send({ type: "ping", nonce: new Uint8Array(8).fill(n), sentAtMs: n });
  },
  announce: (_hub, { session }, n) => {
    session.send({ type: "inv", items: block(n) });
  },
  ask: (_hub, { session }, n) => {
    const locator = new Uint8Array(32);
    const stop = new Uint8Array(32);
    session.send({ type: "get_headers", request: n, locator, stop, count: 1 });
  },
  answer: (_hub, { session }, n) => {
    session.send({ type: "headers", request: n % 4, headers: new Uint8Array(0) });
  },
  askMuch: (_hub, { session }, n) => {
    session.send({ type: "get_data", items: new Uint8Array(33 * 300).fill(n === 1 ? 2 : 1) });
  },
  pull: (hub, { conn, unread }) => {
    for (let bytes = hub.node.take(conn, 9); bytes; bytes = hub.node.take(conn, 9)) {
      unread.push(bytes);
    }
  },
  /** Somebody takes all memory for what waits, and gives it back. */
  hoard: (hub, _peer, n) => {
    const { room } = hub.node["peers"]["shared"];
    const hoard = hoards.get(hub) ?? room.open();
    hoards.set(hub, hoard);
    hoard.settle(n % 3 === 0 ? 0 : 2 ** 30, hub.now);
  },
  halfAFrame: (hub, peer) => {
    peer.session.send({ type: "get_peers", count: 1 });
    const frame = peer.session.take(65_536)?.slice();
    if (frame === undefined) return;
    hub.deliver(peer, frame.subarray(0, 9));
    assertFresh(hub);
    hub.deliver(peer, frame.subarray(9));
  },
  deafen: (_hub, peer, n) => {
    peer.reads = n % 2 === 0;
  },
  hangUp: (hub, peer) => {
    if (peer.isOpen) hub.hangUp(peer);
  },
};

const step = fc.record({
  act: fc.constantFrom(...Object.keys(acts)),
  of: fc.nat(peersMax - 1),
  n: fc.nat(9),
  thenMs: fc.constantFrom(0, 0, 1, 40, 1_000, 9_000),
});

describe("the deadline of a node", () => {
  for (const uploadKbps of [0, 64]) {
    test(`is that of who is first among its peers, at any time, with ${uploadKbps} kbps up`, () => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
          const hub = new Hub({ uploadKbps, downloadKbps: 0, uploadTargetMb: 0 });
          hub.connect();
          for (const { act, of, n, thenMs } of steps) {
            acts[act]!(hub, hub.peers[of % hub.peers.length]!, n);
            assertFresh(hub);
            hub.settle();
            assertFresh(hub);
            hub.advance(thenMs);
            assertFresh(hub);
          }
        }),
        { numRuns: 80, seed: 1900 },
      );
    });
  }

  test("comes with the end of what the line takes, though no input follows", () => {
    const hub = new Hub({ uploadKbps: 64, downloadKbps: 0, uploadTargetMb: 0 });
    const peer = hub.connect();
    const before = deadlineOf(hub);
    for (let n = 0; n < 10; n++) acts["askMuch"]!(hub, peer, n % 2);
    for (let said = peer.session.take(65_536); said; said = peer.session.take(65_536)) {
      hub.deliver(peer, said.slice());
    }
    assert.equal(deadlineOf(hub), before, "it is offered, and nobody has taken it");
    acts["pull"]!(hub, peer, 0);
    assert.ok(deadlineOf(hub) < before, "the rest waits for the line");
    assertFresh(hub);
  });

  test("comes when the memory of all gets short, for one that takes nothing, and goes with it", () => {
    const hub = new Hub();
    const peer = hub.connect();
    peer.reads = false;
    for (let n = 0; n < 20; n++) {
      acts["ask"]!(hub, peer, n);
      hub.settle();
    }
    const before = deadlineOf(hub);
    acts["hoard"]!(hub, peer, 1);
    assert.ok(deadlineOf(hub) < before);
    acts["hoard"]!(hub, peer, 0);
    assert.equal(deadlineOf(hub), before);
  });
});
