/** 03-frames: one direction of a session, sealed or opened, and recorded frames. */
import { ascii, join, Reader, same, u16, u32, u64, unhex, zeros } from "./bytes.ts";
import { aeadOpen, aeadSeal, edSign, edVerify, sha256, tag16 } from "./crypto.ts";
import { check, faultOf, refuse } from "./fault.ts";
import { declaredBytes, inflated } from "./inflated.ts";
import { nonceOf } from "./noise.ts";
import { magicOf } from "./opening.ts";
import { chainBytesMax, laneOf, type Message, readPayload } from "./payload.ts";

const full = 65_535;

export function readHeader(bytes: Uint8Array, magic: Uint8Array): { flags: number; body: number } {
  const r = new Reader(bytes, "truncated");
  check(same(r.take(4), magic), "bad-frame-header");
  const flags = r.u8();
  const body = r.u24();
  const [bulk, more, deflated, last] = [1, 2, 4, 8].map((bit) => (flags & bit) !== 0);
  check(flags < 16, "bad-flags");
  check((!more && !deflated) || bulk === true, "bad-flags");
  check(!last || flags === 8, "bad-flags");
  check(body <= 524_280, "frame-too-large");
  const rest = body % full;
  check(body >= 83 && (rest === 0 || rest >= 17), "frame-length-impossible");
  return { flags, body };
}

interface PreimageFields {
  readonly genesisHash: Uint8Array;
  readonly handshakeHash: Uint8Array;
  readonly sender: Uint8Array;
  readonly recipient: Uint8Array;
  readonly fromInitiator: boolean;
  readonly flags: number;
  readonly version: number;
  readonly sequence: number;
  readonly payload: Uint8Array;
}

export function framePreimage(f: PreimageFields): Uint8Array {
  return join(
    ...[tag16("wl/frame/1"), f.genesisHash, f.handshakeHash, f.sender, f.recipient],
    ...[Uint8Array.of(f.fromInitiator ? 0 : 1, f.flags), u16(f.version), u64(f.sequence)],
    ...[u32(f.payload.length), sha256(f.payload)],
  );
}

export interface Session {
  readonly genesisHash: Uint8Array;
  readonly handshakeHash: Uint8Array;
  readonly initiatorNodeId: Uint8Array;
  readonly responderNodeId: Uint8Array;
}

/** Frames from one side to the other. */
export class Direction {
  private readonly session: Session;
  private readonly fromInitiator: boolean;
  private key: Uint8Array;
  private n = 0n;
  private sequence = 0;
  private chain: { pieces: Uint8Array[]; max: number; deflated: boolean } | undefined;
  private bulkLeft: number;
  private readonly deflates: boolean;

  constructor(
    session: Session,
    fromInitiator: boolean,
    key: Uint8Array,
    credit = 262_144,
    deflates = false,
  ) {
    this.deflates = deflates;
    this.session = session;
    this.fromInitiator = fromInitiator;
    this.key = key;
    this.bulkLeft = credit;
  }

  seal(flags: number, payload: Uint8Array, nodeSeed: Uint8Array): Uint8Array {
    const signed = join(payload, edSign(nodeSeed, this.preimage(flags, payload)));
    const count = Math.ceil(signed.length / (full - 16));
    const body = signed.length + 16 * count;
    const magic = magicOf(this.session.genesisHash);
    const header = join(magic, Uint8Array.of(flags, body >> 16, (body >> 8) & 255, body & 255));
    const sealed = Array.from({ length: count }, (_, i) =>
      this.step((nonce) => {
        const chunk = signed.subarray(i * (full - 16), (i + 1) * (full - 16));
        return aeadSeal(this.key, nonce, header, chunk);
      }),
    );
    this.sequence++;
    return join(header, ...sealed);
  }

  /** The payload of a frame whose signature is good. */
  open(frame: Uint8Array): { flags: number; payload: Uint8Array } {
    const header = frame.slice(0, 8);
    const { flags, body } = this.admit(header);
    check(frame.length === 8 + body, "truncated");
    const parts: Uint8Array[] = [];
    for (let at = 8; at < frame.length; at += full) {
      const message = frame.subarray(at, Math.min(at + full, frame.length));
      const text = this.step((nonce) => aeadOpen(this.key, nonce, header, message));
      parts.push(text ?? refuse("decrypt-failed"));
    }
    const signed = join(...parts);
    const payload = signed.slice(0, -64);
    const { initiatorNodeId, responderNodeId } = this.session;
    const sender = this.fromInitiator ? initiatorNodeId : responderNodeId;
    const good = edVerify(sender, this.preimage(flags, payload), signed.slice(-64));
    check(good, "bad-frame-signature");
    this.sequence++;
    return { flags, payload };
  }

