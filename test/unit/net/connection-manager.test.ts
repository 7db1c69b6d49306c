import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { acceptedConn, type Conn } from "../../../src/edge/conn.ts";
import { ConnectionManager } from "../../../src/net/connection-manager.ts";
import type { ConnectionOptions } from "../../../src/net/connection-port.ts";
import { connectionLimits } from "../../../src/params/limits.ts";
import {
  type AddressEntry,
  decodeAddressEntries,
  encodeAddressEntries,
  ip16Of,
  ipText,
} from "../../../src/wire/address.ts";
import { helloOf, idOf, NotedPort, optionsOf, pass, testEnv } from "./net-fixture.ts";

let accepted = 0;
const manualPeer = "5.5.5.5:4321";
const soft = (score: number) => ({ score, disconnect: false, discourage: false });
const violation = { score: 100, disconnect: true, discourage: true };

function setup(some: Partial<ConnectionOptions> = {}) {
  const env = testEnv(1);
  const port = new NotedPort();
  const manager = new ConnectionManager(env, port, optionsOf(some));
  manager.onStarted();
  const accept = (address: string, id: number, bootId = id, listenPort = 5000) => {
    const conn = acceptedConn(accepted++);
    const open = manager.onConnected(conn, true, address);
    return {
      conn,
      open,
      verdict: open && manager.onReady(conn, idOf(id), helloOf(bootId, listenPort)),
    };
  };
  /** Completes the dial under way to `address`. */
  const answer = (address: string, id: number, bootId = id) => {
    const dial = port.dials.findLast((one) => one.address === address);
    assert.ok(dial, `${address} was dialled`);
    manager.onConnected(dial.conn, false, address);
    const verdict = manager.onReady(dial.conn, idOf(id), helloOf(bootId, 5000));
    return { conn: dial.conn, verdict };
  };
  const states = () => manager.peers().map((peer) => peer.state);
  return { env, port, manager, accept, answer, states };
}

const entriesOf = (addresses: readonly string[], some: Partial<AddressEntry> = {}) =>
  encodeAddressEntries(
    addresses.map((address) => {
      const [ip, port] = address.split(":");
      const at = { ip16: ip16Of(ip!)!, port: Number(port), services: 1 };
      return { ...at, nodeId: idOf(0), lastSeenMs: 1_700_000_000_000, ...some };
    }),
  );

