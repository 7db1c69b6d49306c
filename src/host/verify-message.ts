/** What a verifying thread is sent and what it answers: checks as packed bytes, moved, not copied. */
import type { SignatureCheck } from "../edge/effect.ts";
import type { SigningDomain } from "../model/signing-domain.ts";

interface PackedCheck extends Pick<SignatureCheck, "of" | "certifiers"> {
  readonly length: number;
}

export interface VerifyOrder {
  readonly domain: SigningDomain;
  /** Of the checks, one after the other. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly checks: readonly PackedCheck[];
}

/** As `firstBad` says, one for each check, in the order of the order. */
export type VerifyAnswer = readonly number[];
