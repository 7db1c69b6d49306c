/**
 * Proofs for whoever has no chain, only a validator set that it trusts: this block is final; this
 * set was handed over to the next. One header and one certificate each. Why a single certificate is
 * enough: a quorum holds an honest signer, who executed the block before it voted.
 * NOT whether the trusted set is still to be trusted (that is the reader's clock and anchor).
 * protocol-spec/06-validation §6, §11.
 *
 *   final:      H ──────────> T      T in the slot after H, so H is its parent and set' in charge
 *               set' = H.next │      of it. C: H -> T by a quorum of set'.
 *                             C
 *   hand-over:  s ──── C ───> b      C: s -> b by a quorum of the set in charge of b, which
 *                        b.next      executed b: from there on b.next is in charge.
 */
import { equalBytes } from "../base/bytes.ts";
import type { SignatureScheme } from "../crypto/signature-scheme.ts";
import { type Certificate, checkCertificate, decodeCertificate } from "../model/certificate.ts";
import { decodeHeader, type Header } from "../model/header.ts";
import { type Rejection, rejection } from "../model/rule-code.ts";
import type { SigningDomain } from "../model/signing-domain.ts";
import { decodeValidatorSet, type ValidatorSet, validatorsHash } from "../model/validator-set.ts";

export interface FinalityProof {
  /** 356 bytes: the final block. */
  readonly header: Uint8Array;
  readonly certificate: Uint8Array;
}

export interface Handover {
  /** 356 bytes: the last block that the old set is in charge of. */
  readonly header: Uint8Array;
  /** For that block. */
  readonly certificate: Uint8Array;
  /** Encoded: the set in charge after it. */
  readonly nextSet: Uint8Array;
}

/**
 * The block is final on the chain where `set` is in charge after it; otherwise the reason. Genesis
 * is final by definition and has no proof: votes name it by zeros.
 */
export function verifyFinality(
  proof: FinalityProof,
  set: ValidatorSet,
  domain: SigningDomain,
  signatures: SignatureScheme,
): Rejection | undefined {
  const parts = decodeParts(proof);
  if ("code" in parts) return parts;
  const { header, certificate } = parts;
  const { data } = certificate;
  if (data.sourceSlot !== header.slot || data.sourceHash !== header.hash) {
    return rejection("header-certificate", `its source is ${data.sourceHash}, not the header`);
  }
  if (data.targetSlot !== header.slot + 1) {
    return rejection("header-certificate", `from slot ${header.slot} to ${data.targetSlot}`);
  }
  if (!equalBytes(header.nextValidatorsHash, validatorsHash(set))) {
    return rejection("header-validators", "another set is in charge after the block");
  }
  return checkCertificate(certificate, set, domain, signatures);
}

/** The set in charge after the block, which `set` handed over to; otherwise the reason. */
export function verifyHandover(
  handover: Handover,
  set: ValidatorSet,
  domain: SigningDomain,
  signatures: SignatureScheme,
): ValidatorSet | Rejection {
  const parts = decodeParts(handover);
  if ("code" in parts) return parts;
  const { header, certificate } = parts;
  const { data } = certificate;
  if (data.targetSlot !== header.slot || data.targetHash !== header.hash) {
    return rejection("header-certificate", `its target is ${data.targetHash}, not the header`);
  }
  if (!equalBytes(header.validatorsHash, validatorsHash(set))) {
    return rejection("header-validators", "another set is in charge of the block");
  }
  const next = decodeValidatorSet(handover.nextSet);
  if ("code" in next) return next;
  if (!equalBytes(header.nextValidatorsHash, validatorsHash(next))) {
    return rejection("header-validators", "another set is in charge after the block");
  }
  if (difference(set, next) > 1) {
    return rejection("header-validators", "the sets differ by more than one member");
  }
  return checkCertificate(certificate, set, domain, signatures) ?? next;
}

function decodeParts(
  proof: FinalityProof,
): { header: Header; certificate: Certificate } | Rejection {
  const header = decodeHeader(proof.header);
  if ("code" in header) return header;
  const certificate = decodeCertificate(proof.certificate);
  return "code" in certificate ? certificate : { header, certificate };
}

/** Members of one and not of the other. */
function difference(a: ValidatorSet, b: ValidatorSet): number {
  const common = a.filter((key) => b.includes(key)).length;
  return a.length + b.length - 2 * common;
}