describe("one connection per identity", () => {
  test("the same process dialling twice keeps its old connection", () => {
    const { manager, accept } = setup();
    const first = accept("9.9.9.9:40001", 7);
    const second = accept("9.9.9.9:40002", 7);
    assert.deepEqual(first.verdict, { keep: true });
    assert.equal(
      second.verdict !== false && !second.verdict.keep && second.verdict.code,
      "duplicate",
    );
    assert.deepEqual(
      manager.peers().map((peer) => peer.conn),
      [first.conn],
    );
  });

  test("a restarted process replaces its old connection at once", () => {
    const { manager, port, accept } = setup();
    const first = accept("9.9.9.9:40001", 7, 1);
    const second = accept("9.9.9.9:40002", 7, 2);
    assert.deepEqual(second.verdict, { keep: true });
    assert.deepEqual(port.closed, [{ conn: first.conn, code: "duplicate" }]);
    manager.onClosed(first.conn);
    assert.deepEqual(
      manager.peers().map((peer) => peer.conn),
      [second.conn],
    );
  });

  test("a handshake that never proves its identity displaces nobody", () => {
    const { manager, port, accept } = setup();
    const first = accept("9.9.9.9:40001", 7);
    manager.onConnected(acceptedConn(90_000), true, "8.8.8.8:40001");
    manager.onClosed(acceptedConn(90_000));
    assert.equal(port.closed.length, 0);
    assert.deepEqual(
      manager.peers().map((peer) => peer.conn),
      [first.conn],
    );
  });

  for (const [self, expected] of [
    [1, "dialled"],
    [9, "accepted"],
  ] as const) {
    test(`of crossed dials the one by the smaller id stays: ours is ${self}, so what was ${expected}`, () => {
      const { manager, accept, answer } = setup({ self: idOf(self), connect: [manualPeer] });
      const inbound = accept("5.5.5.5:40001", 7);
      const outbound = answer(manualPeer, 7);
      const kept = manager.peers().map((peer) => peer.conn);
      assert.deepEqual(kept, [expected === "dialled" ? outbound.conn : inbound.conn]);
    });
  }

  test("a dial that reached ourselves is refused, and its address is not dialled again", () => {
    for (const bySession of [false, true]) {
      const { env, port, manager, answer } = setup({ connect: [manualPeer] });
      if (bySession) {
        const { conn } = port.dials[0]!;
        manager.onConnected(conn, false, manualPeer);
        const disconnect = { score: 0, disconnect: true, discourage: false };
        manager.onPenalty(conn, disconnect, "self-connection");
        manager.onClosed(conn);
      } else {
        const { verdict } = answer(manualPeer, 1000, 255);
        assert.equal(!verdict.keep && verdict.code, "self");
      }
      pass(env, 3_600_000);
      manager.tick();
      assert.equal(port.dials.length, 1);
      assert.deepEqual(manager.peers(), []);
    }
  });

  test("another process with our key is refused too, but its address is not ours", () => {
    const { env, port, manager, answer } = setup({ connect: [manualPeer] });
    assert.equal(answer(manualPeer, 1000, 3).verdict.keep, false);
    pass(env, 300_000);
    manager.tick();
    assert.equal(port.dials.length, 2);
  });
});

describe("slots", () => {
  test("inbound peers beyond the limit are told too-many-peers; a duplicate may still replace", () => {
    const { accept } = setup({ peersMax: 6, outboundTarget: 2 });
    for (let id = 1; id <= 4; id++)
      assert.deepEqual(accept(`9.9.9.${id}:1`, id).verdict, { keep: true });
    const { verdict } = accept("9.9.9.9:1", 9);
    assert.equal(verdict !== false && !verdict.keep && verdict.code, "too-many-peers");
    assert.deepEqual(accept("9.9.9.1:2", 1, 77).verdict, { keep: true });
  });

  test("handshakes under way are limited in total, and per address, a /64 counting as one", () => {
    const { port, manager } = setup();
    const open = (address: string) => manager.onConnected(acceptedConn(accepted++), true, address);
    const perIp = connectionLimits.pendingHandshakesPerIpMax;
    for (let i = 0; i < perIp; i++) assert.ok(open(`[2001:db8::${i + 1}]:40000`));
    assert.equal(open("[2001:db8::ffff]:40000"), false);
    let opened = perIp;
    while (open(`9.9.${opened}.1:1`)) opened++;
    assert.equal(opened, connectionLimits.pendingHandshakesMax);
    assert.equal(port.events.filter((event) => event.type === "connection-refused").length, 2);
  });

  test("outbound peers are kept at the target from the book, manual ones counting first", () => {
    const { env, port, manager, answer } = setup({ outboundTarget: 3, connect: [manualPeer] });
    const { conn } = answer(manualPeer, 1);
    const told = Array.from({ length: 20 }, (_, i) => `7.7.7.${i + 1}:5000`);
    manager.onPeers(conn, entriesOf(told));
    for (let i = 0; i < 100; i++) {
      pass(env, connectionLimits.dialIntervalMs);
      manager.tick();
    }
    assert.equal(port.dials.length, 1 + 2 + 2 + 2, "two at a time, as often as they time out");
    const [a, b] = port.dials.slice(-2);
    answer(a!.address, 11);
    answer(b!.address, 12);
    pass(env, 3_000_000);
    manager.tick();
    assert.equal(port.dials.length, 7);
    assert.equal(manager.counts.outboundReady, 2);
  });

  test("a dial that hangs is given up after connectMs and counted as a failure", () => {
    const { env, port, manager, states } = setup({ connect: [manualPeer] });
    assert.equal(manager.deadline, connectionLimits.connectMs);
    pass(env, connectionLimits.connectMs);
    manager.tick();
    assert.deepEqual(states(), []);
    assert.equal(port.events.at(-1)?.type, "dial-failed");
    assert.ok(manager.deadline > env.clock.monotonicMs);
    // What the host still reports of it is nobody's.
    assert.equal(manager.onConnected(port.dials[0]!.conn, false, manualPeer), false);
    manager.onDialFailed(port.dials[0]!.conn, "late");
  });

  test("a pinned peer is known by its pin, and dialled without it", () => {
    const { port, manager } = setup({
      connect: [`${idOf(5)}@Seed.Example:4321`, "not an address"],
    });
    assert.deepEqual(
      port.dials.map((dial) => dial.address),
      ["seed.example:4321"],
    );
    assert.equal(manager.expectedIdentity(port.dials[0]!.conn), idOf(5));
  });

  test("a peer that the operator names while it is connected becomes manual", () => {
    const { manager, accept, port } = setup();
    accept("9.9.9.9:40001", 7, 7, 4321);
    assert.equal(manager.connect("9.9.9.9:4321"), true);
    assert.equal(manager.connect("nonsense"), false);
    assert.equal(manager.peers()[0]?.manual, true);
    assert.equal(port.dials.length, 0);
  });
});

