/** A whole node among peers that flood it, or never read: what it costs, and what others notice. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ed25519 } from "../../../src/crypto/ed25519.ts";
import { publicKeyOf } from "../../../src/model/ids.ts";
import { encodeVote } from "../../../src/model/vote.ts";
import { connectionLimits, wireLimits } from "../../../src/params/limits.ts";
import { kindRates } from "../../../src/params/rates.ts";
import type { Message } from "../../../src/wire/messages.ts";
import { Hub, type HubPeer } from "../../support/hub.ts";

const closing = (hub: Hub, { conn }: HubPeer) =>
  hub.notices.find((notice) => notice.type === "peer-closed" && notice.conn === conn);
const codeOf = (hub: Hub, peer: HubPeer) => {
  const notice = closing(hub, peer);
  return notice?.type === "peer-closed" ? notice.code : undefined;
};

/** Asks and is answered within this very instant. */
function assertServed(hub: Hub, peer: HubPeer): void {
  const before = peer.events.length;
  peer.session.send({
    type: "get_headers",
    request: 5,
    locator: new Uint8Array(32).fill(1),
    stop: new Uint8Array(32),
    count: 1,
  });
  hub.settle();
  assert.ok(peer.events.length > before, `answered at ${hub.now}`);
  assert.equal(peer.isRead, true);
}

/** Votes for a block that nobody has, of the validator if `seed` is its. */
function voteOf(hub: Hub, targetSlot: number, seed: Uint8Array): Message {
  const { genesisHash } = hub.node.queries.info();
  const data = {
    ...{ sourceSlot: 0, sourceHash: genesisHash },
    ...{ targetSlot, targetHash: genesisHash.replace(/^../, "ff") as typeof genesisHash },
  };
  const validator = publicKeyOf(ed25519.publicKey(hub.validatorSeed));
  const signature = ed25519.sign(seed, new Uint8Array(8));
  return { type: "vote", vote: encodeVote(data, validator, signature).bytes };
}

describe("a node", () => {
  test("reads a peer that sends at line rate no faster than its rates, and answers others at once", () => {
    const hub = new Hub();
    const [flooder, honest] = [hub.connect(), hub.connect()];
    const start = hub.now;
    const items = new Uint8Array(33 * 1_000).fill(1);
    for (let ms = 0; ms < 20_000; ms += 50) {
      while (flooder.session.send({ type: "not_found", items }, undefined));
      hub.settle();
      if (ms % 1_000 === 0) assertServed(hub, honest);
      hub.advance(50);
    }
    const { intervalMs, burstMs } = kindRates.not_found.bytes!;
    const allowed = (hub.now - start + burstMs + wireLimits.rateDebtMs) / intervalMs;
    assert.ok(flooder.taken <= 1.1 * allowed, `${flooder.taken} of ${allowed}`);
    assert.ok(flooder.taken >= 0.5 * (20_000 / intervalMs), `${flooder.taken}`);
    assert.equal(closing(hub, flooder), undefined, "it is delayed, not blamed");
  });

  test("ends the connection of who sends far more of a kind than anybody has to say", () => {
    const hub = new Hub();
    const flooder = hub.connect();
    for (let n = 0; n < 500; n++) flooder.session.send({ type: "get_peers", count: 1 });
    hub.settle();
    assert.equal(codeOf(hub, flooder), "flooding");
  });

  test("lets go of a peer that never reads, and tells the others all the same", () => {
    const hub = new Hub();
    const [deaf, honest] = [hub.connect(), hub.connect()];
    deaf.reads = false;
    const { pingIntervalMs, pongMs } = connectionLimits;
    for (let ms = 0; ms <= pingIntervalMs + pongMs; ms += 1_000) {
      for (let n = 0; n < 4; n++) {
        deaf.session.send({
          type: "get_headers",
          request: n,
          locator: new Uint8Array(32).fill(1),
          stop: new Uint8Array(32),
          count: 512,
        });
      }
      hub.settle();
      assertServed(hub, honest);
      assert.ok(deaf.unread.length <= 2, "no more is written than the kernel takes");
      hub.advance(1_000);
    }
    assert.equal(codeOf(hub, deaf), "timeout-pong");
    assert.equal(closing(hub, honest), undefined);
  });

  test("verifies an object once, whoever sends it and how often", () => {
    const hub = new Hub();
    const peers = Array.from({ length: 5 }, () => hub.connect());
    const bad = voteOf(hub, 1, new Uint8Array(32).fill(3));
    hub.verified = 0;
    for (const peer of peers) {
      peer.session.send(bad);
      hub.settle();
      assert.equal(codeOf(hub, peer), "protocol");
    }
    assert.equal(hub.verified, 1);
  });

  test("keeps to the line that the operator gave it, and pings though it is full", () => {
    const uploadKbps = 256;
    const hub = new Hub({ uploadKbps, downloadKbps: 0, uploadTargetMb: 0 });
    const [greedy, honest] = [hub.connect(), hub.connect()];
    const start = hub.now;
    let received = 0;
    for (let ms = 0; ms < 60_000; ms += 100) {
      const items = new Uint8Array(33 * 1_000).fill(2);
      items.forEach((_, at) => {
        if (at % 33 === 0) items[at] = 1;
      });
      greedy.session.send({ type: "get_data", items });
      hub.advance(100);
      received = greedy.session.bytesReceived + honest.session.bytesReceived;
    }
    const seconds = (hub.now - start) / 1_000;
    assert.ok(received <= (seconds + 2) * uploadKbps * 125 + 2 * 40_000, `${received}`);
    assert.ok(received >= 0.7 * seconds * uploadKbps * 125, `${received}`);
    for (const peer of [greedy, honest]) assert.equal(closing(hub, peer), undefined);
    assert.ok(honest.session.pong !== undefined && honest.session.pong.pingMs < 10);
  });
});
