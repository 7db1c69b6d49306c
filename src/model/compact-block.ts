/**
 * Compact blocks: how a block is told to somebody who has most of its transactions. Layouts and
 * short ids; NOT where the transactions come from, nor whether the block is any good.
 * Invariant: with all its transactions the body comes out byte for byte (`joinBody`), or is known
 * not to. protocol-spec/05-objects §12.
 *
 *   short id   first 6 bytes of SipHash-2-4 under H("short/1", block hash | salt)[0..16)
 *              of bytes 32 to 48 of the transaction's signature
 *   prefilled  index u16 | transaction, each; ascending
 *   indexes    u16 each; ascending
 */
import { concatBytes, readU16, readU32, u16Bytes, u32Bytes } from "../base/bytes.ts";
import { tagged } from "../crypto/hash.ts";
import { putWords, sipHash48, sipInputWords, sipKeyOf } from "../crypto/siphash.ts";
import { chainLimits } from "../params/limits.ts";
import { type BlockHash, idBytes } from "./ids.ts";
import { transactionTypes } from "./transaction.ts";

/** A whole transaction as it stands in a body. */
export type TxBytes = Uint8Array;

export const shortIdBytes = 6;
/** Where a transaction stands in its block, u16. */
export const txIndexBytes = 2;
const keyHash = tagged("short/1");
const bytesMin = chainLimits.transactionHeadBytes + 64;
/** Of the part of a signature that is hashed: the half that nobody can choose, and none repeats. */
const hashedFrom = 32;

/** What the short ids of a block are keyed with. */
export function shortIdKey(hash: BlockHash, salt: Uint8Array): Uint32Array {
  return sipKeyOf(keyHash(idBytes(hash), salt));
}

/** The words of `transaction` that its short ids are made of, to `words[at]`. */
export function putShortIdWords(words: Uint32Array, at: number, transaction: TxBytes): void {
  putWords(words, at, transaction, transaction.length - 64 + hashedFrom, sipInputWords);
}

const scratch = new Uint32Array(sipInputWords);

export function shortIdOf(key: Uint32Array, transaction: TxBytes): number {
  putShortIdWords(scratch, 0, transaction);
  return sipHash48(key, scratch, 0);
}

export function readShortId(bytes: Uint8Array, index: number): number {
  const at = shortIdBytes * index;
  const low = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
  return (bytes[at + 4]! | (bytes[at + 5]! << 8)) * 0x100000000 + (low >>> 0);
}

function writeShortId(bytes: Uint8Array, index: number, id: number): void {
  const at = shortIdBytes * index;
  for (let i = 0, rest = id; i < shortIdBytes; i++) {
    bytes[at + i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
}

/** Where the transaction at `at` ends, within `bytes`; undefined when it is none or cut. */
function endOf(bytes: Uint8Array, at: number): number | undefined {
  if (bytes.length - at < bytesMin) return undefined;
  const length = bytesMin + readU32(bytes, at + chainLimits.transactionHeadBytes - 4);
  if (length > chainLimits.transactionBytesMax || length > bytes.length - at) return undefined;
  return at + length;
}

/** Whole transactions one after another, as views; undefined when the bytes are no such list. */
export function splitTransactions(bytes: Uint8Array, from = 0): TxBytes[] | undefined {
  const found: TxBytes[] = [];
  for (let at = from; at < bytes.length; ) {
    const end = endOf(bytes, at);
    if (end === undefined || found.length === chainLimits.blockTransactionsMax) return undefined;
    found.push(bytes.subarray(at, end));
    at = end;
  }
  return found;
}

/** Certificate and transactions of a body that was decoded before, as views. */
export function splitBody(body: Uint8Array) {
  const end = 4 + readU32(body, 0);
  return { certificate: body.subarray(4, end), transactions: splitTransactions(body, end) ?? [] };
}

/** What is wrong with a list of prefilled transactions. */
export function prefilledFault(prefilled: Uint8Array): string | undefined {
  let last = -1;
  for (let at = 0; at < prefilled.length; ) {
    if (prefilled.length - at < txIndexBytes) return "an index is cut";
    const index = readU16(prefilled, at);
    if (index <= last || index >= chainLimits.blockTransactionsMax) return "indexes must ascend";
    const end = endOf(prefilled, at + txIndexBytes);
    if (end === undefined) return "whole transactions expected";
    last = index;
    at = end;
  }
  return undefined;
}

/** `prefilled` must have no fault. */
export function* prefilledOf(prefilled: Uint8Array): Iterable<readonly [number, TxBytes]> {
  for (let at = 0; at < prefilled.length; ) {
    const from = at + txIndexBytes;
    const end = endOf(prefilled, from) ?? prefilled.length;
    yield [readU16(prefilled, at), prefilled.subarray(from, end)];
    at = end;
  }
}

/** What is wrong with a list of indexes of transactions. */
export function indexesFault(indexes: Uint8Array): string | undefined {
  let last = -1;
  for (let at = 0; at < indexes.length; at += txIndexBytes) {
    const index = readU16(indexes, at);
    if (index <= last || index >= chainLimits.blockTransactionsMax) return "indexes must ascend";
    last = index;
  }
  return undefined;
}

export function encodeIndexes(indexes: readonly number[]): Uint8Array {
  return concatBytes(...indexes.map(u16Bytes));
}

export function decodeIndexes(bytes: Uint8Array): number[] {
  const indexes: number[] = [];
  for (let at = 0; at < bytes.length; at += txIndexBytes) indexes.push(readU16(bytes, at));
  return indexes;
}

export interface CompactBody {
  readonly shortIds: Uint8Array;
  readonly prefilled: Uint8Array;
}

/**
 * Prefilled are evidence, whose short ids would be alike (nobody signs it) and which no mempool
 * holds, and, while there is room within `bytesMax`, those that `isRare` says others will lack.
 */
export function compactBody(
  key: Uint32Array,
  transactions: readonly TxBytes[],
  bytesMax: number,
  isRare: (index: number) => boolean,
): CompactBody {
  const shortIds = new Uint8Array(shortIdBytes * transactions.length);
  const prefilled: Uint8Array[] = [];
  let left = bytesMax;
  let count = 0;
  for (const [index, transaction] of transactions.entries()) {
    const bytes = txIndexBytes + transaction.length;
    const isUnsigned = readU16(transaction, 0) === transactionTypes.evidence;
    if (bytes <= left && (isUnsigned || isRare(index))) {
      prefilled.push(u16Bytes(index), transaction);
      left -= bytes;
    } else writeShortId(shortIds, count++, shortIdOf(key, transaction));
  }
  return {
    shortIds: shortIds.subarray(0, shortIdBytes * count),
    prefilled: concatBytes(...prefilled),
  };
}

/** The body of `bytes` bytes; undefined when these do not add up to it. */
export function joinBody(
  bytes: number,
  certificate: Uint8Array,
  transactions: readonly TxBytes[],
): Uint8Array | undefined {
  let length = 4 + certificate.length;
  for (const transaction of transactions) length += transaction.length;
  if (length !== bytes) return undefined;
  return concatBytes(u32Bytes(certificate.length), certificate, ...transactions);
}
