/**
 * Headers of answers that wait until a job has checked their seals. NOT a judge of them
 * (chain/seal-jobs.ts), and no clock: a job is always answered.
 *
 * Invariant: one run a peer, of at most one answer's headers; it is forgotten with the connection.
 * protocol-spec/09-connections §5.
 */
import type { Conn, Job } from "../edge/conn.ts";
import type { Run } from "./range-proofs.ts";
import type { SyncChain } from "./sync-chain.ts";

export class StagedSeals {
  private readonly chain: SyncChain;
  private readonly staged = new Map<Conn, { readonly job: Job; readonly run: Run }>();

  constructor(chain: SyncChain) {
    this.chain = chain;
  }

  /** True: `run` waits. */
  stage(conn: Conn, run: Run): boolean {
    const job = this.chain.seals?.start(run.headers, run.proof);
    if (job !== undefined) this.staged.set(conn, { job, run });
    return job !== undefined;
  }

  /** What waited for that job. */
  take(job: Job): { readonly conn: Conn; readonly run: Run } | undefined {
    for (const [conn, staged] of this.staged) {
      if (staged.job !== job) continue;
      this.staged.delete(conn);
      return { conn, run: staged.run };
    }
    return undefined;
  }

  onClosed(conn: Conn): void {
    this.staged.delete(conn);
  }
}
