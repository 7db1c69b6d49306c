/** Threat table 11, 12, 27, 29, 48: an authenticated peer that sends as much as it can. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { join, u64, unhex, zeros } from "../support/independent-decoder/bytes.ts";
import type { Loose } from "../support/loose-msgpack.ts";
import { Client, payloadOf, say } from "./client.ts";
import { itemOf, randomItems, transfer } from "./objects.ts";
import { Stage } from "./stage.ts";
import { quantile } from "./watch.ts";

let stage: Stage;
before(async () => {
  stage = await Stage.start();
});
after(() => stage?.end());

/** Who is not read any more has poured enough. */
const pourMs = 3_000;

/** Sends frames as fast as the node reads them; returns how many before it was cut off. */
async function pour(
  client: Client,
  frames: number,
  payload: (at: number) => Uint8Array,
  flags = 0,
): Promise<number> {
  const until = performance.now() + pourMs;
  let at = 0;
  for (; at < frames && client.isOpen && performance.now() < until; at++) {
    client.sendPayload(payload(at), flags);
    await Promise.race([
      client.flushed(),
      pause(until - performance.now(), undefined, { ref: false }),
    ]);
  }
  return at;
}

/** All that was sent has been read: the answer to a ping is behind it. Or the node lets it wait. */
async function digested(client: Client): Promise<string> {
  const ended = client.raw.closed.then(() => "turned away");
  const read = client.ping(3_000).then(
    () => "read to the end",
    () => (client.isOpen ? "let wait" : "turned away"),
  );
  return await Promise.race([read, ended]);
}

test("row 11: 60,000 numbers that a peer chose, made to fall together", async (t) => {
  let how = "";
  await stage.attack(
    t,
    async () => {
      const client = await stage.connect();
      // Multiples of 2^32 as nonces; as requests numbers whose low bits agree.
      for (let frame = 0; frame < 5; frame++) {
        const pings = Array.from({ length: 4_000 }, (_, at) =>
          say("ping", u64(BigInt(frame * 4_000 + at) << 32n), 1),
        );
        client.sendPayload(payloadOf(...pings));
        await client.flushed();
      }
      how = await digested(client);
      client.destroy();
      const asker = await stage.connect();
      for (let at = 0; at < 40 && asker.isOpen; at++) {
        const request = (at << 20) >>> 0;
        asker.send(say("get_headers", request, randomBytes(32), zeros(32), 1));
      }
      await digested(asker);
      asker.destroy();
      const items = Buffer.from(randomItems("transaction", 1_024));
      for (let at = 0; at < items.length; at += 33) items.fill(0, at + 1, at + 29);
      const teller = await stage.connect();
      await pour(teller, 40, (round) => {
        for (let at = 0; at < items.length; at += 33)
          items.writeUInt32BE(round * 1_024 + at, at + 29);
        return payloadOf(say("inv", items));
      });
      await digested(teller);
      teller.destroy();
    },
    { told: () => how },
  );
});

test("row 12: signatures that are none: of frames, by 1 peer and by 20, that come again at once", async (t) => {
  const sent = { one: 0, twenty: 0 };
  const hammer = async (localAddress: string, until: number, key: keyof typeof sent) => {
    while (performance.now() < until) {
      const client = await Client.greet(stage.target, { localAddress }).catch(() => undefined);
      if (client === undefined) continue;
      // The first one already ends it: the others are only carried.
      const signature = randomBytes(64);
      const payload = payloadOf(say("ping", randomBytes(8), 1));
      const frames = Array.from({ length: 50 }, () => client.frame(0, payload, { signature }));
      client.raw.write(join(...frames));
      sent[key] += frames.length;
      await client.raw.closed;
    }
  };
  await stage.attack(
    t,
    async () => {
      await hammer("127.0.0.1", performance.now() + 1_500, "one");
      const until = performance.now() + 2_500;
      const all = Array.from({ length: 20 }, (_, at) =>
        hammer(`127.${140 + at}.0.1`, until, "twenty"),
      );
      await Promise.all(all);
    },
    { told: () => `${sent.one} frames of one, ${sent.twenty} of twenty` },
  );
});

