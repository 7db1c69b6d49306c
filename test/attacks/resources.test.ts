/** Threat table 47, 49: peers that never read, and thousands that come and go. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { hex, join, unhex, zeros } from "../support/independent-decoder/bytes.ts";
import { magicOf } from "../support/independent-decoder/opening.ts";
import { RawClient } from "../support/raw-client.ts";
import { type Client, payloadOf, say } from "./client.ts";
import { Dialled, openingOf } from "./client-handshake.ts";
import { itemOf, transfer } from "./objects.ts";
import { Stage } from "./stage.ts";
import { megabyte, openFiles, untilFilesAre } from "./watch.ts";

let stage: Stage;
before(async () => {
  stage = await Stage.start({ more: ["--max-peers", "250"] });
});
after(() => stage?.end());

const slothCount = 200;

/** Transfers with 64 KiB of payload each, of all accounts. */
async function post(fromNonce: bigint, toNonce: bigint): Promise<void> {
  for (const { seed } of stage.accounts()) {
    for (let nonce = fromNonce; nonce < toNonce; nonce++) {
      const payload = randomBytes(65_000);
      const { bytes } = transfer(seed, stage.target.genesisHash, { nonce, payload });
      const response = await fetch(`http://127.0.0.1:${stage.victim.http}/api/transactions`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ transaction: hex(bytes) }),
      });
      assert.equal(response.status, 202, await response.text());
    }
  }
}

/** Blocks of about a megabyte. */
async function busyBlocks(count: number): Promise<Uint8Array[]> {
  const isBig = (block: { readonly body: Uint8Array }) => block.body.length > megabyte / 2;
  const deadline = performance.now() + 45_000;
  while (stage.honest.blocks.items.filter(isBig).length < count) {
    await stage.honest.nextBlock();
    assert.ok(performance.now() < deadline, "the chain is not busy: no large blocks came");
  }
  return stage.honest.blocks.items.filter(isBig).map(({ header }) => unhex(header.hash));
}

test("row 47: 200 peers that ask for all blocks and never read", async (t) => {
  const sloths: Client[] = [];
  let asked = 0;
  await stage.attack(
    t,
    async () => {
      await post(0n, 16n);
      const hashes = await busyBlocks(2);
      // They answer no ping: asked at once, before they are sent away for that.
      const lane = async (from: number) => {
        for (let at = from; at < slothCount; at += 8) {
          const sloth = await stage.connect({ localAddress: `127.${2 + at}.0.1`, silent: true });
          sloth.raw.socket.pause();
          sloths.push(sloth);
        }
      };
      await Promise.all(Array.from({ length: 8 }, (_, from) => lane(from)));
      await post(16n, 24n);
      for (let round = 0; round < 3; round++) {
        for (const sloth of sloths) {
          if (!sloth.isOpen) continue;
          sloth.sendPayload(
            payloadOf(
              say("get_data", join(...hashes.map((hash) => itemOf("block", hash)))),
              say("get_blocks", round, join(...hashes)),
              say("get_headers", round, stage.target.genesisHash, zeros(32), 512),
            ),
          );
          asked += hashes.length * 2;
        }
        await stage.honest.nextBlock();
      }
    },
    {
      // 48 MiB by the limits of 08-limits; the rest is holes between buffers that malloc keeps.
      memoryBytes: 256 * megabyte,
      lagMs: 1_000,
      told: () => `${sloths.length} sloths asked for ${asked} MB`,
    },
  );
  for (const sloth of sloths) sloth.destroy();
});

test("row 49: 1,500 connections that come and go in five ways leave nothing behind", async (t) => {
  const files = openFiles(stage.victim);
  const { target } = stage;
  const ways: readonly ((localAddress: string) => Promise<void>)[] = [
    async (from) => (await RawClient.dial(target.port, from)).destroy(),
    async (from) => {
      const raw = await RawClient.dial(target.port, from);
      raw.socket.resetAndDestroy();
    },
    async (from) => {
      const raw = await RawClient.dial(target.port, from);
      raw.write(join(openingOf(magicOf(target.genesisHash), 1, 32), randomBytes(20)));
      raw.socket.end();
      await raw.closed;
    },
    async (from) => {
      const dialled = await Dialled.begin(target, { localAddress: from }).catch(() => undefined);
      dialled?.raw.destroy();
    },
    async (from) => {
      const client = await stage.connect({ localAddress: from }).catch(() => undefined);
      client?.raw.socket.resetAndDestroy();
    },
  ];
  let at = 0;
  const lane = async () => {
    while (at < 1_500) {
      const turn = at++;
      await ways[turn % ways.length]!(`127.${turn % 200}.${(turn >> 8) & 255}.${1 + (turn % 250)}`);
    }
  };
  await stage.attack(
    t,
    async () => {
      await Promise.all(Array.from({ length: 8 }, lane));
      await untilFilesAre(stage.victim, files);
    },
    { told: () => `${at} connections, ${openFiles(stage.victim)} files open as before` },
  );
});
