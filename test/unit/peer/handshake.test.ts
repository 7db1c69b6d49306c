import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { concatBytes, u16Bytes } from "../../../src/base/bytes.ts";
import { ed25519 } from "../../../src/crypto/ed25519.ts";
import { x25519PublicKey } from "../../../src/crypto/x25519.ts";
import { idBytes } from "../../../src/model/ids.ts";
import { HandshakeXX } from "../../../src/noise/handshake-xx.ts";
import type { HandshakeEvent, HandshakeState } from "../../../src/peer/handshake-table.ts";
import { HANDSHAKE, isOver, nextState } from "../../../src/peer/handshake-table.ts";
import { WireError } from "../../../src/wire/errors.ts";
import { authPreimage, encodeHandshakePayload } from "../../../src/wire/handshake-payload.ts";
import { encodeHello } from "../../../src/wire/hello.ts";
import { noisePrologue } from "../../../src/wire/opening.ts";
import {
  genesisHash,
  nodeIdOfSeed,
  SessionPair,
  type Side,
  seedOf,
  testHello,
} from "../../support/session-pair.ts";
import { dialler, listener, opening } from "./opening-fixture.ts";

const states = Object.keys(HANDSHAKE) as HandshakeState[];
const events: HandshakeEvent[] = [
  "opening",
  "other-version",
  "flight-over",
  "genesis-request",
  "message-1",
  "message-2",
  "length-3",
  "message-3",
  "fault",
];

describe("the table of the handshake", () => {
  test("leads to states of the table, or refuses the event as the peer's fault", () => {
    let arrows = 0;
    for (const state of states) {
      for (const event of events) {
        const row: Partial<Record<HandshakeEvent, HandshakeState>> = HANDSHAKE[state];
        if (row[event] === undefined) {
          assert.throws(() => nextState(state, event), WireError, `${event} in ${state}`);
          continue;
        }
        arrows++;
        assert.ok(states.includes(nextState(state, event)));
      }
    }
    assert.equal(arrows, 18);
  });

  test("can fail from every state that is not an end, and every state is reached", () => {
    const reached = new Set<HandshakeState>(["opening-sent", "opening-awaited"]);
    for (const state of states) {
      if (isOver(state)) continue;
      assert.equal(nextState(state, "fault"), "failed");
      for (const next of Object.values(HANDSHAKE[state])) reached.add(next);
    }
    assert.deepEqual([...reached].sort(), [...states].sort());
  });
});

describe("a handshake", () => {
  test("makes both sides ready, each knowing the other's identity and HELLO", () => {
    const pair = SessionPair.ready({
      dialler: { hello: () => testHello({ height: 77 }), expectedNodeId: nodeIdOfSeed(2) },
    });
    const [atDialler] = pair.dialler.events;
    const [atListener] = pair.listener.events;
    assert.ok(atDialler?.type === "ready" && atListener?.type === "ready");
    assert.equal(atDialler.nodeId, nodeIdOfSeed(2));
    assert.equal(atListener.nodeId, nodeIdOfSeed(1));
    assert.equal(atListener.hello.height, 77);
    assert.equal(pair.dialler.session.phase, "ready");
    assert.equal(pair.dialler.sent[0]?.length, 48, "opening and message 1 leave in one segment");
  });

  test("does not care where its bytes are cut", () => {
    for (let seed = 1; seed <= 12; seed++) {
      const pair = SessionPair.ready({ seed, pieceBytesMax: seed === 1 ? 1 : 3 * seed });
      assert.deepEqual(pair.dialler.types, ["ready"], `seed ${seed}`);
      assert.deepEqual(pair.listener.types, ["ready"], `seed ${seed}`);
    }
  });

  test("is accepted in two parts cut at any byte of the first segment", () => {
    const first = dialler().session.take(65_536)!;
    assert.equal(first.length, 48);
    for (let at = 0; at <= first.length; at++) {
      const side = listener();
      side.receive(first.slice(0, at));
      assert.equal(side.session.phase, at < 16 ? "opening" : "handshaking");
      assert.equal(side.session.hasOutput, at === 48);
      side.receive(first.slice(at));
      assert.equal(side.session.hasOutput, true, `cut at ${at}`);
    }
  });

  test("does no curve arithmetic and answers nothing before message 1 is whole", () => {
    const side = listener();
    side.receive(dialler().session.take(65_536)!.subarray(0, 47));
    assert.equal(side.session.take(65_536), undefined);
    assert.deepEqual(side.events, []);
  });

  test("fails closed for one changed bit anywhere in messages 1 to 3", () => {
    const lengths = SessionPair.ready().dialler.sent.map((segment) => segment.length);
    const answerBytes = SessionPair.ready().listener.sent[0]!.length;
    const cases: { from: "dialler" | "listener"; index: number; bytes: number }[] = [
      { from: "dialler", index: 0, bytes: lengths[0]! },
      { from: "listener", index: 0, bytes: answerBytes },
      { from: "dialler", index: 1, bytes: lengths[1]! },
    ];
    for (const { from, index, bytes } of cases) {
      for (let at = 0; at < bytes; at += at < 48 ? 1 : 7) {
        const pair = SessionPair.ready({
          tamper: (name, segment, i) => {
            if (name === from && i === index) segment[at]! ^= 0x10;
            return segment;
          },
        });
        const where = `${from} ${index} byte ${at}`;
        pair.advance(20_000);
        const honest = from === "dialler" ? pair.listener : pair.dialler;
        const failed = pair.dialler.failure ?? pair.listener.failure;
        assert.notEqual(failed, undefined, where);
        // Before the peer's message passed, nothing is ready; a later fault ends it all.
        if (index === 1 || from === "listener") assert.ok(!honest.types.includes("ready"), where);
        assert.deepEqual(pair.listener.messages, [], where);
      }
    }
  });

  test("that is not done in time is given up", () => {
    const pair = new SessionPair();
    assert.equal(pair.listener.session.deadline, 11_000);
    pair.clock.monotonicMs = 10_999;
    pair.listener.tick();
    assert.deepEqual(pair.listener.events, []);
    pair.clock.monotonicMs = 11_000;
    pair.listener.tick();
    assert.equal(pair.listener.failure, "timeout-handshake");
    assert.equal(pair.listener.session.deadline, Number.POSITIVE_INFINITY);
    assert.deepEqual(pair.listener.session.onClosed(), { truncated: false });
  });
});

