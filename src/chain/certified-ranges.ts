/**
 * Mode "certified": of a run of headers, those at and below a block that one certificate proves
 * final need no seal and no certificate of their own checked: the block names them by hash, and a
 * quorum that holds an honest node had checked them. NOT a way to learn of validators: those are
 * known by execution alone, so a run is certified only up to where its first set hands over.
 *
 *   parent ── h1 ── h2 ── … ── F ── T ── … ── c ── …       c carries the certificate F -> T of the
 *   (tree)    '-- certified ---'   '--- in full ---'       set in charge after the parent
 *
 * Invariant: nothing above `uncheckedHeight` has a seal that was not checked here.
 * protocol-spec/06-validation §12.
 */
import { equalBytes, isZero, readSafeU64, u64Bytes } from "../base/bytes.ts";
import type { SignatureScheme } from "../crypto/signature-scheme.ts";
import { checkCertificate, decodeCertificate } from "../model/certificate.ts";
import type { Header, SealedHeader } from "../model/header.ts";
import type { BlockHash } from "../model/ids.ts";
import { type Rejection, rejection } from "../model/rule-code.ts";
import type { SigningDomain } from "../model/signing-domain.ts";
import { chainLimits } from "../params/limits.ts";
import type { BlockTree } from "./block-tree.ts";
import type { Journal } from "./journal.ts";
import { metaKey } from "./records.ts";
import { basisOf } from "./recoveries.ts";
import { matchBody } from "./rules.ts";
import type { ValidatorSets } from "./validator-sets.ts";

const { certifiedRangeMin, certifiedTopMin } = chainLimits;

export const verifyModes = ["full", "certified"] as const;
export type VerifyMode = (typeof verifyModes)[number];

/** The body of the block that `carrierOf` named. */
export interface RangeProof {
  readonly hash: BlockHash;
  readonly body: Uint8Array;
  /** More headers follow: the next run begins above what this one certifies, and proves its top. */
  readonly isFollowed?: boolean;
}

export interface RangeParts {
  readonly mode: VerifyMode;
  readonly tree: BlockTree;
  readonly sets: ValidatorSets;
  readonly domain: SigningDomain;
  readonly signatures: SignatureScheme;
  readonly journal: Journal;
  /** "M certified" of the store. */
  readonly stored: Uint8Array | undefined;
}

interface Claim {
  readonly carrier: Header;
  readonly target: Header;
  /** Headers of the run at and below the final block. */
  readonly count: number;
}

export class CertifiedRanges {
  private readonly parts: RangeParts;
  private height: number;

  constructor(parts: RangeParts) {
    this.parts = parts;
    this.height = (parts.stored && readSafeU64(parts.stored, 0)) ?? 0;
  }

  get mode(): VerifyMode {
    return this.parts.mode;
  }

  /** Seals of blocks up to here may be of nobody: such headers are shown to nobody. */
  get uncheckedHeight(): number {
    return this.height;
  }

  /** The block whose body proves most of `headers`, which are linked; undefined: not worth it. */
  carrierOf(headers: readonly SealedHeader[]): BlockHash | undefined {
    return this.claimIn(headers)?.carrier.hash;
  }

  /** How many of them, from the first, that body certifies if it is what it should be. */
  countIn(headers: readonly SealedHeader[]): number {
    return this.claimIn(headers)?.count ?? 0;
  }

  /** How many of `headers`, from the first, `proof` certifies; or what is wrong with it. */
  check(headers: readonly SealedHeader[], proof: RangeProof): number | Rejection {
    const claim = this.claimIn(headers);
    if (claim?.carrier.hash !== proof.hash) return 0;
    const { carrier, target, count } = claim;
    const body = matchBody(carrier, proof.body);
    if ("code" in body) return body;
    const certificate = decodeCertificate(body.certificate);
    if ("code" in certificate) return certificate;
    const { sourceSlot, sourceHash, targetSlot, targetHash } = certificate.data;
    const isForIt =
      targetSlot === target.slot &&
      targetHash === target.hash &&
      sourceSlot === target.justifiedSlot &&
      sourceHash === target.justifiedHash;
    if (!isForIt) return rejection("block-certificate", `for ${targetHash}, not ${target.hash}`);
    const set = this.parts.sets.get(target.validatorsHash);
    if (set === undefined) return 0;
    const { domain, signatures } = this.parts;
    return checkCertificate(certificate, set, domain, signatures) ?? count;
  }

  /** What is kept of `headers`, of which the first `certified` are: a top that will be proven is not. */
  keptOf(
    headers: readonly SealedHeader[],
    certified: number,
    { isFollowed = false }: Pick<RangeProof, "isFollowed">,
  ): readonly SealedHeader[] {
    const isAllButTop = certified > 0 && certified === headers.length - certifiedTopMin;
    return isFollowed && isAllButTop ? headers.slice(0, certified) : headers;
  }

  /** Headers up to `height` enter the tree with seals unchecked. Comes before they are stored. */
  raise(height: number): void {
    if (height <= this.height) return;
    this.height = height;
    this.parts.journal.write([{ key: metaKey("certified"), value: u64Bytes(height) }]);
  }

  private claimIn(headers: readonly SealedHeader[]): Claim | undefined {
    if (this.parts.mode === "full" || headers.length < certifiedRangeMin) return;
    const end = this.endOfSet(headers);
    const places = new Map(headers.slice(0, end).map(({ header }, at) => [header.hash, at]));
    for (let at = headers.length - 1; at >= certifiedRangeMin; at--) {
      const carrier = headers[at]!.header;
      if (isZero(carrier.certHash)) continue;
      const count = places.get(carrier.justifiedHash);
      const target = count === undefined ? undefined : headers[count]!.header;
      if (count === undefined || target === undefined || !isAdjacent(target)) continue;
      if (count < certifiedRangeMin) return undefined;
      // What may be news is passed on, and for that its seal must be good.
      return { carrier, target, count: Math.min(count, headers.length - certifiedTopMin) };
    }
    return undefined;
  }

  /**
   * How many of `headers` are of the set that is in charge after a parent that we have, the block
   * that hands over to the next set included. All are new: what we have needs no proof.
   */
  private endOfSet(headers: readonly SealedHeader[]): number {
    const { tree, sets } = this.parts;
    const first = headers[0]!.header;
    const parent = tree.get(first.parentHash);
    if (parent === undefined || tree.get(first.hash) !== undefined) return 0;
    const inCharge = basisOf(parent.header, parent.recovered).validatorsHash;
    if (sets.get(inCharge) === undefined) return 0;
    let end = 0;
    for (const { header } of headers) {
      if (!equalBytes(header.validatorsHash, inCharge)) break;
      end++;
      if (!equalBytes(header.nextValidatorsHash, inCharge)) break;
    }
    return end;
  }
}

/** A certificate for it makes its parent final. */
function isAdjacent({ justifiedSlot, justifiedHash, slot, parentHash }: Header): boolean {
  return justifiedSlot !== 0 && slot === justifiedSlot + 1 && justifiedHash === parentHash;
}
