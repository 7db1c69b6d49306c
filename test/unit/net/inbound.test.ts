/** Strangers and newcomers: who may try, who may stay, and who goes for them. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ConnectionManager } from "../../../src/net/connections/connection-manager.ts";
import { connectionLimits } from "../../../src/params/limits.ts";
import { freshConn, setup } from "./connection-fixture.ts";
import { pass } from "./net-fixture.ts";

describe("inbound peers", () => {
  test("an inbound peer more makes the youngest of the largest netgroup go", () => {
    const { env, port, accept } = setup({ peersMax: 8, outboundTarget: 2 });
    const from = ["9.1.0.1:1", "9.1.0.2:1", "9.2.0.1:1"];
    const peers = from.map((address, i) => {
      pass(env, 1_000);
      return accept(address, i + 1);
    });
    assert.ok(peers.every(({ verdict }) => verdict !== false && verdict.keep));
    assert.deepEqual(accept("9.4.0.1:1", 9).verdict, { keep: true });
    assert.deepEqual(port.closed, [{ conn: peers[2]!.conn, code: "too-many-peers" }]);
    const evicted = port.events.find((event) => event.type === "connection-evicted");
    assert.deepEqual(evicted && [evicted.conn, evicted.code], [peers[2]!.conn, "inbound-full"]);
    assert.deepEqual(accept("9.1.0.1:2", 1, 77).verdict, { keep: true });
  });

  test("a node without inbound slots turns everybody away", () => {
    const { port, accept } = setup({ peersMax: 1, outboundTarget: 1 });
    const { verdict } = accept("9.9.9.9:1", 9);
    assert.equal(verdict !== false && !verdict.keep && verdict.code, "too-many-peers");
    const refused = port.events.find((event) => event.type === "connection-refused");
    assert.equal(refused?.code, "slots-full");
  });

  test("one address, and one netgroup, take only their share; this machine and private ones all", () => {
    const { accept, port } = setup();
    const kept = (addressOf: (n: number) => string, first: number) => {
      const ids = Array.from({ length: 20 }, (_, n) => n);
      const verdicts = ids.map((n) => accept(addressOf(n), first + n).verdict);
      return verdicts.filter((verdict) => verdict !== false && verdict.keep).length;
    };
    assert.equal(
      kept((n) => `9.9.9.9:${n + 1}`, 100),
      4,
    );
    assert.equal(
      kept((n) => `9.8.${n}.1:1`, 200),
      9,
    );
    assert.equal(
      kept((n) => `127.0.0.1:${n + 1}`, 300),
      20,
    );
    const codes = port.events.flatMap((event) =>
      event.type === "connection-refused" ? [event.code] : [],
    );
    assert.deepEqual([...new Set(codes)], ["address-full", "group-full"]);
  });

  test("handshakes under way are limited per address, a /64 counting as one", () => {
    const { port, manager } = setup();
    const open = (address: string) => manager.onConnected(freshConn(), true, address);
    const perIp = connectionLimits.pendingHandshakesPerIpMax;
    for (let i = 0; i < perIp; i++) assert.ok(open(`[2001:db8::${i + 1}]:40000`));
    assert.equal(open("[2001:db8::ffff]:40000"), false);
    const refused = port.events.find((event) => event.type === "connection-refused");
    assert.equal(refused?.code, "handshakes-of-address");
  });

  test("a handshake too many ends the oldest of the netgroup with most, not the newcomer's", () => {
    const { port, manager } = setup();
    const open = (address: string) => {
      const conn = freshConn();
      assert.ok(manager.onConnected(conn, true, address));
      return conn;
    };
    const honest = open("8.8.8.8:1");
    const max = connectionLimits.pendingHandshakesMax;
    const flood = Array.from({ length: 2 * max }, (_, i) => open(`9.9.${i}.1:1`));
    assert.equal(manager.counts.inboundPending, max);
    assert.deepEqual(
      port.closed.map(({ conn }) => conn),
      flood.slice(0, max + 1),
    );
    open("7.7.7.7:1");
    assert.equal(manager.peers()[0]?.conn, honest);
  });
});

/** A stranger comes and goes; was it let in? */
const knocker =
  (manager: ConnectionManager) =>
  (address: string): boolean => {
    const conn = freshConn();
    const isLetIn = manager.onConnected(conn, true, address);
    manager.onClosed(conn);
    return isLetIn;
  };

test("one address cannot make us do handshakes without end, and takes none from others", () => {
  const { env, manager } = setup();
  const knock = knocker(manager);
  let done = 0;
  for (let ms = 0; ms < 10_000; ms += 10) {
    if (knock(`[2001:db8::${ms + 1}]:40000`)) done++;
    assert.ok(ms % 1_000 !== 0 || knock("9.9.9.9:40000"));
    assert.ok(knock("127.0.0.1:40000"));
    pass(env, 10);
  }
  const { handshakesPerAddressBurst: burst, handshakesPerAddressPerSecond: rate } =
    connectionLimits;
  assert.ok(done >= burst && done <= burst + 10 * rate, `${done} handshakes`);
});

test("a netgroup of many addresses has a rate of its own, and this machine has none", () => {
  const { env, manager, port } = setup();
  const knock = knocker(manager);
  let done = 0;
  for (let ms = 0; ms < 10_000; ms += 5) {
    if (knock(`9.9.${ms % 250}.${ms % 7}:40000`)) done++;
    assert.ok(ms % 1_000 !== 0 || knock("8.8.8.8:40000"));
    assert.ok(knock("127.0.0.1:40000"));
    pass(env, 5);
  }
  const { handshakesPerGroupBurst: burst, handshakesPerGroupPerSecond: rate } = connectionLimits;
  assert.ok(done >= burst && done <= burst + 10 * rate, `${done} handshakes`);
  const refused = port.events.findLast((event) => event.type === "connection-refused");
  assert.equal(refused?.code, "handshake-rate-of-group");
});
