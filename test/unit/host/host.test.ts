/** The loop of the host beside its sockets: inputs, jobs, ticks, faults and the end. */
import assert from "node:assert/strict";
import { once } from "node:events";
import test from "node:test";
import { asciiBytes, u32Bytes } from "../../../src/base/bytes.ts";
import type { Job, Ticket } from "../../../src/edge/conn.ts";
import type { Effect } from "../../../src/edge/effect.ts";
import type { NodeEvent } from "../../../src/edge/event.ts";
import type { Host } from "../../../src/host/host.ts";
import type { Signer, Verifier } from "../../../src/host/host-parts.ts";
import type { PublicKey } from "../../../src/model/ids.ts";
import { answering, client, conn, hash, nextTurn, readAll, withHost } from "./host-bench.ts";
import { ScriptedNode } from "./scripted-node.ts";

test("the first input is started, once", async () => {
  const node = new ScriptedNode(answering());
  await withHost(node, async () => {
    assert.deepEqual(node.inputs, [{ type: "started" }]);
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

test("a body is checked with the keys of its certifiers, and a vote is signed as asked", async () => {
  const asked: unknown[] = [];
  const verifier: Verifier = {
    verify: (check, done) => {
      asked.push(check);
      setImmediate(() => done(-2));
    },
    close: () => {},
  };
  const signer: Signer = {
    sign: async (request) => {
      asked.push(request);
      return { refused: "floor" };
    },
    close: async () => {},
  };
  const certifiers = ["ab" as PublicKey];
  const check = { of: "body", domain: hash, bytes: new Uint8Array(4), certifiers } as const;
  const request = { type: "vote", data: new Uint8Array(80), genesisHash: hash } as const;
  const script = answering((input: { type: string }) =>
    input.type === "started"
      ? [
          { type: "verify", job: 2 as Job, check },
          { type: "sign", job: 4 as Job, request },
        ]
      : undefined,
  );
  const node = new ScriptedNode(script);
  const run = async () => {
    assert.deepEqual(await node.heard("verified"), { type: "verified", job: 2, firstBad: -2 });
    assert.equal((await node.heard("signed")).reason, "floor");
    assert.deepEqual(asked, [check, request]);
  };
  await withHost(node, run, { signer, verifier });
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
