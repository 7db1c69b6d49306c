/**
 * I12: a light client that trusts the first validators follows every node's finality by proofs
 * alone, set by set, and accepts nothing that is not final for the honest. Every certificate that
 * counted anywhere is shown to it, and now and then a proof that was spoiled.
 *
 *   genesis set ──hand-over──> set' ──hand-over──> ...      one line, for there is one final chain
 *        │ Q records of nodes    │ certificates heard
 *        └─ verifyFinality ──────┴─> accepted: what is final, and nothing beside it
 */
import { equalBytes, toHex } from "../../base/bytes.ts";
import { finalityKey } from "../../chain/records.ts";
import {
  type FinalityProof,
  verifyFinality,
  verifyHandover,
} from "../../finality/finality-proof.ts";
import { type Certificate, decodeCertificate, encodeCertificate } from "../../model/certificate.ts";
import { type BlockHash, idBytes } from "../../model/ids.ts";
import type { Recovery } from "../../model/recovery.ts";
import type { Rejection } from "../../model/rule-code.ts";
import { type SigningDomain, signingDomain } from "../../model/signing-domain.ts";
import {
  encodeValidatorSet,
  quorum,
  type ValidatorSet,
  validatorsHash,
} from "../../model/validator-set.ts";
import type { ToldBlock } from "../chronicle.ts";
import type { SimNode } from "../sim-node.ts";
import { broken } from "./broken.ts";
import type { Observed } from "./observed.ts";

/** One proof of so many is spoiled in all ways. */
const spoiledOneIn = 32;

interface Step {
  /** The last block that the set before was in charge of. */
  readonly height: number;
  readonly set: ValidatorSet;
}

export class LightClientChecker {
  private readonly world: Observed;
  private readonly steps: Step[] = [];
  private readonly sets = new Map<string, ValidatorSet>();
  private readonly accepted = new Map<number, BlockHash>();
  private readonly proven = new Map<BlockHash, Uint8Array>();
  private trusted = 0;
  private heard = 0;
  private count = 0;

  constructor(world: Observed) {
    this.world = world;
  }

  /** A node reports `told` final. */
  onFinalized(node: SimNode, told: ToldBlock): void {
    if (this.steps.length === 0) this.step(0, node.options.node.networkFile.validators);
    const certificate = proofOf(node, told.height);
    const next = certificate && this.world.chronicle.blocks.get(certificate.data.targetHash);
    this.follow(node, told, next);
    const isDecided = this.world.recoveries.some(({ block }) => block.hash === told.hash);
    if (!isDecided) this.checkProof(node, told, certificate);
    const other = this.accepted.get(told.height);
    if (other !== undefined && other !== told.hash) {
      broken(node, `a light client accepted ${other} beside the final block at ${told.height}`);
    }
    this.accepted.set(told.height, told.hash);
    this.hear(node);
  }

  /** It is given the file, as everybody is. */
  onRecovered({ block, validators }: Recovery): void {
    if (block.height <= this.trusted) this.step(block.height, validators);
  }

  private checkProof(node: SimNode, told: ToldBlock, certificate: Certificate | undefined): void {
    if (certificate === undefined) broken(node, `has no proof of its final block ${told.height}`);
    const known = this.proven.get(told.hash);
    if (known !== undefined && equalBytes(known, certificate.bytes)) return;
    this.proven.set(told.hash, certificate.bytes);
    const proof = { header: told.sealed.header.bytes, certificate: certificate.bytes };
    const problem = this.verify(node, proof, this.setAfter(told.height));
    if (problem !== undefined) {
      broken(node, `its proof of the final block ${told.height} fails: ${problem.code}`);
    }
    if (this.count++ % spoiledOneIn === 0) this.checkSpoiled(node, told, certificate);
  }

  /** Certificates that are news: each is a proof, or must be refused as one. */
  private hear(node: SimNode): void {
    const { certified, blocks } = this.world.chronicle;
    for (; this.heard < certified.length; this.heard++) {
      const { certificate } = certified[this.heard]!;
      const { sourceHash, sourceSlot, targetSlot } = certificate.data;
      const source = blocks.get(sourceHash);
      const set = this.sets.get(toHex(certificate.validatorsHash));
      if (source === undefined || set === undefined) continue;
      const proof = { header: source.sealed.header.bytes, certificate: certificate.bytes };
      if (this.verify(node, proof, set) !== undefined) continue;
      if (targetSlot !== sourceSlot + 1) broken(node, `a gap after ${sourceSlot} proves finality`);
      const other = this.accepted.get(source.height);
      if (other !== undefined && other !== sourceHash) {
        broken(node, `a light client accepts ${sourceHash}, final at ${source.height} is ${other}`);
      }
      this.accepted.set(source.height, sourceHash);
    }
  }

