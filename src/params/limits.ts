/**
 * Every number of the protocol and of its defences, read from the one table that code, text and
 * tests share: protocol-spec/constants.json. Not configuration (that is `host/config.ts`).
 * Relations between numbers are asserted at load.
 */
import constants from "../../protocol-spec/constants.json" with { type: "json" };
import { assert } from "../base/assert.ts";

type Values<T> = { readonly [K in keyof T]: number };

function valuesOf<T extends Record<string, { readonly value: number }>>(table: T): Values<T> {
  const out: Record<string, number> = {};
  for (const [name, entry] of Object.entries(table)) out[name] = entry.value;
  return Object.freeze(out) as Values<T>;
}

export const wireLimits = valuesOf(constants.wire);
export const connectionLimits = valuesOf(constants.connections);
export const relayLimits = valuesOf(constants.relay);
export const syncLimits = valuesOf(constants.sync);
export const chainLimits = valuesOf(constants.chain);
export const mempoolLimits = valuesOf(constants.mempool);
export const httpLimits = valuesOf(constants.http);

assert(
  wireLimits.frameBodyBytesMax ===
    wireLimits.noiseMessageBytesMax * wireLimits.noiseMessagesPerFrameMax,
  "a frame is whole Noise messages",
);
assert(
  wireLimits.framePayloadBytesMax ===
    wireLimits.frameBodyBytesMax - 16 * wireLimits.noiseMessagesPerFrameMax - 64,
  "a payload leaves room for tags and signature",
);
assert(
  wireLimits.smallFramesPerSecondSent < wireLimits.smallFramesPerSecondReceived &&
    wireLimits.smallFramesBurstSent < wireLimits.smallFramesBurstReceived,
  "an honest sender never exhausts the receiver's budget",
);
assert(
  connectionLimits.pongMs < connectionLimits.pingIntervalMs,
  "at most one ping is ever in flight",
);
assert(
  connectionLimits.idleMs > connectionLimits.pingIntervalMs + connectionLimits.pongMs,
  "a live peer is heard of before it counts as idle",
);
assert(
  syncLimits.headersAheadMax + chainLimits.unfinalizedMax < chainLimits.treeNodesMax,
  "catch-up fits into the tree",
);
assert(
  syncLimits.headersHeldMax + syncLimits.headersPerMessageMax <= chainLimits.treeNodesMax &&
    syncLimits.headersAheadMax + chainLimits.unfinalizedMax < syncLimits.headersHeldMax,
  "an honest answer to a question for headers has room in the tree",
);
assert(
  syncLimits.headersPerMessageMax * (chainLimits.headerBytes + chainLimits.sealBytes) <
    wireLimits.framePayloadBytesMax,
  "a full headers message fits into one frame",
);
