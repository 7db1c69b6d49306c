/**
 * Frame: the 8 header bytes, the lengths they imply, and the 192 bytes that its signature covers.
 * NOT encryption (`peer/secure-channel.ts`). Invariant: whatever a header could say wrong is
 * refused before anything is allocated, and one length gives one split into Noise messages.
 * protocol-spec/03-frames §1 to §3.
 *
 *   0        4     5        8
 *   | magic  |flags| length | Noise message (<= 65,535) | ... at most 8 |
 *   plaintext of all Noise messages, joined: payload | signature 64
 */
import { assert } from "../base/assert.ts";
import { readU24, writeU16, writeU24, writeU32, writeU64 } from "../base/bytes.ts";
import { tag16 } from "../crypto/hash.ts";
import { wireLimits } from "../params/limits.ts";
import { WireError } from "./errors.ts";

/**
 * bulk: counted against credit. more: the payload goes on in the next BULK frame. deflated: the
 * payload is (wire/deflated.ts), where both ends know it. last: nothing follows in this direction.
 */
export const frameFlags = { bulk: 1, more: 2, deflated: 4, last: 8 } as const;

export interface FrameHeader {
  readonly flags: number;
  /** Of all Noise messages, tags included. */
  readonly bodyBytes: number;
}

const tagBytes = 16;
const signatureBytes = 64;
const {
  frameHeaderBytes,
  frameBodyBytesMin,
  frameBodyBytesMax,
  framePayloadBytesMax,
  noiseMessageBytesMax,
} = wireLimits;
const chunkBytesMax = noiseMessageBytesMax - tagBytes;

/** Writes 8 bytes at the beginning of `out`. */
export function encodeFrameHeader(
  out: Uint8Array,
  magic: Uint8Array,
  flags: number,
  bodyBytes: number,
): void {
  assert(out.length >= frameHeaderBytes && magic.length === 4, "8 bytes of room, 4 of magic");
  assert(flagsFault(flags) === undefined, "flags of ours are legal");
  assert(lengthFault(bodyBytes) === undefined, "a body of ours has a possible length");
  out.set(magic);
  out[4] = flags;
  writeU24(out, 5, bodyBytes);
}

/** Throws for a foreign magic, flags that are not legal, and lengths that cannot be. */
export function decodeFrameHeader(bytes: Uint8Array, magic: Uint8Array): FrameHeader {
  assert(bytes.length === frameHeaderBytes, "a frame header has 8 bytes");
  for (let i = 0; i < 4; i++) {
    if (bytes[i] !== magic[i]) throw new WireError("bad-frame-header", "no magic: out of step");
  }
  const flags = bytes[4]!;
  const wrongFlags = flagsFault(flags);
  if (wrongFlags !== undefined) throw new WireError("bad-flags", wrongFlags);
  const bodyBytes = readU24(bytes, 5);
  if (bodyBytes > frameBodyBytesMax) {
    throw new WireError("frame-too-large", `${bodyBytes} bytes, at most ${frameBodyBytesMax}`);
  }
  const wrongLength = lengthFault(bodyBytes);
  if (wrongLength !== undefined) throw new WireError("frame-length-impossible", wrongLength);
  return { flags, bodyBytes };
}

/** Lengths of the Noise messages of a body: full ones, then the rest. */
export function noiseMessageSizes(bodyBytes: number): number[] {
  assert(lengthFault(bodyBytes) === undefined, "the length was checked with the header");
  const sizes: number[] = [];
  let left = bodyBytes;
  for (; left > noiseMessageBytesMax; left -= noiseMessageBytesMax) {
    sizes.push(noiseMessageBytesMax);
  }
  sizes.push(left);
  return sizes;
}

/** Body of a payload of 3 to 524,088 bytes. */
export function bodyBytesOf(payloadBytes: number): number {
  assert(payloadBytes <= framePayloadBytesMax, "a payload fits into a frame");
  const plaintextBytes = payloadBytes + signatureBytes;
  return plaintextBytes + tagBytes * Math.ceil(plaintextBytes / chunkBytesMax);
}

/** Payload in a body whose length was checked. */
export function payloadBytesOf(bodyBytes: number): number {
  return bodyBytes - tagBytes * Math.ceil(bodyBytes / noiseMessageBytesMax) - signatureBytes;
}

export interface FrameFields {
  readonly genesisHash: Uint8Array;
  /** Of the finished handshake: names the session. */
  readonly handshakeHash: Uint8Array;
  readonly sender: Uint8Array;
  readonly recipient: Uint8Array;
  readonly fromInitiator: boolean;
  readonly flags: number;
  readonly version: number;
  /** Frames of this direction, from 0; not sent. */
  readonly sequence: number;
  readonly payloadBytes: number;
  /** SHA-256 of the payload. */
  readonly payloadDigest: Uint8Array;
}

export const framePreimageBytes = 192;
const frameTag = tag16("wl/frame/1");

/**
 * The 192 bytes that the sender's node key signs; into `out` when it is given (all are written).
 *
 *   tag "wl/frame/1" 16 | genesis hash 32 | handshake hash 32 | sender 32 | recipient 32
 *   | direction 1 (0 from the initiator) | flags 1 | version 2 | sequence 8
 *   | payload length 4 | SHA-256(payload) 32
 */
export function framePreimage(
  fields: FrameFields,
  out: Uint8Array = new Uint8Array(framePreimageBytes),
): Uint8Array {
  assert(out.length === framePreimageBytes, "a preimage has 192 bytes");
  assert(fields.flags >= 0 && fields.flags <= 0xff, "flags are one byte");
  out.set(frameTag);
  put32(out, 16, fields.genesisHash);
  put32(out, 48, fields.handshakeHash);
  put32(out, 80, fields.sender);
  put32(out, 112, fields.recipient);
  out[144] = fields.fromInitiator ? 0 : 1;
  out[145] = fields.flags;
  writeU16(out, 146, fields.version);
  writeU64(out, 148, fields.sequence);
  writeU32(out, 156, fields.payloadBytes);
  put32(out, 160, fields.payloadDigest);
  return out;
}

function put32(out: Uint8Array, at: number, value: Uint8Array): void {
  assert(value.length === 32, "32 bytes of a signed field");
  out.set(value, at);
}

function flagsFault(flags: number): string | undefined {
  const { bulk, more, deflated, last } = frameFlags;
  if ((flags & ~(bulk | more | deflated | last)) !== 0) return `unknown flags in ${flags}`;
  if ((flags & (more | deflated)) !== 0 && (flags & bulk) === 0) {
    return "MORE and DEFLATED are for BULK frames";
  }
  return (flags & last) !== 0 && flags !== last ? "LAST stands alone" : undefined;
}

function lengthFault(bodyBytes: number): string | undefined {
  if (bodyBytes < frameBodyBytesMin || bodyBytes > frameBodyBytesMax) return `${bodyBytes} bytes`;
  const rest = bodyBytes % noiseMessageBytesMax;
  return rest >= 1 && rest <= tagBytes ? `a Noise message of ${rest} bytes is empty` : undefined;
}