describe("backoff", () => {
  const waitOf = (lived: number, useful = false) => {
    const { env, port, manager, answer } = setup({ connect: [manualPeer] });
    // Five failures first.
    for (let i = 0; i < 5; i++) {
      manager.onDialFailed(port.dials.at(-1)!.conn, "refused");
      pass(env, manager.deadline - env.clock.monotonicMs);
      while (port.dials.length < i + 2) {
        manager.tick();
        pass(env, Math.min(manager.deadline - env.clock.monotonicMs, 60_000));
      }
    }
    const { conn } = answer(manualPeer, 1);
    if (useful) manager.onDelivered(conn);
    pass(env, lived);
    manager.onClosed(conn);
    const before = port.dials.length;
    const endedAt = env.clock.monotonicMs;
    while (port.dials.length === before) {
      pass(env, manager.deadline - env.clock.monotonicMs);
      manager.tick();
    }
    return env.clock.monotonicMs - endedAt;
  };

  test("is not reset by a connection that was closed soon", () => {
    assert.ok(waitOf(1_000) >= 160_000);
  });

  test("is reset by one that lasted, or delivered something", () => {
    assert.ok(waitOf(connectionLimits.stableMs) <= 6_250);
    assert.ok(waitOf(1_000, true) <= 6_250);
  });
});

