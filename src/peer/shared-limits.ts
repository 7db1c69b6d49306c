/**
 * What all connections of a node share: estimated work, the line in both directions, memory for what
 * waits, and work to deflate. Each connection takes its part by `FairBudget`; nobody's part is another's. A session
 * without them (a tool, a bench) is bound by what one connection may alone.
 * protocol-spec/08-limits §2.
 */
import { FairBudget } from "../base/fair-budget.ts";
import { wireLimits } from "../params/limits.ts";
import { SharedDeflation } from "./deflation.ts";
import { SharedRoom } from "./shared-room.ts";

export interface LineLimits {
  /** Bytes a second over all connections; 0: none. */
  readonly uploadPerSecond: number;
  readonly downloadPerSecond: number;
  /** The operator says that the line is the limit, whatever it gives. */
  readonly isThin?: boolean;
}

/** Seconds of a line that may be saved up: what keeps it full between two turns. */
const lineBurstSeconds = 1;

export class SharedLimits {
  readonly work = new FairBudget(wireLimits.workPerSecond, wireLimits.workBurst);
  readonly room = new SharedRoom(wireLimits.outboxAllBytesMax);
  readonly upload: FairBudget | undefined;
  readonly download: FairBudget | undefined;
  readonly deflation: SharedDeflation;

  constructor({ uploadPerSecond, downloadPerSecond, isThin = false }: LineLimits) {
    const isLimited = uploadPerSecond > 0;
    const isSlow = isLimited && uploadPerSecond < wireLimits.deflateBelowBytesPerSecond;
    this.deflation = new SharedDeflation(isThin || isSlow);
    this.upload = lineOf(uploadPerSecond);
    this.download = lineOf(downloadPerSecond);
  }
}

function lineOf(bytesPerSecond: number): FairBudget | undefined {
  if (bytesPerSecond === 0) return undefined;
  return new FairBudget(bytesPerSecond, bytesPerSecond * lineBurstSeconds);
}
