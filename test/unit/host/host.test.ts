import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import test from "node:test";
import { asciiBytes, u32Bytes } from "../../../src/base/bytes.ts";
import { ed25519 } from "../../../src/crypto/ed25519.ts";
import { acceptedConn, dialledConn, type Job, type Ticket } from "../../../src/edge/conn.ts";
import type { Effect } from "../../../src/edge/effect.ts";
import type { NodeEvent } from "../../../src/edge/event.ts";
import { Host } from "../../../src/host/host.ts";
import { HostError } from "../../../src/host/host-error.ts";
import type { Signer } from "../../../src/host/host-parts.ts";
import { LevelStore } from "../../../src/host/level-store.ts";
import { SystemClock } from "../../../src/host/system.ts";
import { VerifyInline } from "../../../src/host/verify-inline.ts";
import { ScriptedNode } from "./scripted-node.ts";
import { inFolder } from "./temporary-folder.ts";

interface Bench {
  readonly host: Host;
  readonly port: number;
  readonly events: NodeEvent[];
  readonly fatal: Promise<unknown>;
}

interface BenchOptions {
  readonly signer?: Signer;
  readonly closeMs?: number;
  readonly inboundMax?: number;
  readonly onEvent?: (event: NodeEvent, host: Host) => void;
}

const conn = acceptedConn(0);
const hash = new Uint8Array(32);

/** A running host around `node`, closed afterwards; then no handle may be left. */
async function withHost(
  node: ScriptedNode,
  run: (bench: Bench) => Promise<void>,
  options: BenchOptions = {},
): Promise<void> {
  await inFolder(async (folder) => {
    const store = await LevelStore.open(folder, async () => {});
    const events: NodeEvent[] = [];
    let onFatal: (error: unknown) => void = () => {};
    const fatal = new Promise<unknown>((resolve) => {
      onFatal = resolve;
    });
    const host: Host = new Host(
      {
        node,
        clock: new SystemClock(),
        store,
        verifier: new VerifyInline(ed25519),
        signer: options.signer,
        onEvent: (event) => {
          events.push(event);
          options.onEvent?.(event, host);
        },
        onFatal,
      },
      { inboundMax: options.inboundMax ?? 8, closeMs: options.closeMs ?? 300 },
    );
    const port = (await host.start(0))!;
    try {
      await run({ host, port, events, fatal });
    } finally {
      await host.close();
    }
  });
}

/** A node that answers `shutdown` as the real one does. */
const answering =
  (script: (input: never) => readonly Effect[] | undefined = () => undefined) =>
  (input: { type: string; job?: Job; command?: { type: string } }) => {
    if (input.type === "command" && input.command?.type === "shutdown") {
      return [{ type: "answer", job: input.job!, answer: { type: "done" } } as const];
    }
    return script(input as never);
  };

async function client(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  return socket;
}

