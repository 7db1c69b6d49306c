/**
 * Strangers who cannot open, lie about who they are, or take their time: turned away with a reason
 * in the log, while an honest peer that was connected all the time is answered.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { concatBytes, hexBytes, u16Bytes } from "../../src/base/bytes.ts";
import type { WireCode } from "../../src/wire/errors.ts";
import { encodeHello } from "../../src/wire/hello.ts";
import { encodeOpening, networkMagic, type Opening } from "../../src/wire/opening.ts";
import {
  Dialling,
  defaultHello,
  initiatorOpening,
  type Lie,
  Peer,
  versionOne,
} from "../support/attacker.ts";
import {
  chainGoesOn,
  flipped,
  follower,
  followerTarget,
  honest,
  isLogged,
  node,
  startFollower,
  startWorld,
  stopWorld,
  target,
  unharmed,
  untilAllAgree,
} from "../support/hostile-world.ts";
import { pack } from "../support/loose-msgpack.ts";
import { RawClient } from "../support/raw-client.ts";

before(async () => {
  await startWorld();
  await startFollower();
});
after(stopWorld);

const slow: { readonly name: string; readonly done: Promise<void> }[] = [];

/** These take their time: they run against the follower while the other tests go on. */
test("slow handshakes and frames are begun", async () => {
  const drips: readonly (readonly [string, (raw: RawClient) => void])[] = [
    ["silence", () => {}],
    ["an opening, then silence", (raw) => raw.write(initiatorOpening(target.genesisHash))],
    [
      "a byte now and then",
      (raw) => {
        const bytes = concatBytes(initiatorOpening(target.genesisHash), randomBytes(1_000));
        let at = 0;
        const timer = setInterval(() => raw.write(bytes.subarray(at, ++at)), 400);
        void raw.closed.then(() => clearInterval(timer));
      },
    ],
  ];
  for (const [name, begin] of drips) {
    const raw = await RawClient.dial(follower.listen);
    const startedAt = performance.now();
    begin(raw);
    const done = raw.closed.then((at) => {
      const ms = at - startedAt;
      assert.ok(ms > 9_000 && ms < 14_000, `${name}: closed after ${Math.round(ms)} ms`);
    });
    slow.push({ name, done });
  }
  const peer = await Peer.connect(followerTarget);
  const frame = peer.frame(0, pack([[1, randomBytes(8), 1]]));
  peer.raw.write(frame.subarray(0, 50));
  peer.silent = true;
  const done = peer.goodbye(40_000).then((reason) => assert.equal(reason, "timeout-frame"));
  slow.push({ name: "half a frame", done });
});

const opening = (more: Partial<Opening>) => {
  const magic = networkMagic(target.genesisHash);
  return encodeOpening({ magic, role: "initiator", ...versionOne, flightBytes: 32, ...more });
};

/** An opening with bytes written over it, for what the encoder would not write. */
function edited(at: number, bytes: readonly number[]): Uint8Array {
  const out = initiatorOpening(target.genesisHash).slice();
  out.set(bytes, at);
  return out;
}