describe("peer exchange", () => {
  test("addresses nobody asked for are unsolicited; each question allows one answer", () => {
    const { env, manager, accept, answer } = setup({ connect: [manualPeer] });
    const { conn } = accept("9.9.9.9:40001", 7);
    assert.equal(manager.onPeers(conn, entriesOf(["7.7.7.7:5000"])), "unsolicited");
    const asked = answer(manualPeer, 1).conn;
    assert.equal(manager.onPeers(asked, entriesOf(["7.7.7.7:5000"])), undefined);
    assert.equal(manager.onPeers(asked, entriesOf(["7.7.7.8:5000"])), "unsolicited");
    pass(env, connectionLimits.discoveryMs);
    manager.tick();
    pass(env, connectionLimits.discoveryMs);
    manager.tick();
    // A slow peer owes two answers, and is not blamed for giving both.
    assert.equal(manager.onPeers(asked, entriesOf([])), undefined);
    assert.equal(manager.onPeers(asked, entriesOf([])), undefined);
    assert.equal(manager.onPeers(asked, entriesOf([])), "unsolicited");
  });

  test("outbound peers are asked on ready and every discoveryMs, inbound ones never", () => {
    const { env, port, manager, accept, answer } = setup({ connect: [manualPeer] });
    accept("9.9.9.9:40001", 7);
    const { conn } = answer(manualPeer, 1);
    for (let i = 0; i < 3; i++) {
      pass(env, connectionLimits.discoveryMs);
      manager.tick();
    }
    const asked = port.sent.filter((sent) => sent.message.type === "get_peers");
    assert.deepEqual(
      asked.map((sent) => sent.conn),
      [conn, conn, conn, conn],
    );
  });

  test("answers hold peers that told us where they listen, not the asker, and no more than asked", () => {
    const { env, port, manager, accept } = setup();
    const asker = accept("9.9.9.1:40000", 1);
    for (let id = 2; id <= 20; id++) accept(`9.9.9.${id}:40000`, id, id, id === 3 ? 0 : 5000);
    const ask = (count: number): string[] => {
      port.drain();
      manager.onGetPeers(asker.conn, count);
      const { message } = port.drain()[0] ?? {};
      if (message?.type !== "peers") return [];
      return decodeAddressEntries(message.entries)!.map((entry) => ipText(entry.ip16));
    };
    const all = ask(64);
    assert.equal(new Set(all).size, 18);
    assert.ok(!all.includes("9.9.9.1") && !all.includes("9.9.9.3"));
    assert.deepEqual(ask(64), [], "asking again at once is ignored");
    pass(env, connectionLimits.peersAnswerMs);
    assert.equal(ask(5).length, 5);
  });

  test("private, loopback, low-port and own addresses are not taken where the network is public", () => {
    const { port, manager, answer } = setup({ allowPrivate: false, connect: [manualPeer] });
    const { conn } = answer(manualPeer, 1);
    const bad = ["10.0.0.1:5000", "127.0.0.1:5321", "7.7.7.7:25", "169.254.169.254:5000"];
    manager.onPeers(conn, entriesOf(bad));
    assert.equal(manager.counts.addresses, 1, "only the one that answered");
    assert.equal(port.dials.length, 1);
  });

  test("what is said to be ourselves is not taken", () => {
    const { manager, answer } = setup({ connect: [manualPeer] });
    manager.onPeers(
      answer(manualPeer, 1).conn,
      entriesOf(["7.7.7.7:5000"], { nodeId: idOf(1000) }),
    );
    assert.equal(manager.counts.addresses, 1);
  });

  test("10,000 addresses from one peer leave the book within the peer's share", () => {
    const { env, manager, answer } = setup({ connect: [manualPeer], outboundTarget: 1 });
    const { conn } = answer(manualPeer, 1);
    for (let i = 0; i < 160; i++) {
      const batch = Array.from({ length: 64 }, (_, j) => `7.7.${i}.${j}:5000`);
      assert.equal(manager.onPeers(conn, entriesOf(batch)), undefined);
      pass(env, connectionLimits.discoveryMs);
      manager.tick();
    }
    assert.ok(manager.counts.addresses <= connectionLimits.addressesPerSourceMax + 1);
    assert.equal(manager.knownAddresses().length, manager.counts.addresses);
  });
});

