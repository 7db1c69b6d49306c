/**
 * The validators of a block, in rank order, and what follows from their number: quorum and leader.
 * Immutable; who is in it is the state's business. protocol-spec/05-objects §7.
 *
 *  0 count 2 | 2 public key 32 x count, in rank order
 */
import { assert } from "../base/assert.ts";
import { readU16, writeU16 } from "../base/bytes.ts";
import { tagged } from "../crypto/hash.ts";
import { chainLimits } from "../params/limits.ts";
import { idBytes, type PublicKey, publicKeyOf } from "./ids.ts";
import { type Rejection, rejection } from "./rule-code.ts";

export type ValidatorSet = readonly PublicKey[];

const setHash = tagged("vset/1");

export function encodeValidatorSet(set: ValidatorSet): Uint8Array {
  assert(set.length >= 1 && set.length <= chainLimits.validatorsMax, "1 to 128 validators");
  const bytes = new Uint8Array(2 + 32 * set.length);
  writeU16(bytes, 0, set.length);
  set.forEach((key, rank) => {
    bytes.set(idBytes(key), 2 + 32 * rank);
  });
  return bytes;
}

export function decodeValidatorSet(bytes: Uint8Array): ValidatorSet | Rejection {
  const bad = (detail: string) => rejection("validators-malformed", detail);
  if (bytes.length < 2) return bad("count expected");
  const count = readU16(bytes, 0);
  if (count === 0 || count > chainLimits.validatorsMax) return bad(`${count} validators`);
  if (bytes.length !== 2 + 32 * count) return bad(`${2 + 32 * count} bytes expected`);
  const set: PublicKey[] = [];
  for (let at = 2; at < bytes.length; at += 32) set.push(publicKeyOf(bytes.subarray(at, at + 32)));
  if (new Set(set).size !== count) return bad("a validator is listed twice");
  return set;
}

/** A set is immutable, and asked for with each block. */
const hashes = new WeakMap<ValidatorSet, Uint8Array>();

/** H("vset/1", encoding): 32 bytes, not to be changed. */
export function validatorsHash(set: ValidatorSet): Uint8Array {
  const known = hashes.get(set);
  if (known !== undefined) return known;
  const hash = setHash(encodeValidatorSet(set));
  hashes.set(set, hash);
  return hash;
}

/** ceil(2n / 3): two quorums share more than n / 3 validators, or all there are. */
export function quorum(count: number): number {
  assert(Number.isInteger(count) && count >= 1, "at least one validator");
  return Math.ceil((2 * count) / 3);
}

/** The only one who may seal in `slot`. */
export function leaderOf(set: ValidatorSet, slot: number): PublicKey {
  assert(Number.isSafeInteger(slot) && slot >= 0, "slots are below 2^53");
  const leader = set[slot % set.length];
  assert(leader !== undefined, "at least one validator");
  return leader;
}

/** 0 is the highest rank; undefined for a stranger. */
export function rankOf(set: ValidatorSet, key: PublicKey): number | undefined {
  const rank = set.indexOf(key);
  return rank === -1 ? undefined : rank;
}
