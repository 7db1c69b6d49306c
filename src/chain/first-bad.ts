/**
 * What a job that checks signatures answers, and how it is given seals. Pure, so that a worker
 * thread can run it. NOT the verdict on a block or a header: that is for who asked.
 * protocol-spec/06-validation §1, §3.
 *
 *   seals: each  preimage 80 | sealer 32 | seal 64
 */
import type { SignatureScheme } from "../crypto/signature-scheme.ts";
import type { SignatureCheck } from "../edge/effect.ts";
import { type SealedHeader, sealPreimage } from "../model/header.ts";
import { idBytes } from "../model/ids.ts";
import { domainAt, type SigningDomain } from "../model/signing-domain.ts";
import { firstBadSignature } from "./verify-body.ts";

const keyAt = 80;
const sealAt = keyAt + 32;
export const packedSealBytes = sealAt + 64;

export function packSeals(headers: readonly SealedHeader[], domain: SigningDomain): Uint8Array {
  const bytes = new Uint8Array(headers.length * packedSealBytes);
  for (const [index, { header, seal }] of headers.entries()) {
    const at = index * packedSealBytes;
    bytes.set(sealPreimage(domainAt(domain, header.slot), header.hash), at);
    bytes.set(idBytes(header.sealer), at + keyAt);
    bytes.set(seal, at + sealAt);
  }
  return bytes;
}

/** Of a body as `firstBadSignature` says; of seals the index of the first that is bad, or -1. */
export function firstBad(
  signatures: SignatureScheme,
  { of, domain, bytes, certifiers }: SignatureCheck,
): number {
  if (of === "body") return firstBadSignature(signatures, domain, bytes, certifiers);
  for (let at = 0; at < bytes.length; at += packedSealBytes) {
    const seal = bytes.subarray(at + sealAt, at + packedSealBytes);
    const sealer = bytes.subarray(at + keyAt, at + sealAt);
    if (!signatures.verify(seal, bytes.subarray(at, at + keyAt), sealer)) {
      return at / packedSealBytes;
    }
  }
  return -1;
}
