import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { concatBytes } from "../../../src/base/bytes.ts";
import { ed25519 } from "../../../src/crypto/ed25519.ts";
import type { Env } from "../../../src/edge/env.ts";
import { CipherState } from "../../../src/noise/cipher-state.ts";
import { connectionLimits, wireLimits } from "../../../src/params/limits.ts";
import type { Pong } from "../../../src/peer/keepalive.ts";
import { MessageLink } from "../../../src/peer/message-link.ts";
import { SecureChannel } from "../../../src/peer/secure-channel.ts";
import type { SessionEvent } from "../../../src/peer/session.ts";
import { decodePayload, encodePayload } from "../../../src/wire/codec.ts";
import { WireError } from "../../../src/wire/errors.ts";
import { frameFlags } from "../../../src/wire/frame.ts";
import type { Message } from "../../../src/wire/messages.ts";
import { genesisHash, seedOf, testEnv, type VirtualClock } from "../../support/session-pair.ts";

const { bulk, more, last } = frameFlags;
const ping: Message = { type: "ping", nonce: new Uint8Array(8), sentAtMs: 1 };
const goodbye: Message = { type: "disconnect", code: "shutdown", text: "bye" };
const body: Message = {
  type: "block_body",
  request: 1,
  hash: new Uint8Array(32),
  body: new Uint8Array(100),
};
const block: Message = {
  type: "new_block",
  header: new Uint8Array(420),
  body: new Uint8Array(1_048_576).fill(3),
};

const met: Pong = { sentAtMs: 5, pingMs: 40 };

/** Our link and the channel of a peer who seals whatever the test says. */
class Rig {
  readonly env: Env & { clock: VirtualClock } = testEnv(3);
  readonly peer: SecureChannel;
  readonly link: MessageLink;
  readonly events: SessionEvent[] = [];

  constructor(creditGrantedBytes: number = wireLimits.bulkCreditBytes, isInitiator = false) {
    this.peer = rigChannel(!isInitiator);
    this.link = new MessageLink(this.env, rigChannel(isInitiator), {
      isInitiator,
      met,
      creditGrantedBytes,
      creditReceivedBytes: wireLimits.bulkCreditBytes,
      writer: undefined,
    });
  }

  /** A rig whose peer has shown that it lives. */
  static confirmed(creditGrantedBytes?: number): Rig {
    const rig = new Rig(creditGrantedBytes);
    rig.say(0, ping);
    return rig;
  }

  say(flags: number, ...messages: Message[]): void {
    this.receive(this.peer.seal(flags, encodePayload(messages)));
  }

  receive(bytes: Uint8Array): void {
    this.link.receive(bytes, 0, this.events);
  }
}

function rigChannel(isInitiator: boolean): SecureChannel {
  const keys = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)] as const;
  const [self, peer] = isInitiator ? [1, 2] : [2, 1];
  return new SecureChannel({
    signatures: ed25519,
    isInitiator,
    genesisHash,
    handshakeHash: new Uint8Array(32),
    nodeSeed: seedOf(self),
    nodeId: ed25519.publicKey(seedOf(self)),
    peerNodeId: ed25519.publicKey(seedOf(peer)),
    send: new CipherState(keys[isInitiator ? 0 : 1]),
    receive: new CipherState(keys[isInitiator ? 1 : 0]),
  });
}

const fails = (code: string) => (error: unknown) =>
  error instanceof WireError && error.code === code;

