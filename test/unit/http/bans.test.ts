import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { InjectOptions } from "fastify";
import { SoloNode } from "../../support/solo-node.ts";
import { appOf, ask, token } from "./api-under-test.ts";

const authorization = `Bearer ${token}`;
const json = { "content-type": "application/json" };
const ban = (payload: unknown, headers: Record<string, string> = { authorization }) =>
  ({
    method: "POST",
    url: "/api/bans",
    headers: { ...json, ...headers },
    payload,
  }) as InjectOptions;
const lift = (subject: string, headers: Record<string, string> = { authorization }) =>
  ({ method: "DELETE", url: "/api/bans", query: { subject }, headers }) as InjectOptions;
const freshApp = () => appOf(new SoloNode());

describe("bans over HTTP", () => {
  test("a ban is made, seen with its time left, and lifted", async () => {
    const app = freshApp();
    const made = await ask(ban({ subject: "10.9.8.7/8", reason: "spam", seconds: 60 }), app);
    assert.equal(made.status, 201);
    assert.equal(made.json.value, "10.0.0.0/8");
    assert.equal(made.json.leftMs, 60_000);
    const forever = await ask(ban({ subject: "ab".repeat(32) }), app);
    assert.deepEqual([forever.json.type, forever.json.untilMs], ["identity", null]);
    const { json: listed } = await ask("/api/bans", app);
    assert.deepEqual(
      listed.bans.map(({ value, by, reason }: Record<string, string>) => [value, by, reason]),
      [
        ["10.0.0.0/8", "operator", "spam"],
        ["ab".repeat(32), "operator", ""],
      ],
    );
    assert.deepEqual((await ask(lift("10.0.0.0/8"), app)).json, { lifted: "10.0.0.0/8" });
    const again = await ask(lift("10.0.0.0/8"), app);
    assert.deepEqual([again.status, again.json.code], [404, "ban-not-found"]);
  });

  test("nobody bans or lifts without the token, also with a part of it", async () => {
    const app = freshApp();
    const wrong = [{}, { authorization: token }, { authorization: `Bearer ${token.slice(1)}` }];
    for (const headers of wrong as Record<string, string>[]) {
      for (const request of [ban({ subject: "9.9.9.9" }, headers), lift("9.9.9.9", headers)]) {
        const { status, json: body } = await ask(request, app);
        assert.deepEqual([status, body.code], [401, "token-needed"]);
      }
    }
    assert.deepEqual((await ask("/api/bans", app)).json.bans, []);
  });

  test("a web page of somebody else cannot ban, token or not", async () => {
    const app = freshApp();
    const headers = { authorization, origin: "https://evil.example" };
    assert.equal((await ask(ban({ subject: "9.9.9.9" }, headers), app)).status, 403);
    assert.equal((await ask(lift("9.9.9.9", headers), app)).status, 403);
  });

  test("what is no subject, reason or time is refused by name", async () => {
    const app = freshApp();
    for (const [body, says] of [
      [{}, /subject/],
      [{ subject: "example.org" }, /subject/],
      [{ subject: "9.9.9.9", reason: "a\nb" }, /reason/],
      [{ subject: "9.9.9.9", reason: "x".repeat(129) }, /reason/],
      [{ subject: "9.9.9.9", seconds: 0 }, /seconds/],
      [{ subject: "9.9.9.9", seconds: 1.5 }, /seconds/],
      [{ subject: "9.9.9.9", other: 1 }, /other/],
    ] as const) {
      const { status, json: problem } = await ask(ban(body), app);
      assert.deepEqual([status, problem.code], [400, "bad-parameter"], JSON.stringify(body));
      assert.match(problem.detail, says);
    }
  });

  test("a peer that nobody knows is not found; one that is banned is shown as that", async () => {
    const app = freshApp();
    const id = "cd".repeat(32);
    assert.equal((await ask(`/api/peers/${id}`, app)).json.code, "peer-not-found");
    await ask(ban({ subject: id, reason: "liar" }), app);
    const { json: shown } = await ask(`/api/peers/${id}`, app);
    assert.deepEqual([shown.connection, shown.value, shown.reasons], [null, 0, []]);
    assert.equal(shown.ban.reason, "liar");
  });

  test("health says whether the network looks partitioned", async () => {
    const { json: health } = await ask("/api/health", freshApp());
    assert.deepEqual(health.partition, {
      isPartitioned: false,
      peers: { known: 0, reached: 0 },
      validators: { count: 1, silent: 0 },
    });
  });
});
