/** What a verifying thread is sent and what it answers: bodies as packed bytes, moved, not copied. */
import type { PublicKey } from "../model/ids.ts";
import type { SigningDomain } from "../model/signing-domain.ts";

export interface VerifyOrder {
  readonly domain: SigningDomain;
  /** Bodies one after the other, each as `firstBadSignature` takes it. */
  readonly bodies: Uint8Array<ArrayBuffer>;
  readonly lengths: readonly number[];
  readonly certifiers: readonly (readonly PublicKey[])[];
}

/** As `firstBadSignature` says, one for each body, in the order of the order. */
export type VerifyAnswer = readonly number[];
