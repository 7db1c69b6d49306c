/** The simulated network by itself: what it tells whom. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Heap } from "../../src/base/heap.ts";
import type { Conn } from "../../src/edge/conn.ts";
import { SeededRandom } from "../../src/sim/seeded-random.ts";
import { nodeAddress, SimNetwork } from "../../src/sim/sim-network.ts";

const nothing = () => {};

for (const [how, sides] of [
  ["that gets through", [0, 0]],
  ["across a partition", [0, 1]],
] as const) {
  test(`a dial ${how} is of one process: the next is told nothing of it`, () => {
    const told: string[] = [];
    const later = new Heap<() => void>();
    let now = 0;
    const port = {
      now: () => now,
      at: (timeMs: number, action: () => void) => later.push(timeMs, action),
      isUp: () => true,
      nextConn: () => 100 as Conn,
      onConnected: ({ node, conn }: { node: number; conn: Conn }) => told.push(`${node}:${conn}`),
      onDialFailed: (node: number, conn: Conn) => told.push(`failed ${node}:${conn}`),
      onBytes: nothing,
      onRoom: nothing,
      onClosed: nothing,
    };
    const faults = { latencyMsMin: 1, latencyMsMax: 2, dialLossPercent: 0, splitPercent: 0 };
    const random = new SeededRandom("dials");
    const network = new SimNetwork(port, random, { ...faults, bytesPerSecond: 1_000_000 }, 2);
    network.partition(sides);
    network.dial(0, 1 as Conn, nodeAddress(1));
    network.crash(0);
    network.dial(0, 2 as Conn, nodeAddress(1));
    while (later.size > 0) {
      const next = later.pop()!;
      now = next.at;
      next.value();
    }
    assert.deepEqual(told, sides[1] === 0 ? ["1:100", "0:2"] : ["failed 0:2"]);
  });
}
