/**
 * Opening: the 16 bytes each side says first, in clear, in every wire version there will ever be.
 * NOT authenticated by itself: both openings go into the Noise prologue, so an edit makes the
 * handshake fail. Invariant: the layout never changes; reserved bytes are zero when written and
 * ignored when read. protocol-spec/01-opening.
 *
 *   0        4    5   6          8          10      12          14      16
 *   | magic  |role| 0 |versionMin|versionMax|version|flightBytes|   0   |
 */
import { assert } from "../base/assert.ts";
import { concatBytes, isZero, readU16, writeU16 } from "../base/bytes.ts";
import { tag16, tagged } from "../crypto/hash.ts";
import { wireLimits } from "../params/limits.ts";
import { WireError } from "./errors.ts";

export type OpeningRole = "initiator" | "responder" | "genesis-request";

export interface Opening {
  /** 4 bytes; zeros in a genesis request. */
  readonly magic: Uint8Array;
  readonly role: OpeningRole;
  readonly versionMin: number;
  readonly versionMax: number;
  /**
   * Initiator: the version of the flight that follows. Responder: the version chosen, 0 for none,
   * after which it closes.
   */
  readonly version: number;
  /** Bytes of the handshake message that follows at once; who does not speak it skips them. */
  readonly flightBytes: number;
}

const roleNumbers = { initiator: 1, responder: 2, "genesis-request": 3 } as const;
const roles: readonly (OpeningRole | undefined)[] = [
  undefined,
  "initiator",
  "responder",
  "genesis-request",
];
const magicHash = tagged("magic/1");
const prologueTag = tag16("windlass/wire");
const magicBytes = 4;

/** One for all connections of a node, whose hash is one object and never changes. */
const magics = new WeakMap<Uint8Array, Uint8Array>();

/** 4 bytes that name a network; the first is never ASCII, so nobody takes us for HTTP or SSH. */
export function networkMagic(genesisHash: Uint8Array): Uint8Array {
  assert(genesisHash.length === 32, "a genesis hash has 32 bytes");
  const known = magics.get(genesisHash);
  if (known !== undefined) return known;
  const magic = magicHash(genesisHash).slice(0, magicBytes);
  magic[0] = magic[0]! | 0x80;
  magics.set(genesisHash, magic);
  return magic;
}

/** The magic of a genesis request: whoever asks does not know the network's yet. */
export const noMagic: Uint8Array = new Uint8Array(magicBytes);

/** The role as a byte, here and in what an identity signs. */
export function roleByte(role: OpeningRole): number {
  return roleNumbers[role];
}

export function encodeOpening(opening: Opening): Uint8Array {
  assert(opening.magic.length === magicBytes, "a magic has 4 bytes");
  const fault = faultOf(opening);
  assert(fault === undefined, `an opening of ours is legal: ${fault}`);
  const out = new Uint8Array(wireLimits.openingBytes);
  out.set(opening.magic);
  out[4] = roleNumbers[opening.role];
  writeU16(out, 6, opening.versionMin);
  writeU16(out, 8, opening.versionMax);
  writeU16(out, 10, opening.version);
  writeU16(out, 12, opening.flightBytes);
  return out;
}

/** The opening in exactly 16 bytes; whether the magic is ours is for `checkMagicPrefix`. */
export function decodeOpening(bytes: Uint8Array): Opening {
  if (bytes.length !== wireLimits.openingBytes) {
    throw new WireError("bad-opening", `16 bytes expected, got ${bytes.length}`);
  }
  const role = roles[bytes[4]!];
  if (role === undefined) throw new WireError("bad-opening", `role ${bytes[4]}`);
  const opening: Opening = {
    magic: bytes.slice(0, magicBytes),
    role,
    versionMin: readU16(bytes, 6),
    versionMax: readU16(bytes, 8),
    version: readU16(bytes, 10),
    flightBytes: readU16(bytes, 12),
  };
  const fault = faultOf(opening);
  if (fault !== undefined) throw new WireError("bad-opening", fault);
  return opening;
}

/** True while what came so far may become `expected`: a stranger is refused on the first byte. */
export function checkMagicPrefix(received: Uint8Array, expected: Uint8Array): boolean {
  const length = Math.min(received.length, magicBytes);
  for (let i = 0; i < length; i++) if (received[i] !== expected[i]) return false;
  return true;
}

type VersionRange = Pick<Opening, "versionMin" | "versionMax">;

/** The highest version that both ranges hold; 0 when there is none. */
export function commonVersion(a: VersionRange, b: VersionRange): number {
  const version = Math.min(a.versionMax, b.versionMax);
  return version >= a.versionMin && version >= b.versionMin ? version : 0;
}

/**
 * What both sides hash before the first Noise message, 80 bytes:
 * tag "windlass/wire" 16 | genesis hash 32 | initiator's opening 16 | responder's opening 16,
 * the openings as seen by the one who hashes.
 */
export function noisePrologue(
  genesisHash: Uint8Array,
  initiatorOpening: Uint8Array,
  responderOpening: Uint8Array,
): Uint8Array {
  assert(genesisHash.length === 32, "a genesis hash has 32 bytes");
  const bytes = wireLimits.openingBytes;
  assert(initiatorOpening.length === bytes, "the initiator's opening as it was on the wire");
  assert(responderOpening.length === bytes, "the responder's opening as it was on the wire");
  return concatBytes(prologueTag, genesisHash, initiatorOpening, responderOpening);
}

function faultOf(opening: Opening): string | undefined {
  const { role, versionMin, versionMax, version, flightBytes } = opening;
  if (versionMin === 0 || versionMin > versionMax) {
    return `versions from ${versionMin} to ${versionMax}`;
  }
  const none = role === "responder" && version === 0;
  if (!none && (version < versionMin || version > versionMax)) {
    return `version ${version} outside its own range`;
  }
  if (flightBytes > wireLimits.flightBytesMax) return `a flight of ${flightBytes} bytes`;
  if (none && flightBytes !== 0) return "a flight without a version";
  if (role !== "genesis-request") return undefined;
  if (flightBytes !== 0) return "a genesis request with a flight";
  return isZero(opening.magic) ? undefined : "a genesis request that names a network";
}
