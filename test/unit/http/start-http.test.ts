/** The listener: its port, its limits on bytes and time, over real sockets. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { HostError } from "../../../src/host/host-error.ts";
import { startHttp } from "../../../src/host/http/start-http.ts";
import { SoloNode } from "../../support/solo-node.ts";

const solo = new SoloNode();
const node = {
  program: { name: "windlass", version: "0" },
  queries: solo.node.queries,
  reader: solo.reader,
  metrics: solo.metrics,
  submit: () => Promise.reject(new Error("not asked")),
  command: () => Promise.reject(new Error("nobody commands here")),
  token: "",
  wallMs: () => solo.wallMs(),
};
const anyPort = { host: "127.0.0.1", port: 0 };

/** Everything that a raw request is answered with until the server closes. */
function exchange(url: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    let answer = "";
    socket.on("data", (chunk) => {
      answer += chunk;
    });
    socket.on("close", () => resolve(answer));
    socket.on("error", reject);
    socket.write(text);
  });
}

test("a port in use is a HostError that names --http", async () => {
  const first = await startHttp(node, anyPort);
  const port = Number(new URL(first.url).port);
  await assert.rejects(startHttp(node, { host: "127.0.0.1", port }), (error) => {
    assert.ok(error instanceof HostError);
    assert.equal(error.code, "port-in-use");
    assert.match(error.mend, /--http/);
    return true;
  });
  assert.equal((await fetch(`${first.url}/api/health`)).status, 200);
  await first.close();
});

test("an address that is not ours is a HostError", async () => {
  await assert.rejects(startHttp(node, { host: "192.0.2.1", port: 0 }), { code: "usage" });
});

test("a request that never ends and bytes that are no HTTP are refused; others are served", async () => {
  const server = await startHttp(node, { ...anyPort, requestMs: 200 });
  const slow = exchange(server.url, "GET /api/health HTTP/1.1\r\nHost: local");
  const half = "POST /api/transactions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n";
  const slowBody = exchange(server.url, `${half}Content-Type: application/json\r\n\r\n{`);
  assert.match(
    await exchange(server.url, "\x16\x03\x01\x02\x00"),
    /^HTTP\/1.1 400[\s\S]*bad-request/,
  );
  const overlong = `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(20_000)}\r\n\r\n`;
  assert.match(await exchange(server.url, overlong), /^HTTP\/1.1 431[\s\S]*headers-too-large/);
  assert.equal((await fetch(`${server.url}/api/health`)).status, 200);
  const nameless = await exchange(server.url, "GET /api/health HTTP/1.0\r\n\r\n");
  assert.match(nameless, /^HTTP\/1.1 403[\s\S]*host-not-allowed/);
  assert.match(await slow, /^HTTP\/1.1 408[\s\S]*request-timeout/);
  assert.match(await slowBody, /^HTTP\/1.1 408/);
  await server.close();
});

test("closing ends open connections", async () => {
  const server = await startHttp(node, anyPort);
  const open = exchange(server.url, "GET /api/health HTTP/1.1\r\nHost: localhost\r\n\r\nGET ");
  await fetch(`${server.url}/api/health`);
  await server.close();
  assert.match(await open, /"status":"ok"/);
});
