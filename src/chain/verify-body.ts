/**
 * The signatures of a block body, one by one. Pure, so that a worker thread can run it. NOT the
 * rules of the ledger. protocol-spec/06-validation §3.
 */
import { assert } from "../base/assert.ts";
import { readU32 } from "../base/bytes.ts";
import type { SignatureScheme } from "../crypto/signature-scheme.ts";
import { transactionPreimage } from "../model/transaction.ts";
import { chainLimits } from "../params/limits.ts";

/**
 * Index of the first transaction whose signature is not its sender's, or -1. A sender key that the
 * signature rule refuses (not canonical, small order) counts as that. `body` must have passed
 * `decodeBody`.
 */
export function firstBadSignature(
  signatures: SignatureScheme,
  genesisHash: Uint8Array,
  body: Uint8Array,
): number {
  const headBytes = chainLimits.transactionHeadBytes;
  let at = 4 + readU32(body, 0);
  for (let index = 0; at < body.length; index++) {
    const signatureAt = at + headBytes + readU32(body, at + 100);
    assert(signatureAt + 64 <= body.length, "the body was decoded before");
    const preimage = transactionPreimage(genesisHash, body.subarray(at, signatureAt));
    const signature = body.subarray(signatureAt, signatureAt + 64);
    if (!signatures.verify(signature, preimage, body.subarray(at + 4, at + 36))) return index;
    at = signatureAt + 64;
  }
  return -1;
}
