/** Frames of sessions with given keys. */
import { concatBytes } from "../../src/base/bytes.ts";
import { ed25519 } from "../../src/crypto/ed25519.ts";
import { sha256 } from "../../src/crypto/hash.ts";
import { CipherState } from "../../src/noise/cipher-state.ts";
import { Inbox } from "../../src/peer/inbox.ts";
import { SecureChannel } from "../../src/peer/secure-channel.ts";
import { encodePayload } from "../../src/wire/codec.ts";
import { decodeFrameHeader, encodeFrameHeader, frameFlags } from "../../src/wire/frame.ts";
import type { Message, MessageOf } from "../../src/wire/messages.ts";
import { networkMagic } from "../../src/wire/opening.ts";
import {
  bytesOf,
  digestOf,
  fill,
  flipped,
  genesisHash,
  hex,
  initiatorId,
  pattern,
  responderId,
  seeds,
  type VectorCase,
  type VectorFile,
  wireCodeOf,
  withByte,
} from "./inputs.ts";

const handshakeHash = digestOf("handshake");
const keyToResponder = fill(0x61);
const keyToInitiator = fill(0x62);
const { bulk, more, deflated, last } = frameFlags;

/** `role` seals; the other role opens. */
export function channel(role: "initiator" | "responder", seed?: Uint8Array): SecureChannel {
  const initiates = role === "initiator";
  return new SecureChannel({
    signatures: ed25519,
    isInitiator: initiates,
    genesisHash,
    handshakeHash,
    nodeSeed: seed ?? (initiates ? seeds.initiatorNode : seeds.responderNode),
    nodeId: initiates ? initiatorId : responderId,
    peerNodeId: initiates ? responderId : initiatorId,
    send: new CipherState(initiates ? keyToResponder : keyToInitiator),
    receive: new CipherState(initiates ? keyToInitiator : keyToResponder),
  });
}

export const session = {
  genesisHash: hex(genesisHash),
  handshakeHash: hex(handshakeHash),
  initiatorNodeSeed: hex(seeds.initiatorNode),
  responderNodeSeed: hex(seeds.responderNode),
  keyToResponder: hex(keyToResponder),
  keyToInitiator: hex(keyToInitiator),
};

interface Sent {
  readonly flags: number;
  readonly payload: Uint8Array;
}

function sessionCase(name: string, from: "initiator" | "responder", sent: readonly Sent[]) {
  const sender = channel(from);
  const frames = sent.map(({ flags, payload }) => ({
    flags,
    payload: hex(payload),
    frame: hex(sender.seal(flags, payload)),
  }));
  return { name, kind: "session", ...session, from, frames };
}

/** The frame layer knows no messages: this is no legal one. */
const leastPayload = Uint8Array.of(0x91, 0x91, 0x05);

export const ping: Message = { type: "ping", nonce: fill(1, 8), sentAtMs: 1_800_000_000_000 };
export const batch: readonly Message[] = [
  { type: "inv", items: concatBytes(fill(2, 1), digestOf("block")) },
  { type: "get_peers", count: 64 },
  { type: "get_headers", request: 1, locator: genesisHash, stop: fill(0), count: 512 },
];
export const body: MessageOf<"block_body"> = {
  type: "block_body",
  request: 9,
  hash: digestOf("block"),
  body: pattern(300),
};

function sessions(): VectorCase[] {
  const whole = encodePayload([body]);
  return [
    sessionCase("the smallest frame: 83 bytes of body", "initiator", [
      { flags: 0, payload: leastPayload },
    ]),
    sessionCase("from the initiator: one message, many, a goodbye", "initiator", [
      { flags: 0, payload: encodePayload([ping]) },
      { flags: 0, payload: encodePayload(batch) },
      { flags: last, payload: encodePayload([{ type: "disconnect", code: "shutdown", text: "" }]) },
    ]),
    sessionCase("from the responder: BULK in one piece", "responder", [
      { flags: bulk, payload: whole },
    ]),
  ];
}

