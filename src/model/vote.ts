/**
 * Votes: "from checkpoint source, go to checkpoint target". Knows the layout and the preimage, not
 * when a vote may be cast. protocol-spec/05-objects §4.
 *
 *  0 sourceSlot 8 | 8 sourceHash 32 | 40 targetSlot 8 | 48 targetHash 32    vote data, 80
 * 80 validator 32 | 112 signature 64                                       vote, 176
 */
import { assert } from "../base/assert.ts";
import { concatBytes, readSafeU64, writeU64 } from "../base/bytes.ts";
import { tag16 } from "../crypto/hash.ts";
import { type BlockHash, blockHashOf, idBytes, type PublicKey, publicKeyOf } from "./ids.ts";
import { type Rejection, rejection } from "./rule-code.ts";

export interface VoteData {
  readonly sourceSlot: number;
  readonly sourceHash: BlockHash;
  /** Above `sourceSlot`. */
  readonly targetSlot: number;
  readonly targetHash: BlockHash;
}

export interface Vote extends VoteData {
  readonly validator: PublicKey;
  readonly signature: Uint8Array;
  /** The 176 bytes. */
  readonly bytes: Uint8Array;
}

export const voteDataBytes = 80;
export const voteBytes = 176;
const signingTag = tag16("vote/1");

export function encodeVoteData(data: VoteData): Uint8Array {
  assert(data.sourceSlot < data.targetSlot, "a vote goes forward");
  const bytes = new Uint8Array(voteDataBytes);
  writeU64(bytes, 0, data.sourceSlot);
  bytes.set(idBytes(data.sourceHash), 8);
  writeU64(bytes, 40, data.targetSlot);
  bytes.set(idBytes(data.targetHash), 48);
  return bytes;
}

/** The vote data in exactly 80 bytes, or what is wrong with them. */
export function decodeVoteData(bytes: Uint8Array): VoteData | { readonly problem: string } {
  if (bytes.length !== voteDataBytes) return { problem: `vote data of ${bytes.length} bytes` };
  const sourceSlot = readSafeU64(bytes, 0);
  const targetSlot = readSafeU64(bytes, 40);
  if (sourceSlot === undefined || targetSlot === undefined) {
    return { problem: "slots must be below 2^53" };
  }
  if (sourceSlot >= targetSlot) return { problem: "the source must be before the target" };
  return {
    sourceSlot,
    sourceHash: blockHashOf(bytes.subarray(8, 40)),
    targetSlot,
    targetHash: blockHashOf(bytes.subarray(48, 80)),
  };
}

/** What a validator signs: "vote/1" || genesisHash || vote data. */
export function votePreimage(genesisHash: Uint8Array, voteData: Uint8Array): Uint8Array {
  assert(voteData.length === voteDataBytes, "vote data has 80 bytes");
  return concatBytes(signingTag, genesisHash, voteData);
}

export function encodeVote(data: VoteData, validator: PublicKey, signature: Uint8Array): Vote {
  assert(signature.length === 64, "a signature has 64 bytes");
  const bytes = concatBytes(encodeVoteData(data), idBytes(validator), signature);
  const vote = decodeVote(bytes);
  assert(!("code" in vote), "what we encode decodes");
  return vote;
}

/** The vote in exactly 176 bytes; keeps `bytes`. Checks no signature. */
export function decodeVote(bytes: Uint8Array): Vote | Rejection {
  if (bytes.length !== voteBytes) {
    return rejection("vote-malformed", `${voteBytes} bytes expected, got ${bytes.length}`);
  }
  const data = decodeVoteData(bytes.subarray(0, voteDataBytes));
  if ("problem" in data) return rejection("vote-malformed", data.problem);
  const validator = publicKeyOf(bytes.subarray(80, 112));
  return { ...data, validator, signature: bytes.subarray(112), bytes };
}
