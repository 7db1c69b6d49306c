/**
 * A check of signatures cut into small ones, each to be done alone by `firstBad`, so that several
 * threads share a large one and none is long at it; and the verdicts put together again. Pure. NOT
 * a check. protocol-spec/06-validation §1, §3.
 *
 *   certificate | t0 t1 t2 t3 t4   ──>   certificate | t0 t1     | t2 t3     | t4
 *   s0 s1 s2 s3 s4                 ──>   s0 s1 s2    | s3 s4
 *
 * Invariant: the verdict of the whole is that of the first piece that has one, wherever it is cut.
 */
import { assert } from "../base/assert.ts";
import { readU32, u32Bytes } from "../base/bytes.ts";
import type { SignatureCheck } from "../edge/effect.ts";
import { chainLimits } from "../params/limits.ts";
import { packedSealBytes } from "./first-bad.ts";
import { badCertificate } from "./verify-body.ts";

export interface Piece extends Pick<SignatureCheck, "of" | "domain" | "certifiers"> {
  /** One after the other they are the bytes of its check: `packPiece`. */
  readonly parts: readonly Uint8Array[];
  /** Index in the whole of its first transaction, or seal. */
  readonly firstIndex: number;
  /** Signatures to check; of evidence, which has two, one is counted. */
  readonly signatures: number;
}

/** At least one piece, each of `signaturesMax` at most, but a certificate is not cut. */
export function cutCheck(check: SignatureCheck, signaturesMax: number): Piece[] {
  return check.of === "body" ? cutBody(check, signaturesMax) : cutSeals(check, signaturesMax);
}

function cutBody({ of, domain, bytes, certifiers }: SignatureCheck, signaturesMax: number) {
  const pieces: Piece[] = [];
  let from = 4 + readU32(bytes, 0);
  let head = [bytes.subarray(0, from)];
  let keys = certifiers;
  let index = 0;
  do {
    const firstIndex = index;
    let at = from;
    let signatures = keys.length;
    for (; at < bytes.length && (signatures < signaturesMax || index === firstIndex); index++) {
      at += chainLimits.transactionHeadBytes + readU32(bytes, at + 100) + 64;
      assert(at <= bytes.length, "the body was decoded before");
      signatures++;
    }
    const parts = [...head, bytes.subarray(from, at)];
    pieces.push({ of, domain, parts, certifiers: keys, firstIndex, signatures });
    head = [noCertificate];
    keys = [];
    from = at;
  } while (from < bytes.length);
  return pieces;
}

const noCertificate = u32Bytes(0);

function cutSeals({ of, domain, bytes, certifiers }: SignatureCheck, signaturesMax: number) {
  const pieces: Piece[] = [];
  const count = bytes.length / packedSealBytes;
  for (let firstIndex = 0; firstIndex < count; firstIndex += signaturesMax) {
    const end = Math.min(firstIndex + signaturesMax, count);
    const parts = [bytes.subarray(firstIndex * packedSealBytes, end * packedSealBytes)];
    pieces.push({ of, domain, parts, certifiers, firstIndex, signatures: end - firstIndex });
  }
  return pieces;
}

/** How many bytes `packPiece` writes. */
export function packedBytes({ parts }: Piece): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}

/** Writes the bytes of the check of `piece` into `out` at `at`. */
export function packPiece({ parts }: Piece, out: Uint8Array, at: number): void {
  let end = at;
  for (const part of parts) {
    out.set(part, end);
    end += part.length;
  }
}

/** The verdict on the whole as far as `piece` decides it, given that on `piece`. */
export function verdictOfPiece(piece: Piece, firstBad: number): number {
  return firstBad >= 0 ? piece.firstIndex + firstBad : firstBad;
}

/** Of two verdicts on parts of one check, the one on both. */
export function earlierVerdict(a: number, b: number): number {
  if (a === badCertificate || b === badCertificate) return badCertificate;
  if (a < 0 || b < 0) return Math.max(a, b);
  return Math.min(a, b);
}
