import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { PeerScores } from "../../../src/net/conduct/peer-score.ts";
import { connectionLimits } from "../../../src/params/limits.ts";
import { idOf, pass, testEnv } from "./net-fixture.ts";

const { scoredPeersMax, scoreHalfLifeMs } = connectionLimits;

test("what a peer gives counts for it, what it breaks against it, and both are told apart", () => {
  const env = testEnv(1);
  const scores = new PeerScores(env.clock);
  const peer = idOf(1);
  scores.onConnected(peer);
  for (let i = 0; i < 3; i++) scores.onUseful(peer, "block");
  scores.onBytes(peer, 3 * (1 << 20));
  scores.onResponse(peer, 20);
  scores.onResponse(peer, 60_000);
  scores.onFault(peer, "unsolicited", 5);
  assert.deepEqual(scores.explain(peer), [
    { reason: "block", points: 12 },
    { reason: "fault:unsolicited", points: -5 },
    { reason: "bytes", points: 3 },
    { reason: "connected", points: 2 },
    { reason: "answer-fast", points: 1 },
    { reason: "answer-slow", points: -1 },
  ]);
  assert.equal(scores.valueOf(peer), 12);
  assert.equal(scores.valueOf(idOf(2)), 0);
});

test("bytes add up over small pieces, and no amount of one reason outweighs the others", () => {
  const scores = new PeerScores(testEnv(1).clock);
  for (let i = 0; i < 1024; i++) scores.onBytes(idOf(1), 1024);
  assert.equal(scores.valueOf(idOf(1)), 1);
  for (let i = 0; i < 100_000; i++) scores.onUseful(idOf(1), "block");
  assert.equal(scores.valueOf(idOf(1)), 81);
  for (let i = 0; i < 100; i++) scores.onFault(idOf(1), "bad-field", 100);
  assert.ok(scores.valueOf(idOf(1)) < 0);
});

test("what was measured halves each hour, also over a restart, and is gone in the end", () => {
  const env = testEnv(1);
  const scores = new PeerScores(env.clock);
  for (let i = 0; i < 20; i++) scores.onUseful(idOf(1), "block");
  assert.equal(scores.valueOf(idOf(1)), 80);
  pass(env, scoreHalfLifeMs);
  assert.equal(scores.valueOf(idOf(1)), 40);
  const kept = scores.known();
  pass(env, scoreHalfLifeMs);
  const next = new PeerScores(env.clock);
  next.restore(kept);
  assert.equal(next.valueOf(idOf(1)), 20);
  pass(env, 100 * scoreHalfLifeMs);
  assert.equal(next.valueOf(idOf(1)), 0);
  assert.deepEqual(next.explain(idOf(1)), []);
  assert.deepEqual(next.known(), []);
});

test("newcomers push out each other, never who has shown what it is", () => {
  const scores = new PeerScores(testEnv(1).clock);
  for (let i = 0; i < 10; i++) scores.onUseful(idOf(1), "block");
  scores.onFault(idOf(2), "bad-field", 100);
  for (let i = 0; i < 3 * scoredPeersMax; i++) scores.onConnected(idOf(100 + i));
  assert.equal(scores.size, scoredPeersMax);
  assert.equal(scores.valueOf(idOf(1)), 40);
  assert.equal(scores.valueOf(idOf(2)), -100);
});

test("whatever happens, a value stays within the caps and reasons stay few", () => {
  const happening = fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 1 << 24 }));
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 200 }), (happenings) => {
      const env = testEnv(1);
      const scores = new PeerScores(env.clock);
      for (const [kind, n] of happenings) {
        if (kind === 0) scores.onFailed(idOf(1));
        if (kind === 1) scores.onResponse(idOf(1), n);
        if (kind === 2) scores.onBytes(idOf(1), n);
        if (kind === 3) scores.onFault(idOf(1), `code-${n}`, n % 101);
        if (kind === 4) pass(env, n);
        if (kind === 5) scores.onUseful(idOf(1), "vote");
      }
      const parts = scores.explain(idOf(1));
      assert.ok(parts.length <= connectionLimits.scoreReasonsMax + 1);
      for (const { points } of parts) assert.ok(points >= -100 && points <= 80);
      assert.ok(Number.isInteger(scores.valueOf(idOf(1))));
    }),
  );
});

test("a file of scores that was changed by hand cannot go beyond the caps", () => {
  const env = testEnv(1);
  const scores = new PeerScores(env.clock);
  const savedMs = env.clock.wallMs;
  scores.restore([
    {
      nodeId: idOf(1),
      savedMs,
      parts: [
        ["block", 9e15],
        ["nonsense", 5e5],
        ["fault", -16],
      ],
    },
    { nodeId: idOf(2), savedMs: savedMs + 1e12, parts: [["fault:bad-field", 1e9]] },
  ]);
  assert.equal(scores.valueOf(idOf(1)), 80);
  assert.equal(scores.valueOf(idOf(2)), 0);
});
