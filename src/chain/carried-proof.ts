/**
 * What a header says about justification and finality, and the certificate in the body that must
 * say the same. Pure functions of a block and its branch: every node comes to the same verdict,
 * whatever it has heard besides. NOT the fork choice, which hears of votes too (`justification.ts`).
 * protocol-spec/06-validation §1, §6.
 *
 *   s ── t ── … ── P ── B      B raises justified to t: it carries the certificate s -> t.
 *                              Are s and t in adjacent slots, then s is final on this branch.
 */
import { defined } from "../base/assert.ts";
import { equalBytes, isZero } from "../base/bytes.ts";
import { type Certificate, checkSigners, decodeCertificate } from "../model/certificate.ts";
import type { Header } from "../model/header.ts";
import { type Rejection, rejection } from "../model/rule-code.ts";
import type { ValidatorSet } from "../model/validator-set.ts";
import { chainLimits } from "../params/limits.ts";
import type { FinalizedRef } from "./records.ts";
import { type Basis, basisOf } from "./recoveries.ts";
import { ancestorInSlot, finalAfter, type TreeNode } from "./tree-node.ts";

/** Does `header` raise what it takes over for justified, and so carry a certificate? */
export function isRaised(header: Header, basis: Basis): boolean {
  return (
    header.justifiedSlot !== basis.justifiedSlot || header.justifiedHash !== basis.justifiedHash
  );
}

/** 06-validation §1, line "justified": what is final by the branch up to `header`. */
export function finalBy(header: Header, parent: TreeNode): FinalizedRef | Rejection {
  const carries = !isZero(header.certHash);
  const basis = basisOf(parent.header, parent.recovered);
  if (!isRaised(header, basis)) {
    return carries
      ? rejection("header-certificate", "a certificate that raises nothing is carried")
      : finalAfter(parent);
  }
  if (!carries) return rejection("header-certificate", "justified is raised without a certificate");
  if (header.justifiedSlot <= basis.justifiedSlot) {
    const detail = `above slot ${basis.justifiedSlot} expected, got ${header.justifiedSlot}`;
    return rejection("header-justified", detail);
  }
  const target = ancestorInSlot(parent, header.justifiedSlot);
  if (target === undefined && isBeyond(parent, header.justifiedSlot)) {
    return rejection("header-fork-too-deep", "it stands beside the block that is final");
  }
  if (target?.hash !== header.justifiedHash) {
    return rejection("header-justified", `no ancestor in slot ${header.justifiedSlot} is that`);
  }
  return target.finalizes ?? finalAfter(parent);
}

/**
 * Is `slot` below all that is in memory of the branch of `node`? What descends from the final block
 * names nothing there: the root of the tree is what the final block names.
 */
function isBeyond(node: TreeNode, slot: number): boolean {
  let root = node;
  while (root.parent !== undefined) root = root.parent;
  return slot < root.slot;
}

/** 06-validation §1, line "cap". */
export function checkCap(header: Header, parent: TreeNode, final: FinalizedRef) {
  if (header.height <= final.height + chainLimits.unfinalizedMax) return undefined;
  if (header.justifiedHash === parent.hash) return undefined;
  const detail = `${header.height - final.height} blocks above the final one, parent not certified`;
  return rejection("header-cap", detail);
}

export interface Carried {
  readonly certificate: Certificate;
  /** Of the target. */
  readonly set: ValidatorSet;
}

/**
 * 06-validation §3, line "certificate": all but the signatures. The header commits to these bytes,
 * so a fault is the block's. Undefined when its target was buried meanwhile: the block stands
 * beside the final one.
 */
export function carriedBy(
  node: TreeNode,
  bytes: Uint8Array,
  setOf: (hash: Uint8Array) => ValidatorSet | undefined,
): Carried | Rejection | undefined {
  const target = targetOf(node);
  if (target === undefined) return undefined;
  const certificate = decodeCertificate(bytes);
  if ("code" in certificate) return certificate;
  const { data } = certificate;
  const { justifiedSlot, justifiedHash, validatorsHash } = target.header;
  if (data.targetSlot !== target.slot || data.targetHash !== target.hash) {
    return rejection("block-certificate", `for ${data.targetHash}, not for ${target.hash}`);
  }
  if (data.sourceSlot !== justifiedSlot || data.sourceHash !== justifiedHash) {
    const detail = `its source is slot ${data.sourceSlot}, its target's ${justifiedSlot}`;
    return rejection("block-certificate", detail);
  }
  if (!equalBytes(certificate.validatorsHash, validatorsHash)) {
    return rejection("certificate-set", "not the validators in charge of its target");
  }
  const set = defined(setOf(validatorsHash), "the target's sealer was checked against them");
  return checkSigners(certificate, set) ?? { certificate, set };
}

/** The block that `node`'s header names as justified; undefined below the root. */
export function targetOf(node: TreeNode): TreeNode | undefined {
  return ancestorInSlot(node, node.header.justifiedSlot);
}
