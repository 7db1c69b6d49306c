/**
 * Frames over the two CipherStates of a finished handshake: seals payloads, opens what arrives.
 * Knows no messages, no credit and no budgets: the caller judges each header before the body is
 * read. Invariant: sequence numbers and nonces only move forward, and nothing is opened after a
 * failure (the session ends). protocol-spec/03-frames §2 and §3.
 *
 *   header 8 | Noise message | Noise message | ...      associated data of each: the header
 *            plaintext, joined: payload | signature 64
 */
import { assert } from "../base/assert.ts";
import { emptyBytes } from "../base/bytes.ts";
import { sha256 } from "../crypto/hash.ts";
import type { SignatureScheme } from "../crypto/signature-scheme.ts";
import type { CipherState } from "../noise/cipher-state.ts";
import { wireLimits } from "../params/limits.ts";
import { WireError } from "../wire/errors.ts";
import {
  bodyBytesOf,
  decodeFrameHeader,
  encodeFrameHeader,
  type FrameFields,
  type FrameHeader,
  framePreimage,
  framePreimageBytes,
  noiseMessageSizes,
} from "../wire/frame.ts";
import { networkMagic } from "../wire/opening.ts";
import { Piece } from "./piece.ts";

export interface ChannelOptions {
  readonly signatures: SignatureScheme;
  readonly isInitiator: boolean;
  readonly genesisHash: Uint8Array;
  readonly handshakeHash: Uint8Array;
  readonly nodeSeed: Uint8Array;
  readonly nodeId: Uint8Array;
  readonly peerNodeId: Uint8Array;
  readonly send: CipherState;
  readonly receive: CipherState;
}

/** A frame whose signature was verified. The payload is its own memory, never reused. */
export interface OpenedFrame extends FrameHeader {
  readonly sequence: number;
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
}

export type ReadStep =
  | { readonly type: "more" }
  /** Judge it, then read on; nothing was allocated for its body. */
  | { readonly type: "header"; readonly header: FrameHeader }
  | { readonly type: "frame"; readonly frame: OpenedFrame };

/** A frame on its way in. */
interface Incoming {
  readonly header: FrameHeader;
  /** Lengths of the Noise messages that are still to come. */
  readonly sizes: number[];
  /** Payload and signature; empty until the first Noise message was authentic. */
  plain: Uint8Array;
  plainBytes: number;
}

const { frameHeaderBytes, noiseMessageBytesMax, rekeyNoiseMessages } = wireLimits;
const tagBytes = 16;
const signatureBytes = 64;
const chunkBytesMax = noiseMessageBytesMax - tagBytes;
/** Sequence numbers stay exact; 350 years at 25,000 frames a second. */
const sequenceMax = 2 ** 48;

/** Signed or verified before the next one is made; nothing keeps it. */
const preimageBytes = new Uint8Array(framePreimageBytes);

/** Associated data while a Noise message is opened; nothing keeps it. */
const headerBytes = new Uint8Array(frameHeaderBytes);

const needMore: ReadStep = { type: "more" };

export class SecureChannel {
  private readonly options: ChannelOptions;
  private readonly magic: Uint8Array;
  /** A header of which a part has come. */
  private header: Piece | undefined;
  private incoming: Incoming | undefined;
  /** A Noise message that arrives in parts; let go when whole. */
  private gathered = emptyBytes;
  private gatheredBytes = 0;
  private sentFrames = 0;
  private openedFrames = 0;

  constructor(options: ChannelOptions) {
    this.options = options;
    this.magic = networkMagic(options.genesisHash);
  }

  /** Frames opened so far: the sequence number of the next one. */
  get openedCount(): number {
    return this.openedFrames;
  }

  /** True in the middle of a frame. */
  get isReading(): boolean {
    return this.header !== undefined || this.incoming !== undefined;
  }

  /** One whole frame in memory of its own. `payload`: 3 to 524,088 bytes. */
  seal(flags: number, payload: Uint8Array): Uint8Array {
    const { signatures, nodeSeed, send } = this.options;
    assert(this.sentFrames < sequenceMax, "the connection ends before its numbers do");
    const bodyBytes = bodyBytesOf(payload.length);
    const frame = new Uint8Array(frameHeaderBytes + bodyBytes);
    encodeFrameHeader(frame, this.magic, flags, bodyBytes);
    const ad = frame.subarray(0, frameHeaderBytes);
    const preimage = this.preimage(true, flags, this.sentFrames, payload);
    const signature = signatures.sign(nodeSeed, preimage);
    let from = 0;
    let at = frameHeaderBytes;
    for (const size of noiseMessageSizes(bodyBytes)) {
      const message = frame.subarray(at, at + size);
      const chunk = message.subarray(0, size - tagBytes);
      putSignedChunk(chunk, payload, signature, from);
      send.encrypt(message, ad, chunk);
      rekeyWhenDue(send);
      from += size - tagBytes;
      at += size;
    }
    this.sentFrames++;
    return frame;
  }

  /**
   * Reads on in `bytes` (borrowed) from `at`; stops after a header, after a frame, or at the end.
   * Throws WireError; then the channel must not be read again.
   */
  read(bytes: Uint8Array, at: number): { readonly at: number; readonly step: ReadStep } {
    return this.incoming === undefined
      ? this.readHeader(bytes, at)
      : this.readBody(this.incoming, bytes, at);
  }

  /** What a third party needs, beside the frame, to check who said it to whom. */
  fieldsOf(frame: OpenedFrame): FrameFields {
    return this.fields(false, frame.flags, frame.sequence, frame.payload);
  }

