/**
 * The bytes of a signer's file: a header that says whose it is, then one record for each signature,
 * the last of which counts. A record holds all floors at once, so that no crash can lose one and
 * keep another. Pure; the file itself is in signer-file.ts, what follows from it in signer-start.ts.
 *
 *   header    0 "floor/2" 16 | 16 public key 32 | 48 genesis hash 32 | 80 crc32 4          84 bytes
 *   record    0 sequence 8 | 8 sealSlot 8 | 16 seal's block hash 32 | 48 sourceSlot 8
 *            56 targetSlot 8 | 64 data of the last vote 80 | 144 crc32 4                  148 bytes
 *
 * Hash and vote data are zeros before there is any. Slots of a record never fall below those of the
 * record before, and one of them rises.
 *
 * Files of version 1 are read as well. They come from programs that sealed and never voted:
 *
 *   "floor/1" in the header; record 0 sequence 8 | 8 slot 8 | 16 block hash 32 | 48 crc32  52 bytes
 *
 * Their seal slot is carried over, as the target slot too; the source slot is 0. Such programs
 * refuse a file of version 2 as foreign.
 * protocol-spec/06-validation §8.
 */
import { crc32 } from "node:zlib";
import {
  concatBytes,
  equalBytes,
  isZero,
  readSafeU64,
  readU32,
  u32Bytes,
  u64Bytes,
} from "../base/bytes.ts";
import { tag16 } from "../crypto/hash.ts";
import type { SignerFloors } from "../edge/signer-floors.ts";
import { decodeVoteData, voteDataBytes } from "../model/vote.ts";

export const floorHeaderBytes = 84;
export const floorRecordBytes = 148;

export interface FloorRecord extends SignerFloors {
  readonly sequence: number;
  /** Of the newest seal; zeros when there is none, or the floor was raised past it. */
  readonly sealHash: Uint8Array;
  /** 80 bytes, the only vote that may be signed again; zeros when there is none. */
  readonly voteData: Uint8Array;
}

export interface FloorOwner {
  readonly publicKey: Uint8Array;
  readonly genesisHash: Uint8Array;
}

export type FloorFile =
  | {
      readonly type: "records";
      readonly version: 1 | 2;
      readonly last: FloorRecord;
      /** Less than a record, or one that is not whole, stands at the end: its write was cut. */
      readonly isTorn: boolean;
    }
  | { readonly type: "foreign" | "damaged" };

interface Format {
  readonly version: 1 | 2;
  readonly tag: Uint8Array;
  readonly recordBytes: number;
  /** Of exactly `recordBytes` whose crc is right. */
  decode(bytes: Uint8Array): FloorRecord | undefined;
}

const formats: readonly Format[] = [
  { version: 2, tag: tag16("floor/2"), recordBytes: floorRecordBytes, decode: decodeRecord },
  { version: 1, tag: tag16("floor/1"), recordBytes: 52, decode: decodeSealRecord },
];

/** A record that says nothing but the floors. */
export function bareRecord(floors: SignerFloors, sequence = 0): FloorRecord {
  const { sealSlot, sourceSlot, targetSlot } = floors;
  const [sealHash, voteData] = [new Uint8Array(32), new Uint8Array(voteDataBytes)];
  return { sequence, sealSlot, sealHash, sourceSlot, targetSlot, voteData };
}

export function encodeFloorHeader(owner: FloorOwner): Uint8Array {
  return headerOf(formats[0]!, owner);
}

export function encodeFloorRecord(record: FloorRecord): Uint8Array {
  return withCrc(
    concatBytes(
      u64Bytes(record.sequence),
      u64Bytes(record.sealSlot),
      record.sealHash,
      u64Bytes(record.sourceSlot),
      u64Bytes(record.targetSlot),
      record.voteData,
    ),
  );
}

/**
 * Reads a whole file. What is not a whole record at the end, and no longer than one, is a write
 * that was cut. Anything else that is wrong is damage: the disk changed what it had confirmed. A
 * file is made with its first record in one piece, so one without a record is damaged too.
 */
export function decodeFloorFile(bytes: Uint8Array, owner: FloorOwner): FloorFile {
  const header = bytes.subarray(0, floorHeaderBytes);
  if (header.length < floorHeaderBytes || !hasCrc(header)) return { type: "damaged" };
  const format = formats.find((each) => equalBytes(header, headerOf(each, owner)));
  if (format === undefined) return { type: "foreign" };
  let last: FloorRecord | undefined;
  let at = floorHeaderBytes;
  for (; at < bytes.length; at += format.recordBytes) {
    const piece = bytes.subarray(at, at + format.recordBytes);
    if (piece.length < format.recordBytes || !hasCrc(piece)) break;
    const record = format.decode(piece);
    if (record === undefined || (last !== undefined && !follows(record, last))) {
      return { type: "damaged" };
    }
    last = record;
  }
  const badBytes = bytes.length - Math.min(at, bytes.length);
  if (last === undefined || badBytes > format.recordBytes) return { type: "damaged" };
  return { type: "records", version: format.version, last, isTorn: badBytes > 0 };
}

function decodeRecord(bytes: Uint8Array): FloorRecord | undefined {
  const sequence = readSafeU64(bytes, 0);
  const sealSlot = readSafeU64(bytes, 8);
  const sourceSlot = readSafeU64(bytes, 48);
  const targetSlot = readSafeU64(bytes, 56);
  const voteData = bytes.slice(64, 64 + voteDataBytes);
  if (sequence === undefined || sealSlot === undefined) return undefined;
  if (sourceSlot === undefined || targetSlot === undefined) return undefined;
  if (!isZero(voteData)) {
    const vote = decodeVoteData(voteData);
    // It may be signed again, so it has to lie below the floors that it raised.
    if ("problem" in vote) return undefined;
    if (vote.sourceSlot > sourceSlot || vote.targetSlot > targetSlot) return undefined;
  }
  const sealHash = bytes.slice(16, 48);
  return { sequence, sealSlot, sealHash, sourceSlot, targetSlot, voteData };
}

function decodeSealRecord(bytes: Uint8Array): FloorRecord | undefined {
  const sequence = readSafeU64(bytes, 0);
  const slot = readSafeU64(bytes, 8);
  if (sequence === undefined || slot === undefined) return undefined;
  const floors = { sealSlot: slot, sourceSlot: 0, targetSlot: slot };
  return { ...bareRecord(floors, sequence), sealHash: bytes.slice(16, 48) };
}

function follows(record: FloorRecord, before: FloorRecord): boolean {
  const rises = record.sealSlot > before.sealSlot || record.targetSlot > before.targetSlot;
  const falls =
    record.sealSlot < before.sealSlot ||
    record.sourceSlot < before.sourceSlot ||
    record.targetSlot < before.targetSlot;
  return record.sequence === before.sequence + 1 && rises && !falls;
}

function headerOf({ tag }: Format, { publicKey, genesisHash }: FloorOwner): Uint8Array {
  return withCrc(concatBytes(tag, publicKey, genesisHash));
}

function withCrc(bytes: Uint8Array): Uint8Array {
  return concatBytes(bytes, u32Bytes(crc32(bytes)));
}

function hasCrc(bytes: Uint8Array): boolean {
  const end = bytes.length - 4;
  return readU32(bytes, end) === crc32(bytes.subarray(0, end));
}