/** A body in three pieces, a ping between; payload = prefix | pattern bytes. */
function chain(): VectorCase {
  const bodyBytes = 60_000;
  const message: Message = { ...body, body: pattern(bodyBytes) };
  const whole = encodePayload([message]);
  const sender = channel("responder");
  const pieces = [
    { flags: bulk | more, from: 0, to: 20_000 },
    { flags: bulk | more, from: 20_000, to: 36_384 },
    { flags: bulk, from: 36_384, to: whole.length },
  ];
  const frames: VectorCase[] = [];
  for (const { flags, from, to } of pieces) {
    const frame = sender.seal(flags, whole.subarray(from, to));
    frames.push({ flags, from, to, frameDigest: hex(sha256(frame)) });
    if (from > 0) continue;
    const payload = encodePayload([ping]);
    frames.push({
      flags: 0,
      payload: hex(payload),
      frameDigest: hex(sha256(sender.seal(0, payload))),
    });
  }
  return {
    name: "from the responder: a MORE chain of three pieces with a ping between",
    kind: "chain",
    ...session,
    from: "responder",
    prefix: hex(whole.subarray(0, whole.length - bodyBytes)),
    patternBytes: bodyBytes,
    frames,
  };
}

/** Large frames by the length of their payload and the digest of what is sent. */
function sized(): VectorCase[] {
  const lengths = [65_455, 65_456, 65_519, 130_974, 130_975, 524_088];
  return lengths.map((payloadBytes) => {
    const frame = channel("initiator").seal(0, pattern(payloadBytes));
    return {
      name: `payload of ${payloadBytes} bytes`,
      kind: "sized",
      ...session,
      from: "initiator",
      flags: 0,
      payloadBytes,
      header: hex(frame.subarray(0, 8)),
      bodyBytes: frame.length - 8,
      frameDigest: hex(sha256(frame)),
    };
  });
}

/** 1,026 frames of one Noise message each: the key changes after number 1,023. */
function rekey(): VectorCase {
  const sender = channel("responder");
  const payload = leastPayload;
  const frames = Array.from({ length: 1_026 }, () => sender.seal(0, payload));
  return {
    name: "the key changes after 1,024 Noise messages",
    kind: "rekey",
    ...session,
    from: "responder",
    flags: 0,
    payload: hex(payload),
    count: frames.length,
    framesDigest: hex(sha256(concatBytes(...frames))),
    frame1023: hex(frames[1_023]!),
    frame1024: hex(frames[1_024]!),
    frame1025: hex(frames[1_025]!),
  };
}

/** What the responder makes of them; throws WireError. `deflates`: feature 6 is effective. */
export function open(frames: readonly Uint8Array[], deflates = false): void {
  const reader = channel("responder");
  const inbox = new Inbox(262_144, deflates);
  for (const frame of frames) {
    for (let at = 0; at < frame.length; ) {
      const read = reader.read(frame, at);
      at = read.at;
      if (read.step.type === "header") inbox.onHeader(read.step.header);
      if (read.step.type !== "frame") continue;
      const joined = inbox.onFrame(read.step.frame);
      if (joined !== undefined) inbox.decode(read.step.frame, joined);
    }
  }
}

