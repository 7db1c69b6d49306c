/**
 * Evidence: two messages of one validator that no honest one signs both. Self-contained, and one
 * fault has one encoding (the lesser message first). Decides nothing about punishment.
 * protocol-spec/05-objects §6.
 *
 *  0 type 1 | 1 validator 32 | 33 length 2, message A | length 2, message B        A < B bytewise
 *  type 1 double seal: two sealed headers (420 bytes each) of one slot
 *  type 2 double vote: two votes (vote data 80 | signature 64) with one target slot
 *  type 3 surround:    one vote's source and target enclose the other's
 *
 *         s1 ---------------------> t1
 *               s2 ------> t2                 s1 < s2 and t2 < t1
 */
import { assert, defined } from "../base/assert.ts";
import {
  compareBytes,
  concatBytes,
  equalBytes,
  readSafeU64,
  readU16,
  u16Bytes,
} from "../base/bytes.ts";
import type { SignatureScheme } from "../crypto/signature-scheme.ts";
import { chainLimits } from "../params/limits.ts";
import { decodeSealedHeader, sealPreimage } from "./header.ts";
import { idBytes, type PublicKey, publicKeyOf } from "./ids.ts";
import { type Rejection, rejection } from "./rule-code.ts";
import { domainAt, type SigningDomain } from "./signing-domain.ts";
import {
  decodeVoteData,
  encodeVoteData,
  type VoteData,
  voteDataBytes,
  votePreimage,
} from "./vote.ts";

export const evidenceTypes = { doubleSeal: 1, doubleVote: 2, surround: 3 } as const;
export type EvidenceType = (typeof evidenceTypes)[keyof typeof evidenceTypes];

export interface Evidence {
  readonly type: EvidenceType;
  readonly validator: PublicKey;
  /** The lesser one first. */
  readonly messages: readonly [Uint8Array, Uint8Array];
  readonly bytes: Uint8Array;
}

/** What a validator said and signed: a vote, or its part of a certificate. */
export interface SignedVote extends VoteData {
  readonly signature: Uint8Array;
}

const sealedBytes = chainLimits.headerBytes + chainLimits.sealBytes;
const signedVoteBytes = voteDataBytes + 64;
const slotInHeader = 16;
const targetSlotInVote = 40;

/** Evidence of two messages in either order; a Rejection when they are no fault. */
export function encodeEvidence(
  type: EvidenceType,
  validator: PublicKey,
  one: Uint8Array,
  other: Uint8Array,
): Evidence | Rejection {
  const [a, b] = compareBytes(one, other) <= 0 ? [one, other] : [other, one];
  return decodeEvidence(
    concatBytes(
      Uint8Array.of(type),
      idBytes(validator),
      u16Bytes(a.length),
      a,
      u16Bytes(b.length),
      b,
    ),
  );
}

/** The evidence in exactly `bytes`; keeps them. A fault if `checkEvidence` agrees. */
export function decodeEvidence(bytes: Uint8Array): Evidence | Rejection {
  const bad = (detail: string) => rejection("evidence-malformed", detail);
  const type = bytes[0];
  if (type !== 1 && type !== 2 && type !== 3) return bad(`type ${type}`);
  const messageBytes = type === evidenceTypes.doubleSeal ? sealedBytes : signedVoteBytes;
  const expected = 33 + 2 * (2 + messageBytes);
  if (bytes.length !== expected) return bad(`${expected} bytes expected, got ${bytes.length}`);
  const secondAt = 33 + 2 + messageBytes;
  if (readU16(bytes, 33) !== messageBytes || readU16(bytes, secondAt) !== messageBytes) {
    return bad(`messages of ${messageBytes} bytes expected`);
  }
  const a = bytes.subarray(35, secondAt);
  const b = bytes.subarray(secondAt + 2);
  if (compareBytes(a, b) >= 0) return bad("the lesser message comes first");
  const validator = publicKeyOf(bytes.subarray(1, 33));
  const problem = type === 1 ? sealsProblem(a, b, validator) : votesProblem(type, a, b);
  return problem === undefined ? { type, validator, messages: [a, b], bytes } : bad(problem);
}

