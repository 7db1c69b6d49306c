/** Threat table 5 to 8: MsgPack that wants memory, depth, types or names that no message has. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { ascii, join, u32 } from "../support/independent-decoder/bytes.ts";
import { Client, numberOf, payloadOf, say } from "./client.ts";
import { Stage } from "./stage.ts";

let stage: Stage;
before(async () => {
  stage = await Stage.start();
});
after(() => stage?.end());

interface Case {
  readonly name: string;
  readonly payload: Uint8Array;
  readonly flags?: number;
}

const malformed = "malformed-message";

/** Each by an identity of its own, six at a time. */
async function refused(cases: readonly Case[], code: string | RegExp = malformed): Promise<void> {
  const queue = [...cases];
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const { name, payload, flags = 0 } = next;
      await stage.offends(name, code, async (client) => {
        // Past the first frame, which must be small.
        await client.ping();
        client.sendPayload(payload, flags);
      });
    }
  };
  await Promise.all(Array.from({ length: 6 }, worker));
}

const repeated = (count: number, ...bytes: readonly number[]) =>
  new Uint8Array(Buffer.alloc(Math.floor(count) * bytes.length, Uint8Array.from(bytes)));
/** A ping whose nonce is `value`, behind two array headers and the type. */
const asNonce = (value: Uint8Array) => join(Uint8Array.of(0x91, 0x93, numberOf("ping")), value);

test("row 5: arrays in arrays, 6 KB to half a megabyte of them", async (t) => {
  const bombs: Case[] = [];
  for (const size of [6_000, 64_000, 500_000]) {
    bombs.push({ name: `${size} x 91`, payload: repeated(size, 0x91) });
    bombs.push({ name: `${size} of dc ffff`, payload: repeated(size / 3, 0xdc, 0xff, 0xff) });
    bombs.push({
      name: `${size} of dd ffffffff`,
      payload: repeated(size / 5, 0xdd, 0xff, 0xff, 0xff, 0xff),
    });
    bombs.push({ name: `${size} x 91 as nonce`, payload: asNonce(repeated(size, 0x91)) });
  }
  const all = [...bombs, ...bombs, ...bombs];
  await stage.attack(t, () => refused(all), { told: () => `${all.length} bombs` });
});

test("row 6: headers that promise gigabytes, five bytes each", async (t) => {
  const types = [0xc6, 0xdb, 0xdd, 0xdf, 0xc9];
  const lengths = [0xffffffff, 0x7fffffff, 0x80000000, 0x10000000, 1_000_000];
  const headers = types.flatMap((type) =>
    lengths.map((length) => ({ type, length, bytes: join(Uint8Array.of(type), u32(length)) })),
  );
  const cases = headers.flatMap(({ type, length, bytes }) => {
    const name = `${type.toString(16)} of ${length}`;
    const pad = new Uint8Array(16);
    return [
      { name: `${name} as payload`, payload: join(bytes, pad) },
      { name: `${name} as message`, payload: join(Uint8Array.of(0x91), bytes, pad) },
      { name: `${name} as nonce`, payload: asNonce(join(bytes, pad)) },
    ];
  });
  await stage.attack(t, () => refused(cases, /^(malformed-message|bad-field)/), {
    told: () => `${cases.length} headers`,
  });
});

test("row 7: every extension type, as a payload and as a field", async (t) => {
  const cases: Case[] = [];
  for (let type = 0; type < 256; type++) {
    const body = new Uint8Array(16);
    cases.push({
      name: `fixext 16 of type ${type}`,
      payload: asNonce(join(Uint8Array.of(0xd8, type), body)),
    });
    if (type % 16 !== 0) continue;
    cases.push({
      name: `ext 8 of type ${type}`,
      payload: join(Uint8Array.of(0x91, 0x93, 0xc7, 16, type), body),
    });
  }
  // RegExp, Error, Set and circular references of msgpackr; the byte that is never used.
  for (const type of [0x78, 0x65, 0x73, 0x69, 0x70]) {
    const bytes = join(Uint8Array.of(0xd6, type), u32(1), new Uint8Array(16));
    cases.push({ name: `msgpackr's ${type}`, payload: asNonce(bytes) });
  }
  cases.push({ name: "c1", payload: repeated(32, 0xc1) });
  await stage.attack(t, () => refused(cases), { told: () => `${cases.length} types` });
});

const names = [
  ...["__proto__", "constructor", "prototype", "toString", "valueOf", "hasOwnProperty"],
  ...["__defineGetter__", "__lookupSetter__", "then", "length", "type", "toJSON", "inspect"],
  ...["isPrototypeOf", "name", "caller", "arguments", "polluted", "", "0"],
];

test("row 8: names that mean something to JavaScript mean nothing to the node", async (t) => {
  const str = (text: string) => join(Uint8Array.of(0xa0 | text.length), ascii(text));
  const cases = names.flatMap((name) => {
    const map = join(
      ...[Uint8Array.of(0x82), str(name), Uint8Array.of(0x81), str("polluted"), Uint8Array.of(1)],
      ...[str(name), Uint8Array.of(1)],
    );
    return [
      { name: `map with ${name}`, payload: map },
      { name: `message with ${name}`, payload: join(Uint8Array.of(0x91), map) },
      { name: `nonce with ${name}`, payload: asNonce(join(map, new Uint8Array(8))) },
      { name: `type called ${name}`, payload: join(Uint8Array.of(0x91, 0x91), str(name), map) },
    ];
  });
  await stage.attack(
    t,
    async () => {
      await refused(cases);
      // In the one place where a stranger's names may come, the HELLO.
      for (const name of names) {
        const client = await Client.greet(stage.target, { hello: { agent: name } });
        client.destroy();
      }
    },
    { told: () => `${cases.length} payloads` },
  );
  const views = JSON.stringify([await stage.victim.info(), await stage.victim.get("/api/peers")]);
  assert.ok(!views.includes("polluted"), "no object of the node has a property of ours");
});

test("row 8: as fields of a session they are refused like any other text", async () => {
  for (const name of names) {
    const payload = payloadOf(say("ping", name, 1), say("pong", randomBytes(8), name));
    await stage.offends(name, malformed, (client) => client.sendPayload(payload));
  }
  await stage.isUnharmed("names as fields");
});
