/**
 * What a validator key has signed so far, as its signer's file says at start. The core keeps from
 * asking for what would be refused; the signer refuses all the same.
 * protocol-spec/06-validation §8.
 */
export interface SignerFloors {
  /** No slot at or below it is sealed again. */
  readonly sealSlot: number;
  /** No vote has a source below it. */
  readonly sourceSlot: number;
  /** No vote has a target at or below it. */
  readonly targetSlot: number;
}