test("strangers who cannot open are turned away with a reason in the log", async () => {
  const other = networkMagic(randomBytes(32));
  const zeros = new Uint8Array(32);
  const openingOf = initiatorOpening(target.genesisHash);
  const low = hexBytes("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800");
  const cases: readonly (readonly [string, WireCode, Uint8Array | string])[] = [
    [
      "first byte of the magic",
      "wrong-network",
      Uint8Array.of(networkMagic(target.genesisHash)[0]! ^ 1),
    ],
    [
      "last byte of the magic",
      "wrong-network",
      edited(3, [networkMagic(target.genesisHash)[3]! ^ 1]),
    ],
    ["HTTP", "wrong-network", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"],
    ["SSH", "wrong-network", "SSH-2.0-OpenSSH_9.2\r\n"],
    ["TLS", "wrong-network", Uint8Array.of(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc)],
    ["another network", "wrong-network", opening({ magic: other })],
    ["64 KB of 0xff", "wrong-network", new Uint8Array(65_536).fill(0xff)],
    ["both responders", "bad-opening", opening({ role: "responder" })],
    ["role 0", "bad-opening", edited(4, [0])],
    ["role 9", "bad-opening", edited(4, [9])],
    ["versions from 0", "bad-opening", edited(6, [0, 0])],
    ["versions from 3 to 1", "bad-opening", edited(6, [0, 3, 0, 1])],
    ["version 2 of 1 to 1", "bad-opening", edited(10, [0, 2])],
    ["a flight of 2,049 bytes", "bad-opening", edited(12, [8, 1])],
    ["message 1 of 31 bytes", "bad-opening", opening({ flightBytes: 31 })],
    [
      "no common version",
      "no-common-version",
      opening({ versionMin: 2, versionMax: 9, version: 9 }),
    ],
    [
      "genesis request of a network",
      "bad-opening",
      concatBytes(zeros.subarray(0, 4), edited(4, [1]).subarray(4)),
    ],
    [
      "genesis request with a flight",
      "bad-opening",
      concatBytes(zeros.subarray(0, 4), edited(4, [3]).subarray(4)),
    ],
    ["half of the zero magic", "wrong-network", Uint8Array.of(0, 0, 1, 0)],
    ["message 1 of zeros", "handshake-failed", concatBytes(openingOf, zeros)],
    ["message 1 of small order", "handshake-failed", concatBytes(openingOf, low)],
    [
      "message 1 is one",
      "handshake-failed",
      concatBytes(openingOf, Uint8Array.of(1), zeros.subarray(1)),
    ],
    [
      "junk after a good message 1",
      "handshake-failed",
      concatBytes(openingOf, randomBytes(32), randomBytes(1_200)),
    ],
    [
      "another version twice",
      "handshake-failed",
      concatBytes(
        opening({ versionMax: 2, version: 2 }),
        zeros,
        opening({ versionMax: 2, version: 2 }),
        zeros,
      ),
    ],
  ];
  for (const [name, code, bytes] of cases) {
    const from = node.events.items.length;
    const raw = await RawClient.dial(node.listen);
    raw.write(bytes);
    await raw.closed;
    await isLogged(raw, code, from);
    await unharmed(name);
  }
  await chainGoesOn();
});

test("no common version is answered with an opening, another version may begin again", async () => {
  const raw = await RawClient.dial(node.listen);
  raw.write(opening({ versionMin: 7, versionMax: 9, version: 9 }));
  const answer = await raw.read(16);
  assert.deepEqual(
    [answer[4], answer[11], answer[13]],
    [2, 0, 0],
    "a responder, no version, no flight",
  );
  await raw.closed;
  const again = await RawClient.dial(node.listen);
  again.write(
    concatBytes(opening({ versionMax: 2, version: 2, flightBytes: 5 }), new Uint8Array(5)),
  );
  assert.equal((await again.read(16))[11], 1, "version 1 is what we speak");
  const dialling = await Dialling.over(again, target.genesisHash, opening({ versionMax: 1 }));
  dialling.sendMessage3(dialling.message3(randomBytes(32)));
  await dialling.raw.read(91);
  again.destroy();
  await unharmed("versions");
});

test("whoever lies about itself in message 3 is refused", async () => {
  const nodeId = hexBytes((await node.info())["nodeId"] as string);
  const hello = encodeHello(defaultHello());
  const lies: readonly (readonly [string, WireCode, Lie])[] = [
    ["an identity without its key", "handshake-failed", { nodeId: honest.peer.nodeId }],
    ["the node's own identity", "self-connection", { nodeId }],
    [
      "signed for another network",
      "handshake-failed",
      { signed: { genesisHash: randomBytes(32) } },
    ],
    ["signed for another peer", "handshake-failed", { signed: { peerNodeId: randomBytes(32) } }],
    ["identity of small order", "handshake-failed", { nodeId: new Uint8Array(32) }],
    ["a HELLO of one byte", "bad-hello", { helloBytes: Uint8Array.of(0xc0) }],
    ["a HELLO cut short", "bad-hello", { helloBytes: hello.slice(0, -1) }],
    ["a byte after HELLO", "bad-hello", { helloBytes: concatBytes(hello, Uint8Array.of(0)) }],
    [
      "a HELLO of 14 fields",
      "bad-hello",
      { helloBytes: concatBytes(Uint8Array.of(0x9e), hello.slice(1)) },
    ],
    ["a bomb for HELLO", "bad-hello", { helloBytes: new Uint8Array(900).fill(0xdc) }],
    ["a map for HELLO", "bad-hello", { helloBytes: Uint8Array.of(0xde, 0xff, 0xff) }],
  ];
  for (const [name, code, lie] of lies) {
    const from = node.events.items.length;
    const dialling = await Dialling.begin(target);
    dialling.sendMessage3(dialling.message3(randomBytes(32), lie));
    await dialling.raw.closed;
    await isLogged(dialling.raw, code, from);
    await unharmed(name);
  }
  const lengths: readonly (readonly [string, (message3: Uint8Array) => Uint8Array])[] = [
    ["a length of 0", () => u16Bytes(0)],
    ["a length of 65,535", () => u16Bytes(65_535)],
    ["a bit flipped", (m) => concatBytes(u16Bytes(m.length), flipped(m, 60))],
    ["message 3 cut by a byte", (m) => concatBytes(u16Bytes(m.length - 1), m.slice(0, -1))],
  ];
  for (const [name, bend] of lengths) {
    const from = node.events.items.length;
    const dialling = await Dialling.begin(target);
    dialling.raw.write(bend(dialling.message3(randomBytes(32))));
    await dialling.raw.closed;
    await isLogged(dialling.raw, "handshake-failed", from);
    await unharmed(name);
  }
  const from = node.events.items.length;
  const cut = await Dialling.begin(target);
  cut.raw.socket.end(cut.message3(randomBytes(32)).slice(0, 100));
  await cut.raw.closed;
  await unharmed("half of message 3, then FIN");
  assert.ok(
    !node.events.items.some(
      (e) => e["event"] === "peer-discouraged" && String(e["subject"]).startsWith("ip:"),
    ),
    "loopback is never turned away by address",
  );
  assert.ok(from > 0);
  await chainGoesOn();
});

test("slow handshakes and frames were ended by their deadlines", async () => {
  for (const { done } of slow) await done;
});

test(
  "in the end the chain goes on, nobody honest was cut off, the log stayed small",
  untilAllAgree,
);
