/** The answer of `/api/metrics`: figures since the start of the program. */
import type { Summary } from "./samples.ts";

interface Lag {
  readonly slots: number;
  readonly blocks: number;
}

export interface MetricsView {
  readonly sinceMs: number;
  readonly slot: number;
  readonly height: number;
  /** From the start of a block's slot until our vote for it is signed. */
  readonly voteLatencyMs: Summary;
  /** From the start of a block's slot until it is final here; blocks that came by sync not. */
  readonly timeToFinalityMs: Summary;
  /** Blocks undone by each change of branch. */
  readonly reorgDepth: Summary;
  /** `count` of the newest `window` slots; `final`: all that no reorg can fill any more. */
  readonly missedSlots: { readonly count: number; readonly window: number; readonly final: number };
  readonly justifiedLag: Lag;
  readonly finalizedLag: Lag;
  readonly sealed: number;
  readonly sealsRefused: number;
  readonly votes: number;
  readonly votesRefused: number;
  readonly justified: number;
  readonly finalized: number;
  readonly blocksRejected: number;
  readonly safetyHalts: number;
  readonly evidence: {
    readonly doubleSeal: number;
    readonly doubleVote: number;
    readonly surround: number;
  };
}
