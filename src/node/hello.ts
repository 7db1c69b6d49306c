/** What this node says of itself inside the handshake. protocol-spec/02-handshake §4. */
import type { BlockRef } from "../chain/records.ts";
import type { Env } from "../edge/env.ts";
import { idBytes } from "../model/ids.ts";
import type { RecordKeys } from "../net/addresses/own-address.ts";
import { wireLimits } from "../params/limits.ts";
import type { Hello } from "../wire/messages.ts";
import type { NodeOptions } from "./node-options.ts";

/** Bit 0 of `services`: serves every block from genesis on. */
const servesBlocks = 1;

export function helloOf(
  env: Env,
  head: BlockRef,
  finalized: BlockRef,
  options: Pick<NodeOptions, "agent" | "listenPort" | "isLow">,
  bootId: Uint8Array,
  seenAddress: string,
): Hello {
  return {
    versionMin: wireLimits.version,
    versionMax: wireLimits.version,
    agent: options.agent,
    bootId,
    services: servesBlocks,
    // A validator shows itself only inside the session, to those who may know (wire §5).
    role: "full",
    listenPort: options.listenPort,
    height: head.height,
    headHash: idBytes(head.hash),
    finalizedHeight: finalized.height,
    finalizedHash: idBytes(finalized.hash),
    wallTimeMs: Math.max(0, Math.floor(env.clock.wallMs)),
    seenAddress,
    bulkCredit: options.isLow ? wireLimits.bulkCreditBytesMin : wireLimits.bulkCreditBytes,
    features: [],
  };
}

/** What our address records are signed with: the same identity and services. */
export function recordKeys(
  { signatures }: Env,
  { nodeSeed }: { readonly nodeSeed: Uint8Array },
  networkId: Uint8Array,
): RecordKeys {
  return {
    networkId,
    services: servesBlocks,
    sign: (preimage) => signatures.sign(nodeSeed, preimage),
  };
}
