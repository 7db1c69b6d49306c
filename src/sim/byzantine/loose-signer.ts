/** A signer without floors or shame: signs whatever it is asked. Of Byzantine validators only. */
import type { SignatureScheme } from "../../crypto/signature-scheme.ts";
import type { SignRequest } from "../../edge/effect.ts";
import { preimageOf } from "../../edge/signing-rule.ts";
import type { OnSigned, Signed, Signer } from "../sim-signer.ts";

export class LooseSigner implements Signer {
  readonly floors = { sealSlot: 0, sourceSlot: 0, targetSlot: 0 };
  private readonly signatures: SignatureScheme;
  private readonly seed: Uint8Array;
  private readonly onSigned: OnSigned;

  constructor(signatures: SignatureScheme, seed: Uint8Array, onSigned: OnSigned) {
    this.signatures = signatures;
    this.seed = seed;
    this.onSigned = onSigned;
  }

  sign(request: SignRequest): Signed {
    const signature = this.signatures.sign(this.seed, preimageOf(request));
    this.onSigned(request, signature);
    return { signature };
  }

  recordOnly(): void {}

  forget(): void {}
}
