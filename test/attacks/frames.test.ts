/** Threat table 2, 3, 4, 17: frames that lie about their length, bombs, bits flipped on the way. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { deflateRawSync, deflateSync } from "node:zlib";
import { join, u32 } from "../support/independent-decoder/bytes.ts";
import { magicOf } from "../support/independent-decoder/opening.ts";
import { RawClient } from "../support/raw-client.ts";
import { type Client, payloadOf, say } from "./client.ts";
import { frameHeader } from "./client-frames.ts";
import { Dialled, openingOf } from "./client-handshake.ts";
import { Stage } from "./stage.ts";
import { megabyte, openFiles, untilFilesAre } from "./watch.ts";

let stage: Stage;
before(async () => {
  stage = await Stage.start();
});
after(() => stage?.end());

const ping = () => payloadOf(say("ping", randomBytes(8), 1));
const header = (flags: number, bytes: number) =>
  frameHeader(magicOf(stage.target.genesisHash), flags, bytes);

const slow: { readonly clients: Client[]; readonly timers: NodeJS.Timeout[]; begunAt: number } = {
  clients: [],
  timers: [],
  begunAt: 0,
};

test("row 2: half a megabyte announced by 30 peers, then a byte a second", async (t) => {
  const announced = 524_280;
  const figures = await stage.attack(
    t,
    async () => {
      slow.begunAt = performance.now();
      for (let at = 0; at < 30; at++) {
        const client = await stage.connect({ localAddress: `127.${20 + at}.0.1` });
        client.raw.write(header(0, announced));
        client.silent = true;
        const timer = setInterval(() => client.raw.write(Uint8Array.of(1)), 1_000);
        void client.raw.closed.then(() => clearInterval(timer));
        slow.clients.push(client);
        slow.timers.push(timer);
      }
    },
    { told: () => `${slow.clients.length} x ${announced} bytes announced` },
  );
  assert.ok(figures.peakBytes < slow.clients.length * announced, "nothing is reserved unseen");
});

test("row 3: lengths that no frame may have, in every state", async (t) => {
  const lengths = [0xffffff, 0x7fffff, 0x800000, 524_281, 524_280 + 65_535, 0, 82, 65_536];
  const times: number[] = [];
  await stage.attack(
    t,
    async () => {
      for (const bytes of lengths) {
        for (const flags of [0, 1, 3]) {
          for (const isFirst of [true, false]) {
            const client = await stage.connect({ silent: true });
            if (!isFirst) client.sendPayload(ping());
            const sentAt = performance.now();
            client.raw.write(header(flags, bytes));
            const name = `${bytes} bytes, flags ${flags}, ${isFirst ? "first" : "later"} frame`;
            assert.match(
              await client.goodbye().catch((error: Error) => error.message),
              /^(frame-too-large|frame-length-impossible|more-chain-broken|credit-exceeded)/,
              name,
            );
            times.push(performance.now() - sentAt);
          }
        }
      }
      await beforeReady();
    },
    { told: () => `slowest farewell ${Math.max(...times).toFixed(0)} ms` },
  );
});

/** Lengths of the opening's flight and of message 3. */
async function beforeReady(): Promise<void> {
  const { target } = stage;
  for (const flightBytes of [0, 31, 33, 2_048, 2_049, 0x7fff, 0xffff]) {
    const raw = await RawClient.dial(target.port);
    raw.write(openingOf(magicOf(target.genesisHash), 1, flightBytes));
    raw.write(randomBytes(64));
    await raw.closed;
    assert.equal(raw.received.length, 0, `a flight of ${flightBytes} bytes is answered by nothing`);
  }
  for (const bytes of [0, 1, 160, 1_089, 0x7fff, 0x8000, 0xffff]) {
    const { raw } = await Dialled.begin(target);
    raw.write(join(Uint8Array.of(bytes >> 8, bytes & 255), randomBytes(200)));
    await raw.closed;
  }
}