async function readAll(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

test("the first input is started, once", async () => {
  const node = new ScriptedNode(answering());
  await withHost(node, async () => {
    assert.deepEqual(node.inputs, [{ type: "started" }]);
  });
});

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

test("persist, load, sign and notify come back as inputs and events", async () => {
  const key = asciiBytes("k");
  const seal = new Uint8Array(64).fill(1);
  const signer = { sign: async () => seal, close: async () => {} };
  const request = { type: "seal", slot: 1, blockHash: hash, genesisHash: hash } as const;
  const event = { type: "seal-refused", slot: 1, reason: "r" } as const;
  const node = new ScriptedNode(
    answering((input: { type: string }) =>
      input.type === "started"
        ? [
            {
              type: "persist",
              ticket: 1 as Ticket,
              writes: [{ key, value: u32Bytes(7) }],
              sync: true,
            },
            { type: "load", job: 2 as Job, keys: [key, asciiBytes("none")] },
            { type: "sign", job: 4 as Job, request },
            { type: "notify", event },
          ]
        : undefined,
    ),
  );
  await withHost(
    node,
    async ({ events }) => {
      assert.deepEqual(await node.heard("persisted"), { type: "persisted", through: 1 });
      const { job, values } = await node.heard("loaded");
      assert.equal(job, 2);
      assert.deepEqual([...values[0]!], [...u32Bytes(7)]);
      assert.equal(values[1], undefined);
      assert.deepEqual(await node.heard("signed"), { type: "signed", job: 4, signature: seal });
      assert.deepEqual(events, [event]);
    },
    { signer },
  );
});

test("signing without a key, and a signer that throws, are refusals", async () => {
  const request = { type: "seal", slot: 1, blockHash: hash, genesisHash: hash } as const;
  const script = answering((input: { type: string }) =>
    input.type === "started" ? [{ type: "sign", job: 2 as Job, request }] : undefined,
  );
  const without = new ScriptedNode(script);
  await withHost(without, async () => {
    assert.match((await without.heard("signed")).reason!, /no validator key/);
  });
  const broken = new ScriptedNode(script);
  const signer = { sign: () => Promise.reject(new Error("gone")), close: async () => {} };
  const run = async () => assert.equal((await broken.heard("signed")).reason, "gone");
  await withHost(broken, run, { signer });
});

test("a command is answered by its own job, also from inside an event", async () => {
  const id = "00".repeat(32);
  let asked: Promise<unknown> | undefined;
  const node = new ScriptedNode(
    answering((input: { type: string; job: Job }) => {
      if (input.type === "started") {
        return [{ type: "notify", event: { type: "transaction-accepted", id } } as Effect];
      }
      if (input.type !== "command") return undefined;
      return [{ type: "answer", job: input.job, answer: { type: "accepted", id } } as Effect];
    }),
  );
  const bytes = new Uint8Array(1);
  const onEvent = (_event: NodeEvent, host: Host) => {
    asked ??= host.command({ type: "submit-transaction", bytes });
  };
  await withHost(
    node,
    async ({ host }) => {
      assert.deepEqual(await asked, { type: "accepted", id });
      const answer = await host.command({ type: "submit-transaction", bytes });
      assert.deepEqual(answer, { type: "accepted", id });
      const jobs = node.of("command").map(({ job }) => job % 2);
      assert.deepEqual(jobs, [1, 1], "the host numbers odd");
    },
    { onEvent },
  );
});

test("a tick comes when the deadline is reached, never before it", async () => {
  const node: ScriptedNode = new ScriptedNode(
    answering((input: { type: string }) => {
      if (input.type === "started") node.deadline = Math.floor(performance.now()) + 15;
      if (input.type !== "tick") return undefined;
      assert.ok(performance.now() >= node.deadline);
      node.deadline = Number.POSITIVE_INFINITY;
      return undefined;
    }),
  );
  await withHost(node, async () => {
    await node.heard("tick");
    await nextTurn();
    assert.equal(node.of("tick").length, 1);
  });
});

test("a core that throws is fatal: told once, and nothing is handled afterwards", async () => {
  const fault = new Error("our bug");
  const node = new ScriptedNode((input) => {
    if (input.type === "bytes") throw fault;
    return undefined;
  });
  await withHost(node, async ({ port, fatal, host }) => {
    const socket = await client(port);
    socket.write("x");
    assert.equal(await fatal, fault);
    await once(socket.resume(), "close");
    const count = node.inputs.length;
    const answer = await host.command({ type: "connect", address: "127.0.0.1:1" });
    assert.equal(answer.type, "refused");
    assert.equal(node.inputs.length, count);
  });
});

test("a tick that leaves the deadline behind is our bug, not a hot loop", async () => {
  const node = new ScriptedNode(answering());
  node.deadline = 0;
  await withHost(node, async ({ fatal }) => {
    assert.match(String(await fatal), /a tick moves the deadline ahead/);
    assert.equal(node.of("tick").length, 1);
  });
});

test("closing says goodbye, waits for the last write, and arms no timer again", async () => {
  let shutdownJob: Job | undefined;
  const node: ScriptedNode = new ScriptedNode((input) => {
    if (input.type === "persisted") {
      return [{ type: "answer", job: shutdownJob!, answer: { type: "done" } }];
    }
    if (input.type !== "command") return undefined;
    shutdownJob = input.job;
    node.queue(conn, "LAST");
    return [
      { type: "close", conn },
      { type: "persist", ticket: 1 as Ticket, writes: [], sync: true },
    ];
  });
  node.deadline = Math.floor(performance.now()) + 3_600_000;
  await withHost(node, async ({ port, host }) => {
    const socket = await client(port);
    await node.heard("connected");
    await nextTurn();
    const text = readAll(socket);
    const closing = host.close();
    assert.equal(host.close(), closing, "closing twice is closing once");
    node.deadline = 0; // Were a timer armed now, a tick would come and be fatal.
    await closing;
    assert.equal(await text, "LAST");
    assert.equal(node.of("persisted").length, 1);
    assert.deepEqual(node.of("tick"), []);
    assert.deepEqual(node.of("closed"), []);
    const { alarm } = host as unknown as { alarm: { isArmed: boolean } };
    assert.equal(alarm.isArmed, false);
    const timers = process.getActiveResourcesInfo().filter((name) => /Timeout|TCP/.test(name));
    assert.deepEqual(timers, []);
    const refused = await host.command({ type: "connect", address: "127.0.0.1:1" });
    assert.equal(refused.type, "refused");
  });
});

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
