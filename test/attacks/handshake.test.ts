/** Threat table 1, 13, 18: strangers who take their time, come in thousands, or bring bad keys. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { join, unhex, zeros } from "../support/independent-decoder/bytes.ts";
import { magicOf } from "../support/independent-decoder/opening.ts";
import { RawClient } from "../support/raw-client.ts";
import { Client } from "./client.ts";
import { Dialled, openingBytes, openingOf } from "./client-handshake.ts";
import { Stage } from "./stage.ts";
import { openFiles, quantile, untilFilesAre } from "./watch.ts";

let stage: Stage;
before(async () => {
  stage = await Stage.start();
});
after(() => stage?.end());

/** An address of `group` (127.group/16), another for each `at`. */
const addressIn = (group: number, at: number) => `127.${group}.${(at >> 8) & 255}.${at & 255}`;
const openingOfInitiator = () => openingOf(magicOf(stage.target.genesisHash), 1, 32);

/** A newcomer gets in, however often it must knock; how long it took. */
async function newcomerMs(timeoutMs: number): Promise<number> {
  const begunAt = performance.now();
  for (;;) {
    try {
      const client = await Client.connect(stage.target);
      await client.ping();
      client.destroy();
      return performance.now() - begunAt;
    } catch (error) {
      if (performance.now() - begunAt > timeoutMs) {
        throw new Error("no newcomer got in while strangers held the door", { cause: error });
      }
    }
  }
}

test("row 1: 1,000 sockets that give a byte a second keep no newcomer out, and end by the deadline", async (t) => {
  const { target } = stage;
  const filesBefore = openFiles(stage.victim);
  const bytes = join(openingOfInitiator(), randomBytes(32));
  const raws: RawClient[] = [];
  let newcomer = 0;
  let at = 0;
  const drip = setInterval(() => {
    at++;
    for (const raw of raws) {
      if (raw.socket.writable) raw.write(bytes.subarray(at - 1, at));
    }
  }, 1_000);
  const begunAt = performance.now();
  let lastMs = 0;
  try {
    await stage.attack(
      t,
      async () => {
        for (let batch = 0; batch < 10; batch++) {
          const dials = Array.from({ length: 100 }, (_, i) =>
            RawClient.dial(target.port, addressIn(30 + (i % 50), batch * 100 + i)),
          );
          raws.push(...(await Promise.all(dials)));
        }
        newcomer = await newcomerMs(5_000);
        lastMs = Math.max(...(await Promise.all(raws.map((raw) => raw.closed)))) - begunAt;
      },
      {
        told: () =>
          `newcomer in after ${newcomer.toFixed(0)} ms, all closed at ${lastMs.toFixed(0)} ms`,
      },
    );
  } finally {
    clearInterval(drip);
    for (const raw of raws) raw.destroy();
  }
  assert.ok(lastMs < 25_000, `the last was closed after ${lastMs} ms; the deadline is 10 s`);
  await untilFilesAre(stage.victim, filesBefore);
});

test("row 13: strangers make the node do curve arithmetic all the time; newcomers still get in", async (t) => {
  const { target } = stage;
  const newcomers: number[] = [];
  let [answered, dialled, isOver] = [0, 0, false];
  const hammer = async (lane: number) => {
    for (let at = 0; !isOver; at++) {
      const raw = await RawClient.dial(target.port, addressIn(100 + lane, at));
      dialled++;
      // Costs us nothing and the node two products and a signature.
      raw.write(join(openingOfInitiator(), randomBytes(32)));
      const isAnswered = await Promise.race([
        raw.read(openingBytes).then(
          () => true,
          () => false,
        ),
        raw.closed.then(() => false),
      ]);
      if (isAnswered) answered++;
      raw.destroy();
    }
  };
  const begunAt = performance.now();
  await stage.attack(
    t,
    async () => {
      const lanes = Array.from({ length: 16 }, (_, lane) => hammer(lane));
      for (let at = 0; at < 20; at++) newcomers.push(await newcomerMs(10_000));
      isOver = true;
      await Promise.all(lanes);
    },
    {
      told: () => {
        const seconds = (performance.now() - begunAt) / 1_000;
        const worst = quantile(newcomers, 0.99).toFixed(0);
        const rate = `${(dialled / seconds).toFixed(0)} dials/s, ${(answered / seconds).toFixed(0)} answered/s`;
        return `${rate}, honest handshake p50 ${quantile(newcomers, 0.5).toFixed(0)}, p99 ${worst} ms`;
      },
    },
  );
  assert.ok(Math.max(...newcomers) < 10_000);
});

interface Wycheproof {
  readonly testGroups: readonly {
    readonly tests: readonly { readonly public: string; readonly shared: string }[];
  }[];
}

function pointsOfSmallOrder(): readonly Uint8Array[] {
  const path = new URL("../vectors/wycheproof/x25519_test.json.gz", import.meta.url);
  const all = JSON.parse(gunzipSync(readFileSync(path)).toString("utf8")) as Wycheproof;
  const tests = all.testGroups.flatMap((group) => group.tests);
  return tests.filter(({ shared }) => /^(00){32}$/.test(shared)).map((one) => unhex(one.public));
}

test("row 18: points of small order, as ephemeral and as static key", async (t) => {
  const points = pointsOfSmallOrder();
  assert.ok(points.length >= 31);
  await stage.attack(
    t,
    async () => {
      for (const point of points) {
        const raw = await RawClient.dial(stage.target.port);
        raw.write(join(openingOfInitiator(), point));
        await raw.closed;
        assert.equal(raw.received.length, 0, "as ephemeral key it is answered by nothing");
        const dialled = await Dialled.begin(stage.target);
        // All that follows is right, for one who takes the zeros for a secret.
        const lie = { noiseStatic: point, shared: zeros(32), signed: { noiseStatic: point } };
        dialled.raw.write(dialled.message3(lie));
        await dialled.raw.closed;
        assert.equal(dialled.raw.received.length, 0, "as static key it proves nothing");
      }
    },
    { told: () => `${points.length} points` },
  );
});

test("row 18: an identity that is not bound to this session's keys is none", async (t) => {
  const honestId = stage.honest.client.keys.nodeId;
  await stage.attack(t, async () => {
    const other = await Dialled.begin(stage.target);
    const lies = [
      { nodeId: honestId },
      { signed: { noiseStatic: randomBytes(32) } },
      { signed: { h: randomBytes(32) } },
      { nodeId: zeros(32) },
      { nodeId: join(Uint8Array.of(1), zeros(31)) },
    ];
    for (const lie of lies) {
      const dialled = await Dialled.begin(stage.target);
      dialled.raw.write(dialled.message3(lie));
      await dialled.raw.closed;
      assert.equal(dialled.raw.received.length, 0, "no frame for who is not proven");
    }
    other.raw.destroy();
  });
});
