import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { acceptedConn, type Conn } from "../../../src/edge/conn.ts";
import { ConnectionManager } from "../../../src/net/connections/connection-manager.ts";
import { connectionLimits } from "../../../src/params/limits.ts";
import { encodeAddressEntries, ip16Of } from "../../../src/wire/address.ts";
import { MemoryNetwork } from "./memory-network.ts";
import { helloOf, idOf, NotedPort, optionsOf, pass, testEnv } from "./net-fixture.ts";

describe("managers wired to each other", () => {
  test("two nodes that dial each other at once keep exactly one connection, the same, 1,000 times", () => {
    const { random } = testEnv(11);
    for (let round = 0; round < 1_000; round++) {
      const network = new MemoryNetwork(round);
      const ids = [idOf(1 + random.below(2 ** 30)), idOf(2 ** 31 + random.below(2 ** 30))];
      if (random.below(2) === 0) ids.reverse();
      const a = network.add(ids[0]!, "9.9.9.1:5000", { connect: ["9.9.9.2:5000"] });
      const b = network.add(ids[1]!, "9.9.9.2:5000", { connect: ["9.9.9.1:5000"] });
      network.run(1_500);
      assert.equal(network.readyLinks(a).length, 1, `round ${round}`);
      assert.deepEqual(network.readyLinks(a), network.readyLinks(b));
      // And it stays: nobody dials what is connected.
      network.run(20_000);
      assert.equal(network.readyLinks(a).length, 1);
      assert.deepEqual(network.readyLinks(a), network.readyLinks(b));
    }
  });

  test("30 nodes form one network from one bootstrap node, each with its outbound slots full", () => {
    const network = new MemoryNetwork(5);
    const bootstrap = "10.0.0.1:5000";
    for (let i = 1; i <= 30; i++) {
      const connect = i === 1 ? [] : [bootstrap];
      network.add(idOf(i * 7919), `10.0.0.${i}:5000`, { connect });
    }
    const checkLimits = () => {
      for (const node of network.nodes) {
        const peers = network.readyPeers(node);
        assert.equal(new Set(peers).size, peers.length);
        assert.ok(!peers.includes(node.id));
        assert.ok(peers.length <= connectionLimits.peersMax);
      }
    };
    network.run(180_000, checkLimits);
    for (const node of network.nodes) {
      const { fullReady, manualReady } = node.manager.counts;
      const all = network.readyPeers(node).length === 29;
      assert.ok(fullReady + manualReady >= connectionLimits.outboundTarget || all, node.address);
    }
  });

  test("the network outlives its bootstrap node, and takes it back when it returns", () => {
    const network = new MemoryNetwork(6);
    for (let i = 1; i <= 12; i++) {
      network.add(idOf(i * 7919), `10.0.0.${i}:5000`, {
        connect: i === 1 ? [] : ["10.0.0.1:5000"],
        outboundTarget: 3,
      });
    }
    network.run(120_000);
    const [bootstrap, ...others] = network.nodes;
    network.kill(bootstrap!);
    network.run(3_600_000);
    for (const node of others) assert.ok(network.readyPeers(node).length >= 3);
    network.start(bootstrap!);
    network.run(connectionLimits.backoffMaxMs + 10_000);
    assert.equal(network.readyPeers(bootstrap!).length, 11);
  });

  test("all peers down for an hour come back", () => {
    const network = new MemoryNetwork(7);
    const a = network.add(idOf(1), "10.0.0.1:5000", { connect: ["10.0.0.2:5000"] });
    const b = network.add(idOf(2), "10.0.0.2:5000");
    network.run(10_000);
    network.kill(b);
    network.run(3_600_000);
    assert.deepEqual(network.readyPeers(a), []);
    network.start(b);
    network.run(connectionLimits.backoffMaxMs + 1_000);
    assert.deepEqual(network.readyPeers(a), [b.id]);
    assert.deepEqual(network.readyPeers(b), [a.id]);
  });

  test("a process that restarts before its old connection is missed replaces it", () => {
    const network = new MemoryNetwork(8);
    const a = network.add(idOf(1), "10.0.0.1:5000");
    const b = network.add(idOf(2), "10.0.0.2:5000", { connect: ["10.0.0.1:5000"] });
    network.run(5_000);
    // Its socket is left open, as after a power cut.
    b.links.clear();
    network.start(b, { connect: ["10.0.0.1:5000"] });
    network.run(5_000);
    assert.deepEqual(network.readyPeers(a), [b.id]);
    assert.deepEqual(network.readyLinks(a), network.readyLinks(b));
  });
});

