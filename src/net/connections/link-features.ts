/**
 * Features of HELLO that say what a connection is for. Effective when both ends list one
 * (protocol-spec/02-handshake §4): an acceptor lists all it knows, a dialler what it wants.
 */
import { deflateFeature } from "../../wire/deflated.ts";
import type { Feature } from "../../wire/messages.ts";
import type { DialKind } from "./dialer.ts";

export const helloFeatures = {
  /** No addresses and no transactions pass on this connection. */
  blockOnly: 1,
  /** The dialler only wants to know who answers, and takes no slot. */
  feeler: 2,
  /** Understands the proof of a validator key (04-messages §7). */
  attest: 3,
  /** Understands compact blocks (04-messages §8). */
  compact: 4,
  /** Answers what it verified (04-messages §9). */
  verified: 5,
  /** Takes DEFLATED frames (03-frames §9); the session looks after it. */
  deflated: deflateFeature,
} as const;

const blockOnly: Feature = { id: helloFeatures.blockOnly, version: 1 };
const feeler: Feature = { id: helloFeatures.feeler, version: 1 };
const attest: Feature = { id: helloFeatures.attest, version: 1 };
const compact: Feature = { id: helloFeatures.compact, version: 1 };
const verified: Feature = { id: helloFeatures.verified, version: 1 };
const deflated: Feature = { id: helloFeatures.deflated, version: 1 };
const featuresOf = {
  full: [attest, compact, verified, deflated],
  manual: [attest, compact, verified, deflated],
  "block-only": [blockOnly, attest, compact, verified, deflated],
  feeler: [feeler, attest],
} as const satisfies Record<DialKind, readonly Feature[]>;

/** What our HELLO lists; `kind` is undefined when the peer dialled us. Ids ascend. */
export function featuresFor(kind: DialKind | undefined): readonly Feature[] {
  return kind === undefined
    ? [blockOnly, feeler, attest, compact, verified, deflated]
    : featuresOf[kind];
}
