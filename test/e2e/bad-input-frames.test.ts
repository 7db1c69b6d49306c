/**
 * Frames and payloads that no correct implementation sends: each ends its connection with the code
 * that 07-errors names, and costs next to nothing.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { concatBytes } from "../../src/base/bytes.ts";
import { encodePayload } from "../../src/wire/codec.ts";
import type { WireCode } from "../../src/wire/errors.ts";
import { networkMagic } from "../../src/wire/opening.ts";
import { frameHeader, Peer, type PeerOptions } from "../support/attacker.ts";
import {
  badFields,
  brokenShapes,
  foreignTypes,
  type HostilePayload,
  misplacedTypes,
} from "../support/hostile-messages.ts";
import {
  chainGoesOn,
  flipped,
  flippedTo,
  isLogged,
  megabyte,
  node,
  offends,
  startWorld,
  stopWorld,
  target,
  unharmed,
  untilAllAgree,
} from "../support/hostile-world.ts";
import { pack } from "../support/loose-msgpack.ts";

before(startWorld);
after(stopWorld);

test("a frame cut by FIN, and bytes after LAST, are named in the log", async () => {
  const from = node.events.items.length;
  const cut = await Peer.connect(target);
  cut.raw.socket.end(cut.frame(0, pack([[1, randomBytes(8), 1]])).subarray(0, 40));
  await cut.raw.closed;
  await isLogged(cut.raw, "truncated", from);
  const late = await Peer.connect(target);
  const goodbye = { type: "disconnect", code: "shutdown", text: "bye" } as const;
  late.raw.write(concatBytes(late.frame(8, encodePayload([goodbye])), randomBytes(100)));
  await late.raw.closed;
  await isLogged(late.raw, "data-after-last", from);
  await unharmed("a cut frame and bytes after LAST");
});

test("frames that are not as they must be end the connection with their code", async () => {
  const ping = () => encodePayload([{ type: "ping", nonce: randomBytes(8), sentAtMs: 1 }]);
  const header = (flags: number, bytes: number, magic?: Uint8Array) => (peer: Peer) =>
    peer.raw.write(frameHeader(target.genesisHash, flags, bytes, magic));
  const cases: readonly (readonly [string, WireCode, (peer: Peer) => void, PeerOptions?])[] = [
    ["16 MiB", "frame-too-large", header(0, 0xffffff)],
    ["a byte above the limit", "frame-too-large", header(0, 524_281)],
    [
      "a 6 KB bomb as first frame",
      "malformed-message",
      (p) => p.sendPayload(new Uint8Array(6_000).fill(0xdc)),
      { silent: true },
    ],
    ["no bytes", "frame-length-impossible", header(0, 0)],
    ["82 bytes", "frame-length-impossible", header(0, 82)],
    ["an empty Noise message", "frame-length-impossible", header(0, 65_535 + 16)],
    ["one byte of a Noise message", "frame-length-impossible", header(0, 65_536)],
    ["wrong magic", "bad-frame-header", header(0, 100, Uint8Array.of(0xff, 0, 0, 0))],
    [
      "magic off by a bit",
      "bad-frame-header",
      header(0, 100, flipped(networkMagic(target.genesisHash), 3)),
    ],
    ["reserved flag 16", "bad-flags", header(0x10, 100)],
    ["reserved flag 128", "bad-flags", header(0x80, 100)],
    ["DEFLATED", "bad-flags", header(4, 100)],
    ["MORE without BULK", "bad-flags", header(2, 100)],
    ["BULK and LAST", "bad-flags", header(9, 100)],
    ["bulk beyond the credit", "credit-exceeded", header(1, 300_000)],
    [
      "flags changed on the way",
      "decrypt-failed",
      (p) => p.raw.write(flippedTo(p.frame(0, ping()), 4, 1)),
    ],
    ["a bit flipped", "decrypt-failed", (p) => p.raw.write(flipped(p.frame(0, ping()), 20))],
    [
      "junk",
      "decrypt-failed",
      (p) => p.raw.write(concatBytes(frameHeader(target.genesisHash, 0, 200), randomBytes(200))),
    ],
    [
      "a frame again",
      "decrypt-failed",
      (p) => {
        const frame = p.frame(0, ping());
        p.raw.write(concatBytes(frame, frame));
      },
    ],
    [
      "frames swapped",
      "decrypt-failed",
      (p) => {
        const first = p.frame(0, ping());
        p.raw.write(concatBytes(p.frame(0, ping()), first));
      },
    ],
    ["the node's own frame back", "decrypt-failed", (p) => p.raw.write(p.lastFrame)],
    [
      "signed by another key",
      "bad-frame-signature",
      (p) => p.raw.write(p.frame(0, ping(), { seed: randomBytes(32) })),
    ],
    [
      "signed for another number",
      "bad-frame-signature",
      (p) => p.raw.write(p.frame(0, ping(), { sequence: 7 })),
    ],
    [
      "signed for another session",
      "bad-frame-signature",
      (p) => p.raw.write(p.frame(0, ping(), { handshakeHash: randomBytes(32) })),
    ],
    [
      "signed for the other direction",
      "bad-frame-signature",
      (p) => p.raw.write(p.frame(0, ping(), { fromInitiator: false })),
    ],
  ];
  for (const [name, code, act, options] of cases) await offends(name, code, act, options);
  const other = await Peer.connect(target);
  const frame = other.frame(0, ping());
  await offends("a frame of another session", "decrypt-failed", (peer) => peer.raw.write(frame));
  other.destroy();
  await offends(
    "bulk beyond what an earlier frame left of the credit",
    "credit-exceeded",
    (peer) => {
      const hash = randomBytes(32);
      const body = new Uint8Array(100_000);
      peer.sendBulk({ type: "block_body", request: 1, hash, body });
      peer.raw.write(frameHeader(target.genesisHash, 1, 200_000));
    },
  );
  await chainGoesOn();
});

async function sends(cases: readonly HostilePayload[]): Promise<void> {
  const rss = node.rssBytes;
  const queue = [...cases];
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const { name, code, payload, flags = 0 } = next;
      await offends(name, code, (peer) => peer.sendPayload(payload, flags));
    }
  };
  await Promise.all(Array.from({ length: 6 }, worker));
  const grownBytes = node.rssBytes - rss;
  assert.ok(grownBytes < 60 * megabyte, `memory grew by ${grownBytes} bytes`);
}

test("every MsgPack type outside of the subset is refused at every place", async () => {
  const cases = foreignTypes();
  assert.equal(cases.length, 61 * 4);
  await sends(cases);
  await sends(misplacedTypes());
  await chainGoesOn();
});

test("broken shapes, bombs among them, cost nothing", async () => {
  await sends(brokenShapes());
  const bombs = brokenShapes().filter(({ name }) => name.includes("bomb"));
  await sends([...bombs, ...bombs, ...bombs, ...bombs, ...bombs]);
  await chainGoesOn();
});

test("every field of every message is held to its range", async () => {
  await sends(badFields());
  await chainGoesOn();
});

test(
  "in the end the chain goes on, nobody honest was cut off, the log stayed small",
  untilAllAgree,
);
