/**
 * A real block, forged by whoever delivers it first, must not keep the real one out.
 *
 *   node (seals) <--- pausable proxy <--- follower <--- attacker with the forged copy
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { concatBytes, readU32 } from "../../src/base/bytes.ts";
import { idBytes } from "../../src/model/ids.ts";
import { Peer } from "../support/attacker.ts";
import { deliverBlock } from "../support/hostile-blocks.ts";
import {
  accounts,
  flipped,
  flippedTo,
  follower,
  followerTarget,
  honest,
  node,
  proxy,
  startFollower,
  startWorld,
  stopWorld,
  transfer,
  untilAllAgree,
} from "../support/hostile-world.ts";
import { until } from "../support/program.ts";

before(async () => {
  await startWorld();
  await startFollower();
});
after(stopWorld);

let nonce = 0n;

/**
 * A real block of which the follower has not heard yet, with a transfer in it. A busy machine may
 * take a slot to hand over the transfer: then the block is not the next one, and it goes again.
 */
async function unheardBlock() {
  for (let attempt = 1; ; attempt++) {
    const { header } = await honest.nextBlock();
    await until(
      "the follower is there",
      async () => {
        return (await follower.info())["height"] === header.height ? true : undefined;
      },
      [follower.program],
      5_000,
    );
    proxy.pause();
    const transaction = transfer(2, { nonce: nonce++, to: accounts[0]!.address, fee: 5n });
    const answer = await fetch(`http://127.0.0.1:${node.http}/api/transactions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ transaction: Buffer.from(transaction.bytes).toString("hex") }),
    });
    assert.equal(answer.status, 202, await answer.text());
    const block = await honest.nextBlock();
    if (block.body.length > firstAt(block.body)) return block;
    assert.ok(attempt < 5, "the transfer is in the next block");
    proxy.resume();
  }
}

/** Where the first transaction stands, after the certificate. */
const firstAt = (body: Uint8Array): number => 4 + readU32(body, 0);

const forgeries: readonly (readonly [
  string,
  string,
  (sealed: Uint8Array, body: Uint8Array) => readonly [Uint8Array, Uint8Array],
])[] = [
  [
    "an amount changed",
    "body-mismatch",
    (sealed, body) => [sealed, flipped(body, firstAt(body) + 99)],
  ],
  [
    "a byte more",
    "body-mismatch",
    (sealed, body) => [sealed, concatBytes(body, new Uint8Array(1))],
  ],
  [
    "a certificate longer than the body",
    "body-malformed",
    (sealed, body) => [sealed, flippedTo(body, 0, 0xff)],
  ],
  [
    "reserved bytes in a transaction",
    "(transaction|body)-malformed",
    (sealed, body) => [sealed, flippedTo(body, firstAt(body) + 3, 1)],
  ],
  [
    "a validity beyond 2^53",
    "(transaction|body)-malformed",
    (sealed, body) => [sealed, flippedTo(body, firstAt(body) + 52, 0xff)],
  ],
  [
    "a vote of the certificate changed",
    "body-mismatch",
    (sealed, body) => [sealed, flipped(body, firstAt(body) - 1)],
  ],
  ["a forged seal", "header-seal", (sealed, body) => [flipped(sealed, 400), body]],
];

for (const [name, code, forge] of forgeries) {
  test(`a forged copy of a real block does not keep the real one out: ${name}`, async () => {
    try {
      const { header, seal, body } = await unheardBlock();
      const [sealed, forged] = forge(concatBytes(header.bytes, seal), body.slice());
      const peer = await Peer.connect(followerTarget);
      await deliverBlock(peer, idBytes(header.hash), sealed, forged);
      assert.match(await peer.goodbye(), new RegExp(`^${code}:`));
      proxy.resume();
      const heights = await until(
        "the follower has the real one",
        async () => {
          const { height } = await follower.info();
          return (height as number) >= header.height
            ? [height, honest.head.header.height]
            : undefined;
        },
        [follower.program],
        8_000,
      );
      // It came from the one who announced it, not by way of the next block.
      assert.deepEqual(
        heights,
        [header.height, header.height],
        "the follower's height, the node's",
      );
    } finally {
      proxy.resume();
    }
  });
}

test(
  "in the end the chain goes on, nobody honest was cut off, the log stayed small",
  untilAllAgree,
);
