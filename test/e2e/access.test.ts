/** Bans by the command line, sentries, private peers and permissioned nodes, with real processes. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { type Fact, NodeProcess } from "../support/node-process.ts";
import { cli } from "../unit/cli/cli-under-test.ts";
import { inFolder } from "../unit/host/temporary-folder.ts";

const timeout = 120_000;

const idOf = async (node: NodeProcess) => (await node.started())["nodeId"] as string;
const event =
  (type: string, matches: (fact: Fact) => boolean = () => true) =>
  (fact: Fact) =>
    fact["event"] === type && matches(fact) ? fact : undefined;

async function peersOf(node: NodeProcess): Promise<{ nodeId: string; validator: boolean }[]> {
  const response = await fetch(`http://127.0.0.1:${node.http}/api/peers`);
  return ((await response.json()) as { peers: { nodeId: string; validator: boolean }[] }).peers;
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => resolve(true)).on("error", () =>
      resolve(false),
    );
    socket.unref();
    setTimeout(() => socket.destroy(), 200).unref();
  });
}

test(
  "an identity banned by the command line is cut off, and stays so over a restart",
  { timeout },
  () =>
    inFolder(async (folder) => {
      const dirA = join(folder, "a");
      let a = await NodeProcess.start({ dataDir: dirA });
      const more = ["--connect", `127.0.0.1:${a.listen}`];
      const b = await NodeProcess.start({ dataDir: join(folder, "b"), more });
      const id = await idOf(b);
      await a.events.wait(
        "b is here",
        event("peer-ready", (fact) => fact["nodeId"] === id),
      );
      const url = ["--node", `http://127.0.0.1:${a.http}`, "--json"];
      const token = ["--token-file", join(dirA, "api-token")];
      const shown = await cli(["peers", "show", id, ...url]);
      assert.equal(shown.code, 0, shown.err);
      assert.ok(shown.json().value > 0);
      const refused = await cli(["bans", "add", id, ...url, "--token-file", join(folder, "none")]);
      assert.equal(refused.code, 2);
      const made = await cli([
        "bans",
        "add",
        id,
        "--for",
        "1h",
        "--reason",
        "test",
        ...url,
        ...token,
      ]);
      assert.equal(made.code, 0, made.err);
      await a.events.wait(
        "b is cut off",
        event("peer-closed", (fact) => fact["code"] === "banned"),
      );
      await a.interrupt();
      a = await NodeProcess.start({ dataDir: dirA, listen: a.listen, http: a.http });
      await a.events.wait(
        "b is refused",
        event("connection-refused", (fact) => fact["code"] === "banned"),
        { timeoutMs: 30_000 },
      );
      assert.equal((await cli(["bans", "lift", id, ...url, ...token])).code, 0);
      await a.events.wait(
        "b is back",
        event("peer-ready", (fact) => fact["nodeId"] === id),
        {
          timeoutMs: 60_000,
        },
      );
      for (const node of [a, b]) await node.interrupt();
    }),
);

test("a validator behind a sentry has no port, one peer, and no name out there", { timeout }, () =>
  inFolder(async (folder) => {
    const first = await NodeProcess.start({ dataDir: join(folder, "v") });
    const validator = await idOf(first);
    const more = ["--connect", `127.0.0.1:${first.listen}`];
    const early = await NodeProcess.start({ dataDir: join(folder, "s"), more });
    const sentry = await idOf(early);
    await first.events.wait("they met", event("peer-ready"));
    for (const node of [early, first]) await node.interrupt();
    const s = await NodeProcess.start({
      dataDir: join(folder, "s"),
      more: ["--private-peers", validator],
    });
    const v = await NodeProcess.start({
      dataDir: join(folder, "v"),
      more: ["--sentries", `${sentry}@127.0.0.1:${s.listen}`],
    });
    await s.events.wait("the validator dials", event("peer-ready"), { timeoutMs: 30_000 });
    const x = await NodeProcess.start({
      dataDir: join(folder, "x"),
      more: ["--connect", `127.0.0.1:${s.listen}`],
    });
    await x.events.wait("the stranger follows", event("head-moved"), { timeoutMs: 30_000 });
    assert.equal(await isOpen(v.listen), false);
    assert.deepEqual(
      (await peersOf(v)).map(({ nodeId }) => nodeId),
      [sentry],
    );
    const marked = (await peersOf(s)).find(({ nodeId }) => nodeId === validator);
    assert.equal(marked?.validator, true, "it has proved its key to its sentry");
    assert.deepEqual(
      (await peersOf(x)).map(({ nodeId }) => nodeId),
      [sentry],
    );
    for (const node of [x, v, s]) await node.interrupt();
  }),
);

test("a permissioned node keeps strangers out, and takes whom its list names", { timeout }, () =>
  inFolder(async (folder) => {
    const early = await NodeProcess.start({ dataDir: join(folder, "a") });
    const more = ["--connect", `127.0.0.1:${early.listen}`];
    const b = await NodeProcess.start({ dataDir: join(folder, "b"), more });
    await early.events.wait("b is here", event("peer-ready"));
    const list = join(folder, "allowed.txt");
    writeFileSync(list, "# nobody yet\n");
    await early.interrupt();
    const ports = { listen: early.listen, http: early.http };
    const strict = ["--permissioned", "--allow-list", list];
    const closed = await NodeProcess.start({ dataDir: join(folder, "a"), ...ports, more: strict });
    await closed.events.wait(
      "b is refused",
      event("connection-refused", (fact) => fact["code"] === "not-a-member"),
      { timeoutMs: 60_000 },
    );
    await closed.interrupt();
    writeFileSync(list, `${await idOf(b)} # a member\n`);
    const open = await NodeProcess.start({ dataDir: join(folder, "a"), ...ports, more: strict });
    await open.events.wait("b is in", event("peer-ready"), { timeoutMs: 90_000 });
    for (const node of [open, b]) await node.interrupt();
  }),
);
