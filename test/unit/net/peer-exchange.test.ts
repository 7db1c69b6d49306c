/** Addresses by hearsay: who is asked, who is answered, what is taken. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { connectionLimits } from "../../../src/params/limits.ts";
import { decodeAddressEntries, ipText } from "../../../src/wire/address.ts";
import { entriesOf, manualPeer, setup } from "./connection-fixture.ts";
import { idOf, pass } from "./net-fixture.ts";

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
    const asker = accept("9.1.9.9:40000", 1);
    for (let id = 2; id <= 20; id++) accept(`9.${id}.9.9:40000`, id, id, id === 3 ? 0 : 5000);
    const ask = (count: number): string[] => {
      port.drain();
      manager.onGetPeers(asker.conn, count);
      const { message } = port.drain()[0] ?? {};
      if (message?.type !== "peers") return [];
      return decodeAddressEntries(message.entries)!.map((entry) => ipText(entry.ip16));
    };
    const all = ask(64);
    assert.equal(new Set(all).size, 18);
    assert.ok(!all.includes("9.1.9.9") && !all.includes("9.3.9.9"));
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
    const { bucketSlots, newBucketsPerSource } = connectionLimits;
    assert.ok(manager.counts.addresses <= bucketSlots * newBucketsPerSource + 1);
    assert.equal(manager.keptPeers().knownAddresses.length, manager.counts.addresses);
  });
});
