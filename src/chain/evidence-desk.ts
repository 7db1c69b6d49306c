/**
 * Evidence against validators: found among headers and votes, or told by peers; kept one piece a
 * validator until a block carries it. NOT the punishment, which is the state machine's.
 * protocol-spec/06-validation §9.
 */
import type { SignatureScheme } from "../crypto/signature-scheme.ts";
import type { Conn } from "../edge/conn.ts";
import type { NodeEvent } from "../edge/event.ts";
import { culpritCertificatesMax, culpritsOf } from "../finality/culprits.ts";
import { EvidencePool } from "../finality/evidence-pool.ts";
import type { Certificate } from "../model/certificate.ts";
import {
  checkEvidence,
  type Evidence,
  encodeEvidence,
  evidenceSlot,
  evidenceTypes,
} from "../model/evidence.ts";
import { encodeSealedHeader, type SealedHeader } from "../model/header.ts";
import type { PublicKey } from "../model/ids.ts";
import { rejection } from "../model/rule-code.ts";
import type { SigningDomain } from "../model/signing-domain.ts";
import { chainLimits } from "../params/limits.ts";
import type { Imported } from "./imported.ts";
import type { RegistryView } from "./state-machine.ts";
import type { ValidatorSets } from "./validator-sets.ts";

export interface EvidenceDeskParts {
  readonly domain: SigningDomain;
  readonly signatures: SignatureScheme;
  /** After the head. */
  readonly registry: () => RegistryView;
  readonly slot: () => number;
  readonly notify: (event: NodeEvent) => void;
}

const kinds = { 1: "double-seal", 2: "double-vote", 3: "surround" } as const;

export class EvidenceDesk {
  private readonly parts: EvidenceDeskParts;
  private readonly pool = new EvidencePool();

  constructor(parts: EvidenceDeskParts) {
    this.parts = parts;
  }

  /** From a peer; `evidence` must own its bytes. */
  importEvidence(evidence: Evidence, source: Conn | undefined): Imported[] {
    if (!this.pool.isNews(evidence)) return [];
    const { domain, signatures } = this.parts;
    const refused =
      this.strange(evidence) ?? this.old(evidence) ?? checkEvidence(evidence, domain, signatures);
    if (refused !== undefined) return [{ type: "refused", rejection: refused, source }];
    return this.found(evidence, source);
  }

  /** Verified: it comes from votes or headers whose signatures were good. */
  found(evidence: Evidence, source: Conn | undefined): Imported[] {
    if (this.strange(evidence) !== undefined || !this.pool.add(evidence)) return [];
    const { validator, type } = evidence;
    const slot = evidenceSlot(evidence);
    this.parts.notify({ type: "evidence-found", validator, kind: kinds[type], slot });
    return [{ type: "evidence", evidence, source }];
  }

  /** Of one validator: evidence if both seals are good, of two headers and of one slot. */
  onSealed(one: SealedHeader, other: SealedHeader): Imported[] {
    const { sealer } = one.header;
    const [a, b] = [encodeSealedHeader(one), encodeSealedHeader(other)];
    const evidence = encodeEvidence(evidenceTypes.doubleSeal, sealer, a, b);
    if ("code" in evidence) return [];
    // The seal of a certified header was not looked at (06-validation §12).
    const { domain, signatures } = this.parts;
    if (checkEvidence(evidence, domain, signatures) !== undefined) return [];
    return this.found(evidence, undefined);
  }

  /** Certificates of two sides that are both final: who signed both is guilty. */
  onConflict(certificates: readonly Certificate[], sets: ValidatorSets): void {
    const suspects = certificates.slice(0, culpritCertificatesMax).flatMap((certificate) => {
      const set = sets.get(certificate.validatorsHash);
      return set === undefined ? [] : [{ certificate, set }];
    });
    for (const culprit of culpritsOf(suspects)) this.found(culprit, undefined);
  }

  /** For the next block: of validators that are not punished yet. */
  candidates(): readonly Evidence[] {
    const { validators, jailed } = this.parts.registry();
    const isWanted = (key: PublicKey, evidence: Evidence) =>
      validators.includes(key) &&
      !jailed.includes(key) &&
      evidenceSlot(evidence) <= this.parts.slot() &&
      this.old(evidence) === undefined;
    return this.pool.candidates(isWanted, chainLimits.evidencePerBlockMax);
  }

  entries(): readonly Evidence[] {
    return this.pool.entries();
  }

  private strange({ validator }: Evidence) {
    if (this.parts.registry().validators.includes(validator)) return undefined;
    return rejection("evidence-stranger", `${validator} is no validator`);
  }

  private old(evidence: Evidence) {
    const now = this.parts.slot();
    const slot = evidenceSlot(evidence);
    if (slot >= now - chainLimits.evidenceMaxAgeSlots && slot <= now + 1) return undefined;
    return rejection("evidence-old", `of slot ${slot}, now ${now}`);
  }
}
