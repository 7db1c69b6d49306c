/**
 * Records of the chain in the store: keys, values, and their decoding. Values are fixed layouts,
 * not MessagePack. NOT when they are written (`branch-switch.ts`, `burial.ts`).
 * protocol-spec/05-objects §3, ARCHITECTURE "Store".
 *
 *  N | height 8 | hash 32   -> header 356 | seal 64 | final 48 | changes   executed, above the anchor
 *  B | height 8 | hash 32   -> body
 *  C | height 8             -> hash 32 | header 356 | seal 64   buried: at or below the anchor
 *  I | hash 32              -> height 8                         of the buried
 *  T | txid 32              -> height 8 | hash 32 | index 4     of the buried
 *  S | state key            -> state value                      at the head
 *  V | hash of a set 32     -> validator set                    of hand-overs
 *  Q | height 8             -> certificate that made the block at that height final
 *  M | name                 -> see `meta*`
 *  changes = count 4, then per change: key length 2 | key | before | after,
 *  each side = 0, or 1 | length 4 | value
 */
import {
  asciiBytes,
  concatBytes,
  equalBytes,
  readSafeU64,
  readU16,
  readU32,
  u64Bytes,
  writeHex,
  writeU16,
  writeU32,
  writeU64,
} from "../base/bytes.ts";
import type { Write } from "../edge/effect.ts";
import { decodeSealedHeader, encodeSealedHeader, type SealedHeader } from "../model/header.ts";
import { type BlockHash, blockHashOf, idBytes, type TxId } from "../model/ids.ts";
import { chainLimits } from "../params/limits.ts";
import type { StateChange } from "./state-machine.ts";

/** The layouts of this file; another number is refused at start. */
export const schemaVersion = 2;

const sealedBytes = chainLimits.headerBytes + chainLimits.sealBytes;
const prefix = (letter: string) => asciiBytes(letter);
export const nodePrefix = prefix("N");
const bodyPrefix = prefix("B");
const canonicalPrefix = prefix("C");
const indexPrefix = prefix("I");
const txPrefix = prefix("T");
export const statePrefix = prefix("S");
export const setPrefix = prefix("V");
const finalityPrefix = prefix("Q");
export const metaPrefix = prefix("M");

export interface BlockRef {
  readonly height: number;
  readonly hash: BlockHash;
}

const refBytes = 40;

export const nodeKey = (ref: BlockRef): Uint8Array => refKey(nodePrefix, ref);
export const bodyKey = (ref: BlockRef): Uint8Array => refKey(bodyPrefix, ref);
export const canonicalKey = (height: number): Uint8Array => heightKey(canonicalPrefix, height);
export const indexKey = (hash: BlockHash): Uint8Array => idKey(indexPrefix, hash);
export const transactionKey = (id: TxId): Uint8Array => idKey(txPrefix, id);
export const stateKey = (key: Uint8Array): Uint8Array => concatBytes(statePrefix, key);
export const setKey = (hash: Uint8Array): Uint8Array => concatBytes(setPrefix, hash);
export const finalityKey = (height: number): Uint8Array => heightKey(finalityPrefix, height);

function refKey(prefix: Uint8Array, ref: BlockRef): Uint8Array {
  const key = keyOf(prefix, refBytes);
  writeRef(key, 1, ref);
  return key;
}

function heightKey(prefix: Uint8Array, height: number): Uint8Array {
  const key = keyOf(prefix, 8);
  writeU64(key, 1, height);
  return key;
}

function idKey(prefix: Uint8Array, id: BlockHash | TxId): Uint8Array {
  const key = keyOf(prefix, 32);
  writeHex(key, 1, id);
  return key;
}

/** One piece of memory, to be filled in place: there are several for each block. */
function keyOf(prefix: Uint8Array, length: number): Uint8Array {
  const key = new Uint8Array(1 + length);
  key[0] = prefix[0]!;
  return key;
}

function writeRef(bytes: Uint8Array, at: number, ref: BlockRef): void {
  writeU64(bytes, at, ref.height);
  writeHex(bytes, at + 8, ref.hash);
}

