/**
 * The signer of a simulated validator: its record outlives every crash, as the file of the real one
 * does (`host/signer-file.ts`), by the same rule. A record is durable before the signature exists.
 */
import type { SignatureScheme } from "../crypto/signature-scheme.ts";
import type { SignRequest } from "../edge/effect.ts";
import type { SignerFloors } from "../edge/signer-floors.ts";
import { floorsAfter, preimageOf, type Refusal } from "../edge/signing-rule.ts";

export type Signed = { readonly signature: Uint8Array } | Refusal;

/** Told of every signature that left the signer. */
export type OnSigned = (request: SignRequest, signature: Uint8Array) => void;

export interface Signer {
  readonly floors: SignerFloors;
  sign(request: SignRequest): Signed;
  /** A power cut after its record was written: no signature was made. */
  recordOnly(request: SignRequest): void;
  forget(slot: number): void;
}

export class SimSigner implements Signer {
  private readonly signatures: SignatureScheme;
  private readonly seed: Uint8Array;
  private readonly onSigned: OnSigned;
  private current: SignerFloors = { sealSlot: 0, sourceSlot: 0, targetSlot: 0 };

  constructor(signatures: SignatureScheme, seed: Uint8Array, onSigned: OnSigned) {
    this.signatures = signatures;
    this.seed = seed;
    this.onSigned = onSigned;
  }

  get floors(): SignerFloors {
    return this.current;
  }

  /** The file was lost, and the operator said so: nothing up to `slot` is signed. */
  forget(slot: number): void {
    this.current = { sealSlot: slot, sourceSlot: slot, targetSlot: slot };
  }

  recordOnly(request: SignRequest): void {
    this.record(request);
  }

  sign(request: SignRequest): Signed {
    const refused = this.record(request);
    if (refused !== undefined) return { refused };
    const signature = this.signatures.sign(this.seed, preimageOf(request));
    this.onSigned(request, signature);
    return { signature };
  }

  private record(request: SignRequest): string | undefined {
    const next = floorsAfter(this.current, request);
    if ("refused" in next) return next.refused;
    this.current = next;
    return undefined;
  }
}