  private checkSpoiled(node: SimNode, told: ToldBlock, good: Certificate): void {
    const set = this.setAfter(told.height);
    const { signers } = good;
    const parent = this.world.chronicle.blocks.get(told.parent) ?? told;
    const forged = signers.map((each) => ({ ...each, signature: new Uint8Array(64) }));
    const proofOf = (block: ToldBlock, ofSigners: Certificate["signers"]): FinalityProof => ({
      header: block.sealed.header.bytes,
      certificate: encodeCertificate({ ...good, signers: ofSigners }).bytes,
    });
    const fewer = signers.slice(0, quorum(set.length) - 1);
    const spoiled: readonly [string, FinalityProof, ValidatorSet][] = [
      ["of too few", proofOf(told, fewer), set],
      ["forged", proofOf(told, forged), set],
      ["of another set", proofOf(told, signers), set.slice(1)],
      ["of another block", proofOf(parent, signers), parent === told ? [] : set],
    ];
    for (const [how, proof, ofSet] of spoiled) {
      // Nobody is a quorum of nobody.
      if (ofSet.length > 0 && this.verify(node, proof, ofSet) === undefined) {
        broken(node, `a light client accepts a proof ${how}`);
      }
    }
  }

  /** Takes over the sets of all hand-overs up to `told`. */
  private follow(node: SimNode, told: ToldBlock, child: ToldBlock | undefined): void {
    const { blocks } = this.world.chronicle;
    const fresh: { readonly block: ToldBlock; readonly next: ToldBlock | undefined }[] = [];
    let next = child;
    let at: ToldBlock | undefined = told;
    while (at !== undefined && at.height > this.trusted) {
      fresh.push({ block: at, next });
      next = at;
      at = blocks.get(at.parent);
    }
    for (const { block, next } of fresh.reverse()) this.pass(node, block, next?.set);
    this.trusted = Math.max(this.trusted, told.height);
  }

  private pass(node: SimNode, block: ToldBlock, next: ValidatorSet | undefined): void {
    const { header } = block.sealed;
    const recovery = this.world.recoveries.find((each) => each.block.hash === block.hash);
    // People decided: the client needs the file, as everybody does.
    if (recovery !== undefined) return this.step(block.height, recovery.validators);
    if (equalBytes(header.validatorsHash, header.nextValidatorsHash) || next === undefined) return;
    const certified = this.world.chronicle.certificates.get(block.hash);
    if (certified === undefined) {
      // Nobody certified the last block of the old set: no proof leads on, the client asks people.
      this.world.rare.count("hand-over without a certificate");
      return this.step(block.height, next);
    }
    const handover = {
      header: header.bytes,
      certificate: certified.certificate.bytes,
      nextSet: encodeValidatorSet(next),
    };
    const before = this.setAfter(block.height - 1);
    const { signatures } = node.environment;
    const after = verifyHandover(handover, before, this.domain(), signatures);
    if ("code" in after) broken(node, `the hand-over at ${block.height} fails: ${after.code}`);
    this.world.rare.count("hand-over followed by a light client");
    this.step(block.height, after);
  }

  private step(height: number, set: ValidatorSet): void {
    this.steps.push({ height, set });
    this.sets.set(toHex(validatorsHash(set)), set);
  }

  private setAfter(height: number): ValidatorSet {
    return this.steps.findLast((step) => step.height <= height)!.set;
  }

  private verify(node: SimNode, proof: FinalityProof, set: ValidatorSet): Rejection | undefined {
    return verifyFinality(proof, set, this.domain(), node.environment.signatures);
  }

  private domain(): SigningDomain {
    return signingDomain(idBytes(this.world.genesisHash), this.world.recoveries);
  }
}

/** What the node has on disk for it, or on its way there. */
function proofOf(node: SimNode, height: number): Certificate | undefined {
  const bytes = node.store.get(finalityKey(height));
  if (bytes === undefined) return undefined;
  const certificate = decodeCertificate(bytes);
  return "code" in certificate ? undefined : certificate;
}
