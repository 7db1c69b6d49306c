/** What a node says that it verified, how often, and what it makes of the claims of others. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Conn } from "../../../src/edge/conn.ts";
import type { BlockHash } from "../../../src/model/ids.ts";
import { helloFeatures } from "../../../src/net/connections/link-features.ts";
import { Verification } from "../../../src/node/verification.ts";
import { syncLimits } from "../../../src/params/limits.ts";
import type { Message, MessageOf } from "../../../src/wire/messages.ts";
import { conn, pass, testEnv } from "../net/net-fixture.ts";
import { CompactWorld } from "./compact-world.ts";

const { verifiedAskMs, verifiedAnswerMs } = syncLimits;
const hashOf = (n: number) => `${n}`.repeat(64) as BlockHash;
const bytesOf = (n: number) => new Uint8Array(32).fill(n * 17);
const [a, b] = [conn(1), conn(2)];

function desk() {
  const env = testEnv(1);
  const sent: { readonly to: Conn; readonly message: Message }[] = [];
  const blamed: string[] = [];
  const port = {
    send: (to: Conn, message: Message) => sent.push({ to, message }) > 0,
    blame: (_: Conn, code: string) => blamed.push(code),
  };
  const chain = { head: { height: 3, hash: hashOf(3) }, uncheckedHeight: 0 };
  const final = { height: 2, hash: hashOf(2) };
  const verification = new Verification(env.clock, port, chain, () => final);
  return { env, sent, blamed, chain, verification };
}

const asked = (request: number): MessageOf<"get_verified"> => ({ type: "get_verified", request });
const answer = (request: number): MessageOf<"verified"> => ({
  ...{ type: "verified", request, height: 9, hash: bytesOf(9), finalHeight: 8 },
  ...{ finalHash: bytesOf(8), mode: 1, sinceMs: 77 },
});

test("the answer is the head as it was noted, since when, and how it was verified", () => {
  const { env, sent, chain, verification } = desk();
  const startedMs = env.clock.wallMs;
  verification.onReady(a, true);
  pass(env, 5_000);
  verification.note();
  verification.onGetVerified(a, asked(6));
  const told = { ...{ type: "verified", height: 3, hash: bytesOf(3) }, finalHeight: 2 };
  const rest = { finalHash: bytesOf(2), mode: 0 };
  assert.deepEqual(sent.at(-1)?.message, { ...told, ...rest, request: 6, sinceMs: startedMs });
  chain.head = { height: 4, hash: hashOf(4) };
  chain.uncheckedHeight = 1;
  pass(env, verifiedAnswerMs);
  const movedMs = env.clock.wallMs;
  verification.note();
  pass(env, 1_000);
  verification.onGetVerified(a, asked(7));
  assert.deepEqual(sent.at(-1)?.message, {
    ...{ ...told, ...rest, height: 4, hash: bytesOf(4) },
    ...{ mode: 1, request: 7, sinceMs: movedMs },
  });
});

test("a peer gets one answer in some seconds, however often it asks, and each its own", () => {
  const { env, sent, blamed, verification } = desk();
  for (const each of [a, b]) verification.onReady(each, true);
  const answers = () => sent.filter(({ message }) => message.type === "verified").map((s) => s.to);
  for (let request = 0; request < 100; request++) verification.onGetVerified(a, asked(request));
  verification.onGetVerified(b, asked(0));
  assert.deepEqual(answers(), [a, b]);
  pass(env, verifiedAnswerMs - 1);
  verification.onGetVerified(a, asked(1));
  pass(env, 1);
  verification.onGetVerified(a, asked(2));
  assert.deepEqual(answers(), [a, b, a]);
  assert.deepEqual(blamed, []);
});

test("peers are asked once ready and then rarely, but not who still owes an answer", () => {
  const { env, sent, verification } = desk();
  assert.equal(verification.deadline, Number.POSITIVE_INFINITY);
  verification.onReady(a, true);
  pass(env, 1_000);
  verification.onReady(b, true);
  verification.onReady(conn(3), false);
  assert.deepEqual(
    sent.map(({ to, message }) => [to, message]),
    [
      [a, asked(0)],
      [b, asked(1)],
    ],
  );
  verification.onVerified(b, answer(1));
  for (let i = 0; i < 2; i++) {
    pass(env, verification.deadline - env.clock.monotonicMs);
    verification.tick();
    assert.ok(verification.deadline > env.clock.monotonicMs);
  }
  assert.equal(
    env.clock.monotonicMs % verifiedAskMs,
    (testEnv(1).clock.monotonicMs + 1_000) % verifiedAskMs,
  );
  assert.deepEqual(sent.slice(2), [{ to: b, message: asked(2) }]);
  verification.onClosed(a);
  verification.onClosed(b);
  assert.equal(verification.deadline, Number.POSITIVE_INFINITY);
});

test("a claim is kept while its peer is connected; what nobody asked for is unsolicited", () => {
  const { env, blamed, verification } = desk();
  verification.onReady(a, true);
  verification.onReady(conn(3), false);
  assert.equal(verification.claimOf(a), undefined);
  verification.onVerified(a, answer(5));
  assert.deepEqual(blamed.splice(0), ["unsolicited"], "another request");
  verification.onVerified(a, answer(0));
  const heardMs = env.clock.wallMs;
  assert.deepEqual(verification.claimOf(a), {
    ...{ height: 9, hash: "99".repeat(32), finalHeight: 8, finalHash: "88".repeat(32) },
    ...{ mode: "certified", sinceMs: 77, heardMs },
  });
  assert.deepEqual(blamed, []);
  verification.onVerified(a, answer(0));
  verification.onVerified(conn(3), answer(0));
  verification.onGetVerified(conn(3), asked(0));
  assert.deepEqual(blamed, ["unsolicited", "unsolicited", "unsolicited"]);
  verification.onClosed(a);
  assert.equal(verification.claimOf(a), undefined);
});

test("a real node asks who understands it, answers, and shows the claim without acting on it", () => {
  const world = new CompactWorld();
  const { hub } = world;
  const plain = world.connect();
  const speaks = hub.connect({ height: 0, features: [{ id: helloFeatures.verified, version: 1 }] });
  assert.deepEqual(world.heard(plain, "get_verified"), []);
  const [question] = world.heard(speaks, "get_verified");
  assert.ok(question);
  const before = hub.node.queries.sync().targetHeight;
  world.send(speaks, { ...answer(question.request), height: 2 ** 53 - 1 });
  const views = hub.node.queries.peers();
  const claimOf = (of: Conn) => views.find((view) => view.conn === of)?.verified;
  assert.equal(claimOf(speaks.conn)?.height, 2 ** 53 - 1);
  assert.equal(claimOf(plain.conn), undefined);
  assert.equal(hub.node.queries.sync().targetHeight, before, "nothing is sought at that height");
  for (let i = 0; i < 3; i++) world.send(speaks, asked(i));
  const { height, hash } = hub.node.queries.head();
  const answers = world.heard(speaks, "verified");
  assert.equal(answers.length, 1);
  assert.equal(answers[0]!.height, height);
  assert.equal(Buffer.from(answers[0]!.hash).toString("hex"), hash);
  world.send(plain, asked(0));
  assert.deepEqual([world.blames(speaks), world.blames(plain)], [[], ["unsolicited"]]);
});