  /** Erases the keys; nothing may be sealed or read afterwards. */
  wipe(): void {
    this.options.send.wipe();
    this.options.receive.wipe();
    this.gathered = emptyBytes;
    this.incoming = undefined;
  }

  private readHeader(bytes: Uint8Array, at: number): { at: number; step: ReadStep } {
    const piece = this.header ?? new Piece(frameHeaderBytes);
    const end = Math.min(at + piece.room, bytes.length);
    const soFar = piece.add(bytes.subarray(at, end));
    this.header = piece;
    if (piece.room > 0) return { at: end, step: needMore };
    const header = decodeFrameHeader(soFar, this.magic);
    const sizes = noiseMessageSizes(header.bodyBytes);
    this.header = undefined;
    this.incoming = { header, sizes, plain: emptyBytes, plainBytes: 0 };
    return { at: end, step: { type: "header", header } };
  }

  private readBody(
    incoming: Incoming,
    bytes: Uint8Array,
    from: number,
  ): { at: number; step: ReadStep } {
    let at = from;
    while (incoming.sizes.length > 0) {
      const size = incoming.sizes[0]!;
      const count = Math.min(size - this.gatheredBytes, bytes.length - at);
      const part = bytes.subarray(at, at + count);
      at += count;
      if (count === size) {
        this.open(incoming, part);
        continue;
      }
      if (this.gatheredBytes === 0) {
        if (count === 0) return { at, step: needMore };
        this.gathered = new Uint8Array(size);
      }
      this.gathered.set(part, this.gatheredBytes);
      this.gatheredBytes += count;
      if (this.gatheredBytes < size) return { at, step: needMore };
      const whole = this.gathered;
      this.gathered = emptyBytes;
      this.gatheredBytes = 0;
      this.open(incoming, whole);
    }
    return { at, step: { type: "frame", frame: this.finish(incoming) } };
  }

  /** Opens the next Noise message of the frame. */
  private open(incoming: Incoming, ciphertext: Uint8Array): void {
    const { receive } = this.options;
    incoming.sizes.shift();
    const first = incoming.plainBytes === 0;
    const plainBytes = ciphertext.length - tagBytes;
    // A stranger's header alone must not make us hold half a megabyte.
    const out = first
      ? new Uint8Array(plainBytes)
      : incoming.plain.subarray(incoming.plainBytes, incoming.plainBytes + plainBytes);
    const { flags, bodyBytes } = incoming.header;
    encodeFrameHeader(headerBytes, this.magic, flags, bodyBytes); // As it was: no bit is unread.
    if (!receive.decrypt(out, headerBytes, ciphertext)) {
      throw new WireError("decrypt-failed", `frame ${this.openedFrames} is not authentic`);
    }
    rekeyWhenDue(receive);
    if (first) {
      incoming.plain = out;
      if (incoming.sizes.length > 0) {
        incoming.plain = new Uint8Array(plainBytesOf(incoming.header.bodyBytes));
        incoming.plain.set(out);
      }
    }
    incoming.plainBytes += plainBytes;
  }

  private finish(incoming: Incoming): OpenedFrame {
    const { signatures, peerNodeId } = this.options;
    const { plain, header } = incoming;
    const payload = plain.subarray(0, plain.length - signatureBytes);
    const signature = plain.subarray(payload.length);
    const sequence = this.openedFrames;
    if (sequence >= sequenceMax) throw new WireError("bad-frame-header", "too many frames");
    const preimage = this.preimage(false, header.flags, sequence, payload);
    if (!signatures.verify(signature, preimage, peerNodeId)) {
      throw new WireError("bad-frame-signature", `frame ${sequence}`);
    }
    this.openedFrames++;
    this.incoming = undefined;
    return { ...header, sequence, payload, signature };
  }

  private preimage(
    outbound: boolean,
    flags: number,
    sequence: number,
    payload: Uint8Array,
  ): Uint8Array {
    return framePreimage(this.fields(outbound, flags, sequence, payload), preimageBytes);
  }

  private fields(
    outbound: boolean,
    flags: number,
    sequence: number,
    payload: Uint8Array,
  ): FrameFields {
    const { isInitiator, genesisHash, handshakeHash, nodeId, peerNodeId } = this.options;
    return {
      genesisHash,
      handshakeHash,
      sender: outbound ? nodeId : peerNodeId,
      recipient: outbound ? peerNodeId : nodeId,
      fromInitiator: outbound === isInitiator,
      flags,
      version: wireLimits.version,
      sequence,
      payloadBytes: payload.length,
      payloadDigest: sha256(payload),
    };
  }
}

function plainBytesOf(bodyBytes: number): number {
  return bodyBytes - tagBytes * Math.ceil(bodyBytes / noiseMessageBytesMax);
}

/** Noise §11.3: a key stolen later opens little of what went before. */
function rekeyWhenDue(cipher: CipherState): void {
  if (cipher.nonce % rekeyNoiseMessages === 0) cipher.rekey();
}

/** Fills `out`, where it is encrypted in place, with payload | signature from byte `from` on. */
function putSignedChunk(
  out: Uint8Array,
  payload: Uint8Array,
  signature: Uint8Array,
  from: number,
): void {
  assert(out.length <= chunkBytesMax, "a chunk fits into a Noise message");
  const to = from + out.length;
  if (from < payload.length) out.set(payload.subarray(from, to));
  if (to <= payload.length) return;
  const signed = Math.max(from, payload.length);
  out.set(signature.subarray(signed - payload.length, to - payload.length), signed - from);
}
