/** Threat table 50, 51: an attacker who writes our log, in length or in meaning. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { join } from "../support/independent-decoder/bytes.ts";
import { RawClient } from "../support/raw-client.ts";
import { entriesOf, randomTold } from "./addresses.ts";
import { Client, payloadOf, say } from "./client.ts";
import { Dialled, helloOf } from "./client-handshake.ts";
import { Stage } from "./stage.ts";

let stage: Stage;
before(async () => {
  stage = await Stage.start();
});
after(() => stage?.end());

const logged = () => stage.victim.program.err;

test("row 50: 1,000 offences in five ways are some kilobytes of log, at level debug", async (t) => {
  const before = logged().length;
  let offences = 0;
  const ways: readonly (() => Promise<void>)[] = [
    async () => {
      const raw = await RawClient.dial(stage.target.port);
      raw.write(randomBytes(64));
      await raw.closed;
    },
    async () => {
      const raw = await RawClient.dial(stage.target.port);
      raw.socket.resetAndDestroy();
    },
    async () => {
      const dialled = await Dialled.begin(stage.target).catch(() => undefined);
      dialled?.raw.write(dialled.message3({ hello: Uint8Array.of(0xc1) }));
      await dialled?.raw.closed;
    },
    async () => {
      const client = await Client.greet(stage.target).catch(() => undefined);
      client?.sendPayload(Uint8Array.of(0xc1, 0xc1, 0xc1));
      await client?.raw.closed;
    },
    async () => {
      const client = await Client.greet(stage.target).catch(() => undefined);
      for (let at = 0; at < 10; at++) client?.send(say("peers", entriesOf(randomTold(1))));
      client?.destroy();
    },
  ];
  await stage.attack(
    t,
    async () => {
      const lane = async () => {
        while (offences < 1_000) await ways[offences++ % ways.length]!();
      };
      await Promise.all(Array.from({ length: 8 }, lane));
    },
    { told: () => `${offences} offences, ${logged().length - before} bytes of log` },
  );
  assert.ok(logged().length - before < 10_000_000, "the bar is 10 MB for ten minutes of attacks");
});

const agents = [
  "line\nbreak",
  "\u001b[2J\u001b]0;owned\u0007",
  '\r\n{"level":"fatal","msg":"owned"}',
  "nul\u0000byte",
  "\u009b31m",
  "right\u202eto left",
  "x".repeat(65),
  "x".repeat(800),
];
/** Printable, so that they may come in: they must not mean anything either. */
const sly = ['","level":"fatal","msg":"owned', "%s%d%j%o", "\\u001b[2J", "$(reboot) `reboot`"];

test("row 51: names that break lines, move cursors or forge entries", async (t) => {
  const from = logged().length;
  await stage.attack(
    t,
    async () => {
      for (const agent of agents) {
        const dialled = await Dialled.begin(stage.target);
        dialled.raw.write(dialled.message3({ hello: helloOf({ agent }) }));
        await dialled.raw.closed;
        assert.equal(dialled.raw.received.length, 0, `no frame for ${JSON.stringify(agent)}`);
      }
      for (const agent of sly) {
        const client = await stage.connect({ hello: { agent, seenAddress: agent } });
        client.sendPayload(payloadOf(say("disconnect", 1, agent)), 8);
        await client.raw.closed;
      }
      for (const text of ["\u001b[2J", "a\nb", "\u0000"]) {
        await stage.offends("an escape in a farewell", "bad-field", (client) =>
          client.sendPayload(payloadOf(say("disconnect", 1, text)), 8),
        );
      }
      const raw = await RawClient.dial(stage.target.port);
      raw.write(join(Buffer.from("GET /\u001b[2J HTTP/1.1\r\nX: \n\n"), randomBytes(100)));
      await raw.closed;
    },
    { told: () => `${agents.length + sly.length} names` },
  );
  for (const line of logged().slice(from).split("\n").slice(1, -1)) {
    assert.doesNotMatch(
      line,
      /[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/,
      `control characters: ${JSON.stringify(line)}`,
    );
    const entry = JSON.parse(line) as Readonly<Record<string, unknown>>;
    assert.doesNotMatch(String(entry["level"]), /fatal|error/, line);
    assert.notEqual(entry["msg"], "owned");
    assert.ok(line.length < 2_048, `a line of ${line.length} bytes`);
  }
});
