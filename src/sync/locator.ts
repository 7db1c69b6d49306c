/**
 * Lists of block hashes as the wire carries them: 32 bytes each, one after the other. A locator
 * goes newest first; what comes first is where the answer should begin.
 * protocol-spec/04-messages §4, 09-connections §5.
 */
import { assert } from "../base/assert.ts";
import { concatBytes } from "../base/bytes.ts";
import { type BlockHash, blockHashOf, idBytes } from "../model/ids.ts";
import { syncLimits } from "../params/limits.ts";

export const hashBytes = 32;
/** As `stop`: no hash, the answer ends where its count or the chain ends. */
export const noStop = new Uint8Array(hashBytes);

export function encodeHashes(hashes: readonly BlockHash[]): Uint8Array {
  return concatBytes(...hashes.map(idBytes));
}

/** `bytes` must be a whole number of hashes; undefined when it is not or exceeds `countMax`. */
export function decodeHashes(bytes: Uint8Array, countMax: number): BlockHash[] | undefined {
  const count = bytes.length / hashBytes;
  if (!Number.isInteger(count) || count === 0 || count > countMax) return undefined;
  const hashes: BlockHash[] = [];
  for (let at = 0; at < bytes.length; at += hashBytes) {
    hashes.push(blockHashOf(bytes.subarray(at, at + hashBytes)));
  }
  return hashes;
}

/** The chain's own locator behind `first`, which the peer has shown to have or we know best. */
export function locatorFrom(first: readonly BlockHash[], own: readonly BlockHash[]): BlockHash[] {
  const hashes = [...new Set([...first, ...own])];
  // The last is the deepest that both must share: it stays.
  if (hashes.length > syncLimits.locatorMax) {
    hashes.splice(syncLimits.locatorMax - 1, hashes.length - syncLimits.locatorMax);
  }
  assert(hashes.length > 0, "a chain has a genesis");
  return hashes;
}