describe("a message link refuses", () => {
  test("a large first frame of a responder, who has not shown yet that it took our message", () => {
    const inv: Message = { type: "inv", items: new Uint8Array(33 * 130).fill(1) };
    assert.throws(() => new Rig(65_536, true).say(0, inv), fails("frame-too-large"));
    const rig = new Rig(65_536, true);
    rig.say(0, ping);
    assert.doesNotThrow(() => rig.say(0, inv));
    assert.doesNotThrow(() => new Rig().say(0, inv), "the initiator's handshake said it all");
  });

  test("bulk outside BULK frames and anything else inside", () => {
    assert.throws(() => Rig.confirmed().say(0, body), fails("bad-flags"));
    assert.throws(() => Rig.confirmed().say(bulk, ping), fails("bad-flags"));
    assert.throws(() => Rig.confirmed().say(bulk, body, ping), fails("bad-flags"));
  });

  test("a goodbye that is not the LAST frame, and a LAST frame that is no goodbye", () => {
    assert.throws(() => Rig.confirmed().say(0, goodbye), fails("message-out-of-state"));
    assert.throws(() => Rig.confirmed().say(last, ping), fails("message-out-of-state"));
    assert.throws(() => Rig.confirmed().say(last, goodbye, goodbye), fails("message-out-of-state"));
  });

  test("data after the LAST frame", () => {
    const rig = Rig.confirmed();
    const bytes = rig.peer.seal(last, encodePayload([goodbye]));
    assert.throws(
      () => rig.receive(concatBytes(bytes, Uint8Array.of(0))),
      fails("data-after-last"),
    );
    assert.equal(rig.events.at(-1)?.type, "ended");
  });

  test("bulk beyond the credit, at its header", () => {
    const rig = Rig.confirmed(100_000);
    const first = rig.peer.seal(bulk | more, encodePayload([block]).subarray(0, 90_000));
    rig.link.receive(first.subarray(0, 8), 0, rig.events);
    const greedy = Rig.confirmed(80_000);
    const header = greedy.peer.seal(bulk | more, encodePayload([block]).subarray(0, 90_000));
    assert.throws(() => greedy.receive(header.subarray(0, 8)), fails("credit-exceeded"));
  });

  test("pieces beyond what their type may have, or of several messages", () => {
    const rig = Rig.confirmed(2 ** 31);
    const headers = new Uint8Array(420 * 40);
    const list = encodePayload([{ type: "headers", request: 1, headers }]);
    rig.receive(rig.peer.seal(bulk | more, list));
    const next = rig.peer.seal(bulk | more, new Uint8Array(215_100));
    assert.throws(() => rig.receive(next), fails("message-too-large"));
    const several = Rig.confirmed();
    const half: Message = { ...body, body: new Uint8Array(10_000) };
    const two = several.peer.seal(bulk | more, encodePayload([half, half]));
    assert.throws(() => several.receive(two), fails("more-chain-broken"));
    const cut = Rig.confirmed();
    const nothing = cut.peer.seal(bulk | more, new Uint8Array(20_000).fill(0xc0));
    assert.throws(() => cut.receive(nothing), fails("malformed-message"));
  });

  test("pieces so small that holding them would cost more than they are", () => {
    const rig = Rig.confirmed();
    const crumb = rig.peer.seal(bulk | more, encodePayload([block]).subarray(0, 16_000));
    assert.throws(() => rig.receive(crumb.subarray(0, 8)), fails("more-chain-broken"));
  });

  test("signed bytes that are no messages", () => {
    const rig = Rig.confirmed();
    const sealed = rig.peer.seal(0, Uint8Array.of(0x91, 0x91, 0x7f));
    assert.throws(() => rig.receive(sealed), fails("unknown-message-type"));
  });

  test("a credit that falls", () => {
    const rig = Rig.confirmed();
    rig.say(0, { type: "credit", totalBytes: 10_000_000 });
    const falling: Message = { type: "credit", totalBytes: 9_999_999 };
    assert.throws(() => rig.say(0, falling), fails("bad-field"));
  });

  test("a frame that takes longer than 30 seconds", () => {
    const rig = Rig.confirmed();
    const frame = rig.peer.seal(0, encodePayload([ping]));
    rig.receive(frame.subarray(0, 3));
    const due = rig.env.clock.monotonicMs + wireLimits.frameReadMs;
    for (let n = 4; n < 40; n++) {
      rig.env.clock.monotonicMs += 100;
      rig.receive(frame.subarray(n - 1, n));
    }
    rig.env.clock.monotonicMs = due;
    assert.throws(
      () => rig.link.tick(),
      (error) => error instanceof WireError,
    );
  });
});

