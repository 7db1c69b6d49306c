import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { connectionLimits } from "../../../src/params/limits.ts";
import { Keepalive } from "../../../src/peer/keepalive.ts";
import { testEnv } from "../../support/session-pair.ts";

const { pingIntervalMs, pongMs, idleMs } = connectionLimits;

describe("keepalive", () => {
  test("pings at once, and again an interval after each ping", () => {
    const env = testEnv(1);
    const keepalive = new Keepalive(env);
    const first = keepalive.tick();
    assert.ok(first?.type === "ping" && first.nonce.length === 8);
    env.clock.monotonicMs += 40;
    keepalive.onBytes();
    keepalive.onPong(first.nonce, 5_000);
    assert.deepEqual(keepalive.pong, { sentAtMs: 5_000, pingMs: 40 });
    assert.equal(keepalive.deadline, 1_000 + pingIntervalMs);
    assert.equal(keepalive.tick(), undefined);
    env.clock.monotonicMs = keepalive.deadline;
    assert.equal(keepalive.tick()?.type, "ping");
    assert.ok(keepalive.deadline > env.clock.monotonicMs);
  });

  test("remembers the lowest round trip beside the last", () => {
    const env = testEnv(1);
    const keepalive = new Keepalive(env);
    for (const ms of [40, 10, 90]) {
      env.clock.monotonicMs = Math.max(keepalive.deadline, env.clock.monotonicMs);
      const action = keepalive.tick();
      assert.ok(action?.type === "ping");
      env.clock.monotonicMs += ms;
      keepalive.onBytes();
      keepalive.onPong(action.nonce, 0);
    }
    assert.deepEqual([keepalive.pong?.pingMs, keepalive.pingMinMs], [90, 10]);
  });

  test("gives up a peer that does not answer, whatever else it sends", () => {
    const env = testEnv(1);
    const keepalive = new Keepalive(env);
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
    const keepalive = new Keepalive(env);
    const action = keepalive.tick();
    assert.ok(action?.type === "ping");
    keepalive.onPong(action.nonce, 0);
    env.clock.monotonicMs += idleMs;
    assert.deepEqual(keepalive.tick(), { type: "dead", code: "timeout-idle" });
  });

  test("is not impressed by a pong that nobody asked for", () => {
    const env = testEnv(1);
    const keepalive = new Keepalive(env);
    keepalive.onPong(new Uint8Array(8), 0);
    assert.equal(keepalive.pong, undefined);
    assert.equal(keepalive.tick()?.type, "ping");
  });
});