test("row 4: a compressed bomb is refused by its flag, before its body", async (t) => {
  const bomb = deflateSync(new Uint8Array(64 * megabyte));
  await stage.attack(
    t,
    async () => {
      for (const flags of [4, 5, 6, 7, 12]) {
        await stage.offends(`flags ${flags}`, "bad-flags", (client) =>
          client.sendPayload(bomb, flags),
        );
      }
      await stage.offends("as a payload", "malformed-message", (client) =>
        client.sendPayload(bomb),
      );
    },
    { told: () => `${bomb.length} bytes for 64 MiB` },
  );
});

test("row 4: what both agreed to deflate inflates to no bomb", async (t) => {
  const [flags, hello] = [5, { features: [[6, 1]] }];
  const sent = (said: number, stream: Uint8Array) => join(u32(said), stream);
  const bomb = deflateRawSync(new Uint8Array(megabyte));
  const bodyOf = (bytes: number) => {
    const body = join(randomBytes(Math.ceil(bytes / 15)), new Uint8Array(bytes));
    const payload = payloadOf(say("block_body", 1, randomBytes(32), body.slice(0, bytes)));
    return sent(payload.length, deflateRawSync(payload));
  };
  const good = bodyOf(100_000);
  const bad: readonly (readonly [string, Uint8Array])[] = [
    ["a bomb that says so", sent(megabyte, bomb)],
    ["a bomb that says less", sent(16 * bomb.length, bomb)],
    ["4 GiB announced", sent(0xffffffff, bomb)],
    ["another length", join(u32(100_000), good.subarray(4))],
    ["no end", good.subarray(0, -9)],
    ["more behind it", join(good, randomBytes(9))],
    ["junk", sent(9_000, randomBytes(1_000))],
  ];
  let inflated = 0;
  await stage.attack(
    t,
    async () => {
      for (const [name, payload] of bad) {
        await stage.offends(name, "bad-deflate", (client) => client.sendPayload(payload, flags), {
          hello,
        });
      }
      // Nobody asked for these: points, and after twenty the end.
      for (let peer = 0; peer < 5; peer++) {
        const client = await stage.connect({ hello });
        for (let n = 0; n < 3; n++) client.sendPayload(bodyOf(1_000_000), flags);
        inflated += 3;
        await client.ping();
        client.destroy();
      }
    },
    { told: () => `${bad.length} bombs and lies, ${inflated} MB inflated that nobody asked for` },
  );
});

test("row 17: a bit flipped anywhere in a frame ends its session, and nothing of it counts", async (t) => {
  let tried = 0;
  await stage.attack(
    t,
    async () => {
      for (const at of [...Array(8).keys(), 8, 20, 60, 100, 130, -1, -16, -17]) {
        const client = await stage.connect();
        for (let sent = 0; sent < 5; sent++) await client.ping();
        const nonce = randomBytes(8);
        const bent = Buffer.from(client.frame(0, payloadOf(say("ping", nonce, 1))));
        const place = at < 0 ? bent.length + at : at % bent.length;
        bent[place]! ^= 1 << (tried++ % 8);
        // A good frame behind it must not be read: neither nonce nor sequence may go on.
        client.raw.write(join(bent, client.frame(0, ping()), new Uint8Array(70_000)));
        await client.raw.closed;
        const name = nonce.toString("hex");
        const answered = client.inbox.items.some(
          (m) => m["type"] === "pong" && m["nonce"] === name,
        );
        assert.ok(!answered, `a ping with a flipped bit at ${place} was answered`);
      }
    },
    { told: () => `${tried} places` },
  );
});

test("row 2: those who took their time were ended by the deadline, and their sockets are gone", async (t) => {
  const files = openFiles(stage.victim) - slow.clients.filter((client) => client.isOpen).length;
  const reasons = await Promise.all(slow.clients.map((client) => client.goodbye(60_000)));
  const tookMs = performance.now() - slow.begunAt;
  for (const reason of reasons) assert.match(reason, /^timeout-frame/);
  await untilFilesAre(stage.victim, files);
  await stage.isUnharmed(t.name);
  t.diagnostic(
    `${t.name}: ${reasons.length} closed, the last ${(tookMs / 1000).toFixed(1)} s after`,
  );
});
