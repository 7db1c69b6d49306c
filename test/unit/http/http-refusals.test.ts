/** What the API refuses: hostile names, pages, bodies, parameters, paths. Never with a 5xx. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { InjectOptions } from "fastify";
import { toHex } from "../../../src/base/bytes.ts";
import { httpLimits } from "../../../src/params/limits.ts";
import { appOf, ask, post, solo } from "./api-under-test.ts";

async function refused(options: InjectOptions | string, status: number, code: string) {
  const answer = await ask(options);
  const what = JSON.stringify(options).slice(0, 120);
  assert.equal(answer.status, status, `${what}: ${answer.body.slice(0, 200)}`);
  assert.match(String(answer.headers["content-type"]), /^application\/problem\+json/, what);
  assert.equal(answer.json.code, code, what);
  assert.equal(answer.json.status, status);
  for (const member of ["type", "title", "detail"]) {
    assert.equal(typeof answer.json[member], "string", member);
  }
  assert.equal(answer.headers["access-control-allow-origin"], undefined);
}

test("only our own names are served, whatever the route", async () => {
  const hostile = [
    "evil.test",
    "evil.test:5321",
    "127.0.0.1.evil.test",
    "a b",
    "localhost@evil.test",
  ];
  for (const host of hostile) {
    for (const url of ["/api/health", "/api/blockchain/info", "/nowhere"]) {
      await refused({ url, headers: { host } }, 403, "host-not-allowed");
    }
  }
  for (const host of ["localhost", "LOCALHOST:5321", "127.0.0.1", "[::1]:5321"]) {
    assert.equal((await ask({ url: "/api/health", headers: { host } })).status, 200, host);
  }
  const wide = appOf(solo, { host: "0.0.0.0" });
  const at = (host: string) => ask({ url: "/api/health", headers: { host } }, wide);
  assert.equal((await at("192.0.2.7:5321")).status, 200);
  assert.equal((await at("evil.test")).status, 403);
});

test("a web page can neither read nor write", async () => {
  const origin = "https://evil.test";
  const read = await ask({ url: "/api/blockchain/info", headers: { origin } });
  assert.equal(read.headers["access-control-allow-origin"], undefined);
  await refused(post({ transaction: "00" }, { origin }), 403, "origin-not-allowed");
  await refused(post({ transaction: "00" }, { origin: "null" }), 403, "origin-not-allowed");
  const preflight = {
    method: "OPTIONS",
    url: "/api/transactions",
    headers: { origin, "access-control-request-method": "POST" },
  } as const;
  await refused(preflight, 403, "origin-not-allowed");
  const simple = { "content-type": "text/plain" };
  await refused(post({ transaction: "00" }, simple), 415, "wrong-content-type");
  const form = { "content-type": "application/x-www-form-urlencoded" };
  await refused(post("transaction=00", form), 415, "wrong-content-type");
  await refused({ method: "POST", url: "/api/transactions" }, 415, "wrong-content-type");
});

test("writing is for this machine", async () => {
  const far = { ...post({ transaction: "00" }), remoteAddress: "192.0.2.7" };
  await refused(far, 403, "loopback-only");
});

test("bodies are bounded and read strictly", async () => {
  const bad = "bad-parameter";
  await refused(post({}), 400, bad);
  await refused(post({ transaction: "0x00" }), 400, bad);
  await refused(post({ transaction: "abc" }), 400, bad);
  await refused(post({ transaction: "AB" }), 400, bad);
  await refused(post({ transaction: 5 }), 400, bad);
  await refused(post({ transaction: "00", extra: 1 }), 400, bad);
  await refused(post([]), 400, bad);
  await refused(post("null"), 400, bad);
  await refused(post("{"), 400, "bad-json");
  await refused(post('{"__proto__":{"a":1}}'), 400, "bad-json");
  await refused(post(""), 400, "bad-json");
  await refused(post("[".repeat(100_000)), 400, "bad-json");
  await refused(post("x".repeat(httpLimits.bodyBytesMax + 1)), 413, "body-too-large");
  await refused(post({ transaction: "00" }), 400, "transaction-malformed");
  await refused(post({ transaction: "00".repeat(65_536) }), 400, "transaction-malformed");
});

test("a transaction against the rules is refused with the code of the rule", async () => {
  const [alice, bob] = solo.accounts as [(typeof solo.accounts)[0], (typeof solo.accounts)[0]];
  const fields = { to: bob.address, amount: 1n, nonce: 0n };
  const good = solo.transfer(alice, fields);
  const forged = Buffer.from(good.bytes);
  forged[forged.length - 1]! ^= 1;
  await refused(post({ transaction: toHex(forged) }), 422, "transaction-signature");
  const rich = solo.transfer(alice, { ...fields, amount: 10n ** 18n });
  await refused(post({ transaction: toHex(rich.bytes) }), 422, "transaction-balance");
  const late = solo.transfer(alice, { ...fields, nonce: 1000n });
  const answer = await ask(post({ transaction: toHex(late.bytes) }));
  assert.equal(answer.status, 422);
  assert.match(answer.json.code, /^transaction-nonce/);
});

test("parameters out of range or shape are the client's fault", async () => {
  const blocks = "/api/blockchain/blocks";
  for (const query of [
    "limit=1e9",
    "limit=1000000000",
    `limit=${httpLimits.pageMax + 1}`,
    "limit=0",
    "limit=-1",
    "from=-1",
    "from=1.5",
    "from=0x10",
    "from=99999999999999999999",
    "from=",
    "limit=1&limit=2",
    "limi=1",
    "__proto__=1",
    "from=%00",
  ]) {
    await refused(`${blocks}?${query}`, 400, "bad-parameter");
  }
  for (const ref of [
    "-1",
    "1e3",
    "0x0",
    "abc",
    "G".repeat(64),
    "A".repeat(64),
    "00",
    "..%2f..%2f",
  ]) {
    await refused(`${blocks}/${ref}`, 400, "bad-parameter");
  }
  await refused("/api/transactions/xyz", 400, "bad-parameter");
  await refused(`/api/accounts/${"A".repeat(64)}`, 400, "bad-parameter");
  await refused("/api/peers?x=1", 400, "bad-parameter");
  for (const path of ["finality/xyz", "finality/-1", "finality/1?x=1", "finality/1e3"]) {
    await refused(`/api/blockchain/${path}`, 400, "bad-parameter");
  }
  for (const path of ["validators", "evidence", "metrics", "blockchain/forks"]) {
    await refused(`/api/${path}?x=1`, 400, "bad-parameter");
  }
});

test("what is not there is 404, and paths of any shape are 4xx", async () => {
  await refused("/api/blockchain/blocks/6", 404, "block-not-found");
  await refused("/api/blockchain/blocks/999999999999999", 404, "block-not-found");
  await refused(`/api/blockchain/blocks/${"0".repeat(64)}`, 404, "block-not-found");
  await refused(`/api/transactions/${"0".repeat(64)}`, 404, "transaction-not-found");
  await refused("/", 404, "not-found");
  await refused("/api/blockchain/info/", 404, "not-found");
  await refused({ method: "DELETE", url: "/api/peers" }, 404, "not-found");
  await refused("/api/blockchain/blocks/%zz", 400, "bad-url");
  for (const url of [
    "/../../etc/passwd",
    "//evil.test/api",
    "/api/blockchain/blocks/%2e%2e%2f",
    `/api/transactions/${"a".repeat(5000)}`,
    `/${"a/".repeat(2000)}`,
    "/api/\u0000",
  ]) {
    const { status, headers } = await ask(url);
    assert.ok(status >= 400 && status < 500, `${url.slice(0, 40)}: ${status}`);
    assert.match(String(headers["content-type"]), /problem\+json/);
  }
  const zero = (await ask(`/api/accounts/${"0".repeat(64)}`)).json;
  assert.deepEqual([zero.balance, zero.nonce], ["0", "0"], "nobody's account is empty, not absent");
});
