/**
 * Block headers: 356 bytes, one encoding. The seal is beside the header, never inside its hash, so
 * two seals of one header are the same block. Knows nothing of validity beyond the layout.
 * protocol-spec/05-objects §1.
 *
 *  0 version 2 | 2 engine 2 | 4 txCount 4 | 8 height 8 | 16 slot 8 | 24 timestampMs 8
 *  32 parentHash | 64 stateRoot | 96 txRoot | 128 receiptsRoot | 160 certHash
 *  192 justifiedSlot 8 | 200 justifiedHash | 232 validatorsHash | 264 nextValidatorsHash
 *  296 sealer | 328 bodyBytes 4 | 332 engine extra 24
 */
import { assert } from "../base/assert.ts";
import {
  concatBytes,
  copyBytes,
  emptyBytes,
  readSafeU64,
  readU16,
  readU32,
  writeU16,
  writeU32,
  writeU64,
} from "../base/bytes.ts";
import { tag16, taggedHex } from "../crypto/hash.ts";
import { chainLimits } from "../params/limits.ts";
import { type BlockHash, blockHashAt, idBytes, type PublicKey, publicKeyOf } from "./ids.ts";
import { type Rejection, rejection } from "./rule-code.ts";

/** What a header says; hashes that serve as keys are ids, the others stay bytes (32 each). */
export interface HeaderFields {
  readonly version: number;
  /** 0 PoA, 1 PoW, 2 PoS. */
  readonly engine: number;
  readonly txCount: number;
  readonly height: number;
  readonly slot: number;
  readonly timestampMs: number;
  readonly parentHash: BlockHash;
  readonly stateRoot: Uint8Array;
  readonly txRoot: Uint8Array;
  readonly receiptsRoot: Uint8Array;
  /** Zeros: no certificate is carried. */
  readonly certHash: Uint8Array;
  readonly justifiedSlot: number;
  readonly justifiedHash: BlockHash;
  readonly validatorsHash: Uint8Array;
  readonly nextValidatorsHash: Uint8Array;
  readonly sealer: PublicKey;
  readonly bodyBytes: number;
  /** 24 bytes, zeros for PoA. */
  readonly extra: Uint8Array;
}

export interface Header extends HeaderFields {
  readonly hash: BlockHash;
  /** The 356 bytes. */
  readonly bytes: Uint8Array;
}

/** A header with the 64-byte signature of its sealer (zeros for genesis). */
export interface SealedHeader {
  readonly header: Header;
  readonly seal: Uint8Array;
}

export const headerVersion = 1;
const { headerBytes, sealBytes } = chainLimits;
const hashOf = taggedHex("hdr/1") as (bytes: Uint8Array) => BlockHash;
const sealTag = tag16("seal/1");
const bodyBytesAt = 328;

/** A field that header after header has alike: such bytes are kept once, not a thousand times. */
class AlikeField {
  private readonly from: number;
  private readonly to: number;
  private last: Uint8Array = emptyBytes;

  constructor(from: number, to: number) {
    this.from = from;
    this.to = to;
  }

  in(header: Uint8Array): Uint8Array {
    const { from, to, last } = this;
    let at = from;
    while (at < to && header[at] === last[at - from]) at++;
    if (at < to) this.last = copyBytes(header.subarray(from, to));
    return this.last;
  }
}

const txRoots = new AlikeField(96, 128);
const receiptsRoots = new AlikeField(128, 160);
const validatorsHashes = new AlikeField(232, 264);
const nextValidatorsHashes = new AlikeField(264, 296);
const extras = new AlikeField(332, 356);