test("row 12: the first bad signature of a transaction costs its bearer the connection", async (t) => {
  let tried = 0;
  await stage.attack(
    t,
    async () => {
      const seed = stage.accounts()[0]!.seed;
      for (; tried < 100; tried++) {
        const signature = randomBytes(64);
        const payload = randomBytes(32);
        const { id, bytes } = transfer(seed, stage.target.genesisHash, { signature, payload });
        const client = await stage.connect();
        client.send(say("inv", itemOf("transaction", id)));
        await client.next("get_data");
        client.send(...Array.from({ length: 20 }, () => say("new_transaction", bytes)));
        assert.match(await client.goodbye(), /^transaction-signature/);
      }
    },
    { told: () => `${tried} peers` },
  );
});

test("row 27: 50,000 random hashes, ten times over, of blocks and of transactions", async (t) => {
  let asked = 0;
  let how = "";
  await stage.attack(
    t,
    async () => {
      const client = await stage.connect();
      const frames = await pour(client, 40, (at) => {
        const kind = at % 2 === 0 ? "transaction" : "block";
        const many = Array.from({ length: 12 }, () => say("inv", randomItems(kind, 1_024)));
        return payloadOf(...many);
      });
      how = `${frames * 12 * 1_024} hashes ${await digested(client)}`;
      asked = client.inbox.items.filter(({ type }) => type === "get_data").length;
      assert.ok(asked <= frames * 12, `${asked} questions for ${frames * 12} announcements`);
      client.destroy();
    },
    { told: () => `${how}, ${asked} questions` },
  );
});

test("row 29: 1,000 questions for what is not there, without an end", async (t) => {
  const told: string[] = [];
  const genesis = unhex(String((await stage.victim.info())["genesisHash"]));
  const questions: readonly (readonly [string, (at: number) => readonly Loose[]])[] = [
    ["get_data", () => say("get_data", randomItems("transaction", 1_000))],
    ["get_data of blocks", () => say("get_data", randomItems("block", 1_000))],
    ["get_blocks", (at) => say("get_blocks", at, randomBytes(32 * 128))],
    ["get_headers", (at) => say("get_headers", at, randomBytes(32 * 64), zeros(32), 512)],
    ["get_headers of all", (at) => say("get_headers", at, genesis, zeros(32), 512)],
    ["get_peers", () => say("get_peers", 64)],
  ];
  await stage.attack(
    t,
    async () => {
      for (const [name, question] of questions) {
        // Without credit every answer in bulk stays with the node.
        const client = await stage.connect({ hello: { bulkCredit: 0 } });
        const sent = await pour(client, 100, (at) => payloadOf(question(at)));
        told.push(`${name} ${sent} ${await digested(client)}`);
        client.destroy();
      }
    },
    { told: () => told.join(", ") },
  );
});

test("row 48: one peer at line rate leaves the others their answers", async (t) => {
  const calm: number[] = [];
  for (let at = 0; at < 8; at++) calm.push(await stage.honest.client.ping());
  let sentBytes = 0;
  const figures = await stage.attack(
    t,
    async () => {
      const client = await stage.connect();
      await client.ping();
      const items = Array.from({ length: 15 }, () => say("not_found", randomItems("block", 1_024)));
      const payload = payloadOf(...items);
      const until = performance.now() + 3_000;
      while (performance.now() < until && client.isOpen) {
        client.sendPayload(payload);
        sentBytes += payload.length;
        await Promise.race([client.flushed(), pause(until - performance.now())]);
        // Lets the honest peer of this process be heard as well.
        await new Promise((resolve) => setImmediate(resolve));
      }
      client.destroy();
    },
    { told: () => `${(sentBytes / 1e6).toFixed(0)} MB sent` },
  );
  const [before, during] = [quantile(calm, 0.5), quantile(figures.pings, 0.5)];
  t.diagnostic(
    `${t.name}: median ping ${before.toFixed(1)} ms before, ${during.toFixed(1)} ms beside it`,
  );
  assert.ok(during < 20 * before + 250, `a ping took ${during} ms beside the flood`);
});
