/**
 * Read-only views of how peers behave and who is out of reach: scores with their reasons, bans, the
 * alarm of a partition, and what of it the host keeps over a restart. See queries.ts for the rest.
 */
import type { NodeId } from "../model/ids.ts";
import type { BanView } from "../net/conduct/ban-list.ts";
import type { KeptRecords, Misconduct } from "../net/conduct/misconduct.ts";
import type { ScorePart } from "../net/conduct/peer-score.ts";
import type { Reach, ReachView } from "./reach.ts";

export class ConductQueries {
  private readonly misconduct: Misconduct;
  private readonly partition: Reach;

  constructor(misconduct: Misconduct, partition: Reach) {
    this.misconduct = misconduct;
    this.partition = partition;
  }

  /** Does the network look partitioned from here? */
  reach(): ReachView {
    return this.partition.view();
  }

  /** In force, with the time that is left. */
  bans(): readonly BanView[] {
    return this.misconduct.bans.list();
  }

  /** Moves with every ban, so that a file is written only when it has to be. */
  bansRevision(): number {
    return this.misconduct.bans.revision;
  }

  /** For the host to keep. */
  kept(): KeptRecords {
    const { bans, scores } = this.misconduct;
    return { bans: bans.known(), scores: scores.known() };
  }

  /** How good an identity has been to us and why, also when it is not connected. */
  standing(nodeId: NodeId): { readonly value: number; readonly reasons: readonly ScorePart[] } {
    const { scores } = this.misconduct;
    return { value: scores.valueOf(nodeId), reasons: scores.explain(nodeId) };
  }
}