function headers(): VectorCase[] {
  const magic = networkMagic(genesisHash);
  const good = new Uint8Array(8);
  encodeFrameHeader(good, magic, 0, 83);
  const withLength = (bytes: number, flags = 0) => {
    const header = withByte(good, 4, flags);
    header.set([bytes >> 16, bytes >> 8, bytes], 5);
    return header;
  };
  const legal = [
    withLength(83),
    withLength(65_535),
    withLength(65_552),
    withLength(131_070),
    withLength(524_280),
    withLength(100, bulk),
    withLength(100, bulk | more),
    withLength(100, bulk | deflated),
    withLength(100, bulk | more | deflated),
    withLength(100, last),
  ].map((header) => ({ header, ...decodeFrameHeader(header, magic) }));
  const wrong: readonly (readonly [string, Uint8Array])[] = [
    ["foreign magic", flipped(good, 3)],
    ["flag 0x10", withLength(83, 0x10)],
    ["DEFLATED without BULK", withLength(100, deflated)],
    ["MORE without BULK", withLength(100, more)],
    ["DEFLATED and MORE without BULK", withLength(100, more | deflated)],
    ["LAST with BULK", withLength(100, last | bulk)],
    ["LAST with DEFLATED", withLength(100, last | deflated)],
    ["no body", withLength(0)],
    ["82 bytes", withLength(82)],
    ["65,536 bytes: a second Noise message of 1", withLength(65_536)],
    ["65,551 bytes: a second Noise message of 16", withLength(65_551)],
    ["524,281 bytes", withLength(524_281)],
    ["16,777,215 bytes", withLength(16_777_215)],
  ];
  return [
    ...legal.map(({ header, flags, bodyBytes }) => ({
      name: `header: flags ${flags}, ${bodyBytes} bytes`,
      kind: "header",
      magic: hex(magic),
      header: hex(header),
      flags,
      bodyBytes,
    })),
    ...wrong.map(([name, header]) => ({
      name: `header: ${name}`,
      kind: "header",
      magic: hex(magic),
      header: hex(header),
      error: wireCodeOf(() => decodeFrameHeader(header, magic)),
    })),
  ];
}

function rejects(): VectorCase[] {
  const payload = encodePayload([ping]);
  const seal = (sender: SecureChannel, flags = 0, bytes = payload) => sender.seal(flags, bytes);
  const one = channel("initiator");
  const first = seal(one);
  const second = seal(one);
  const bulkPayload = encodePayload([body]);
  const goodbye = encodePayload([{ type: "disconnect", code: "shutdown", text: "" }]);
  const large: Message = { ...body, body: pattern(30_000) };
  const two = encodePayload([large, large]).subarray(0, 20_000);
  const tried: readonly (readonly [string, readonly Uint8Array[]])[] = [
    ["a bit of the ciphertext", [flipped(first, 20)]],
    ["a bit of the tag", [flipped(first, -1)]],
    ["flags changed to BULK", [withByte(first, 4, bulk)]],
    ["signed by another key", [channel("initiator", fill(0x99)).seal(0, payload)]],
    ["replayed", [first, first]],
    ["reordered", [second, first]],
    ["reflected: sealed by the reader itself", [seal(channel("responder"))]],
    ["bulk message without BULK", [seal(channel("initiator"), 0, bulkPayload)]],
    ["ping in a BULK frame", [seal(channel("initiator"), bulk)]],
    ["disconnect without LAST", [seal(channel("initiator"), 0, goodbye)]],
    ["LAST with a ping", [seal(channel("initiator"), last)]],
    ["MORE chain of two messages", [seal(channel("initiator"), bulk | more, two)]],
    [
      "MORE chain beyond the cap of its type",
      [channel("initiator").seal(bulk | more, concatBytes(bytesOf("919205"), fill(1, 20_000)))],
    ],
    [
      "a piece of a MORE chain below 16,384 bytes",
      [channel("initiator").seal(bulk | more, two.subarray(0, 16_303))],
    ],
    ["BULK beyond the credit", [seal(channel("initiator"), bulk, pattern(262_100))]],
  ];
  return tried.map(([name, frames]) => ({
    name,
    kind: "refusal",
    ...session,
    reader: "responder",
    creditBytes: 262_144,
    ...(frames.some((frame) => frame.length > 100_000)
      ? { header: hex(frames[0]!.subarray(0, 8)) }
      : { frames: frames.map(hex) }),
    error: wireCodeOf(() => open(frames)),
  }));
}

export function framesFile(): VectorFile {
  return {
    name: "frames",
    description: "Frames of sessions with given keys: bytes, sizes, rekeying, and refusals.",
    spec: "protocol-spec/03-frames §1 to §4",
    cases: [...headers(), ...sessions(), chain(), ...sized(), rekey(), ...rejects()],
  };
}
