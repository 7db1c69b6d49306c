/** Threat table 21, 23, 24, 60: what a peer tells about others, to be dialled or not. */
import assert from "node:assert/strict";
import { readdirSync, statSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { NodeProcess } from "../support/node-process.ts";
import { until } from "../support/program.ts";
import { entriesOf, randomTold, type Told } from "./addresses.ts";
import { type Fields, say } from "./client.ts";
import type { Target } from "./client-handshake.ts";
import { type Accepted, Listener } from "./client-listener.ts";
import { Stage } from "./stage.ts";
import { megabyte } from "./watch.ts";

/** Told in answer to the victim's question. */
const lies: Told[] = [];
let stage: Stage;
let poisoner: Listener;
/** One process behind all of 127.66.0.0/16, and honest ones in networks of their own. */
let sybils: Listener;
const honest: Listener[] = [];
const traps: { readonly server: Server; readonly told: Told; knocks: number }[] = [];

async function trap(ip: string, port = 0): Promise<Told> {
  const server = createServer((socket) => {
    one.knocks++;
    socket.destroy();
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, ip, resolve);
  });
  const told = { ip, port: (server.address() as { port: number }).port };
  const one = { server, told, knocks: 0 };
  traps.push(one);
  return told;
}

function answerWith(told: readonly Told[]) {
  return ({ client }: Accepted) => {
    const onMessage = (message: Fields) => {
      if (message["type"] === "get_peers") client.send(say("peers", entriesOf(told.slice(0, 64))));
    };
    client.onMessage = onMessage;
    for (const message of client.inbox.items) onMessage(message);
  };
}

/** The victim's operator named one peer that lies about everybody else. */
async function dials({ genesisHash, port }: Target): Promise<readonly string[]> {
  sybils = await Listener.open({ genesisHash, hello: { agent: "sybil/1" } });
  for (const ip of ["127.71.0.1", "127.72.0.1", "127.73.0.1", "127.74.0.1"]) {
    const listener = await Listener.open({ genesisHash, host: ip });
    honest.push(listener);
    lies.push({ ip, port: listener.port });
  }
  for (let at = 0; at < 40; at++) lies.push({ ip: `127.66.${at}.1`, port: sybils.port });
  // Ports of services, and addresses that mean nobody or everybody.
  lies.push(await trap("127.75.0.1", 25), await trap("127.75.0.2", 1_023));
  for (const ip of ["0.0.0.0", "255.255.255.255", "224.0.0.1", "169.254.169.254"]) {
    lies.push({ ip, port: sybils.port });
  }
  lies.push({ ip: "127.0.0.1", port });
  poisoner = await Listener.open({ genesisHash, host: "127.0.0.1", onClient: answerWith(lies) });
  return [`127.0.0.1:${poisoner.port}`];
}

before(async () => {
  stage = await Stage.start({ dials });
});
after(async () => {
  for (const listener of [poisoner, sybils, ...honest]) listener?.close();
  for (const { server } of traps) server.close();
  await stage?.end();
});

interface PeerView {
  readonly address: string;
  readonly direction: string;
  readonly agent: string | null;
}

async function outbound(node: NodeProcess = stage.victim): Promise<readonly PeerView[]> {
  const { peers } = await node.get("/api/peers");
  return (peers as readonly PeerView[]).filter(({ direction }) => direction === "outbound");
}

test("row 21: of one network at most one is dialled, whatever share of the answers it is", async (t) => {
  let counts = { sybils: 0, honest: 0 };
  await stage.attack(
    t,
    async () => {
      const isDiverse = async () => {
        const all = await outbound();
        const from = (prefix: string) => all.filter((p) => p.address.startsWith(prefix)).length;
        counts = { sybils: from("127.66."), honest: from("127.7") };
        return counts.honest === honest.length || undefined;
      };
      await until("all honest networks are dialled", isDiverse, []).catch(async (error: Error) => {
        const seen = (await outbound()).map(({ address }) => address).join(" ");
        throw new Error(`${error.message}; outbound: ${seen}`, { cause: error });
      });
    },
    {
      told: () =>
        `outbound: ${counts.honest} of ${honest.length} honest, ${counts.sybils} of 40 sybils`,
    },
  );
  assert.ok(counts.sybils <= 1, `${counts.sybils} outbound connections into one /16`);
});

test("row 24: ports of services, nobody, everybody and ourselves are not dialled on hearsay", async (t) => {
  const knocks = traps.reduce((sum, trapped) => sum + trapped.knocks, 0);
  t.diagnostic(`${t.name}: ${knocks} knocks at ${traps.length} traps`);
  assert.equal(knocks, 0);
  const names = stage.victim.events.items
    .filter((event) => event["event"] === "dialling")
    .map((event) => String(event["address"]));
  assert.ok(names.length > 0, "dials are in the log");
  const bad = names.filter((name) => /^(0\.|255\.|224\.|169\.254)/.test(name));
  assert.deepEqual(bad, []);
  const toHttp = names.filter((name) => name.endsWith(`:${stage.victim.http}`));
  assert.deepEqual(toHttp, [], "our own HTTP port");
  const toSelf = names.filter((name) => name === `127.0.0.1:${stage.victim.listen}`);
  assert.ok(toSelf.length <= 1, "ourselves are met once at most");
});

