/** The host and its sockets: accepting, dialling, reading, writing, closing. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import test from "node:test";
import { ed25519 } from "../../../src/crypto/ed25519.ts";
import { dialledConn } from "../../../src/edge/conn.ts";
import type { Effect } from "../../../src/edge/effect.ts";
import { Host } from "../../../src/host/host.ts";
import { HostError } from "../../../src/host/host-error.ts";
import { LevelStore } from "../../../src/host/level-store.ts";
import { SystemClock } from "../../../src/host/system.ts";
import { VerifyInline } from "../../../src/host/verify-inline.ts";
import { answering, client, conn, nextTurn, readAll, withHost } from "./host-bench.ts";
import { ScriptedNode } from "./scripted-node.ts";
import { inFolder } from "./temporary-folder.ts";

test("an accepted connection, its bytes and its end are told in order", async () => {
  const node = new ScriptedNode(answering());
  await withHost(node, async ({ port }) => {
    const socket = await client(port);
    socket.end("hello");
    await node.heard("closed");
    const [, connected, ...rest] = node.inputs;
    assert.deepEqual(connected, {
      type: "connected",
      conn,
      inbound: true,
      address: `127.0.0.1:${socket.localPort}`,
    });
    assert.equal(Buffer.concat(node.of("bytes").map(({ bytes }) => bytes)).toString(), "hello");
    assert.deepEqual(rest.at(-1), { type: "closed", conn, reason: "ended by the peer" });
    socket.destroy();
  });
});

test("flush pulls frames with two writes in flight, and room follows each", async () => {
  const frames = ["a", "b", "c", "d", "e"];
  const node: ScriptedNode = new ScriptedNode(
    answering((input: { type: string }) => {
      if (input.type === "connected") {
        node.queue(conn, ...frames);
        return [{ type: "flush", conn }];
      }
      return input.type === "room" ? [{ type: "flush", conn }] : undefined;
    }),
  );
  await withHost(node, async ({ port }) => {
    const socket = await client(port);
    let got = "";
    while (got.length < frames.length) got += String((await once(socket, "data"))[0]);
    assert.equal(got, frames.join(""));
    while (node.of("room").length < frames.length) await node.heard("room").then(nextTurn);
    socket.destroy();
    await node.heard("closed");
  });
});

test("close writes what take still gives, then ends; no closed input follows", async () => {
  const node: ScriptedNode = new ScriptedNode(
    answering((input: { type: string }) => {
      if (input.type !== "bytes") return undefined;
      node.queue(conn, "one ", "two ", "three ", "LAST");
      return [{ type: "close", conn }];
    }),
  );
  await withHost(node, async ({ port }) => {
    const socket = await client(port);
    socket.write("go");
    assert.equal(await readAll(socket), "one two three LAST");
    await nextTurn();
    assert.deepEqual(node.of("closed"), []);
  });
});

test("a farewell reaches a peer that goes on sending", async () => {
  const node: ScriptedNode = new ScriptedNode(
    answering((input: { type: string }) => {
      if (input.type !== "bytes") return undefined;
      node.queue(conn, "LAST");
      return [{ type: "close", conn }];
    }),
  );
  await withHost(node, async ({ port }) => {
    const socket = await client(port);
    for (let i = 0; i < 64; i++) socket.write(new Uint8Array(16_384));
    assert.equal(await readAll(socket), "LAST");
    assert.equal(node.of("bytes").length, 1, "nothing is heard after close");
  });
});

test("a peer that neither reads nor ends is cut off in time", async () => {
  const node = new ScriptedNode(
    answering((input: { type: string }) =>
      input.type === "connected" ? [{ type: "close", conn }] : undefined,
    ),
  );
  await withHost(
    node,
    async ({ port }) => {
      const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
      await once(socket, "end");
      socket.resume();
      socket.on("error", () => {});
      // Our side stays open; theirs is destroyed after closeMs: writing shows it.
      const poke = setInterval(() => socket.write("x"), 20);
      await new Promise((resolve) => socket.once("close", resolve));
      clearInterval(poke);
    },
    { closeMs: 50 },
  );
});

test("reading off holds bytes back until reading is on", async () => {
  const node: ScriptedNode = new ScriptedNode(
    answering((input: { type: string }) =>
      input.type === "connected" ? [{ type: "reading", conn, on: false }] : undefined,
    ),
  );
  await withHost(node, async ({ port, host }) => {
    const socket = await client(port);
    await new Promise((resolve) => socket.write("held", resolve));
    for (let i = 0; i < 10; i++) await nextTurn();
    assert.deepEqual(node.of("bytes"), []);
    // What the core would do on a tick; here by its effect alone.
    (host as unknown as { perform(effect: Effect): void }).perform({
      type: "reading",
      conn,
      on: true,
    });
    assert.equal(Buffer.from((await node.heard("bytes")).bytes).toString(), "held");
    socket.destroy();
    await node.heard("closed");
  });
});

test("a dial connects by address, or fails with a reason", async () => {
  const server = createServer((socket) => socket.end());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const free = createServer().listen(0, "127.0.0.1");
  await once(free, "listening");
  const { port: closedPort } = free.address() as { port: number };
  await new Promise((resolve) => free.close(resolve));
  const dials = [`localhost:${port}`, `127.0.0.1:${closedPort}`, "no address"];
  const node = new ScriptedNode(
    answering((input: { type: string }) =>
      input.type === "started"
        ? dials.map((address, n) => ({ type: "dial", conn: dialledConn(n), address }))
        : undefined,
    ),
  );
  await withHost(node, async () => {
    const connected = await node.heard("connected");
    assert.equal(connected.conn, dialledConn(0));
    assert.equal(connected.inbound, false);
    assert.match(connected.address, new RegExp(`:${port}$`));
    await node.heard("closed");
    while (node.of("dial-failed").length < 2) await nextTurn();
    const reasons = new Map(node.of("dial-failed").map((input) => [input.conn, input.reason]));
    assert.equal(reasons.get(dialledConn(1)), "refused");
    assert.equal(reasons.get(dialledConn(2)), "not a host:port");
  });
  await new Promise((resolve) => server.close(resolve));
});

test("sockets beyond the maximum are dropped unseen", async () => {
  const node = new ScriptedNode(answering());
  await withHost(
    node,
    async ({ port }) => {
      const first = await client(port);
      const second = await client(port);
      await once(second.resume(), "close");
      assert.equal(node.of("connected").length, 1);
      first.destroy();
      await node.heard("closed");
    },
    { inboundMax: 1 },
  );
});

test("a port in use names --listen and has its own exit code", async () => {
  const node = new ScriptedNode(answering());
  await withHost(node, async ({ port }) => {
    await inFolder(async (folder) => {
      const store = await LevelStore.open(folder, async () => {});
      const parts = {
        node,
        clock: new SystemClock(),
        store,
        verifier: new VerifyInline(ed25519),
        signer: undefined,
        onEvent: () => {},
        onFatal: () => {},
      };
      const second = new Host(parts, { inboundMax: 1 });
      await assert.rejects(second.start(port), (error: HostError) => {
        assert.ok(error instanceof HostError);
        assert.equal(error.exitCode, 4);
        assert.match(`${error.message} ${error.mend}`, new RegExp(`port ${port} .*--listen`));
        return true;
      });
      await store.close();
    });
  });
});
