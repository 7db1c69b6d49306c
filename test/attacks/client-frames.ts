/**
 * Frames of the attacker's own client (protocol-spec/03-frames): sealed with anything wrong that a
 * test likes, opened without checking more than the tag. NOT a reference; it shares no line with
 * src, and its primitives are those of the independent decoder.
 */
import { ascii, join, u16, u32, u64, zeros } from "../support/independent-decoder/bytes.ts";
import {
  aeadOpen,
  aeadSeal,
  edSign,
  sha256,
  tag16,
} from "../support/independent-decoder/crypto.ts";
import { nonceOf } from "../support/independent-decoder/noise.ts";
import { magicOf } from "../support/independent-decoder/opening.ts";

const full = 65_535;
const headerBytes = 8;

/** What both sides know once the handshake is done. */
export interface SessionKeys {
  readonly genesisHash: Uint8Array;
  readonly handshakeHash: Uint8Array;
  readonly isInitiator: boolean;
  readonly sendKey: Uint8Array;
  readonly receiveKey: Uint8Array;
  readonly seed: Uint8Array;
  readonly nodeId: Uint8Array;
  readonly peerNodeId: Uint8Array;
}

/** What a frame may have wrong. */
export interface Bend {
  readonly magic?: Uint8Array;
  readonly sequence?: number;
  /** Signs the frame instead of the session's identity. */
  readonly seed?: Uint8Array;
  readonly genesisHash?: Uint8Array;
  readonly handshakeHash?: Uint8Array;
  readonly recipient?: Uint8Array;
  readonly fromInitiator?: boolean;
  /** Instead of a signature: cheap to make, as dear to refuse. */
  readonly signature?: Uint8Array;
}

/** Eight bytes that may say anything. */
export function frameHeader(magic: Uint8Array, flags: number, bodyBytes: number): Uint8Array {
  const length = [(bodyBytes >> 16) & 255, (bodyBytes >> 8) & 255, bodyBytes & 255];
  return join(magic, Uint8Array.of(flags, ...length));
}

/** One direction's key and count. */
class Direction {
  private key: Uint8Array;
  private n = 0n;

  constructor(key: Uint8Array) {
    this.key = key;
  }

  step<T>(act: (key: Uint8Array, nonce: Uint8Array) => T): T {
    const done = act(this.key, nonceOf(this.n));
    this.n++;
    if (this.n % 1_024n === 0n) {
      this.key = aeadSeal(this.key, nonceOf(2n ** 64n - 1n), ascii(""), zeros(32)).slice(0, 32);
    }
    return done;
  }
}

export class FrameWriter {
  private readonly keys: SessionKeys;
  private readonly direction: Direction;
  private sent = 0;

  constructor(keys: SessionKeys) {
    this.keys = keys;
    this.direction = new Direction(keys.sendKey);
  }

  /** Counts as sent, so it must be, unless a gap is what the test wants. */
  frame(flags: number, payload: Uint8Array, bend: Bend = {}): Uint8Array {
    const signature = bend.signature ?? this.sign(flags, payload, bend);
    const plain = join(payload, signature);
    const pieces = Math.ceil(plain.length / (full - 16));
    const magic = bend.magic ?? magicOf(this.keys.genesisHash);
    const header = frameHeader(magic, flags, plain.length + 16 * pieces);
    this.sent++;
    const sealed: Uint8Array[] = [];
    for (let at = 0; at < plain.length; at += full - 16) {
      const piece = plain.subarray(at, at + full - 16);
      sealed.push(this.direction.step((key, nonce) => aeadSeal(key, nonce, header, piece)));
    }
    return join(header, ...sealed);
  }

  private sign(flags: number, payload: Uint8Array, bend: Bend): Uint8Array {
    const { keys } = this;
    const fromInitiator = bend.fromInitiator ?? keys.isInitiator;
    const preimage = join(
      ...[tag16("wl/frame/1"), bend.genesisHash ?? keys.genesisHash],
      ...[bend.handshakeHash ?? keys.handshakeHash, keys.nodeId],
      ...[bend.recipient ?? keys.peerNodeId, Uint8Array.of(fromInitiator ? 0 : 1, flags)],
      ...[u16(1), u64(bend.sequence ?? this.sent), u32(payload.length), sha256(payload)],
    );
    return edSign(bend.seed ?? keys.seed, preimage);
  }
}

export interface ReadFrame {
  readonly flags: number;
  readonly payload: Uint8Array;
}

/** Bytes of the node in any pieces, to frames. */
export class FrameReader {
  private readonly direction: Direction;
  private pending: Buffer = Buffer.alloc(0);

  constructor(keys: SessionKeys) {
    this.direction = new Direction(keys.receiveKey);
  }

  read(bytes: Uint8Array): ReadFrame[] {
    this.pending = this.pending.length === 0 ? Buffer.from(bytes) : this.joined(bytes);
    const frames: ReadFrame[] = [];
    let at = 0;
    while (this.pending.length - at >= headerBytes) {
      const end = at + headerBytes + this.pending.readUIntBE(at + 5, 3);
      if (this.pending.length < end) break;
      frames.push(this.open(this.pending.subarray(at, end)));
      at = end;
    }
    this.pending = this.pending.subarray(at);
    return frames;
  }

  private joined(bytes: Uint8Array): Buffer {
    return Buffer.concat([this.pending, bytes]);
  }

  private open(frame: Buffer): ReadFrame {
    const header = frame.subarray(0, headerBytes);
    const texts: Uint8Array[] = [];
    for (let at = headerBytes; at < frame.length; at += full) {
      const piece = frame.subarray(at, Math.min(at + full, frame.length));
      const text = this.direction.step((key, nonce) => aeadOpen(key, nonce, header, piece));
      if (text === undefined) throw new Error("a frame of the node is not authentic");
      texts.push(text);
    }
    return { flags: header[4]!, payload: join(...texts).slice(0, -64) };
  }
}
