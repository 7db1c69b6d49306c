/**
 * A body cut into small bodies, each to be checked alone by `firstBadSignature`, so that several
 * threads share a large one and none is long at it; and the verdicts put together again. Pure. NOT
 * a check. protocol-spec/06-validation §3.
 *
 *   certificate | t0 t1 t2 t3 t4   ──>   certificate | t0 t1     | t2 t3     | t4
 *
 * Invariant: the verdict of the whole is that of the first piece that has one, wherever it is cut.
 */
import { assert } from "../base/assert.ts";
import { readU32 } from "../base/bytes.ts";
import type { PublicKey } from "../model/ids.ts";
import { chainLimits } from "../params/limits.ts";
import { badCertificate } from "./verify-body.ts";

export interface BodyPiece {
  /** Of the whole: what `packPiece` makes a body of. */
  readonly certificate: Uint8Array;
  readonly transactions: Uint8Array;
  readonly certifiers: readonly PublicKey[];
  /** Index in the whole of its first transaction. */
  readonly firstIndex: number;
  /** Signatures to check; of evidence, which has two, one is counted. */
  readonly signatures: number;
}

/** At least one piece, each of `signaturesMax` at most, but a certificate is not cut. */
export function cutBody(
  body: Uint8Array,
  certifiers: readonly PublicKey[],
  signaturesMax: number,
): BodyPiece[] {
  const pieces: BodyPiece[] = [];
  let from = 4 + readU32(body, 0);
  let certificate = body.subarray(4, from);
  let keys = certifiers;
  let index = 0;
  do {
    const firstIndex = index;
    let at = from;
    let signatures = keys.length;
    for (; at < body.length && (signatures < signaturesMax || index === firstIndex); index++) {
      at += chainLimits.transactionHeadBytes + readU32(body, at + 100) + 64;
      assert(at <= body.length, "the body was decoded before");
      signatures++;
    }
    const transactions = body.subarray(from, at);
    pieces.push({ certificate, transactions, certifiers: keys, firstIndex, signatures });
    certificate = body.subarray(0, 0);
    keys = [];
    from = at;
  } while (from < body.length);
  return pieces;
}

/** How many bytes `packPiece` writes. */
export function packedBytes({ certificate, transactions }: BodyPiece): number {
  return 4 + certificate.length + transactions.length;
}

/** Writes the body of `piece` into `out` at `at`. */
export function packPiece({ certificate, transactions }: BodyPiece, out: Uint8Array, at: number) {
  const { length } = certificate;
  out.set([length >>> 24, length >>> 16, length >>> 8, length], at);
  out.set(certificate, at + 4);
  out.set(transactions, at + 4 + length);
}

/** The verdict on the whole as far as `piece` decides it, given that on `piece`. */
export function verdictOfPiece(piece: BodyPiece, firstBad: number): number {
  return firstBad >= 0 ? piece.firstIndex + firstBad : firstBad;
}

/** Of two verdicts on parts of one body, the one on both. */
export function earlierVerdict(a: number, b: number): number {
  if (a === badCertificate || b === badCertificate) return badCertificate;
  if (a < 0 || b < 0) return Math.max(a, b);
  return Math.min(a, b);
}
