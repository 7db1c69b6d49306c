import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { connectionLimits } from "../../../src/params/limits.ts";
import { Keepalive, type Pong } from "../../../src/peer/keepalive.ts";
import { testEnv } from "../../support/session-pair.ts";

const { pingIntervalMs, pongMs, idleMs } = connectionLimits;
const met: Pong = { sentAtMs: 4_000, pingMs: 70 };

describe("keepalive", () => {
  test("takes the handshake for the first ping, and pings an interval after each", () => {
    const env = testEnv(1);
    const keepalive = new Keepalive(env, met);
    assert.equal(keepalive.pong, met);
    assert.equal(keepalive.tick(), undefined);
    const from = keepalive.deadline;
    assert.equal(from, env.clock.monotonicMs + pingIntervalMs);
    env.clock.monotonicMs = from;
    const first = keepalive.tick();
    assert.ok(first?.type === "ping" && first.nonce.length === 8);
    env.clock.monotonicMs += 40;
    keepalive.onBytes();
    keepalive.onPong(first.nonce, 5_000);
    assert.deepEqual(keepalive.pong, { sentAtMs: 5_000, pingMs: 40 });
    assert.equal(keepalive.deadline, from + pingIntervalMs);
    assert.equal(keepalive.tick(), undefined);
    env.clock.monotonicMs = keepalive.deadline;
    assert.equal(keepalive.tick()?.type, "ping");
    assert.ok(keepalive.deadline > env.clock.monotonicMs);
  });

  test("remembers the lowest round trip beside the last", () => {
    const env = testEnv(1);
    const keepalive = new Keepalive(env, met);
    for (const ms of [40, 10, 90]) {
      env.clock.monotonicMs = Math.max(keepalive.deadline, env.clock.monotonicMs);
      const action = keepalive.tick();
      assert.ok(action?.type === "ping");
      env.clock.monotonicMs += ms;
      keepalive.onBytes();
      keepalive.onPong(action.nonce, 0);
    }
    assert.deepEqual([keepalive.pong.pingMs, keepalive.pingMinMs], [90, 10]);
  });

  test("gives up a peer that does not answer, whatever else it sends", () => {
    const env = testEnv(1);
    const keepalive = new Keepalive(env, met);
    env.clock.monotonicMs = keepalive.deadline;
    keepalive.tick();
    env.clock.monotonicMs += pongMs - 1;
    keepalive.onBytes();
    keepalive.onPong(new Uint8Array(8), 0);
    assert.equal(keepalive.tick(), undefined);
    env.clock.monotonicMs += 1;
    assert.deepEqual(keepalive.tick(), { type: "dead", code: "timeout-pong" });
  });

  test("gives up a peer of whom nothing was heard", () => {
    const env = testEnv(1);
    const keepalive = new Keepalive(env, met);
    env.clock.monotonicMs = keepalive.deadline;
    const action = keepalive.tick();
    assert.ok(action?.type === "ping");
    keepalive.onPong(action.nonce, 0);
    env.clock.monotonicMs += idleMs;
    assert.deepEqual(keepalive.tick(), { type: "dead", code: "timeout-idle" });
  });

  test("is not impressed by a pong that nobody asked for", () => {
    const env = testEnv(1);
    const keepalive = new Keepalive(env, met);
    keepalive.onPong(new Uint8Array(8), 0);
    assert.equal(keepalive.pong, met);
    env.clock.monotonicMs = keepalive.deadline;
    assert.equal(keepalive.tick()?.type, "ping");
  });
});
