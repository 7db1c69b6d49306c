/** What a fault costs a peer, its identity and its address. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { connectionLimits } from "../../../src/params/limits.ts";
import { entriesOf, freshConn, manualPeer, setup, soft, violation } from "./connection-fixture.ts";
import { pass } from "./net-fixture.ts";

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
      const stranger = freshConn();
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
    const { env, port, manager, answer } = setup({ connect: [manualPeer] });
    const { conn } = answer(manualPeer, 1);
    for (let i = 0; i < 20; i++) manager.onPenalty(conn, soft(50));
    assert.equal(port.closed.length, 0);
    pass(env, 120_000);
    manager.onPenalty(conn, violation, "bad-field");
    manager.onClosed(conn);
    pass(env, 10_000);
    manager.tick();
    assert.equal(port.dials.length, 2);
    assert.deepEqual(answer(manualPeer, 1).verdict, { keep: true });
  });
});