describe("penalties", () => {
  test("soft faults add up to a disconnect and a discouraged identity, over reconnects", () => {
    const { env, port, manager, accept } = setup();
    let peer = accept("9.9.9.9:40001", 7);
    manager.onPenalty(peer.conn, soft(60));
    assert.equal(manager.peers()[0]?.score, 60);
    manager.onClosed(peer.conn);
    peer = accept("9.9.9.9:40002", 7);
    manager.onPenalty(peer.conn, soft(45), "unsolicited");
    assert.deepEqual(port.closed, [{ conn: peer.conn, code: "protocol" }]);
    const { verdict } = accept("9.9.9.9:40003", 7);
    assert.equal(verdict !== false && !verdict.keep && verdict.code, "banned");
    // Neighbours behind the same address do not suffer.
    assert.deepEqual(accept("9.9.9.9:40004", 8).verdict, { keep: true });
    pass(env, connectionLimits.discourageMs);
    assert.deepEqual(accept("9.9.9.9:40005", 7).verdict, { keep: true });
  });

  test("an unauthenticated stranger's violation is held against its address, but never localhost", () => {
    for (const [address, refused] of [
      ["9.9.9.9", true],
      ["127.0.0.1", false],
    ] as const) {
      const { manager, accept } = setup();
      const stranger = acceptedConn(accepted++);
      manager.onConnected(stranger, true, `${address}:40001`);
      manager.onPenalty(stranger, violation, "bad-hello");
      manager.onClosed(stranger);
      assert.equal(accept(`${address}:40002`, 7).open, !refused);
    }
  });

  test("what answers where hearsay sent us is not held against its address", () => {
    const { env, port, manager, accept, answer } = setup({ connect: [manualPeer] });
    manager.onPeers(answer(manualPeer, 1).conn, entriesOf(["7.7.7.7:5000"]));
    pass(env, 1_000);
    manager.tick();
    const dial = port.dials.at(-1)!;
    assert.equal(dial.address, "7.7.7.7:5000");
    manager.onConnected(dial.conn, false, dial.address);
    manager.onPenalty(dial.conn, violation, "bad-hello");
    manager.onClosed(dial.conn);
    assert.equal(accept("7.7.7.7:40002", 7).open, true);
  });

  test("a manual peer is never closed for soft faults, and dialled again after a violation", () => {
    const { env, port, manager, answer, accept } = setup({ connect: [manualPeer] });
    const { conn } = answer(manualPeer, 1);
    for (let i = 0; i < 20; i++) manager.onPenalty(conn, soft(50));
    assert.equal(port.closed.length, 0);
    pass(env, 120_000);
    manager.onPenalty(conn, violation, "bad-field");
    manager.onClosed(conn);
    const { verdict } = accept("9.9.9.9:40001", 1);
    assert.equal(verdict !== false && !verdict.keep && verdict.code, "banned");
    pass(env, 10_000);
    manager.tick();
    assert.equal(port.dials.length, 2);
    assert.deepEqual(answer(manualPeer, 1).verdict, { keep: true });
  });
});

test("shutdown closes everything, lets nobody in and leaves nothing behind", () => {
  const { port, manager, accept, answer, states } = setup({
    connect: [manualPeer, "6.6.6.6:4321"],
  });
  accept("9.9.9.9:40001", 7);
  answer(manualPeer, 1);
  manager.shutdown();
  assert.equal(port.closed.length, 3);
  assert.deepEqual(states(), []);
  assert.equal(manager.deadline, Number.POSITIVE_INFINITY);
  assert.equal(accept("9.9.9.9:40001", 7).open, false);
  assert.equal(manager.connect("4.4.4.4:4"), false);
});

test("100,000 connects and disconnects from many addresses return to the base line", () => {
  const { manager, port } = setup({ allowPrivate: false });
  for (let i = 0; i < 100_000; i++) {
    const conn = acceptedConn(i) as Conn;
    const address = `127.${(i >> 14) & 255}.${(i >> 7) & 127}.${i & 127}:${40_000 + (i % 20_000)}`;
    if (!manager.onConnected(conn, true, address)) continue;
    if (i % 2 === 0) manager.onReady(conn, idOf(i + 5_000), helloOf(i, 5000));
    manager.onClosed(conn);
  }
  const { inboundReady, inboundPending, addresses } = manager.counts;
  assert.deepEqual([inboundReady, inboundPending, addresses], [0, 0, 0]);
  assert.equal(port.dials.length, 0);
});
