import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { acceptedConn, type Conn } from "../../../src/edge/conn.ts";
import { connectionLimits } from "../../../src/params/limits.ts";
import { entriesOf, manualPeer, setup } from "./connection-fixture.ts";
import { helloOf, idOf, pass } from "./net-fixture.ts";

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
  test("outbound peers are kept at the target from the book, manual ones counting first", () => {
    const { env, port, manager, answer } = setup({ outboundTarget: 3, connect: [manualPeer] });
    const { conn } = answer(manualPeer, 1);
    const told = Array.from({ length: 20 }, (_, i) => `7.${i}.7.1:5000`);
    manager.onPeers(conn, entriesOf(told));
    for (let i = 0; i < 100; i++) {
      pass(env, connectionLimits.dialIntervalMs);
      manager.tick();
    }
    assert.equal(port.dials.length, 1 + 2 + 2 + 2, "two at a time, as often as they time out");
    const [a, b] = port.dials.slice(-2);
    answer(a!.address, 11);
    answer(b!.address, 12);
    assert.equal(manager.counts.fullReady, 2);
    for (let i = 0; i < 10; i++) {
      pass(env, connectionLimits.dialIntervalMs);
      manager.tick();
    }
    const dialling = manager.peers().filter((peer) => peer.state === "dialling");
    assert.deepEqual(
      dialling.map((peer) => peer.kind),
      ["block-only", "block-only"],
      "only now, when no full slot is free",
    );
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

test("a name that reached ourselves once is dialled again, for it may mean another node now", () => {
  const { env, port, manager } = setup({ connect: ["seed.example.org:4321"] });
  const { conn } = port.dials[0]!;
  manager.onConnected(conn, false, "5.5.5.5:4321");
  const disconnect = { score: 0, disconnect: true, discourage: false };
  manager.onPenalty(conn, disconnect, "self-connection");
  manager.onClosed(conn);
  pass(env, connectionLimits.backoffMaxMs);
  manager.tick();
  assert.equal(port.dials.length, 2);
});