test("no sequence of inputs breaks a limit, keeps a duplicate or ourselves, or leaves anything behind", () => {
  const step = fc.record({
    what: fc.constantFrom(
      ...(["accept", "dialled", "ready", "ready", "close", "dialFailed", "penalty"] as const),
      ...(["peers", "getPeers", "connect", "pass", "pass"] as const),
    ),
    which: fc.nat(30),
    id: fc.integer({ min: 1, max: 9 }),
    bootId: fc.integer({ min: 1, max: 2 }),
    ms: fc.constantFrom(1, 300, 10_000, 70_000),
  });
  const property = fc.property(fc.nat(1_000), fc.array(step, { maxLength: 150 }), (seed, steps) => {
    const env = testEnv(seed);
    const port = new NotedPort();
    const options = optionsOf({ self: idOf(5), peersMax: 6, outboundTarget: 2 });
    const manager = new ConnectionManager(env, port, options);
    manager.onStarted();
    const connOf = (which: number): Conn => manager.peers()[which]?.conn ?? acceptedConn(which);
    const states = { dialled: 0 };
    for (const [i, { what, which, id, bootId, ms }] of steps.entries()) {
      const conn = connOf(which % 8);
      const view = manager.peers().find((peer) => peer.conn === conn);
      if (what === "accept") manager.onConnected(acceptedConn(1_000 + i), true, `9.9.9.${id}:1`);
      else if (what === "dialled" && view?.state === "dialling") {
        manager.onConnected(conn, false, view.address);
        states.dialled++;
      } else if (what === "ready") manager.onReady(conn, idOf(id), helloOf(bootId, 5000 + id));
      else if (what === "close") manager.onClosed(conn);
      else if (what === "dialFailed") manager.onDialFailed(conn, "refused");
      else if (what === "penalty") {
        const penalty = { score: which * 3, disconnect: which > 20, discourage: which > 25 };
        manager.onPenalty(conn, penalty);
        if (penalty.disconnect) manager.onClosed(conn);
      } else if (what === "peers") {
        const ip16 = ip16Of(`9.9.8.${which}`)!;
        const at = { ip16, port: 5000 + id, nodeId: idOf(id), services: 0 };
        const entry = { ...at, signedAtMs: 0, signature: undefined };
        manager.onPeers(conn, encodeAddressEntries([{ ...entry, lastSeenMs: env.clock.wallMs }]));
      } else if (what === "getPeers") manager.onGetPeers(conn, id);
      else if (what === "connect") manager.connect(`9.9.7.${which % 3}:5000`);
      else if (what === "pass") pass(env, ms);
      manager.tick();
      assert.ok(manager.deadline > env.clock.monotonicMs);
      const ready = manager.peers().filter((peer) => peer.state === "ready");
      const ids = ready.map((peer) => peer.nodeId);
      assert.equal(new Set(ids).size, ids.length);
      assert.ok(!ids.includes(idOf(5)));
      assert.ok(ready.filter((peer) => !peer.manual).length <= 6);
      const { counts } = manager;
      const plain = (inbound: boolean) =>
        ready.filter((peer) => !peer.manual && peer.inbound === inbound).length;
      const outbound = counts.fullReady + counts.blockOnlyReady;
      assert.deepEqual([counts.inboundReady, outbound], [plain(true), plain(false)]);
      const dialling = manager.peers().filter((peer) => peer.state === "dialling");
      assert.equal(new Set(dialling.map((peer) => peer.address)).size, dialling.length);
    }
    manager.shutdown();
    assert.deepEqual(manager.peers(), []);
    const { addresses, discouraged, ...use } = manager.counts;
    assert.ok(
      addresses <= 64 * (connectionLimits.newBuckets + connectionLimits.triedBuckets) &&
        discouraged >= 0,
    );
    assert.ok(Object.values(use).every((count) => count === 0));
  });
  fc.assert(property, { seed: 1, numRuns: 300 });
});
