/** Threat table 22: one operator with hundreds of addresses of one network takes no more than its part. */
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { Client } from "./client.ts";
import { HonestClient } from "./honest-client.ts";
import { Stage } from "./stage.ts";

const peersMax = 48;
let stage: Stage;
const guests: Client[] = [];
afterEach(() => {
  for (const client of guests.splice(0)) client.destroy();
});
before(async () => {
  stage = await Stage.start({ more: ["--max-peers", String(peersMax)] });
});
after(() => stage?.end());

async function honestAt(localAddress: string): Promise<HonestClient> {
  const peer = await HonestClient.connect(stage.target, { localAddress });
  guests.push(peer.client);
  return peer;
}

async function greetAll(addresses: readonly string[]): Promise<Client[]> {
  const queue = [...addresses];
  const clients: Client[] = [];
  const lane = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const client = await Client.connect(stage.target, { localAddress: next }).catch(
        () => undefined,
      );
      if (client === undefined) continue;
      clients.push(client);
      guests.push(client);
    }
  };
  await Promise.all(Array.from({ length: 8 }, lane));
  return clients;
}

test("row 22: 500 addresses of one /16 hold at most a quarter of the inbound slots", async (t) => {
  const honest: HonestClient[] = [];
  for (let at = 0; at < 8; at++) {
    honest.push(await honestAt(`127.${81 + at}.0.1`));
  }
  const addresses = Array.from({ length: 500 }, (_, at) => `127.77.${at >> 8}.${at & 255}`);
  let held = 0;
  let stayed = 0;
  const sybils: Client[] = [];
  await stage.attack(
    t,
    async () => {
      sybils.push(...(await greetAll(addresses)));
      const newcomer = await honestAt("127.90.0.1");
      await newcomer.client.ping();
      newcomer.client.destroy();
      held = sybils.filter((client) => client.isOpen).length;
      stayed = honest.filter(({ client }) => client.isOpen).length;
    },
    { told: () => `${held} of 500 hold a slot, ${stayed} of 8 honest stayed` },
  );
  assert.equal(stayed, honest.length);
  assert.ok(held <= peersMax / 4, `${held} connections of one /16`);
});

test("row 22: 300 addresses of 10 networks displace no long-standing honest peer", async (t) => {
  const honest: HonestClient[] = [];
  for (let at = 0; at < 8; at++) {
    honest.push(await honestAt(`127.${101 + at}.0.1`));
  }
  // What an honest peer is spared for: it answers fast, and it brings what is new.
  for (const { client } of honest) await client.ping();
  const addresses = Array.from(
    { length: 300 },
    (_, at) => `127.${180 + (at % 10)}.0.${1 + (at >> 3)}`,
  );
  const sybils: Client[] = [];
  const counts = { held: 0, stayed: 0 };
  await stage.attack(
    t,
    async () => {
      sybils.push(...(await greetAll(addresses)));
      const newcomer = await honestAt("127.91.0.1");
      await newcomer.client.ping();
      newcomer.client.destroy();
      counts.held = sybils.filter((client) => client.isOpen).length;
      counts.stayed = honest.filter(({ client }) => client.isOpen).length;
    },
    { told: () => `${counts.held} sybils hold a slot, ${counts.stayed} of 8 honest stayed` },
  );
  assert.ok(counts.stayed >= honest.length / 2, `${counts.stayed} of 8 honest stayed`);
});
