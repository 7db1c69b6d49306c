/**
 * The seals of long runs of headers, checked by jobs before the runs are imported. NOT a judge: a
 * job vouches for seals and for nothing else, all rules are applied at the import; a seal that no
 * job vouched for is checked there, a bad one too.
 *
 *   known, or certified by a proof ── [ checked by the job ] ── what headers alone cannot tell
 *
 * Invariant: at most `headerPeersMax` jobs run, also when nobody waits for them any more.
 * protocol-spec/06-validation §1.
 */
import type { Job } from "../edge/conn.ts";
import type { SealedHeader } from "../model/header.ts";
import type { SigningDomain } from "../model/signing-domain.ts";
import { chainLimits, syncLimits } from "../params/limits.ts";
import type { CertifiedRanges, RangeProof } from "./certified-ranges.ts";
import { packSeals } from "./first-bad.ts";
import type { HeaderGate } from "./header-gate.ts";
import type { ChainPort } from "./imported.ts";

export interface SealJobParts {
  readonly domain: SigningDomain;
  readonly gate: HeaderGate;
  readonly ranges: CertifiedRanges;
  readonly port: Pick<ChainPort, "verify">;
  /** Fewer are checked at the import; `chainLimits.sealJobMin` when absent. */
  readonly sealJobMin: number | undefined;
}

export class SealJobs {
  private readonly parts: SealJobParts;
  private readonly sealJobMin: number;
  private readonly running = new Map<Job, readonly SealedHeader[]>();

  constructor(parts: SealJobParts) {
    this.parts = parts;
    this.sealJobMin = parts.sealJobMin ?? chainLimits.sealJobMin;
  }

  /** For linked headers, with the proof that they come with. Undefined: import them at once. */
  start(headers: readonly SealedHeader[], proof?: RangeProof): Job | undefined {
    if (this.running.size >= syncLimits.headerPeersMax) return undefined;
    const { domain, gate, port, ranges } = this.parts;
    const certified = proof === undefined ? 0 : ranges.countIn(headers);
    const kept = proof === undefined ? headers : ranges.keptOf(headers, certified, proof);
    const due = gate.sealsDue(kept, certified);
    if (due.length < this.sealJobMin) return undefined;
    const bytes = packSeals(due, domain);
    const job = port.verify({ of: "seals", domain, bytes, certifiers: [] });
    this.running.set(job, due);
    return job;
  }

  /** False: that job is none of these. */
  onVerified(job: Job, firstBad: number): boolean {
    const due = this.running.get(job);
    if (due === undefined) return false;
    this.running.delete(job);
    this.parts.gate.vouch(firstBad < 0 ? due : due.slice(0, firstBad));
    return true;
  }
}
