/** What can befall a network, and when. What each does is in `strikes.ts`. */
export type CrashMoment = "now" | "sync" | "sign";

export type Fault =
  | {
      readonly type: "crash";
      readonly node: number;
      /** At once, inside its next sync write, or before its next signature is made. */
      readonly moment: CrashMoment;
      readonly downMs: number;
      /** What the operator has to start it again with. */
      readonly loss: "nothing" | "signer" | "new-blocks";
    }
  | { readonly type: "backup"; readonly node: number }
  | { readonly type: "partition"; readonly sides: readonly number[] }
  | {
      readonly type: "stall";
      readonly directions: readonly { readonly from: number; readonly to: number }[];
    }
  | { readonly type: "heal" }
  | { readonly type: "cut" }
  | { readonly type: "slow"; readonly node: number; readonly ms: number }
  | { readonly type: "skew"; readonly node: number; readonly skewMs: number }
  /** At the node given all validators approve what is open, and propose so many changes more. */
  | { readonly type: "set-change"; readonly node: number; readonly count: number }
  /** People end the loss of a quorum, if it still lasts. */
  | { readonly type: "recovery" };

export interface TimedFault {
  readonly atMs: number;
  readonly fault: Fault;
}