  /** Header checks, credit included. */
  admit(header: Uint8Array): { flags: number; body: number } {
    const read = readHeader(header, magicOf(this.session.genesisHash));
    check((read.flags & 4) === 0 || this.deflates, "bad-flags");
    check((read.flags & 2) === 0 || read.body >= 16_384, "more-chain-broken");
    if ((read.flags & 1) !== 0) {
      check(read.body <= this.bulkLeft, "credit-exceeded");
      this.bulkLeft -= read.body;
    }
    return read;
  }

  /** §4: the messages that are whole after this frame. */
  messages(flags: number, payload: Uint8Array): readonly Message[] {
    if ((flags & 1) === 0) {
      const messages = readPayload(payload);
      const last = (flags & 8) !== 0;
      check(!last || messages.length === 1, "message-out-of-state");
      for (const { type } of messages) {
        check(laneOf(type) !== "bulk", "bad-flags");
        check((type === "disconnect") === last, "message-out-of-state");
      }
      return messages;
    }
    const [more, deflated] = [(flags & 2) !== 0, (flags & 4) !== 0];
    const read = (whole: Uint8Array) => bulkOnly(deflated ? inflated(whole) : readPayload(whole));
    if (this.chain === undefined && !more) return read(payload);
    const max = () => (deflated ? declaredBytes(payload) - 1 : chainBytesMax(payload));
    this.chain ??= { pieces: [], max: max(), deflated };
    check(deflated === this.chain.deflated, "bad-flags");
    this.chain.pieces.push(payload);
    const whole = join(...this.chain.pieces);
    check(whole.length <= this.chain.max, deflated ? "bad-deflate" : "message-too-large");
    if (more) return [];
    this.chain = undefined;
    return read(whole);
  }

  private step<T>(act: (nonce: Uint8Array) => T): T {
    const done = act(nonceOf(this.n));
    this.n++;
    if (this.n % 1_024n === 0n) {
      this.key = aeadSeal(this.key, nonceOf(2n ** 64n - 1n), ascii(""), zeros(32)).slice(0, 32);
    }
    return done;
  }

  private preimage(flags: number, payload: Uint8Array): Uint8Array {
    const { initiatorNodeId, responderNodeId, genesisHash, handshakeHash } = this.session;
    const { fromInitiator, sequence } = this;
    const sender = fromInitiator ? initiatorNodeId : responderNodeId;
    const recipient = fromInitiator ? responderNodeId : initiatorNodeId;
    const place = { fromInitiator, flags, version: 1, sequence, payload };
    return framePreimage({ genesisHash, handshakeHash, sender, recipient, ...place });
  }
}

function bulkOnly(messages: readonly Message[]): readonly Message[] {
  for (const { type } of messages) {
    check(laneOf(type) === "bulk" || type === "new_block", "bad-flags");
  }
  return messages;
}

const hexOf = (value: unknown, min: number, max: number): Uint8Array => {
  const isHex = typeof value === "string" && /^([0-9a-f]{2})*$/.test(value);
  const bytes = isHex ? unhex(value) : refuse("record");
  check(bytes.length >= min && bytes.length <= max, "record");
  return bytes;
};

/** §6. `fault`: the code of a payload that does not decode. */
export function verifyRecord(record: Readonly<Record<string, unknown>>): {
  ok: boolean;
  fault: string | null;
} {
  const payloadOf = () => hexOf(record["payload"], 1, 524_088);
  const isSigned = (): void => {
    const sender = hexOf(record["sender"], 32, 32);
    const preimage = framePreimage({
      genesisHash: hexOf(record["genesisHash"], 32, 32),
      handshakeHash: hexOf(record["handshakeHash"], 32, 32),
      sender,
      recipient: hexOf(record["recipient"], 32, 32),
      fromInitiator: record["fromInitiator"] === true,
      flags: Number(record["flags"]),
      version: Number(record["wireVersion"]),
      sequence: Number(record["sequence"]),
      payload: payloadOf(),
    });
    check(edVerify(sender, preimage, hexOf(record["signature"], 64, 64)), "record");
  };
  if (faultOf(isSigned) !== undefined) return { ok: false, fault: null };
  if ((Number(record["flags"]) & 2) !== 0) return { ok: true, fault: "malformed-message" };
  const isDeflated = (Number(record["flags"]) & 4) !== 0;
  const read = () => (isDeflated ? inflated(payloadOf()) : readPayload(payloadOf()));
  return { ok: true, fault: faultOf(read) ?? null };
}
