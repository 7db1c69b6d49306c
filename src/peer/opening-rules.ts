/**
 * What an opening from the other side means for us, by role and versions. Looks at 16 bytes and
 * keeps nothing; whether the magic is ours was settled byte by byte. protocol-spec/01-opening §2.
 */
import { assert } from "../base/assert.ts";
import { concatBytes, u32Bytes } from "../base/bytes.ts";
import { wireLimits } from "../params/limits.ts";
import { WireError } from "../wire/errors.ts";
import { commonVersion, decodeOpening, type Opening } from "../wire/opening.ts";
import { isPayloadLength, message2OverheadBytes } from "./identity.ts";

/** Noise message 1: e alone. */
export const message1Bytes = 32;

const { version } = wireLimits;
export const ownVersions = { versionMin: version, versionMax: version } as const;

export type InitiatorVerdict =
  /** Its flight follows, in a version that we speak and that is the highest common. */
  | { readonly type: "flight" }
  /** Its flight is of a version to pass over; it may begin again in ours. */
  | { readonly type: "other-version"; readonly flightBytes: number }
  | { readonly type: "no-common-version"; readonly detail: string }
  | { readonly type: "genesis-request" };

/** Of one who dialled us. Throws WireError. */
export function judgeInitiator(bytes: Uint8Array): InitiatorVerdict {
  const opening = decodeOpening(bytes);
  if (opening.role === "genesis-request") return { type: "genesis-request" };
  // A magic of zeros passed as the beginning of a genesis request.
  if (opening.role !== "initiator" || opening.magic[0] === 0) {
    throw new WireError("bad-opening", `role ${opening.role} of one who dialled us`);
  }
  const common = commonVersion(opening, ownVersions);
  if (common === 0) return { type: "no-common-version", detail: noCommon(opening) };
  if (opening.version !== common) {
    return { type: "other-version", flightBytes: opening.flightBytes };
  }
  if (opening.flightBytes !== message1Bytes) {
    throw new WireError("bad-opening", `message 1 of ${opening.flightBytes} bytes`);
  }
  return { type: "flight" };
}

/** Of one whom we dialled. Throws WireError unless message 2 follows. */
export function acceptResponder(bytes: Uint8Array): Opening {
  const opening = decodeOpening(bytes);
  if (opening.role !== "responder") {
    throw new WireError("bad-opening", `role ${opening.role} of one whom we dialled`);
  }
  if (opening.version === 0) throw new WireError("no-common-version", noCommon(opening));
  if (opening.version !== commonVersion(opening, ownVersions)) {
    throw new WireError("bad-opening", `version ${opening.version} is not the highest common`);
  }
  if (!isPayloadLength(opening.flightBytes - message2OverheadBytes)) {
    throw new WireError("bad-opening", `message 2 of ${opening.flightBytes} bytes`);
  }
  return opening;
}

/** What a genesis request gets, in clear: length u32 | network file. */
export function genesisAnswer(networkFile: Uint8Array): Uint8Array {
  assert(networkFile.length <= wireLimits.networkFileBytesMax, "our network file is bounded");
  return concatBytes(u32Bytes(networkFile.length), networkFile);
}

function noCommon({ versionMin, versionMax }: Opening): string {
  return `we speak version ${version}, the peer ${versionMin} to ${versionMax}`;
}