export function encodeHeader(fields: HeaderFields): Header {
  const bytes = new Uint8Array(headerBytes);
  writeU16(bytes, 0, fields.version);
  writeU16(bytes, 2, fields.engine);
  writeU32(bytes, 4, fields.txCount);
  writeU64(bytes, 8, fields.height);
  writeU64(bytes, 16, fields.slot);
  writeU64(bytes, 24, fields.timestampMs);
  put32(bytes, 32, idBytes(fields.parentHash));
  put32(bytes, 64, fields.stateRoot);
  put32(bytes, 96, fields.txRoot);
  put32(bytes, 128, fields.receiptsRoot);
  put32(bytes, 160, fields.certHash);
  writeU64(bytes, 192, fields.justifiedSlot);
  put32(bytes, 200, idBytes(fields.justifiedHash));
  put32(bytes, 232, fields.validatorsHash);
  put32(bytes, 264, fields.nextValidatorsHash);
  put32(bytes, 296, idBytes(fields.sealer));
  writeU32(bytes, bodyBytesAt, fields.bodyBytes);
  assert(fields.extra.length === 24, "engine extra has 24 bytes");
  bytes.set(fields.extra, 332);
  return { ...fields, hash: hashOf(bytes), bytes };
}

/** The header in exactly 356 bytes; keeps `bytes`, so hand it a copy that may be kept. */
export function decodeHeader(bytes: Uint8Array): Header | Rejection {
  if (bytes.length !== headerBytes) {
    return rejection("header-malformed", `${headerBytes} bytes expected, got ${bytes.length}`);
  }
  const height = readSafeU64(bytes, 8);
  const slot = readSafeU64(bytes, 16);
  const timestampMs = readSafeU64(bytes, 24);
  const justifiedSlot = readSafeU64(bytes, 192);
  if (
    height === undefined ||
    slot === undefined ||
    timestampMs === undefined ||
    justifiedSlot === undefined
  ) {
    return rejection("header-malformed", "height, slots and time must be below 2^53");
  }
  return {
    version: readU16(bytes, 0),
    engine: readU16(bytes, 2),
    txCount: readU32(bytes, 4),
    height,
    slot,
    timestampMs,
    parentHash: blockHashAt(bytes, 32),
    stateRoot: bytes.subarray(64, 96),
    txRoot: txRoots.in(bytes),
    receiptsRoot: receiptsRoots.in(bytes),
    certHash: bytes.subarray(160, 192),
    justifiedSlot,
    justifiedHash: blockHashAt(bytes, 200),
    validatorsHash: validatorsHashes.in(bytes),
    nextValidatorsHash: nextValidatorsHashes.in(bytes),
    sealer: publicKeyOf(bytes.subarray(296, 328)),
    bodyBytes: readU32(bytes, bodyBytesAt),
    extra: extras.in(bytes),
    hash: hashOf(bytes),
    bytes,
  };
}

/** Header 356 | seal 64. */
export function encodeSealedHeader(sealed: SealedHeader): Uint8Array {
  assert(sealed.seal.length === sealBytes, "a seal has 64 bytes");
  return concatBytes(sealed.header.bytes, sealed.seal);
}

/** `bodyBytes` of a sealed header that was decoded before it was stored. */
export function bodyBytesIn(sealed: Uint8Array): number {
  return readU32(sealed, bodyBytesAt);
}

export function decodeSealedHeader(bytes: Uint8Array): SealedHeader | Rejection {
  if (bytes.length !== headerBytes + sealBytes) {
    return rejection("header-malformed", `420 bytes expected, got ${bytes.length}`);
  }
  const header = decodeHeader(bytes.subarray(0, headerBytes));
  return "code" in header ? header : { header, seal: bytes.subarray(headerBytes) };
}

/** What the sealer signs: "seal/1" || genesisHash || blockHash. */
export function sealPreimage(genesisHash: Uint8Array, hash: BlockHash): Uint8Array {
  return concatBytes(sealTag, genesisHash, idBytes(hash));
}

function put32(out: Uint8Array, at: number, value: Uint8Array): void {
  assert(value.length === 32, "a hash has 32 bytes");
  out.set(value, at);
}