type MetaName =
  | "schema"
  | "network"
  | "head"
  | "finalized"
  | "justified"
  | "anchor"
  | "halted"
  | "certified"
  | "recovery";

/** The state as it was, or as it is, after a block. */
export function stateWrites(changes: readonly StateChange[], side: "before" | "after"): Write[] {
  return changes.map((change) => ({ key: stateKey(change.key), value: change[side] }));
}

export const metaKey = (name: MetaName): Uint8Array => concatBytes(metaPrefix, asciiBytes(name));

/** Of records "N" and "B": what their keys say; undefined when cut. */
export function decodeBlockKey(key: Uint8Array): BlockRef | undefined {
  return key.length === 41 ? decodeRef(key.subarray(1)) : undefined;
}

/** "M head": height 8 | hash 32. */
export function encodeRef(ref: BlockRef): Uint8Array {
  const bytes = new Uint8Array(refBytes);
  writeRef(bytes, 0, ref);
  return bytes;
}

export function decodeRef(bytes: Uint8Array): BlockRef | undefined {
  const height = bytes.length === refBytes ? readSafeU64(bytes, 0) : undefined;
  return height === undefined ? undefined : { height, hash: blockHashOf(bytes.subarray(8)) };
}

/** "M finalized": height 8 | slot 8 | hash 32. */
export interface FinalizedRef extends BlockRef {
  readonly slot: number;
}

export function encodeFinalized(ref: FinalizedRef): Uint8Array {
  const bytes = new Uint8Array(48);
  writeFinalized(bytes, 0, ref);
  return bytes;
}

function writeFinalized(bytes: Uint8Array, at: number, ref: FinalizedRef): void {
  writeU64(bytes, at, ref.height);
  writeU64(bytes, at + 8, ref.slot);
  writeHex(bytes, at + 16, ref.hash);
}

export function decodeFinalized(bytes: Uint8Array): FinalizedRef | undefined {
  if (bytes.length !== 48) return undefined;
  const height = readSafeU64(bytes, 0);
  const slot = readSafeU64(bytes, 8);
  if (height === undefined || slot === undefined) return undefined;
  return { height, slot, hash: blockHashOf(bytes.subarray(16)) };
}

/** The root of the tree, with what its header alone does not tell. */
export interface AnchorRecord {
  readonly sealed: SealedHeader;
  readonly final: FinalizedRef;
  readonly finalizes: FinalizedRef | undefined;
}

/** "M anchor": header 356 | seal 64 | final 48 | what it finalizes 48, or nothing. */
export function encodeAnchor({ sealed, final, finalizes }: AnchorRecord): Uint8Array {
  const more = finalizes === undefined ? [] : [encodeFinalized(finalizes)];
  return concatBytes(encodeSealedHeader(sealed), encodeFinalized(final), ...more);
}

export function decodeAnchor(bytes: Uint8Array): AnchorRecord | undefined {
  if (bytes.length !== sealedBytes + 48 && bytes.length !== sealedBytes + 96) return undefined;
  const sealed = decodeSealed(bytes.subarray(0, sealedBytes));
  const final = decodeFinalized(bytes.subarray(sealedBytes, sealedBytes + 48));
  if (sealed === undefined || final === undefined) return undefined;
  if (bytes.length === sealedBytes + 48) return { sealed, final, finalizes: undefined };
  const finalizes = decodeFinalized(bytes.subarray(sealedBytes + 48));
  return finalizes && { sealed, final, finalizes };
}

/** The tail of "C": header 356 | seal 64. */
export function decodeSealed(bytes: Uint8Array): SealedHeader | undefined {
  const sealed = decodeSealedHeader(bytes);
  return "code" in sealed ? undefined : sealed;
}

export function encodeCanonical({ header, seal }: SealedHeader): Uint8Array {
  const bytes = new Uint8Array(32 + sealedBytes);
  writeHex(bytes, 0, header.hash);
  bytes.set(header.bytes, 32);
  bytes.set(seal, 32 + header.bytes.length);
  return bytes;
}

