/** Outbound peers in different networks and countries. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { idOf } from "./net-fixture.ts";
import { acceptor, groupOf, groups, world } from "./outbound-fixture.ts";

describe("outbound diversity", () => {
  test("no two persistent connections of ours end in one public netgroup, however many are known", () => {
    const crowd = Array.from({ length: 200 }, (_, i) => `6.6.${i}.1:5000`);
    const { run, manager } = world([...crowd, ...groups(30)]);
    run(600_000, () => {
      const ours = manager.peers().filter(({ kind }) => kind === "full" || kind === "block-only");
      const held = ours.map((peer) => groupOf(peer.address));
      assert.equal(new Set(held).size, held.length);
    });
    assert.ok(manager.counts.fullReady >= 8);
  });

  test("inbound peers block nobody's netgroup", () => {
    const { run, manager, accept } = world(groups(12));
    for (let i = 0; i < 12; i++) accept(`9.${i}.0.2:40000`, 500 + i);
    run(60_000);
    assert.equal(manager.counts.fullReady, 8);
  });

  test("of two in one netgroup, by a name that means a neighbour, the one that nobody named goes", () => {
    const { run, port, manager } = world(groups(30));
    run(20_000);
    const neighbour = manager.peers().find(({ kind }) => kind === "full");
    assert.ok(neighbour !== undefined);
    manager.connect("name.example:5000");
    const dial = port.dials.findLast(({ address }) => address === "name.example:5000");
    assert.ok(dial !== undefined);
    manager.onConnected(dial.conn, false, `${groupOf(neighbour.address)}.9.9:5000`);
    assert.deepEqual(manager.onReady(dial.conn, idOf(900), acceptor(900)), { keep: true });
    run(90_000);
    const evicted = port.events.flatMap((event) =>
      event.type === "connection-evicted" && event.code === "same-group" ? [event.conn] : [],
    );
    assert.deepEqual(evicted, [neighbour.conn]);
    assert.equal(port.closed.find(({ conn }) => conn === neighbour.conn)?.code, "useless");
    assert.ok(
      manager.peers().some(({ conn }) => conn === dial.conn),
      "the named one stays",
    );
  });

  test("two whom the operator named stay, though they share a netgroup", () => {
    const { run, port, manager } = world([]);
    for (const [i, name] of ["a.example:1", "b.example:1"].entries()) {
      manager.connect(name);
      const dial = port.dials.findLast(({ address }) => address === name);
      assert.ok(dial !== undefined);
      manager.onConnected(dial.conn, false, `9.9.9.${i + 1}:1`);
      manager.onReady(dial.conn, idOf(900 + i), acceptor(900 + i));
    }
    run(200_000);
    assert.ok(!port.events.some(({ type }) => type === "connection-evicted"));
  });

  test("of full peers at most half are in one country while others are known, and all if not", () => {
    const countryOf = (ip: string) => (Number(ip.split(".")[1]) < 40 ? "AA" : "BB");
    const { run, kinds } = world(groups(60), { countryOf });
    run(60_000);
    assert.equal(kinds("full").length, 8);
    const of = (country: string) => kinds("full").filter((peer) => peer.country === country);
    assert.ok(of("AA").length <= 4, `${of("AA").length} of AA`);
    const alone = world(groups(30), { countryOf });
    alone.run(60_000);
    assert.equal(alone.kinds("full").length, 8);
  });

  test("with a table of networks no two are of one autonomous system, whatever their prefix", () => {
    const asnOf = (ip: string) => `as${Number(ip.split(".")[1]) % 10}`;
    const { run, manager, kinds } = world(groups(60), { asnOf });
    run(120_000);
    const ours = [...kinds("full"), ...kinds("block-only")];
    assert.equal(new Set(ours.map(({ asn }) => asn)).size, ours.length);
    assert.equal(manager.counts.fullReady, 8);
  });

  test("private networks and this machine are exempt", () => {
    const local = Array.from({ length: 5 }, (_, i) => `127.0.0.1:${5_000 + i}`);
    const lan = Array.from({ length: 5 }, (_, i) => `10.0.0.${i + 1}:5000`);
    const { run, manager } = world([...local, ...lan], { allowPrivate: true });
    run(60_000);
    assert.equal(manager.counts.fullReady, 8);
  });
});