describe("an identity", () => {
  test("that is not the pinned one stops the dialler before message 3 leaves", () => {
    const pair = SessionPair.ready({ dialler: { expectedNodeId: nodeIdOfSeed(3) } });
    assert.equal(pair.dialler.failure, "unexpected-identity");
    assert.equal(pair.dialler.sent.length, 1);
    assert.ok(!pair.listener.types.includes("ready"));
  });

  test("that is our own is refused", () => {
    const same = { nodeSeed: seedOf(1), nodeId: nodeIdOfSeed(1) };
    const pair = SessionPair.ready({ listener: same });
    assert.equal(pair.dialler.failure, "self-connection");
    assert.equal(pair.dialler.sent.length, 1);
  });

  test("with our own static key is refused", () => {
    const staticSecret = new Uint8Array(32).fill(0x55);
    const pair = SessionPair.ready({ dialler: { staticSecret }, listener: { staticSecret } });
    assert.equal(pair.dialler.failure, "self-connection");
    assert.deepEqual(staticSecret, new Uint8Array(32).fill(0x55), "the process keeps its key");
  });

  test("that mirrors our ephemeral key is refused", () => {
    const side = dialler();
    const first = side.session.take(65_536)!;
    const flightBytes = 96 + 200;
    const e = first.subarray(16);
    const rest = new Uint8Array(flightBytes - 32);
    side.receive(concatBytes(opening({ role: "responder", flightBytes }), e, rest));
    assert.equal(side.failure, "self-connection");
  });

  test("of small order or with a signature of another key is refused", () => {
    const impostor = SessionPair.ready({ listener: { nodeId: nodeIdOfSeed(3) } });
    assert.equal(impostor.dialler.failure, "handshake-failed");
    const caller = SessionPair.ready({ dialler: { nodeId: nodeIdOfSeed(3) } });
    assert.equal(caller.listener.failure, "handshake-failed");
    const smallOrder = "01".padEnd(64, "0") as ReturnType<typeof nodeIdOfSeed>;
    const weak = SessionPair.ready({ listener: { nodeId: smallOrder } });
    assert.equal(weak.dialler.failure, "handshake-failed");
  });

  test("cannot be replayed: the flights of one session fail in another", () => {
    const recorded = SessionPair.ready({ seed: 3 });
    const side = listener();
    side.receive(recorded.dialler.sent[0]!);
    side.session.take(65_536);
    side.receive(recorded.dialler.sent[1]!);
    assert.equal(side.failure, "handshake-failed");
  });
});

/** Message 3 of an initiator who says `helloBytes` and signs as `role`. */
function craftedThird(
  side: Side,
  helloBytes: Uint8Array,
  role: "initiator" | "responder",
): Uint8Array {
  const ephemeralSecret = new Uint8Array(32).fill(0x21);
  const first = concatBytes(opening({}), x25519PublicKey(ephemeralSecret));
  side.receive(first);
  const answer = side.session.take(65_536)!;
  const noise = new HandshakeXX({
    role: "initiator",
    prologue: noisePrologue(genesisHash, first.subarray(0, 16), answer.subarray(0, 16)),
    staticSecret: new Uint8Array(32).fill(0x22),
    ephemeralSecret,
  });
  noise.writeMessage(() => new Uint8Array(0));
  assert.ok(noise.readMessage(answer.subarray(16)));
  const message3 = noise.writeMessage((h) => {
    const nodeId = idBytes(nodeIdOfSeed(1));
    const noiseStatic = noise.staticPublic;
    const peerNodeId = idBytes(nodeIdOfSeed(2));
    const fields = {
      genesisHash,
      role,
      version: 1,
      h,
      noiseStatic,
      nodeId,
      peerNodeId,
      helloBytes,
    };
    const signature = ed25519.sign(seedOf(1), authPreimage(fields));
    return encodeHandshakePayload({ nodeId, signature, helloBytes });
  });
  return concatBytes(u16Bytes(message3.length), message3);
}

describe("message 3", () => {
  const hello = encodeHello(testHello());

  test("with a signed HELLO makes the listener ready", () => {
    const side = listener();
    side.receive(craftedThird(side, hello, "initiator"));
    assert.deepEqual(side.types, ["ready"]);
  });

  test("with a HELLO that is none, or signed for another role, is refused", () => {
    const malformed = listener();
    malformed.receive(craftedThird(malformed, hello.subarray(0, 20), "initiator"));
    assert.equal(malformed.failure, "bad-hello");
    const reflected = listener();
    reflected.receive(craftedThird(reflected, hello, "responder"));
    assert.equal(reflected.failure, "handshake-failed");
  });

  test("of an impossible length is refused before its bytes come", () => {
    for (const length of [0, 64, 64 + 96, 64 + 1_025, 0xffff]) {
      const side = listener();
      side.receive(dialler().session.take(65_536)!);
      side.receive(u16Bytes(length));
      assert.equal(side.failure, "handshake-failed", `${length}`);
    }
  });
});
