/** Threat table 58: whatever comes, at every layer, no exception ends the process. */
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { join, zeros } from "../support/independent-decoder/bytes.ts";
import { magicOf } from "../support/independent-decoder/opening.ts";
import type { Loose } from "../support/loose-msgpack.ts";
import { RawClient } from "../support/raw-client.ts";
import { Client, payloadOf, say } from "./client.ts";
import { Dialled, helloOf, openingOf } from "./client-handshake.ts";
import { Stage } from "./stage.ts";

let stage: Stage;
before(async () => {
  stage = await Stage.start();
});
after(() => stage?.end());

/** Of the attack; another one is as good, this one can be repeated. */
const seed = Number(process.env["ATTACK_SEED"] ?? 20_261_121);

/** mulberry32: below `bound`. */
function dice(start: number): (bound: number) => number {
  let state = start >>> 0;
  return (bound) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % bound;
  };
}

/** Flips, cuts, doubles, fills and puts in; one to four times. */
function mutated(bytes: Uint8Array, roll: (bound: number) => number): Uint8Array {
  let out = Buffer.from(bytes);
  for (let left = 1 + roll(4); left > 0; left--) {
    const at = roll(Math.max(1, out.length));
    const to = Math.min(out.length, at + 1 + roll(16));
    switch (roll(6)) {
      case 0:
        if (out.length > 0) out[at] = out[at]! ^ (1 << roll(8));
        break;
      case 1:
        out = out.subarray(0, at);
        break;
      case 2:
        out = Buffer.concat([out.subarray(0, to), out.subarray(at)]);
        break;
      case 3:
        out.fill(roll(2) * 255, at, to);
        break;
      case 4:
        out = Buffer.concat([out.subarray(0, at), Buffer.of(roll(256)), out.subarray(at)]);
        break;
      default:
        if (out.length > 0) out[at] = [0x80, 0x91, 0xc1, 0xc6, 0xcf, 0xdc, 0xdd, 0xff][roll(8)]!;
    }
  }
  return new Uint8Array(out);
}

/** One good message of every kind, with flags of its frame. */
function goodMessages(): readonly (readonly [Loose, number])[] {
  const nonce = randomBytes(8);
  const items = join(Uint8Array.of(1), randomBytes(32));
  const hash = randomBytes(32);
  return [
    [say("ping", nonce, 1), 0],
    [say("pong", nonce, 1), 0],
    [say("disconnect", 1, "bye"), 8],
    [say("credit", 0xffffffff + 1), 0],
    [say("get_peers", 64), 0],
    [say("inv", items), 0],
    [say("get_data", items), 0],
    [say("not_found", items), 0],
    [say("get_headers", 1, hash, zeros(32), 512), 0],
    [say("headers", 1, randomBytes(420 * 3)), 1],
    [say("get_blocks", 1, hash), 0],
    [say("block_body", 1, hash, null), 1],
    [say("new_block", stage.honest.head.sealed, stage.honest.head.body), 0],
    [say("new_transaction", randomBytes(200)), 0],
    [say("vote", randomBytes(176)), 0],
    [say("certificate", randomBytes(307)), 0],
    [say("evidence", randomBytes(325)), 0],
  ];
}

/** `act` in eight lanes until `count` were done. */
async function inLanes(count: number, act: (at: number) => Promise<void>): Promise<void> {
  let at = 0;
  const lane = async () => {
    while (at < count) await act(at++);
  };
  await Promise.all(Array.from({ length: 8 }, lane));
}

test("row 58: mutated openings and handshakes", async (t) => {
  const roll = dice(seed);
  const count = 300;
  await stage.attack(
    t,
    () =>
      inLanes(count, async (at) => {
        if (at % 2 === 0) {
          const raw = await RawClient.dial(stage.target.port);
          const opening = openingOf(magicOf(stage.target.genesisHash), 1, 32);
          raw.socket.end(mutated(join(opening, randomBytes(32)), roll));
          await raw.closed;
          return;
        }
        const dialled = await Dialled.begin(stage.target).catch(() => undefined);
        const hello = roll(2) === 0 ? mutated(helloOf(), roll).slice(0, 900) : helloOf();
        const message3 = dialled?.message3({ hello });
        if (message3 !== undefined)
          dialled?.raw.socket.end(roll(3) === 0 ? mutated(message3, roll) : message3);
        await dialled?.raw.closed;
      }),
    { told: () => `seed ${seed}, ${count} handshakes` },
  );
});

/** `count` sessions; in each one of the good messages is spoken `times` times, while it is open. */
function sessions(
  count: number,
  times: number,
  speak: (client: Client, message: Loose, flags: number) => void,
  roll: (bound: number) => number,
): Promise<void> {
  return inLanes(count, async () => {
    const client = await Client.greet(stage.target).catch(() => undefined);
    if (client === undefined) return;
    const all = goodMessages();
    for (let left = times; left > 0 && client.isOpen; left--) {
      speak(client, ...all[roll(all.length)]!);
    }
    client.raw.socket.end();
    await client.raw.closed;
  });
}

test("row 58: mutated payloads of every message, signed by who sends them", async (t) => {
  const roll = dice(seed + 1);
  const count = 600;
  const speak = (client: Client, message: Loose, flags: number) => {
    const payload = mutated(payloadOf(message), roll);
    if (payload.length >= 3) client.sendPayload(payload, roll(8) === 0 ? roll(16) : flags);
  };
  const told = () => `seed ${seed + 1}, ${count} sessions`;
  await stage.attack(t, () => sessions(count, 4, speak, roll), { told });
});

test("row 58: good messages that make no sense where they stand", async (t) => {
  const roll = dice(seed + 2);
  const count = 200;
  const speak = (client: Client, message: Loose, flags: number) => {
    client.sendPayload(payloadOf(message), flags);
  };
  const told = () => `seed ${seed + 2}, ${count} sessions`;
  await stage.attack(t, () => sessions(count, 20, speak, roll), { told });
});
