/**
 * The bytes of a signer's floor file: a header that says whose floor it is, then one record for
 * each seal, the last of which counts. Pure; the file itself is in signer-file.ts.
 *
 *   header  0 "floor/1" 16 | 16 public key 32 | 48 genesis hash 32 | 80 crc32 4          84 bytes
 *   record  0 sequence 8 | 8 slot 8 | 16 block hash 32 | 48 crc32 4                      52 bytes
 */
import { crc32 } from "node:zlib";
import {
  concatBytes,
  equalBytes,
  readSafeU64,
  readU32,
  u32Bytes,
  u64Bytes,
} from "../base/bytes.ts";
import { tag16 } from "../crypto/hash.ts";

export const floorHeaderBytes = 84;
export const floorRecordBytes = 52;

export interface FloorRecord {
  readonly sequence: number;
  /** Slot of the newest seal: nothing at or below it is ever signed again. */
  readonly slot: number;
  readonly hash: Uint8Array;
}

export type FloorFile =
  | { readonly type: "records"; readonly last: FloorRecord | undefined; readonly isTorn: boolean }
  | { readonly type: "foreign" | "damaged" };

const tag = tag16("floor/1");

export function encodeFloorHeader(publicKey: Uint8Array, genesisHash: Uint8Array): Uint8Array {
  return withCrc(concatBytes(tag, publicKey, genesisHash));
}

export function encodeFloorRecord({ sequence, slot, hash }: FloorRecord): Uint8Array {
  return withCrc(concatBytes(u64Bytes(sequence), u64Bytes(slot), hash));
}

/**
 * Reads a whole file. A tail that is no whole record is `isTorn`: the write was cut. A bad record
 * with a good one after it is damage: the disk changed what it had confirmed.
 */
export function decodeFloorFile(bytes: Uint8Array, header: Uint8Array): FloorFile {
  const found = bytes.subarray(0, floorHeaderBytes);
  if (found.length < floorHeaderBytes || !hasCrc(found)) return { type: "damaged" };
  if (!equalBytes(found, header)) return { type: "foreign" };
  let last: FloorRecord | undefined;
  let badAt: number | undefined;
  for (let at = floorHeaderBytes; at < bytes.length; at += floorRecordBytes) {
    const record = decodeRecord(bytes.subarray(at, at + floorRecordBytes));
    if (record === undefined) {
      badAt ??= at;
      continue;
    }
    const follows = last === undefined || isNext(record, last);
    if (badAt !== undefined || !follows) return { type: "damaged" };
    last = record;
  }
  return { type: "records", last, isTorn: badAt !== undefined };
}

function decodeRecord(bytes: Uint8Array): FloorRecord | undefined {
  if (bytes.length < floorRecordBytes || !hasCrc(bytes)) return undefined;
  const sequence = readSafeU64(bytes, 0);
  const slot = readSafeU64(bytes, 8);
  if (sequence === undefined || slot === undefined) return undefined;
  return { sequence, slot, hash: bytes.slice(16, 48) };
}

const isNext = (record: FloorRecord, before: FloorRecord) =>
  record.sequence === before.sequence + 1 && record.slot > before.slot;

function withCrc(bytes: Uint8Array): Uint8Array {
  return concatBytes(bytes, u32Bytes(crc32(bytes)));
}

function hasCrc(bytes: Uint8Array): boolean {
  const end = bytes.length - 4;
  return readU32(bytes, end) === crc32(bytes.subarray(0, end));
}