describe("a message link", () => {
  test("of the initiator says nothing of itself, and knows the round trip and the clock", () => {
    const rig = new Rig(65_536, true);
    assert.equal(rig.link.take(65_536), undefined);
    assert.equal(rig.link.pong, met);
    const due = rig.env.clock.monotonicMs + connectionLimits.pingIntervalMs;
    assert.equal(rig.link.deadline, due);
    rig.env.clock.monotonicMs = due;
    rig.link.tick();
    assert.notEqual(rig.link.take(65_536), undefined);
  });

  test("of the responder greets with its credit alone in a small frame, before all else", () => {
    const rig = new Rig();
    rig.link.send({ type: "inv", items: new Uint8Array(33_000).fill(1) }, undefined);
    const first = rig.link.take(65_536);
    assert.ok(first && first.length < 200);
    assert.ok(rig.link.take(65_536)!.length > 33_000);
  });

  test("joins pieces, lets other frames come between, and grants credit as it goes", () => {
    const rig = Rig.confirmed(200_000);
    while (rig.link.take(65_536) !== undefined);
    const payload = encodePayload([block]);
    for (let at = 0; at < payload.length; at += 60_000) {
      const flags = at + 60_000 < payload.length ? bulk | more : bulk;
      rig.receive(rig.peer.seal(flags, payload.subarray(at, at + 60_000)));
      if (at === 120_000) rig.say(0, { type: "get_peers", count: 3 });
    }
    const seen = rig.events.flatMap((event) => (event.type === "messages" ? event.messages : []));
    assert.deepEqual(seen, [{ type: "get_peers", count: 3 }, block]);
  });

  test("stops reading a peer that floods it with small frames, without blame, and goes on", () => {
    const rig = Rig.confirmed();
    const start = rig.env.clock.monotonicMs;
    const frame = (): Uint8Array =>
      rig.peer.seal(0, encodePayload([{ type: "get_peers", count: 1 }]));
    for (let n = 1; n < wireLimits.smallFramesBurstReceived - 1; n++) rig.receive(frame());
    assert.ok(rig.events.every((event) => event.type === "messages"));
    rig.receive(concatBytes(frame(), frame(), frame()));
    assert.deepEqual(rig.events.at(-1), { type: "reading", on: false });
    assert.equal(rig.link.deadline, start + 3 * 4);
    assert.deepEqual(rig.link.tick(), []);
    rig.env.clock.monotonicMs = rig.link.deadline;
    assert.deepEqual(rig.link.tick(), [{ type: "reading", on: true }]);
    assert.ok(rig.link.deadline > rig.env.clock.monotonicMs);
  });

  test("keeps its own small frames to the budget, and none waits longer than 5 ms", () => {
    const rig = Rig.confirmed();
    const start = rig.env.clock.monotonicMs;
    let frames = 0;
    for (let ms = 0; ms < 2_000; ms++) {
      rig.env.clock.monotonicMs = start + ms;
      rig.link.send({ type: "get_peers", count: 1 }, undefined);
      const before = frames;
      while (rig.link.take(65_536) !== undefined) frames++;
      assert.equal(rig.link.hasOutput, false);
      assert.ok(rig.link.deadline > start + ms);
      if (frames === before) assert.ok(rig.link.deadline <= start + ms + 5);
    }
    assert.ok(frames <= 64 + 2 * 200 + 1 && frames >= 2 * 200, `${frames} frames`);
  });

  test("is woken for what the budget held back though something else came at that moment", () => {
    const rig = Rig.confirmed();
    const send = () => rig.link.send({ type: "get_peers", count: 1 }, undefined);
    for (send(); rig.link.take(65_536) !== undefined; ) send();
    const due = rig.link.deadline;
    assert.ok(due <= rig.env.clock.monotonicMs + 5);
    rig.env.clock.monotonicMs = Math.ceil(due);
    assert.equal(rig.link.deadline, due, "time alone does not take an alarm back");
    assert.equal(rig.link.offer(), true);
    assert.ok(rig.link.deadline > rig.env.clock.monotonicMs, "whoever was told writes it");
    assert.notEqual(rig.link.take(65_536), undefined);
  });

  test("tells a raised credit though the lane was full when it was due", () => {
    const rig = Rig.confirmed(wireLimits.bulkCreditBytesMin);
    const pings = Array.from({ length: 14_000 }, () => ping);
    rig.say(0, ...pings);
    assert.equal(rig.link.send(ping, undefined), false);
    rig.say(bulk, { ...body, body: new Uint8Array(40_000) });
    const sent: Message[] = [];
    for (let frame = rig.link.take(65_536); frame !== undefined; frame = rig.link.take(65_536)) {
      let at = 0;
      while (at < frame.length) {
        const read = rig.peer.read(frame, at);
        at = read.at;
        if (read.step.type === "frame") sent.push(...decodePayload(read.step.frame.payload));
      }
    }
    const totals = sent.flatMap((message) => (message.type === "credit" ? [message] : []));
    assert.equal(totals.length, 2, "the greeting, and what was raised");
    assert.ok(totals[1]!.totalBytes >= wireLimits.bulkCreditBytesMin + 40_000);
  });

  test("gives up a peer that takes nothing of what matters", () => {
    const rig = Rig.confirmed();
    const items = new Uint8Array(33 * 1_000).fill(1);
    const pong = rig.link.take(65_536);
    assert.ok(pong);
    while (rig.link.send({ type: "inv", items }, undefined));
    const due = rig.env.clock.monotonicMs + wireLimits.outboxStalledMs;
    assert.ok(rig.link.deadline <= due);
    rig.env.clock.monotonicMs = due;
    assert.throws(() => rig.link.tick(), fails("stalled-reader"));
  });
});
