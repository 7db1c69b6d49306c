/** Which connections we make ourselves, of which kind, to whom, and what becomes of them. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { helloFeatures } from "../../../src/net/connections/link-features.ts";
import { connectionLimits } from "../../../src/params/limits.ts";
import { freshConn, setup } from "./connection-fixture.ts";
import { helloOf, idOf } from "./net-fixture.ts";
import { groups, lists, world } from "./outbound-fixture.ts";

describe("block-only links", () => {
  test("come after the full ones, say so, and pass no addresses", () => {
    const { run, manager, kinds, port } = world(groups(30));
    run(60_000);
    assert.equal(kinds("full").length, 8);
    const [first, second] = kinds("block-only");
    assert.ok(first !== undefined && second !== undefined);
    assert.ok(manager.isBlockOnly(first.conn));
    const asked = new Set(port.sent.map(({ conn }) => conn));
    assert.ok(kinds("full").every(({ conn }) => asked.has(conn)));
    assert.ok(!asked.has(first.conn));
    manager.onGetPeers(first.conn, 10);
    assert.ok(!port.sent.some(({ conn }) => conn === first.conn));
    assert.deepEqual(
      manager.features(first.conn).find(({ id }) => id === helloFeatures.blockOnly)?.version,
      1,
    );
  });

  test("the other end knows one by its HELLO, and tells nobody of it", () => {
    const { manager, accept, port } = setup();
    const conn = freshConn();
    manager.onConnected(conn, true, "8.8.8.8:40000");
    const hello = lists(helloOf(1, 5000), helloFeatures.blockOnly);
    assert.deepEqual(manager.onReady(conn, idOf(1), hello), { keep: true });
    assert.ok(manager.isBlockOnly(conn));
    const asker = accept("7.7.7.7:40000", 2);
    manager.onGetPeers(asker.conn, 64);
    const answer = port.sent.find(({ message }) => message.type === "peers")?.message;
    assert.ok(answer?.type === "peers");
    assert.equal(answer.entries.length, 0);
  });

  test("a node that has nobody else makes a full link of one", () => {
    const { run, kinds, manager } = world(["9.0.0.1:5000", "9.1.0.1:5000"], {
      anchors: ["9.0.0.1:5000", "9.1.0.1:5000"],
    });
    run(1_000);
    assert.equal(kinds("block-only").length, 2);
    run(60_000);
    assert.equal(manager.counts.fullReady, 2);
    assert.equal(kinds("block-only").length, 0);
  });

  test("are the anchors of the next run, dialled first and once", () => {
    const before = world(groups(30));
    before.run(60_000);
    const anchors = before.manager.keptPeers().anchors;
    assert.equal(anchors.length, connectionLimits.blockOnlyTarget);
    const after = world(groups(30), { anchors: [...anchors, "nonsense"] });
    assert.deepEqual(
      after.port.dials.slice(0, 2).map(({ address }) => address),
      anchors,
    );
    after.run(10_000);
    assert.deepEqual([...after.manager.keptPeers().anchors].sort(), [...anchors].sort());
    const dead = world(groups(3), { anchors: ["8.8.8.8:5000"] }, (at) => at === "8.8.8.8:5000");
    dead.run(3_600_000);
    assert.equal(dead.port.dials.filter(({ address }) => address === "8.8.8.8:5000").length, 1);
  });
});

describe("rotation", () => {
  test("feelers try addresses again and again, prove them, and take no slot", () => {
    const { run, port, manager, kinds } = world(groups(200));
    run(3_600_000, () => assert.equal(kinds("feeler").length, 0));
    const felt = port.events.filter(
      (event) => event.type === "connection-refused" && event.code === "feeler",
    );
    assert.ok(felt.length >= 10 && felt.length <= 60, `${felt.length} feelers`);
    assert.ok(manager.keptPeers().knownAddresses.filter(({ confirmed }) => confirmed).length >= 20);
  });

  test("a feeler that comes to us is told goodbye and drives out nobody", () => {
    const { manager, port, accept } = setup({ peersMax: 8, outboundTarget: 2 });
    for (let i = 0; i < 3; i++) accept(`9.${i}.0.1:1`, i + 1);
    const conn = freshConn();
    manager.onConnected(conn, true, "8.8.8.8:1");
    const verdict = manager.onReady(conn, idOf(9), lists(helloOf(9, 1), helloFeatures.feeler));
    assert.equal(!verdict.keep && verdict.code, "requested");
    assert.deepEqual(port.closed, []);
  });

  test("now and then a fresh block-only peer replaces the worse of the two youngest", () => {
    const { run, port, kinds } = world(groups(200));
    run(3_600_000, () => assert.ok(kinds("block-only").length <= 3));
    const ended = port.events.filter(
      (event) => event.type === "connection-evicted" && event.code === "extra-block-only",
    );
    assert.ok(ended.length >= 4 && ended.length <= 30, `${ended.length} rotated`);
    assert.ok(kinds("full").length === 8);
  });

  test("without a better header one full peer more is tried, and the worst goes", () => {
    const { run, port, manager, kinds, env } = world(groups(200));
    const isExtra = () =>
      port.events.filter(
        (event) => event.type === "connection-evicted" && event.code === "extra-full",
      );
    const timer = () => {
      // All but one bring news.
      for (const peer of kinds("full").slice(1)) manager.onDelivered(peer.conn);
      assert.ok(manager.counts.fullReady <= 9);
    };
    port.ourTip = { height: 5, isFetching: true };
    run(600_000, timer);
    assert.equal(isExtra().length, 0, "something is on its way");
    const worst = kinds("full")[0]!.conn;
    port.ourTip = { height: 5, isFetching: false };
    run(180_000, timer);
    const first = isExtra()[0];
    assert.ok(first?.type === "connection-evicted" && first.conn === worst);
    assert.ok(env.clock.monotonicMs > 0);
  });

  test("whoever stays behind is asked once, then replaced; those that kept up are spared", () => {
    const { run, port, manager, kinds } = world(groups(200));
    run(10_000);
    const [one, two, three, four, five, six] = kinds("full");
    port.ourTip = { height: 10, isFetching: false };
    for (const good of [one, two, three, four]) manager.onShown(good!.conn, 10);
    run(60_000);
    let height = 10;
    const grow = () => {
      port.ourTip = { height: ++height, isFetching: false };
      // The fifth shows what it has when it is asked; the sixth keeps up by itself.
      if (port.asked.includes(five!.conn)) manager.onShown(five!.conn, height);
      manager.onShown(six!.conn, height);
    };
    run(600_000, grow);
    const gone = port.events.flatMap((event) =>
      event.type === "connection-evicted" && event.code === "lagging" ? [event.conn] : [],
    );
    assert.ok(gone.length >= 2);
    assert.ok(gone.every((conn) => port.asked.includes(conn)));
    const left = new Set(kinds("full").map(({ conn }) => conn));
    for (const kept of [one, two, three, four, five, six]) assert.ok(left.has(kept!.conn));
    assert.equal(kinds("full").length, 8);
  });
});

describe("failures", () => {
  test("count against an address only while others can be reached, and no address is given up", () => {
    let isOffline = false;
    const { run, manager, port } = world(groups(20), {}, () => isOffline);
    run(120_000);
    assert.ok(manager.counts.fullReady >= 8);
    isOffline = true;
    for (const { conn } of manager.peers()) manager.onClosed(conn);
    run(3_600_000);
    assert.equal(manager.counts.fullReady, 0);
    const before = port.dials.length;
    isOffline = false;
    run(30_000);
    assert.ok(manager.counts.fullReady >= 8, `${port.dials.length - before} dials`);
  });
});
