/**
 * The signatures of a block body, one by one. Pure, so that a worker thread can run it. NOT the
 * rules of the ledger, nor whether the signers of a certificate are a quorum.
 * protocol-spec/06-validation §3.
 */
import { assert } from "../base/assert.ts";
import { isZero, readU16, readU32 } from "../base/bytes.ts";
import type { SignatureScheme } from "../crypto/signature-scheme.ts";
import { decodeCertificate } from "../model/certificate.ts";
import { checkEvidence, decodeEvidence } from "../model/evidence.ts";
import { idBytes, type PublicKey } from "../model/ids.ts";
import { domainAt, genesisOf, type SigningDomain } from "../model/signing-domain.ts";
import { transactionPreimage, transactionTypes } from "../model/transaction.ts";
import { voteDataBytes, votePreimage } from "../model/vote.ts";
import { chainLimits } from "../params/limits.ts";

/** The verdict that says that the certificate's signatures are bad. */
export const badCertificate = -2;

/**
 * Index of the first transaction whose signature is not its sender's, `badCertificate`, or -1 when
 * there is nothing to blame. A sender key that the signature rule refuses (not canonical, small
 * order) counts as bad. Evidence is signed by the two signatures in it, its own is zero. The
 * certificate must be signed by `certifiers`, in their order; with none it is not looked at.
 * `body` must have passed `decodeBody`.
 */
export function firstBadSignature(
  signatures: SignatureScheme,
  domain: SigningDomain,
  body: Uint8Array,
  certifiers: readonly PublicKey[],
): number {
  const certificateEnd = 4 + readU32(body, 0);
  const certificate = body.subarray(4, certificateEnd);
  if (certifiers.length > 0 && !isCertified(signatures, domain, certificate, certifiers)) {
    return badCertificate;
  }
  let at = certificateEnd;
  for (let index = 0; at < body.length; index++) {
    const signatureAt = at + chainLimits.transactionHeadBytes + readU32(body, at + 100);
    assert(signatureAt + 64 <= body.length, "the body was decoded before");
    const transaction = body.subarray(at, signatureAt + 64);
    if (!isSigned(signatures, domain, transaction)) return index;
    at = signatureAt + 64;
  }
  return -1;
}

function isCertified(
  signatures: SignatureScheme,
  domain: SigningDomain,
  bytes: Uint8Array,
  certifiers: readonly PublicKey[],
): boolean {
  const certificate = decodeCertificate(bytes);
  if ("code" in certificate || certificate.signers.length !== certifiers.length) return false;
  const signedFor = domainAt(domain, certificate.data.targetSlot);
  const preimage = votePreimage(signedFor, bytes.subarray(0, voteDataBytes));
  return certificate.signers.every(({ signature }, index) =>
    signatures.verify(signature, preimage, idBytes(certifiers[index]!)),
  );
}

function isSigned(
  signatures: SignatureScheme,
  domain: SigningDomain,
  transaction: Uint8Array,
): boolean {
  const unsigned = transaction.subarray(0, -64);
  const signature = transaction.subarray(-64);
  if (readU16(transaction, 0) === transactionTypes.evidence) {
    const evidence = decodeEvidence(unsigned.subarray(chainLimits.transactionHeadBytes));
    if ("code" in evidence || !isZero(signature)) return false;
    return checkEvidence(evidence, domain, signatures) === undefined;
  }
  const preimage = transactionPreimage(genesisOf(domain), unsigned);
  return signatures.verify(signature, preimage, transaction.subarray(4, 36));
}
