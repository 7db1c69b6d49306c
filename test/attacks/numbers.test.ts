/** Threat table 9, 10: numbers and encodings that say one thing in many ways. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { hex, join, u16, u32, unhex } from "../support/independent-decoder/bytes.ts";
import { verbatim } from "../support/loose-msgpack.ts";
import { until } from "../support/program.ts";
import { type Client, numberOf, payloadOf, say } from "./client.ts";
import { itemOf, type Transfer, transfer } from "./objects.ts";
import { Stage } from "./stage.ts";

let stage: Stage;
before(async () => {
  stage = await Stage.start();
});
after(() => stage?.end());

const seed = (account: number) => stage.accounts()[account]!.seed;
const genesisHash = () => stage.target.genesisHash;

/** Announced as an honest peer would, sent as `payload` when asked for. */
async function deliver(client: Client, { id, bytes }: Transfer, payload?: Uint8Array) {
  const item = itemOf("transaction", id);
  const from = client.inbox.items.length;
  client.send(say("inv", item));
  const isAsked = (message: Readonly<Record<string, unknown>>) =>
    (message["type"] === "get_data" && String(message["items"]).includes(hex(item))) || undefined;
  await client.inbox.wait("a get_data", isAsked, { from });
  client.sendPayload(payload ?? payloadOf(say("new_transaction", bytes)));
}

async function balanceOf(address: string): Promise<bigint> {
  const account = await stage.victim.get(`/api/accounts/${address}`);
  return BigInt(String(account["balance"]));
}

test("row 9: one time, nine ways to write it: integers are taken, all else refused", async (t) => {
  const nonce = randomBytes(8);
  const time = (...bytes: readonly number[]) => say("ping", nonce, verbatim(...bytes));
  const good = [
    ...[time(7), time(0xcc, 7), time(0xcd, 0, 7), time(0xce, 0, 0, 0, 7)],
    ...[time(0xcf, 0, 0, 0, 0, 0, 0, 0, 7), time(0xd0, 7), time(0xd3, 0, 0, 0, 0, 0, 0, 0, 7)],
  ];
  const bad: readonly (readonly [string, ReturnType<typeof say>])[] = [
    ["2^53", time(0xcf, 0, 0x20, 0, 0, 0, 0, 0, 0)],
    ["2^53 + 1", time(0xcf, 0, 0x20, 0, 0, 0, 0, 0, 1)],
    ["2^63", time(0xcf, 0x80, 0, 0, 0, 0, 0, 0, 0)],
    ["2^64 - 1", time(0xcf, 255, 255, 255, 255, 255, 255, 255, 255)],
    ["-1", time(0xff)],
    ["-1 in 64 bits", time(0xd3, 255, 255, 255, 255, 255, 255, 255, 255)],
    ["1.0", time(0xcb, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0)],
    ["1.0 in 32 bits", time(0xca, 0x3f, 0x80, 0, 0)],
    ["-0", time(0xcb, 0x80, 0, 0, 0, 0, 0, 0, 0)],
    ["NaN", time(0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0)],
    ["infinity", time(0xcb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0)],
    ["a text", time(0xa1, 0x37)],
    ["true", time(0xc3)],
    ["nil", time(0xc0)],
  ];
  await stage.attack(t, async () => {
    const client = await stage.connect();
    for (const message of good) {
      const from = client.inbox.items.length;
      client.send(message);
      await client.next("pong", from);
    }
    client.destroy();
    for (const [name, message] of bad) {
      await stage.offends(name, /^(malformed-message|bad-field)/, (peer) => peer.send(message));
    }
  });
});

test("row 9: amounts that no double can hold move nothing that is not there", async (t) => {
  const amounts = [2n ** 53n - 1n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n];
  const [from, to] = stage.accounts();
  const before = [await balanceOf(from!.address), await balanceOf(to!.address)];
  await stage.attack(t, async () => {
    for (const amount of amounts) {
      const client = await stage.connect();
      const own = transfer(seed(0), genesisHash(), { amount, to: unhex(to!.address) });
      await deliver(client, own);
      // It costs more than there is, or does not fit into 64 bits with its fee.
      if (amount < 2n ** 64n - 1n) await client.ping();
      else assert.match(await client.goodbye(), /^transaction-overflow/);
      client.destroy();
    }
  });
  assert.deepEqual([await balanceOf(from!.address), await balanceOf(to!.address)], before);
  t.diagnostic(`${t.name}: balances are exact: ${before.join(", ")}`);
});

test("row 10: one transaction in twenty encodings is one transaction, taken once", async (t) => {
  const { id, bytes } = transfer(seed(0), genesisHash(), { payload: randomBytes(40) });
  const number = numberOf("new_transaction");
  const types = [
    Uint8Array.of(number),
    ...[Uint8Array.of(0xcc, number), Uint8Array.of(0xcd, 0, number)],
    ...[join(Uint8Array.of(0xce), u32(number)), Uint8Array.of(0xd0, number)],
  ];
  const bins = [
    ...[join(Uint8Array.of(0xc4, bytes.length), bytes)],
    ...[join(Uint8Array.of(0xc5), u16(bytes.length), bytes)],
    ...[join(Uint8Array.of(0xc6), u32(bytes.length), bytes)],
  ];
  const outers = [Uint8Array.of(0x91, 0x92), Uint8Array.of(0xdc, 0, 1, 0xdc, 0, 2)];
  const ways = outers.flatMap((outer) =>
    types.flatMap((type) => bins.map((bin) => join(outer, type, bin))),
  );
  await stage.attack(
    t,
    async () => {
      const [first, ...others] = ways;
      const client = await stage.connect();
      await deliver(client, { id, bytes }, first!);
      for (const way of others) {
        const peer = await stage.connect();
        peer.send(say("inv", itemOf("transaction", id)));
        peer.sendPayload(way);
        // Not asked for again: it is the same one, by whatever encoding.
        await peer.ping();
        const asked = peer.inbox.items.filter((message) => message["type"] === "get_data");
        assert.equal(asked.length, 0, "what is known is not asked for");
        peer.destroy();
      }
      client.destroy();
    },
    { told: () => `${ways.length} ways` },
  );
  const confirmed = async () => {
    const found = await stage.victim.get(`/api/transactions/${hex(id)}`);
    return found["status"] === "confirmed" || undefined;
  };
  await until("the transaction is in a block", confirmed, [stage.victim.program]);
  await stage.isUnharmed(t.name);
  const count = stage.honest.blocks.items.reduce((sum, { header }) => sum + header.txCount, 0);
  assert.equal(count, 1, "one transaction in all blocks so far");
});

test("row 10: a signature that also fits modulo the group order is another's work, and refused", async (t) => {
  const order = 2n ** 252n + 27742317777372353535851937790883648493n;
  const { bytes, id } = transfer(seed(1), genesisHash());
  const s = BigInt(`0x${Buffer.from(bytes.slice(-32)).reverse().toString("hex")}`) + order;
  const high = Buffer.from(s.toString(16).padStart(64, "0"), "hex").reverse();
  const malleated = join(bytes.slice(0, -32), high);
  await stage.attack(t, () =>
    stage.offends("S + L", "transaction-signature", (client) =>
      deliver(client, { id, bytes: malleated }),
    ),
  );
});