/** What two votes of one validator prove; undefined when an honest one may sign both. */
export function voteFault(
  validator: PublicKey,
  one: SignedVote,
  other: SignedVote,
): Evidence | undefined {
  const type = faultType(one, other);
  if (type === undefined) return undefined;
  const evidence = encodeEvidence(type, validator, messageOf(one), messageOf(other));
  assert(!("code" in evidence), "two votes that contradict each other are evidence");
  return evidence;
}

/**
 * When it was done: the slot of the headers or of the targets. Of a surround the later target,
 * since nothing was wrong before both votes were there. Its age is counted from here.
 */
export function evidenceSlot(evidence: Evidence): number {
  const at = evidence.type === evidenceTypes.doubleSeal ? slotInHeader : targetSlotInVote;
  const slots = evidence.messages.map((message) => readSafeU64(message, at));
  return Math.max(...slots.map((slot) => defined(slot, "its messages were decoded")));
}

/** Both signatures are the validator's, each for the domain of its slot; otherwise the reason. */
export function checkEvidence(
  evidence: Evidence,
  domain: SigningDomain,
  signatures: SignatureScheme,
): Rejection | undefined {
  for (const message of evidence.messages) {
    const signature = message.subarray(-64);
    const preimage = preimageIn(evidence.type, message, domain);
    if (!signatures.verify(signature, preimage, idBytes(evidence.validator))) {
      return rejection("evidence-signature", "a signature is not the validator's");
    }
  }
  return undefined;
}

function preimageIn(type: EvidenceType, message: Uint8Array, domain: SigningDomain): Uint8Array {
  if (type !== evidenceTypes.doubleSeal) {
    const slot = readSafeU64(message, targetSlotInVote);
    const signedFor = domainAt(domain, defined(slot, "evidence holds decodable votes"));
    return votePreimage(signedFor, message.subarray(0, voteDataBytes));
  }
  const sealed = decodeSealedHeader(message);
  assert(!("code" in sealed), "evidence holds decodable headers");
  const { slot, hash } = sealed.header;
  return sealPreimage(domainAt(domain, slot), hash);
}

function sealsProblem(a: Uint8Array, b: Uint8Array, validator: PublicKey): string | undefined {
  const first = decodeSealedHeader(a);
  const second = decodeSealedHeader(b);
  if ("code" in first) return first.detail;
  if ("code" in second) return second.detail;
  if (first.header.sealer !== validator || second.header.sealer !== validator) {
    return "both headers name the validator as sealer";
  }
  if (first.header.slot !== second.header.slot) return "the headers are of one slot";
  // Two seals of one header are the same block.
  return first.header.hash === second.header.hash ? "the headers differ" : undefined;
}

function votesProblem(type: 2 | 3, a: Uint8Array, b: Uint8Array): string | undefined {
  const first = decodeVoteData(a.subarray(0, voteDataBytes));
  const second = decodeVoteData(b.subarray(0, voteDataBytes));
  if ("problem" in first) return first.problem;
  if ("problem" in second) return second.problem;
  if (type === evidenceTypes.surround) {
    return surrounds(first, second) || surrounds(second, first)
      ? undefined
      : "one vote surrounds the other";
  }
  if (first.targetSlot !== second.targetSlot) return "the votes have one target slot";
  return equalBytes(a.subarray(0, voteDataBytes), b.subarray(0, voteDataBytes))
    ? "the votes differ"
    : undefined;
}

function faultType(one: VoteData, other: VoteData): 2 | 3 | undefined {
  if (one.targetSlot === other.targetSlot) {
    return sameVote(one, other) ? undefined : evidenceTypes.doubleVote;
  }
  const enclosed = surrounds(one, other) || surrounds(other, one);
  return enclosed ? evidenceTypes.surround : undefined;
}

/** The same vote data, whatever the signatures. */
export function sameVote(one: VoteData, other: VoteData): boolean {
  return (
    one.targetSlot === other.targetSlot &&
    one.targetHash === other.targetHash &&
    one.sourceSlot === other.sourceSlot &&
    one.sourceHash === other.sourceHash
  );
}

function messageOf(vote: SignedVote): Uint8Array {
  return concatBytes(encodeVoteData(vote), vote.signature);
}

function surrounds(outer: VoteData, inner: VoteData): boolean {
  return outer.sourceSlot < inner.sourceSlot && inner.targetSlot < outer.targetSlot;
}
