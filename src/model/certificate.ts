/**
 * Certificates: one vote and the signatures of many. Not unique for a target (any quorum will do),
 * so a header commits to the one it carries through `certificateHash`.
 * protocol-spec/05-objects §5.
 *
 *  0 vote data 80 | 80 validatorsHash 32 | 112 n 2 | 114 bitmap ceil(n/8) | signatures 64 each
 *  Bit r of the bitmap (least significant first) = the validator of rank r signed; spare bits are
 *  zero; signatures stand in rank order.
 */
import { assert } from "../base/assert.ts";
import { concatBytes, equalBytes, readU16, u16Bytes } from "../base/bytes.ts";
import { tagged } from "../crypto/hash.ts";
import type { SignatureScheme } from "../crypto/signature-scheme.ts";
import { chainLimits } from "../params/limits.ts";
import { idBytes, type PublicKey } from "./ids.ts";
import { type Rejection, rejection } from "./rule-code.ts";
import { domainAt, type SigningDomain } from "./signing-domain.ts";
import { quorum, type ValidatorSet, validatorsHash } from "./validator-set.ts";
import {
  decodeVoteData,
  encodeVoteData,
  type VoteData,
  voteDataBytes,
  votePreimage,
} from "./vote.ts";

export interface CertificateSigner {
  readonly rank: number;
  readonly signature: Uint8Array;
}

export interface CertificateFields {
  readonly data: VoteData;
  readonly validatorsHash: Uint8Array;
  /** Validators in the set, not signers. */
  readonly validatorCount: number;
  /** By rising rank. */
  readonly signers: readonly CertificateSigner[];
}

export interface Certificate extends CertificateFields {
  readonly bytes: Uint8Array;
}

const bitmapAt = voteDataBytes + 32 + 2;
const hashOfCertificate = tagged("cert/1");

/** Bytes of one of a set of which all signed. */
export function certificateBytesOf(validators: number): number {
  return bitmapAt + Math.ceil(validators / 8) + chainLimits.sealBytes * validators;
}

export function encodeCertificate(fields: CertificateFields): Certificate {
  const { validatorCount, signers } = fields;
  assert(validatorCount >= 1 && validatorCount <= chainLimits.validatorsMax, "1 to 128 validators");
  assert(fields.validatorsHash.length === 32, "a hash has 32 bytes");
  const bitmap = new Uint8Array(Math.ceil(validatorCount / 8));
  for (const { rank } of signers) bitmap[rank >> 3]! |= 1 << (rank & 7);
  const bytes = concatBytes(
    encodeVoteData(fields.data),
    fields.validatorsHash,
    u16Bytes(validatorCount),
    bitmap,
    ...signers.map((signer) => signer.signature),
  );
  const certificate = decodeCertificate(bytes);
  assert(!("code" in certificate), "signers are given once each, by rising rank");
  const ranksAgree = certificate.signers.every((s, i) => s.rank === signers[i]?.rank);
  assert(ranksAgree, "signers are given once each, by rising rank");
  return certificate;
}

/** Outside of its function: a closure for each call costs more than the checks. */
const bad = (detail: string) => rejection("certificate-malformed", detail);

/** The certificate in exactly `bytes`; keeps them. Checks no signature and no quorum. */
export function decodeCertificate(bytes: Uint8Array): Certificate | Rejection {
  if (bytes.length < bitmapAt) return bad(`${bytes.length} bytes`);
  const data = decodeVoteData(bytes.subarray(0, voteDataBytes));
  if ("problem" in data) return bad(data.problem);
  const validatorCount = readU16(bytes, bitmapAt - 2);
  if (validatorCount === 0 || validatorCount > chainLimits.validatorsMax) {
    return bad(`of ${validatorCount} validators`);
  }
  const signaturesAt = bitmapAt + Math.ceil(validatorCount / 8);
  if (bytes.length < signaturesAt) return bad("cut bitmap");
  const signers: CertificateSigner[] = [];
  let at = signaturesAt;
  for (let rank = 0; rank < (signaturesAt - bitmapAt) * 8; rank++) {
    if (((bytes[bitmapAt + (rank >> 3)]! >> (rank & 7)) & 1) === 0) continue;
    if (rank >= validatorCount) return bad("spare bits of the bitmap must be zero");
    signers.push({ rank, signature: bytes.subarray(at, (at += 64)) });
  }
  if (bytes.length !== at) return bad(`${at} bytes expected, got ${bytes.length}`);
  const setHash = bytes.subarray(voteDataBytes, voteDataBytes + 32);
  return { data, validatorsHash: setHash, validatorCount, signers, bytes };
}

/** H("cert/1", bytes): 32 bytes, what a header's certHash must be. */
export function certificateHash(bytes: Uint8Array): Uint8Array {
  return hashOfCertificate(bytes);
}

/**
 * It claims a quorum of `set`; otherwise the reason. Checks no signature: of a carried certificate
 * they are checked with those of the body.
 */
export function checkSigners(certificate: Certificate, set: ValidatorSet): Rejection | undefined {
  const { signers, validatorCount } = certificate;
  if (validatorCount !== set.length) {
    return rejection("certificate-set", `of ${validatorCount} validators, not ${set.length}`);
  }
  const needed = quorum(set.length);
  if (signers.length < needed) {
    return rejection("certificate-quorum", `${needed} signers needed, ${signers.length} given`);
  }
  if (!equalBytes(certificate.validatorsHash, validatorsHash(set))) {
    return rejection("certificate-set", "of another validator set");
  }
  return undefined;
}

/** A quorum of `set` signed it; otherwise the reason. Cheap checks come first. */
export function checkCertificate(
  certificate: Certificate,
  set: ValidatorSet,
  domain: SigningDomain,
  signatures: SignatureScheme,
): Rejection | undefined {
  const wrong = checkSigners(certificate, set);
  if (wrong !== undefined) return wrong;
  const signedFor = domainAt(domain, certificate.data.targetSlot);
  const preimage = votePreimage(signedFor, certificate.bytes.subarray(0, voteDataBytes));
  for (const { rank, signature } of certificate.signers) {
    if (!signatures.verify(signature, preimage, idBytes(set[rank]!))) {
      return rejection("certificate-signature", `of rank ${rank}`);
    }
  }
  return undefined;
}

/** The keys of its signers, in the order of its signatures. `set` is the one it is of. */
export function certifiersOf(certificate: Certificate, set: ValidatorSet): PublicKey[] {
  assert(certificate.validatorCount === set.length, "it was checked against this set");
  return certificate.signers.map(({ rank }) => set[rank]!);
}
