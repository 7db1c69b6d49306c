/**
 * Recorded frame: what a third party needs to see that one node said these bytes to another, in
 * which session and in which place of it. Reveals no key: the handshake hash was on the wire.
 * NOT a proof of when it was said, that it arrived, or that nothing else was said.
 * Invariant: everything the verdict rests on is under the signature of `sender`.
 * protocol-spec/03-frames §6.
 */
import { copyBytes, fromHex, toHex } from "../base/bytes.ts";
import { sha256 } from "../crypto/hash.ts";
import type { SignatureScheme } from "../crypto/signature-scheme.ts";
import { type NodeId, nodeIdOf } from "../model/ids.ts";
import { wireLimits } from "../params/limits.ts";
import { decodePayload } from "./codec.ts";
import { inflatePayload } from "./deflated.ts";
import { type WireCode, WireError } from "./errors.ts";
import { type FrameFields, frameFlags, framePreimage } from "./frame.ts";
import type { Message } from "./messages.ts";

/** JSON-able; bytes are lower-case hex. */
export interface RecordedFrame {
  readonly genesisHash: string;
  readonly wireVersion: number;
  readonly handshakeHash: string;
  readonly sender: string;
  readonly recipient: string;
  readonly fromInitiator: boolean;
  readonly sequence: number;
  readonly flags: number;
  readonly payload: string;
  readonly signature: string;
}

export type FrameVerdict =
  | {
      readonly ok: true;
      readonly sender: NodeId;
      readonly recipient: NodeId;
      /** Views into a payload of their own; empty when `fault` says why it did not decode. */
      readonly messages: readonly Message[];
      /** The sender signed bytes that break the protocol, or a piece of a payload in pieces. */
      readonly fault: { readonly code: WireCode; readonly detail: string } | undefined;
    }
  | { readonly ok: false; readonly reason: string };

/** The record of a frame as it was received or sent. */
export function recordFrame(
  fields: Omit<FrameFields, "payloadBytes" | "payloadDigest">,
  payload: Uint8Array,
  signature: Uint8Array,
): RecordedFrame {
  return {
    genesisHash: toHex(fields.genesisHash),
    wireVersion: fields.version,
    handshakeHash: toHex(fields.handshakeHash),
    sender: toHex(fields.sender),
    recipient: toHex(fields.recipient),
    fromInitiator: fields.fromInitiator,
    sequence: fields.sequence,
    flags: fields.flags,
    payload: toHex(payload),
    signature: toHex(signature),
  };
}

/** `record` is what somebody's file says: anything at all. Never throws for its content. */
export function verifyRecordedFrame(record: unknown, signatures: SignatureScheme): FrameVerdict {
  const read = readRecord(record);
  if (typeof read === "string") return { ok: false, reason: read };
  const { fields, payload, signature } = read;
  if (!signatures.verify(signature, framePreimage(fields), fields.sender)) {
    return { ok: false, reason: "the signature is not the sender's over this frame" };
  }
  const signed = {
    ok: true,
    sender: nodeIdOf(fields.sender),
    recipient: nodeIdOf(fields.recipient),
  } as const;
  if ((fields.flags & frameFlags.more) !== 0) {
    const fault = { code: "malformed-message", detail: "a piece of a longer payload" } as const;
    return { ...signed, messages: [], fault };
  }
  try {
    const isDeflated = (fields.flags & frameFlags.deflated) !== 0;
    const plain = isDeflated ? inflatePayload(payload) : copyBytes(payload);
    return { ...signed, messages: decodePayload(plain), fault: undefined };
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return { ...signed, messages: [], fault: { code: error.code, detail: error.message } };
  }
}

interface ReadRecord {
  readonly fields: FrameFields;
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
}

/** A string says what is wrong with the record itself. */
function readRecord(record: unknown): ReadRecord | string {
  if (typeof record !== "object" || record === null) return "a JSON object expected";
  const values = new Map(Object.entries(record));
  const bytes = (name: string, min: number, max: number): Uint8Array | undefined => {
    const value: unknown = values.get(name);
    if (typeof value !== "string" || value.length > 2 * max) return undefined;
    const read = fromHex(value);
    return read !== undefined && read.length >= min ? read : undefined;
  };
  const integer = (name: string, max: number): number | undefined => {
    const value: unknown = values.get(name);
    const fits = typeof value === "number" && Number.isSafeInteger(value);
    return fits && value >= 0 && value <= max ? value : undefined;
  };
  const genesisHash = bytes("genesisHash", 32, 32);
  const handshakeHash = bytes("handshakeHash", 32, 32);
  const sender = bytes("sender", 32, 32);
  const recipient = bytes("recipient", 32, 32);
  const signature = bytes("signature", 64, 64);
  const payload = bytes("payload", 1, wireLimits.framePayloadBytesMax);
  const version = integer("wireVersion", 0xffff);
  const flags = integer("flags", 0xff);
  const sequence = integer("sequence", Number.MAX_SAFE_INTEGER);
  const fromInitiator: unknown = values.get("fromInitiator");
  if (!genesisHash || !handshakeHash) return "genesisHash, handshakeHash: 32 bytes of hex";
  if (!sender || !recipient) return "sender, recipient: 32 bytes of hex";
  if (!signature) return "signature: 64 bytes of hex";
  if (!payload) return `payload: hex of 1 to ${wireLimits.framePayloadBytesMax} bytes`;
  if (version === undefined || flags === undefined || sequence === undefined) {
    return "wireVersion, flags, sequence: integers in range";
  }
  if (typeof fromInitiator !== "boolean") return "fromInitiator: true or false";
  const payloadDigest = sha256(payload);
  const session = { genesisHash, handshakeHash, sender, recipient, fromInitiator, version };
  const frame = { flags, sequence, payloadBytes: payload.length, payloadDigest };
  return { fields: { ...session, ...frame }, payload, signature };
}
