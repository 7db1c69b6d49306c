/** What no sequence of connects, proofs, ends and waits may break, with all kinds of connections. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { acceptedConn, type Conn } from "../../../src/edge/conn.ts";
import { ConnectionManager } from "../../../src/net/connections/connection-manager.ts";
import { Slots } from "../../../src/net/connections/slots.ts";
import { connectionLimits } from "../../../src/params/limits.ts";
import { helloOf, idOf, NotedPort, optionsOf, pass, testEnv } from "./net-fixture.ts";

const self = idOf(5);
const addressOf = (n: number) => `9.${n % 23}.${n % 3}.1:5000`;
const groupOf = (address: string) => address.split(".").slice(0, 2).join(".");

const step = fc.record({
  what: fc.constantFrom(
    ...([
      "accept",
      "accept",
      "dialled",
      "dialled",
      "dialled",
      "ready",
      "ready",
      "ready",
      "ready",
      "close",
    ] as const),
    ...([
      "dialFailed",
      "delivered",
      "shown",
      "tip",
      "penalty",
      "connect",
      "pass",
      "pass",
      "pass",
    ] as const),
  ),
  which: fc.nat(60),
  id: fc.integer({ min: 1, max: 40 }),
  bootId: fc.integer({ min: 1, max: 2 }),
  features: fc.constantFrom([], [1], [1, 2], [1, 2], [2]),
  ms: fc.constantFrom(1, 300, 300, 2_000, 30_000, 400_000),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

class Driver {
  readonly env;
  readonly port = new NotedPort();
  readonly slots;
  readonly manager: ConnectionManager;
  private accepted = 0;

  constructor(seed: number, peersMax: number) {
    this.env = testEnv(seed);
    const knownAddresses = Array.from({ length: 40 }, (_, n) => ({
      address: addressOf(n),
      nodeId: undefined,
      ...{ confirmed: n % 2 === 0, services: 1, lastSeenMs: this.env.clock.wallMs },
    }));
    const some = { peersMax, outboundTarget: 4, anchors: [addressOf(3)], knownAddresses };
    const options = optionsOf({ self, ...some });
    this.slots = new Slots(options);
    this.manager = new ConnectionManager(this.env, this.port, options);
    this.manager.onStarted();
  }

  private connOf(which: number, state: string): Conn {
    const peers = this.manager.peers().filter((peer) => peer.state === state);
    return peers[which % Math.max(peers.length, 1)]?.conn ?? acceptedConn(1e6 + which);
  }

  take({ what, which, id, bootId, features, ms }: Step): void {
    const { manager, env, port } = this;
    const addressed = (conn: Conn) =>
      manager.peers().find((peer) => peer.conn === conn)?.address ?? "8.8.8.8:1";
    if (what === "accept") {
      manager.onConnected(
        acceptedConn(this.accepted++),
        true,
        addressOf(which).replace("5000", "1"),
      );
    } else if (what === "dialled") {
      const conn = this.connOf(which, "dialling");
      manager.onConnected(conn, false, addressed(conn));
    } else if (what === "ready") {
      const listed = features.map((feature) => ({ id: feature, version: 1 }));
      const hello = { ...helloOf(bootId, 5000), features: listed };
      manager.onReady(this.connOf(which, "handshaking"), idOf(id), hello);
    } else if (what === "close") manager.onClosed(this.connOf(which, "ready"));
    else if (what === "dialFailed") manager.onDialFailed(this.connOf(which, "dialling"), "refused");
    else if (what === "delivered") manager.onDelivered(this.connOf(which, "ready"));
    else if (what === "shown") manager.onShown(this.connOf(which, "ready"), id);
    else if (what === "tip") port.ourTip = { height: id, isFetching: bootId === 1 };
    else if (what === "penalty") {
      const penalty = { score: which, disconnect: which > 40, discourage: which > 50 };
      const conn = this.connOf(which, "ready");
      manager.onPenalty(conn, penalty);
      if (penalty.disconnect) manager.onClosed(conn);
    } else if (what === "connect") manager.connect(`9.${30 + (which % 3)}.0.1:5000`);
    else pass(env, ms);
    manager.tick();
    assert.ok(manager.deadline > env.clock.monotonicMs);
  }

  check(): void {
    const { manager, slots } = this;
    const { counts } = manager;
    const views = manager.peers();
    const ready = views.filter((peer) => peer.state === "ready");
    const ids = ready.map((peer) => peer.nodeId);
    assert.equal(new Set(ids).size, ids.length, "one per identity");
    assert.ok(!ids.includes(self) && !ready.some(({ kind }) => kind === "feeler"));
    const plain = ready.filter((peer) => !peer.manual);
    const count = (kind: string) => plain.filter((peer) => peer.kind === kind).length;
    assert.ok(plain.length <= slots.peersMax);
    assert.ok(count("inbound") <= slots.inboundMax + slots.fullMax + slots.blockOnlyMax + 1);
    assert.ok(count("full") <= slots.fullMax + 1 && count("block-only") <= slots.blockOnlyMax + 1);
    assert.deepEqual(
      [counts.inboundReady, counts.fullReady, counts.blockOnlyReady],
      [count("inbound"), count("full"), count("block-only")],
    );
    assert.ok(counts.inboundPending <= connectionLimits.pendingHandshakesMax);
    assert.ok(counts.feelerPending <= 1);
    const perGroup = new Map<string, number>();
    for (const { kind, address, manual } of plain) {
      if (kind !== "full" || manual) continue;
      perGroup.set(groupOf(address), (perGroup.get(groupOf(address)) ?? 0) + 1);
    }
    assert.ok(
      [...perGroup.values()].every((n) => n === 1),
      "full links: each netgroup once",
    );
    const dialling = views.filter((peer) => peer.state === "dialling").map((peer) => peer.address);
    assert.equal(new Set(dialling).size, dialling.length);
  }
}

test("limits, diversity and one connection per identity hold, and nothing is left behind", () => {
  const run = fc.record({
    seed: fc.nat(1_000),
    peersMax: fc.constantFrom(8, 12, 16, 50),
    steps: fc.array(step, { minLength: 1, maxLength: 300, size: "max" }),
  });
  const property = fc.property(run, ({ seed, peersMax, steps }) => {
    const driver = new Driver(seed, peersMax);
    for (const one of steps) {
      driver.take(one);
      driver.check();
    }
    const { manager, port, env } = driver;
    manager.shutdown();
    assert.deepEqual(manager.peers(), []);
    const { addresses, discouraged, ...use } = manager.counts;
    assert.ok(addresses >= 0 && discouraged >= 0);
    assert.ok(Object.values(use).every((count) => count === 0));
    assert.equal(manager.deadline, Number.POSITIVE_INFINITY);
    // Whatever was closed through the port had a reason.
    assert.ok(port.closed.every(({ code }) => code !== "") && env.clock.monotonicMs >= 0);
  });
  fc.assert(property, { seed: 1, numRuns: 250 });
});
