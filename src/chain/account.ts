/**
 * Accounts as the state tree stores them: 56 bytes. An account that is all zero is absent.
 * protocol-spec/05-objects §8.
 *
 *  0 nonce 8 | 8 balance 8 | 16 bonded 8 | 24 dataRoot 32
 */
import { assert } from "../base/assert.ts";
import { asciiBytes, isZero, readU64, writeU64 } from "../base/bytes.ts";
import { tagged } from "../crypto/hash.ts";
import { type Address, idBytes } from "../model/ids.ts";

export interface Account {
  /** Of the next transaction. */
  readonly nonce: bigint;
  readonly balance: bigint;
  /** Always 0 until an engine with bonds. */
  readonly bonded: bigint;
  /** 32 bytes; zeros until accounts hold data. */
  readonly dataRoot: Uint8Array;
}

export const accountBytes = 56;
export const nonceAt = 0;
export const balanceAt = 8;
const bondedAt = 16;
const dataRootAt = 24;
export const zeroHash: Uint8Array = new Uint8Array(32);
export const emptyAccount: Account = { nonce: 0n, balance: 0n, bonded: 0n, dataRoot: zeroHash };

const accountKeyHash = tagged("key/1");
const systemKeyHash = tagged("sys/1");

/** H("key/1", address): hashed, so that nobody grinds addresses into deep paths of the tree. */
export function accountKey(address: Address): Uint8Array {
  return accountKeyHash(idBytes(address));
}

/** H("sys/1", name): where the chain's own entries stand. */
export function systemKey(
  name: "params" | "validators" | "supply" | "governance" | "jailed",
): Uint8Array {
  return systemKeyHash(asciiBytes(name));
}

/** The stored value; undefined for an account that is all zero, which is not stored. */
export function encodeAccount(account: Account): Uint8Array | undefined {
  assert(account.dataRoot.length === 32, "a hash has 32 bytes");
  const bytes = new Uint8Array(accountBytes);
  writeU64(bytes, nonceAt, account.nonce);
  writeU64(bytes, balanceAt, account.balance);
  writeU64(bytes, bondedAt, account.bonded);
  // Memory is zero when it is new.
  if (account.dataRoot !== zeroHash) bytes.set(account.dataRoot, dataRootAt);
  return isZero(bytes) ? undefined : bytes;
}

/** The account of a stored value; the empty one when nothing is stored. */
export function decodeAccount(bytes: Uint8Array | undefined): Account {
  if (bytes === undefined) return emptyAccount;
  assert(bytes.length === accountBytes, "an account has 56 bytes");
  return {
    nonce: readU64(bytes, nonceAt),
    balance: readU64(bytes, balanceAt),
    bonded: readU64(bytes, bondedAt),
    dataRoot: isZero(bytes.subarray(dataRootAt)) ? zeroHash : bytes.slice(dataRootAt),
  };
}
