/**
 * What a validator key may sign, given what it has signed, and the bytes that it signs. The one
 * rule of every signer, real or simulated; NOT the record that must be durable first, which is each
 * signer's own.
 *
 *   seal  (slot)             slot   above sealSlot        sealSlot   := slot
 *   vote  (source, target)   target above targetSlot      targetSlot := target
 *                            source not below sourceSlot  sourceSlot := source
 *   attest                   always                       -
 *
 * Invariant: no two requests that are allowed one after the other are a double seal, a double vote
 * or a surround. protocol-spec/06-validation §8.
 */
import { unreachable } from "../base/assert.ts";
import { attestationPreimage } from "../model/attestation.ts";
import { sealPreimage } from "../model/header.ts";
import { blockHashOf } from "../model/ids.ts";
import { decodeVoteData, votePreimage } from "../model/vote.ts";
import type { SealRequest, SignRequest, VoteRequest } from "./effect.ts";
import type { SignerFloors } from "./signer-floors.ts";

export interface Refusal {
  /** For people. */
  readonly refused: string;
}

/** The floors once `request` is signed, or why it must not be. */
export function floorsAfter(floors: SignerFloors, request: SignRequest): SignerFloors | Refusal {
  if (request.type === "attest") return floors;
  return request.type === "seal" ? afterSeal(floors, request) : afterVote(floors, request);
}

function afterSeal(floors: SignerFloors, request: SealRequest): SignerFloors | Refusal {
  const { slot, blockHash } = request;
  const { sealSlot, sourceSlot, targetSlot } = floors;
  if (!Number.isSafeInteger(slot) || slot <= sealSlot) {
    return { refused: `slot ${slot} is not above the floor, ${sealSlot}` };
  }
  if (blockHash.length !== 32) return { refused: `a block hash of ${blockHash.length} bytes` };
  return { sealSlot: slot, sourceSlot, targetSlot };
}

function afterVote(floors: SignerFloors, { data }: VoteRequest): SignerFloors | Refusal {
  const vote = decodeVoteData(data);
  if ("problem" in vote) return { refused: vote.problem };
  const { sourceSlot, targetSlot } = vote;
  if (targetSlot <= floors.targetSlot) {
    return { refused: `target slot ${targetSlot} is not above the floor, ${floors.targetSlot}` };
  }
  if (sourceSlot < floors.sourceSlot) {
    return { refused: `source slot ${sourceSlot} is below the floor, ${floors.sourceSlot}` };
  }
  return { sealSlot: floors.sealSlot, sourceSlot, targetSlot };
}

/** What is signed for `request`. */
export function preimageOf(request: SignRequest): Uint8Array {
  const { genesisHash } = request;
  switch (request.type) {
    case "seal":
      return sealPreimage(genesisHash, blockHashOf(request.blockHash));
    case "vote":
      return votePreimage(genesisHash, request.data);
    case "attest":
      return attestationPreimage(request, request.validator);
    default:
      return unreachable(request);
  }
}