/** The header of a "C" record; undefined when cut or not the hash it stands under. */
export function decodeCanonical(bytes: Uint8Array): SealedHeader | undefined {
  if (bytes.length !== 32 + sealedBytes) return undefined;
  const sealed = decodeSealed(bytes.subarray(32));
  if (sealed === undefined) return undefined;
  return equalBytes(idBytes(sealed.header.hash), bytes.subarray(0, 32)) ? sealed : undefined;
}

export const encodeHeight = (height: number): Uint8Array => u64Bytes(height);

export function decodeHeight(bytes: Uint8Array): number | undefined {
  return bytes.length === 8 ? readSafeU64(bytes, 0) : undefined;
}

/** Where a buried transaction stands. */
export interface TransactionRef extends BlockRef {
  readonly index: number;
}

/** Records "T" of a buried block. */
export function transactionWrites(block: BlockRef, ids: readonly TxId[]): Write[] {
  const place = encodeRef(block);
  return ids.map((id, index) => {
    const value = new Uint8Array(refBytes + 4);
    value.set(place);
    writeU32(value, refBytes, index);
    return { key: transactionKey(id), value };
  });
}

export function decodeTransactionRef(bytes: Uint8Array): TransactionRef | undefined {
  if (bytes.length !== 44) return undefined;
  const block = decodeRef(bytes.subarray(0, 40));
  return block === undefined ? undefined : { ...block, index: readU32(bytes, 40) };
}

export interface NodeRecord {
  readonly sealed: SealedHeader;
  /** Not to be worked out again: what it rests on may have been buried since. */
  readonly final: FinalizedRef;
  readonly changes: readonly StateChange[];
}

const changesAt = sealedBytes + 48;

export function encodeNode({ sealed, final, changes }: NodeRecord): Uint8Array {
  // Asked for once: values of accounts are views, made anew each time.
  const entries = changes.map(({ key, before, after }) => ({ key, before, after }));
  let length = changesAt + 4;
  for (const { key, before, after } of entries) {
    length += 2 + key.length + sideBytes(before) + sideBytes(after);
  }
  const bytes = new Uint8Array(length);
  bytes.set(sealed.header.bytes);
  bytes.set(sealed.seal, sealed.header.bytes.length);
  writeFinalized(bytes, sealedBytes, final);
  writeU32(bytes, changesAt, entries.length);
  let at = changesAt + 4;
  for (const { key, before, after } of entries) {
    writeU16(bytes, at, key.length);
    bytes.set(key, at + 2);
    at = putSide(bytes, at + 2 + key.length, before);
    at = putSide(bytes, at, after);
  }
  return bytes;
}

export function decodeNode(bytes: Uint8Array): NodeRecord | undefined {
  if (bytes.length < changesAt + 4) return undefined;
  const sealed = decodeSealed(bytes.subarray(0, sealedBytes));
  const final = decodeFinalized(bytes.subarray(sealedBytes, changesAt));
  if (sealed === undefined || final === undefined) return undefined;
  const changes: StateChange[] = [];
  let at = changesAt + 4;
  const take = (length: number): Uint8Array | undefined =>
    at + length <= bytes.length ? bytes.subarray(at, (at += length)) : undefined;
  /** A cut side is null. */
  const takeSide = (): Uint8Array | undefined | null => {
    const flag = take(1)?.[0];
    if (flag === 0) return undefined;
    const length = flag === 1 ? take(4) : undefined;
    return length === undefined ? null : (take(readU32(length, 0)) ?? null);
  };
  for (let left = readU32(bytes, changesAt); left > 0; left--) {
    const keyLength = take(2);
    const key = keyLength && take(readU16(keyLength, 0));
    const before = takeSide();
    const after = takeSide();
    if (key === undefined || before === null || after === null) return undefined;
    changes.push({ key, before, after });
  }
  return at === bytes.length ? { sealed, final, changes } : undefined;
}

function sideBytes(value: Uint8Array | undefined): number {
  return value === undefined ? 1 : 5 + value.length;
}

/** Returns where it ends. */
function putSide(bytes: Uint8Array, at: number, value: Uint8Array | undefined): number {
  if (value === undefined) return at + 1;
  bytes[at] = 1;
  writeU32(bytes, at + 1, value.length);
  bytes.set(value, at + 5);
  return at + 5 + value.length;
}
