/**
 * Who cheated, from certificates alone. Two final blocks that conflict have certificates on both
 * sides, and at least a third of a set signed votes in them that no honest validator signs both.
 * Checks no signature: it is given certificates that were verified. protocol-spec/06-validation §9.
 *
 *   a ── a' ──> C1 = {0,1,2}        0 and 1 voted for a' and for b' of one slot:
 *   └─── b' ──> C2 = {0,1,3}        two votes of one validator, taken from two certificates
 */
import { assert, defined } from "../base/assert.ts";
import { compareBytes } from "../base/bytes.ts";
import type { Certificate } from "../model/certificate.ts";
import { type Evidence, type SignedVote, voteFault } from "../model/evidence.ts";
import type { PublicKey } from "../model/ids.ts";
import type { ValidatorSet } from "../model/validator-set.ts";

export interface CertificateOfSet {
  readonly certificate: Certificate;
  /** The one that it is of. */
  readonly set: ValidatorSet;
}

/** More are not looked at at once; two sides of a fork have at most 100 unfinalized blocks each. */
export const culpritCertificatesMax = 512;

/** One piece of evidence for each guilty validator, by rising key; the same in any order. */
export function culpritsOf(certificates: readonly CertificateOfSet[]): readonly Evidence[] {
  assert(certificates.length <= culpritCertificatesMax, "the caller chooses what to compare");
  const culprits: Evidence[] = [];
  const votes = votesBySigner(certificates);
  for (const validator of [...votes.keys()].sort()) {
    const fault = faultAmong(validator, votes.get(validator)!);
    if (fault !== undefined) culprits.push(fault);
  }
  return culprits;
}

function votesBySigner(certificates: readonly CertificateOfSet[]): Map<PublicKey, SignedVote[]> {
  const bySigner = new Map<PublicKey, SignedVote[]>();
  for (const { certificate, set } of certificates) {
    for (const { rank, signature } of certificate.signers) {
      const key = defined(set[rank], "a certificate's ranks are of its set");
      const vote = { ...certificate.data, signature };
      const others = bySigner.get(key);
      if (others === undefined) bySigner.set(key, [vote]);
      else others.push(vote);
    }
  }
  return bySigner;
}

/**
 * By rising target, sources rise too until the first fault. So whoever is guilty contradicts itself
 * in two neighbours, by one target slot or by a source that falls: no need to compare all pairs.
 */
function faultAmong(validator: PublicKey, votes: SignedVote[]): Evidence | undefined {
  votes.sort(byTarget);
  let previous: SignedVote | undefined;
  for (const vote of votes) {
    const fault = previous && voteFault(validator, previous, vote);
    if (fault !== undefined) return fault;
    previous = vote;
  }
  return undefined;
}

/** Total but for repetitions, so that the piece found does not depend on the order given. */
function byTarget(a: SignedVote, b: SignedVote): number {
  if (a.targetSlot !== b.targetSlot) return a.targetSlot - b.targetSlot;
  if (a.targetHash !== b.targetHash) return a.targetHash < b.targetHash ? -1 : 1;
  if (a.sourceSlot !== b.sourceSlot) return a.sourceSlot - b.sourceSlot;
  if (a.sourceHash !== b.sourceHash) return a.sourceHash < b.sourceHash ? -1 : 1;
  return compareBytes(a.signature, b.signature);
}
