/**
 * DEFLATED frames of sessions with given keys. The streams are written bit by bit, for what zlib
 * makes of some bytes differs from one release to the next: a stored block, then one with the fixed
 * Huffman codes that holds nothing but zeros.
 */
import { concatBytes, writeU32 } from "../../src/base/bytes.ts";
import { sha256 } from "../../src/crypto/hash.ts";
import { wireLimits } from "../../src/params/limits.ts";
import type { SecureChannel } from "../../src/peer/secure-channel.ts";
import { encodePayload } from "../../src/wire/codec.ts";
import { inflatePayload } from "../../src/wire/deflated.ts";
import { frameFlags } from "../../src/wire/frame.ts";
import type { Message } from "../../src/wire/messages.ts";
import { body, channel, open, ping, session } from "./frames.ts";
import { hex, pattern, type VectorCase, type VectorFile, wireCodeOf } from "./inputs.ts";

const { bulk, more, deflated } = frameFlags;
/** A literal zero, and each match with it: 258 bytes, one byte back. */
const matchBytes = 258;

/** BFINAL 1, BTYPE 01, a literal 0, matches, end of block. */
function zerosBlock(matches: number): Uint8Array {
  const zero = "00110000";
  const match = "11000101" + "00000";
  const end = "0000000";
  const bits = `1${"10"}${zero}${match.repeat(matches)}${end}`;
  const out = new Uint8Array(Math.ceil(bits.length / 8));
  for (let at = 0; at < bits.length; at++) {
    if (bits[at] === "1") out[at >> 3] = out[at >> 3]! | (1 << (at & 7));
  }
  return out;
}

function storedBlock(bytes: Uint8Array): Uint8Array {
  const { length } = bytes;
  const head = [0, length & 255, length >> 8, ~length & 255, (~length >> 8) & 255];
  return concatBytes(Uint8Array.from(head), bytes);
}

function sent(inflatedBytes: number, ...stream: Uint8Array[]): Uint8Array {
  const length = new Uint8Array(4);
  writeU32(length, 0, inflatedBytes);
  return concatBytes(length, ...stream);
}

/** A body that ends in zeros, and its payload as it is sent. */
export function made(patternBytes: number, matches: number, ...before: Message[]) {
  const zeroBytes = 1 + matchBytes * matches;
  const message: Message = {
    ...body,
    body: concatBytes(pattern(patternBytes), new Uint8Array(zeroBytes)),
  };
  const payload = encodePayload([...before, message]);
  const stored = storedBlock(payload.subarray(0, payload.length - zeroBytes));
  const end = zerosBlock(matches);
  const whole = sent(payload.length, stored, end);
  return { payload, zeroBytes, stored, end, whole };
}

/** A body in one frame, or in two with a ping between them. */
function accepted(name: string, patternBytes: number, matches: number, cut?: number): VectorCase {
  const { payload, zeroBytes, end, whole } = made(patternBytes, matches);
  if (hex(inflatePayload(whole)) !== hex(payload)) throw new Error("a stream of its payload");
  const sender = channel("responder");
  const frames: VectorCase[] = [];
  const seal = (flags: number, from: number, to: number) => {
    const frame = sender.seal(flags, whole.subarray(from, to));
    frames.push({ flags, from, to, frameDigest: hex(sha256(frame)) });
  };
  if (cut !== undefined) {
    seal(bulk | deflated | more, 0, cut);
    const between = encodePayload([ping]);
    const frameDigest = hex(sha256(sender.seal(0, between)));
    frames.push({ flags: 0, payload: hex(between), frameDigest });
  }
  seal(bulk | deflated, cut ?? 0, whole.length);
  const begin = hex(whole.subarray(0, whole.length - end.length - patternBytes));
  const parts = { begin, patternBytes, end: hex(end), zeroBytes };
  const inFull = cut === undefined ? { sent: hex(whole) } : {};
  return { name, kind: "deflated", ...session, from: "responder", ...parts, ...inFull, frames };
}

function refused(): VectorCase[] {
  const { payload, stored, end, whole } = made(300, 4);
  const large = made(20_000, 100);
  const seal = (bytes: Uint8Array, flags = bulk | deflated, by = channel("initiator")) =>
    by.seal(flags, bytes);
  const inPieces = (...flags: readonly number[]): Uint8Array[] => {
    const by: SecureChannel = channel("initiator");
    const at = [0, 17_000, large.whole.length];
    return flags.map((each, n) => seal(large.whole.subarray(at[n], at[n + 1]), each, by));
  };
  const n = payload.length;
  const zeros = zerosBlock(40);
  const plainPiece = channel("initiator");
  const plainThenDeflated = [
    seal(large.payload.subarray(0, 17_000), bulk | more, plainPiece),
    seal(large.whole.subarray(17_000), bulk | deflated, plainPiece),
  ];
  const tried: readonly (readonly [string, readonly Uint8Array[], boolean?])[] = [
    ["without the feature", [seal(whole)], false],
    ["an inflated length of 0", [seal(sent(0, stored, end))]],
    ["an inflated length beyond any", [seal(sent(wireLimits.inflatedBytesMax + 1, stored, end))]],
    ["an inflated length that is one short", [seal(sent(n - 1, stored, end))]],
    ["an inflated length that is one too long", [seal(sent(n + 1, stored, end))]],
    ["a stream that does not end", [seal(sent(n, stored, end.subarray(0, -1)))]],
    ["a byte after the stream", [seal(sent(n, stored, end, Uint8Array.of(0)))]],
    ["no stream", [seal(sent(n))]],
    ["a block of no known type", [seal(sent(n, Uint8Array.of(7), stored, end))]],
    ["what did not become smaller", [seal(sent(200, storedBlock(pattern(200))))]],
    ["more than 16 times its bytes", [seal(sent(1 + matchBytes * 40, zeros))]],
    ["a ping inside", [seal(made(300, 4, ping).whole)]],
    ["a byte after the last message", [seal(sent(n + matchBytes, stored, zerosBlock(5)))]],
    ["a last piece without the flag", inPieces(bulk | deflated | more, bulk)],
    ["a last piece with the flag after one without", plainThenDeflated],
    ["pieces as long as what they inflate to", [seal(sent(17_000, large.stored), 7)]],
  ];
  return tried.map(([name, frames, deflates = true]) => ({
    name: `refused: ${name}`,
    kind: "refusal",
    ...session,
    reader: "responder",
    creditBytes: 262_144,
    deflates,
    frames: frames.map(hex),
    error: wireCodeOf(() => open(frames, deflates)),
  }));
}

export function deflatedFramesFile(): VectorFile {
  return {
    name: "deflated-frames",
    description: "DEFLATED payloads: as sent = begin | pattern bytes | end; a body ends in zeros.",
    spec: "protocol-spec/03-frames §9",
    cases: [
      accepted("a body in one frame", 300, 4),
      accepted("a body in two pieces, a ping between", 40_000, 58, 20_000),
      ...refused(),
    ],
  };
}
