/**
 * Signatures that were found good, so that a transaction checked for the mempool is not checked
 * again in a block, ours or another's. Remembered by a hash of all that decides: signature, key and
 * the whole message. NOT by transaction ids, which do not cover signatures: a forged copy has the
 * same. A bad signature is never remembered. protocol-spec/06-validation §3.
 *
 * Invariant: at most `knownSignaturesMax` entries; the oldest go. What is forgotten is checked again.
 */
import { BoundedMap } from "../base/bounded.ts";
import { concatBytes, readU16, u32Bytes } from "../base/bytes.ts";
import { taggedHex } from "../crypto/hash.ts";
import type { SignatureScheme } from "../crypto/signature-scheme.ts";
import { outlineBody } from "../model/block.ts";
import { transactionPreimage, transactionTypes } from "../model/transaction.ts";
import { chainLimits } from "../params/limits.ts";

/** Of fixed length but the last, so they cannot be cut in another way. */
const hashOfSigned = taggedHex("signed/1");

export interface UncheckedPart {
  /** A body of the transactions that are not known; the certificate is kept. */
  readonly body: Uint8Array;
  /** Of its transactions: their indices in the whole. Undefined: it is the whole. */
  readonly indices: readonly number[] | undefined;
}

export class VerifiedSignatures {
  /** Checks, and remembers what is good. */
  readonly scheme: SignatureScheme;
  private readonly genesisHash: Uint8Array;
  private readonly known: BoundedMap<string, true>;

  constructor(
    scheme: SignatureScheme,
    genesisHash: Uint8Array,
    max = chainLimits.knownSignaturesMax,
  ) {
    this.genesisHash = genesisHash;
    this.known = new BoundedMap(max);
    this.scheme = {
      ...scheme,
      verify: (signature, message, publicKey) => {
        const isGood = scheme.verify(signature, message, publicKey);
        if (isGood) this.known.set(hashOfSigned(signature, publicKey, message), true);
        return isGood;
      },
    };
  }

  get size(): number {
    return this.known.size;
  }

  /** What is left to check of a body that has its header's layout. */
  uncheckedPart(body: Uint8Array): UncheckedPart {
    const whole = { body, indices: undefined };
    if (this.known.size === 0) return whole;
    const outline = outlineBody(body);
    if ("code" in outline) return whole;
    const { certificate, transactions } = outline;
    const indices: number[] = [];
    for (const [index, bytes] of transactions.entries()) {
      if (!this.isKnown(bytes)) indices.push(index);
    }
    if (indices.length === transactions.length) return whole;
    const parts = indices.map((index) => transactions[index]!);
    return { body: concatBytes(u32Bytes(certificate.length), certificate, ...parts), indices };
  }

  private isKnown(transaction: Uint8Array): boolean {
    // It has no signature of its own.
    if (readU16(transaction, 0) === transactionTypes.evidence) return false;
    const preimage = transactionPreimage(this.genesisHash, transaction.subarray(0, -64));
    const key = transaction.subarray(4, 36);
    return this.known.has(hashOfSigned(transaction.subarray(-64), key, preimage));
  }
}
