/**
 * The payload of DEFLATED frames, between the bytes that are signed and the messages: its length
 * when inflated, then a raw DEFLATE stream. NOT the choice when to deflate (`peer/deflation.ts`).
 * Invariant: before a byte is inflated it is known how many there may be, and that they are few for
 * the bytes that came. protocol-spec/03-frames §9.
 *
 *   0                   4
 *   | inflated length u32 | DEFLATE stream of the payload, to the end
 */
import { readU32, writeU32 } from "../base/bytes.ts";
import { deflateRaw, inflateRaw } from "../crypto/deflate.ts";
import { wireLimits } from "../params/limits.ts";
import { WireError } from "./errors.ts";
import { hasFeature } from "./hello.ts";
import type { Hello } from "./messages.ts";

/** In HELLO, version 1. */
export const deflateFeature = 6;

const lengthBytes = 4;
const { inflatedBytesMax, inflatedRatioMax, deflateGainPercentMin } = wireLimits;

/** Both take DEFLATED frames. */
export function bothDeflate(one: Hello, other: Hello): boolean {
  return hasFeature(one, deflateFeature) && hasFeature(other, deflateFeature);
}

/** Undefined when it saves too little, or is so small that nobody would inflate it. */
export function deflatePayload(payload: Uint8Array): Uint8Array | undefined {
  const stream = deflateRaw(payload);
  const bytes = lengthBytes + stream.length;
  if (bytes * 100 > payload.length * (100 - deflateGainPercentMin)) return undefined;
  if (bytes * inflatedRatioMax < payload.length) return undefined;
  const deflated = new Uint8Array(bytes);
  writeU32(deflated, 0, payload.length);
  deflated.set(stream, lengthBytes);
  return deflated;
}

/** What its beginning says that it inflates to. Throws WireError. */
export function inflatedBytesOf(deflated: Uint8Array): number {
  const bytes = deflated.length <= lengthBytes ? 0 : readU32(deflated, 0);
  if (bytes > 0 && bytes <= inflatedBytesMax) return bytes;
  throw new WireError("bad-deflate", `${bytes} bytes inflated, 1 to ${inflatedBytesMax}`);
}

/** The payload, in memory of its own. `onWork` hears of the work before it is done. Throws. */
export function inflatePayload(
  deflated: Uint8Array,
  onWork?: (inflatedBytes: number) => void,
): Uint8Array {
  const bytes = inflatedBytesOf(deflated);
  if (bytes <= deflated.length || bytes > deflated.length * inflatedRatioMax) {
    throw new WireError("bad-deflate", `${deflated.length} bytes to be ${bytes}`);
  }
  onWork?.(bytes);
  const payload = inflateRaw(deflated.subarray(lengthBytes), bytes);
  if (payload === undefined) {
    throw new WireError("bad-deflate", `no whole stream of ${bytes} bytes`);
  }
  return payload;
}
