/** Too much of what is allowed, and what nobody asked for: bounded, and in the end turned away. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { concatBytes, readU32 } from "../../src/base/bytes.ts";
import { idBytes } from "../../src/model/ids.ts";
import { encodeOpening, noMagic } from "../../src/wire/opening.ts";
import { Peer, versionOne } from "../support/attacker.ts";
import { HonestPeer } from "../support/honest-peer.ts";
import {
  chainGoesOn,
  honest,
  megabyte,
  node,
  startWorld,
  stopWorld,
  target,
  transfer,
  unharmed,
  untilAllAgree,
} from "../support/hostile-world.ts";
import { until } from "../support/program.ts";
import { RawClient } from "../support/raw-client.ts";

before(startWorld);
after(stopWorld);

test("what nobody asked for adds up until the identity is turned away", async () => {
  const hash = randomBytes(32);
  const entries = new Uint8Array(0);
  const transaction = transfer(0, { nonce: 3n }).bytes;
  const { header, seal, body } = honest.head;
  const sealed = concatBytes(header.bytes, seal);
  const cases: readonly (readonly [string, (peer: Peer) => void])[] = [
    ["headers", (p) => p.sendBulk({ type: "headers", request: 9, headers: new Uint8Array(0) })],
    ["block_body", (p) => p.sendBulk({ type: "block_body", request: 9, hash, body: undefined })],
    ["peers", (p) => p.send({ type: "peers", entries })],
    ["new_block", (p) => p.send({ type: "new_block", header: sealed, body })],
    ["new_transaction", (p) => p.send({ type: "new_transaction", transaction })],
  ];
  for (const [name, act] of cases) {
    const from = node.events.items.length;
    const peer = await Peer.connect(target);
    act(peer);
    const isIt = (event: Record<string, unknown>) => event["address"] === peer.raw.address;
    assert.equal((await node.event("peer-blamed", isIt, from))["code"], "unsolicited", name);
    await peer.ping();
    peer.destroy();
    await unharmed(name);
  }
  // Stray answers that may only be late are nobody's fault.
  const late = await Peer.connect(target);
  late.send({ type: "pong", nonce: randomBytes(8), sentAtMs: 1 });
  late.send({ type: "not_found", items: concatBytes(Uint8Array.of(1), hash) });
  await late.ping();
  late.destroy();
  const seed = randomBytes(32);
  const nuisance = await Peer.connect(target, { seed });
  for (let i = 0; i < 25; i++) nuisance.send({ type: "peers", entries });
  assert.match(await nuisance.goodbye(), /added up/);
  const again = await Peer.connect(target, { seed });
  assert.equal((await again.next("disconnect")).code, "banned");
  await unharmed("a nuisance");
  await chainGoesOn();
});

test("a flood of questions and promises is bounded", async () => {
  const rss = node.rssBytes;
  const hash = honest.blocks.items[0]!.header.hash;
  const hashes = concatBytes(...Array.from({ length: 128 }, () => idBytes(hash)));
  const random = (kind: number) =>
    concatBytes(
      ...Array.from({ length: 1_024 }, () => concatBytes(Uint8Array.of(kind), randomBytes(32))),
    );
  const floods: readonly (readonly [string, (peer: Peer, at: number) => void])[] = [
    ["inv", (p, at) => p.send({ type: "inv", items: random(1 + (at % 2)) })],
    [
      "get_data of what is not there",
      (p, at) => p.send({ type: "get_data", items: random(1 + (at % 2)) }),
    ],
    [
      "get_headers",
      (p, at) =>
        p.send({
          type: "get_headers",
          request: at,
          locator: randomBytes(32),
          stop: new Uint8Array(32),
          count: 512,
        }),
    ],
    ["get_blocks", (p, at) => p.send({ type: "get_blocks", request: at, hashes })],
    ["get_peers", (p) => p.send({ type: "get_peers", count: 64 })],
    ["pings", (p) => p.send({ type: "ping", nonce: randomBytes(8), sentAtMs: 1 })],
  ];
  for (const [name, act] of floods) {
    // Without credit every bulk answer stays with the node.
    const peer = await Peer.connect(target, { hello: { bulkCredit: 0 } });
    for (let at = 0; at < 100; at++) act(peer, at);
    await unharmed(`a flood of ${name}`);
    peer.destroy();
  }
  const burst = await Peer.connect(target, { hello: { bulkCredit: 0 } });
  // The first are answered until the lane of answers is full, which depends on the block.
  for (let frame = 0; frame < 4; frame++) {
    const many = Array.from(
      { length: 100 },
      (_, at) => ({ type: "get_blocks", request: 100 * frame + at, hashes }) as const,
    );
    burst.send(...many);
  }
  assert.match(await burst.goodbye(), /added up/, "more questions at once than are kept");
  await chainGoesOn();
  const grownBytes = node.rssBytes - rss;
  assert.ok(grownBytes < 60 * megabyte, `memory grew by ${grownBytes} bytes`);
});

test("a genesis request is served whatever follows it, and a flood of them is bounded", async () => {
  const request = encodeOpening({
    magic: noMagic,
    role: "genesis-request",
    ...versionOne,
    flightBytes: 0,
  });
  const expected = readFileSync(join(node.dataDir, "network.json"));
  const ask = async (more: Uint8Array) => {
    const raw = await RawClient.dial(node.listen);
    raw.write(concatBytes(request, more));
    await raw.closed;
    return raw.received;
  };
  const junk = await ask(randomBytes(5_000));
  assert.equal(readU32(junk, 0), expected.length);
  assert.deepEqual(Buffer.from(junk.subarray(4)), expected);
  await unharmed("junk after a genesis request");
  const rss = node.rssBytes;
  const answers: Uint8Array[] = [];
  for (let round = 0; round < 15; round++) {
    answers.push(...(await Promise.all(Array.from({ length: 20 }, () => ask(new Uint8Array(0))))));
  }
  const served = answers.filter((answer) => answer.length === 4 + expected.length).length;
  // 16 at once and 2 a second (08-limits): more would draw 256 KiB for 16 bytes each.
  assert.ok(served >= 10 && served <= 60, `${served} of ${answers.length} were served`);
  assert.ok(
    answers.every((answer) => answer.length === 0 || answer.length === 4 + expected.length),
  );
  const grownBytes = node.rssBytes - rss;
  assert.ok(grownBytes < 60 * megabyte, `memory grew by ${grownBytes} bytes`);
  await chainGoesOn();
});

test("one address cannot take all handshakes, and another address still gets in", async () => {
  const idle = await Promise.all(Array.from({ length: 40 }, () => RawClient.dial(node.listen)));
  const open = new Set(idle);
  for (const raw of idle) void raw.closed.then(() => open.delete(raw));
  await until(
    "all beyond 16 are closed",
    () => Promise.resolve(open.size <= 16 || undefined),
    [node.program],
    5_000,
  );
  assert.equal(open.size, 16);
  const neighbour = await HonestPeer.connect(target, { localAddress: "127.0.0.2" });
  await neighbour.peer.ping();
  neighbour.peer.destroy();
  for (const raw of idle) raw.destroy();
  await unharmed("idle sockets");
});

test(
  "in the end the chain goes on, nobody honest was cut off, the log stayed small",
  untilAllAgree,
);