test("row 23: 100,000 addresses that nobody asked for, from a peer that the operator named", async (t) => {
  const until = performance.now() + 6_000;
  let told = 0;
  await stage.attack(
    t,
    async () => {
      const named = poisoner.open().find(({ client }) => client.isOpen)!.client;
      // A node that lets them wait has read enough of them.
      for (; told < 1_600 && named.isOpen && performance.now() < until; told++) {
        named.send(say("peers", entriesOf(randomTold(64))));
        await Promise.race([named.flushed(), pause(until - performance.now())]);
      }
      if (named.isOpen) await named.ping(3_000).catch(() => undefined);
    },
    { told: () => `${told * 64} addresses, ${(bookBytes() / 1_024).toFixed(0)} KiB on disk` },
  );
  assert.ok(bookBytes() < 4 * megabyte, "what is kept of it is bounded");
});

test("row 23: a million addresses, of as many peers as it takes, each as many as it may", async (t) => {
  const until = performance.now() + 40_000;
  let [told, peers, cutOff] = [0, 0, 0];
  const tell = async (localAddress: string) => {
    const client = await stage.connect({ localAddress }).catch(() => undefined);
    if (client === undefined) return;
    peers++;
    for (let at = 0; at < 26 && client.isOpen; at++, told += 64) {
      client.send(say("peers", entriesOf(randomTold(64))));
    }
    await Promise.race([client.flushed(), client.raw.closed, pause(1_000)]);
    await Promise.race([client.raw.closed, pause(50)]);
    cutOff += Number(!client.isOpen);
    client.destroy();
  };
  await stage.attack(
    t,
    async () => {
      const lane = async (from: number) => {
        for (let at = from; told < 1_000_000 && performance.now() < until; at += 8) {
          await tell(`127.${80 + (at % 150)}.${(at >> 8) & 255}.${1 + (at % 200)}`);
        }
      };
      await Promise.all(Array.from({ length: 8 }, (_, from) => lane(from)));
    },
    { told: () => `${told} addresses of ${peers} peers, ${cutOff} of them cut off at once` },
  );
  assert.ok(told > 100_000, `${told} addresses are no volume`);
  assert.ok(bookBytes() < 4 * megabyte, "what is kept of it is bounded");
});

/** All files of the data folder that are neither chain nor keys. */
function bookBytes(): number {
  const files = readdirSync(stage.victim.dataDir, { withFileTypes: true });
  const sizes = files
    .filter((file) => file.isFile())
    .map(({ name }) => statSync(join(stage.victim.dataDir, name)).size);
  return sizes.reduce((sum, size) => sum + size, 0);
}

test("row 23: a stranger who tells unasked is turned away", async () => {
  const nuisance = await stage.connect();
  for (let at = 0; at < 40 && nuisance.isOpen; at++) {
    nuisance.send(say("peers", entriesOf(randomTold(64))));
    await nuisance.flushed();
  }
  assert.match(await nuisance.goodbye(), /added up|unsolicited|flooding/);
  await stage.isUnharmed("told unasked");
});

test("row 60: who asks for addresses twice, or under two names, learns the same few", async (t) => {
  const answers: string[] = [];
  for (let at = 0; at < 4; at++) {
    const spy = await stage.connect({ localAddress: `127.${160 + at}.0.1` });
    spy.send(say("get_peers", 64));
    const { entries } = await spy.next("peers");
    answers.push(...(String(entries).match(/.{268}/g) ?? []).map((entry) => entry.slice(0, 36)));
    spy.destroy();
  }
  const distinct = new Set(answers).size;
  t.diagnostic(`${t.name}: ${answers.length} addresses told, ${distinct} different ones`);
  assert.ok(distinct <= 64, "a crawl does not read the whole book");
});

test("row 21: after a restart with all of that on disk it still dials one of each network", async (t) => {
  const { dataDir, listen, http } = stage.victim;
  await stage.victim.interrupt();
  const kept = bookBytes();
  assert.ok(kept < 4 * megabyte, `${kept} bytes are kept of a million addresses`);
  const more = ["--connect", `127.0.0.1:${poisoner.port}`];
  const again = await NodeProcess.start({ dataDir, listen, http, more });
  try {
    let counts = { sybils: 0, honest: 0 };
    await until(
      "all honest networks are dialled again",
      async () => {
        const all = await outbound(again);
        const from = (prefix: string) => all.filter((p) => p.address.startsWith(prefix)).length;
        counts = { sybils: from("127.66."), honest: from("127.7") };
        return counts.honest === honest.length || undefined;
      },
      [again.program],
      60_000,
    );
    t.diagnostic(`${t.name}: ${counts.honest} honest, ${counts.sybils} sybils, book ${kept} bytes`);
    assert.ok(counts.sybils <= 1, `${counts.sybils} outbound connections into one /16`);
  } finally {
    await again.program.end();
  }
});
