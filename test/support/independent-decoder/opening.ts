/** 01-opening. */
import { Reader } from "./bytes.ts";
import { tagged } from "./crypto.ts";
import { check } from "./fault.ts";

export interface Opening {
  readonly magic: Uint8Array;
  readonly role: number;
  readonly versionMin: number;
  readonly versionMax: number;
  readonly version: number;
  readonly flightBytes: number;
}

export const roles = ["", "initiator", "responder", "genesis-request"];

export function magicOf(genesisHash: Uint8Array): Uint8Array {
  const magic = tagged("magic/1", genesisHash).slice(0, 4);
  magic[0]! |= 0x80;
  return magic;
}

export function readOpening(bytes: Uint8Array): Opening {
  const bad = "bad-opening";
  const r = new Reader(bytes, bad);
  const magic = r.take(4);
  const role = r.u8();
  r.u8();
  const [versionMin, versionMax, version, flightBytes] = [r.u16(), r.u16(), r.u16(), r.u16()];
  r.u16();
  r.end();
  check(role >= 1 && role <= 3, bad);
  check(versionMin >= 1 && versionMin <= versionMax, bad);
  const none = role === 2 && version === 0;
  check(none || (version >= versionMin && version <= versionMax), bad);
  check(flightBytes <= 2_048, bad);
  check(!none || flightBytes === 0, bad);
  if (role === 3) check(flightBytes === 0 && magic.every((byte) => byte === 0), bad);
  return { magic, role, versionMin, versionMax, version, flightBytes };
}

/** Of one who speaks version 1 only. */
function common(opening: Opening): number {
  return opening.versionMin <= 1 && opening.versionMax >= 1 ? 1 : 0;
}

export function judgeAsResponder(bytes: Uint8Array): string {
  const opening = readOpening(bytes);
  if (opening.role === 3) return "genesis-request";
  check(opening.role === 1, "bad-opening");
  if (common(opening) === 0) return "no-common-version";
  if (opening.version !== 1) return "other-version";
  check(opening.flightBytes === 32, "bad-opening");
  return "flight";
}

export function judgeAsInitiator(bytes: Uint8Array): string {
  const opening = readOpening(bytes);
  check(opening.role === 2, "bad-opening");
  check(opening.version !== 0, "no-common-version");
  check(opening.version === common(opening), "bad-opening");
  check(opening.flightBytes >= 193 && opening.flightBytes <= 1_120, "bad-opening");
  return "flight";
}
