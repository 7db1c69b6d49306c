/** A link counts before it decodes: of a flood nothing is looked into. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ed25519 } from "../../../src/crypto/ed25519.ts";
import { CipherState } from "../../../src/noise/cipher-state.ts";
import { wireLimits } from "../../../src/params/limits.ts";
import { MessageLink } from "../../../src/peer/message-link.ts";
import { SecureChannel } from "../../../src/peer/secure-channel.ts";
import type { SessionEvent } from "../../../src/peer/session.ts";
import { SharedLimits } from "../../../src/peer/shared-limits.ts";
import { encodePayload } from "../../../src/wire/codec.ts";
import { WireError } from "../../../src/wire/errors.ts";
import { genesisHash, seedOf, testEnv } from "../../support/session-pair.ts";

const keyOf = (n: number) => new CipherState(new Uint8Array(32).fill(n));

function channel(isInitiator: boolean): SecureChannel {
  const [self, peer, send, receive] = isInitiator ? [1, 2, 3, 4] : [2, 1, 4, 3];
  return new SecureChannel({
    signatures: ed25519,
    isInitiator,
    genesisHash,
    handshakeHash: new Uint8Array(32),
    nodeSeed: seedOf(self),
    nodeId: ed25519.publicKey(seedOf(self)),
    peerNodeId: ed25519.publicKey(seedOf(peer)),
    send: keyOf(send),
    receive: keyOf(receive),
  });
}

function linkWithLimits(): MessageLink {
  return new MessageLink(testEnv(3), channel(false), {
    isInitiator: false,
    met: { sentAtMs: 5, pingMs: 40 },
    creditGrantedBytes: wireLimits.bulkCreditBytes,
    creditReceivedBytes: wireLimits.bulkCreditBytes,
    writer: undefined,
    shared: new SharedLimits({ uploadPerSecond: 0, downloadPerSecond: 0 }),
  });
}

test("a link refuses a flood before it decodes a byte of it", () => {
  const questions = Array.from({ length: 100 }, () => ({ type: "get_peers", count: 1 }) as const);
  // The last one is cut short: a decoder would call the payload malformed.
  const payload = encodePayload(questions).slice(0, -1);
  const events: SessionEvent[] = [];
  assert.throws(
    () => linkWithLimits().receive(channel(true).seal(0, payload), 0, events),
    (error) => error instanceof WireError && error.code === "flooding",
  );
  assert.deepEqual(events, []);
});
