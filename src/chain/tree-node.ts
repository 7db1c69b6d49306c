/**
 * One header that is above the anchor, with what is known of its block. Written only by this
 * folder; others read. NOT a verdict cache: "invalid" is set only for what the header itself
 * commits to, never for a claimed hash. protocol-spec/06-validation §5.
 *
 *   header ──body matches──> checking ──signatures good──> body ──applied──> executed
 *     ^                         │                           │  ^────undone─────┘
 *     └──── body dropped ───────┴───────────────────────────┘        any but executed ──> invalid
 */
import { assert, defined } from "../base/assert.ts";
import type { Conn } from "../edge/conn.ts";
import type { Block, Body } from "../model/block.ts";
import type { Certificate } from "../model/certificate.ts";
import type { Header, SealedHeader } from "../model/header.ts";
import type { BlockHash } from "../model/ids.ts";
import type { Rejection } from "../model/rule-code.ts";
import { decodedBody } from "./decoded-bodies.ts";
import type { FinalizedRef } from "./records.ts";
import type { Recovered } from "./recoveries.ts";
import type { StateChange } from "./state-machine.ts";

export type NodeStatus = "header" | "checking" | "body" | "executed" | "invalid";

export interface TreeNode {
  readonly sealed: SealedHeader;
  readonly header: Header;
  readonly hash: BlockHash;
  readonly height: number;
  readonly slot: number;
  /** Index of the sealer in the validators of the block; 0 is the best. */
  readonly rank: number;
  /** The highest block that its branch proves final, by the headers up to this one alone. */
  readonly final: FinalizedRef;
  /** What a certificate for it makes final: its parent, when that is its source one slot before. */
  readonly finalizes: FinalizedRef | undefined;
  /** It is the block of a recovery: final by decision, and what its children take over. */
  readonly recovered: Recovered | undefined;
  /** Below a block proven final: its seal and certificate were not checked here. */
  readonly isCertified: boolean;
  /** Undefined at the root of the tree. */
  parent: TreeNode | undefined;
  children: TreeNode[];
  status: NodeStatus;
  /** As bytes: decoded it takes six times the memory, and hundreds are held. */
  body: Uint8Array | undefined;
  /** The certificate in the body, decoded when it came; undefined: it is decoded when asked for. */
  carried: Certificate | undefined;
  /** Who gave the body: the one to convict when it breaks a rule. Undefined: we did. */
  bodySource: Conn | undefined;
  /** While executed: what takes the block back. */
  changes: readonly StateChange[] | undefined;
  /** Its body and those of all ancestors are here and their signatures good. */
  ready: boolean;
  /** Nobody gives its body, for now; never set once the body is here. */
  isWithheld: boolean;
  /** It or an ancestor is withheld: it counts for no best header. */
  isHidden: boolean;
  /** It is, or stands on, the block that the best header must stand on. */
  isOnBase: boolean;
  /** It was executed once, so it is valid whatever the head is now. */
  isProven: boolean;
  /** A quorum voted for it: the proof, verified. */
  certificate: Certificate | undefined;
  /** The store has records "N" and "B" of it. */
  stored: boolean;
  /** While invalid: the rule it broke. */
  rejection: Rejection | undefined;
}

/** What a header means where it stands. */
export interface Derived {
  readonly rank: number;
  readonly final: FinalizedRef;
  /** Given for the root, whose parent is not in memory. */
  readonly finalizes?: FinalizedRef | undefined;
  readonly recovered?: Recovered | undefined;
  readonly isCertified?: boolean;
}

export function treeNode(sealed: SealedHeader, parent: TreeNode | undefined, derived: Derived) {
  const { rank, final, finalizes = finalizedBy(sealed.header, parent), recovered } = derived;
  const { header } = sealed;
  const node: TreeNode = {
    sealed,
    header,
    hash: header.hash,
    height: header.height,
    slot: header.slot,
    rank,
    final,
    finalizes,
    recovered,
    isCertified: derived.isCertified ?? false,
    parent,
    children: [],
    status: "header",
    body: undefined,
    carried: undefined,
    bodySource: undefined,
    changes: undefined,
    ready: false,
    isWithheld: false,
    isHidden: parent?.isHidden ?? false,
    isOnBase: parent?.isOnBase ?? true,
    isProven: false,
    certificate: undefined,
    stored: false,
    rejection: undefined,
  };
  return node;
}

/** Nothing fits between adjacent slots, so such a source is the parent. Genesis is not told. */
function finalizedBy(header: Header, parent: TreeNode | undefined): FinalizedRef | undefined {
  const { justifiedSlot, slot } = header;
  if (parent === undefined || justifiedSlot === 0 || slot !== justifiedSlot + 1) return undefined;
  return { height: parent.height, slot: parent.slot, hash: parent.hash };
}

/** What a child of `node` holds for final, if it raises nothing. */
export function finalAfter({ recovered, final, height, slot, hash }: TreeNode): FinalizedRef {
  return recovered === undefined ? final : { height, slot, hash };
}

/** The body of a node whose body is here, decoded. */
export function bodyOf(node: TreeNode): Body {
  return decodedBody(defined(node.body, "the body is here"));
}

/** The block of a node whose body is here. */
export function blockOf(node: TreeNode): Block {
  const { header, seal } = node.sealed;
  return { header, seal, body: bodyOf(node) };
}

/** The ancestor of `node`, or `node`, at `height`; undefined below the root. */
export function ancestorAt(node: TreeNode, height: number): TreeNode | undefined {
  let at: TreeNode | undefined = node;
  while (at !== undefined && at.height > height) at = at.parent;
  return at?.height === height ? at : undefined;
}

/** The ancestor of `node`, or `node`, in `slot`; undefined when its branch has none in memory. */
export function ancestorInSlot(node: TreeNode, slot: number): TreeNode | undefined {
  let at: TreeNode | undefined = node;
  while (at !== undefined && at.slot > slot) at = at.parent;
  return at?.slot === slot ? at : undefined;
}

export function descendsFrom(node: TreeNode, ancestor: TreeNode): boolean {
  return ancestorAt(node, ancestor.height) === ancestor;
}

/** The last block that both branches share. */
export function forkPointOf(a: TreeNode, b: TreeNode): TreeNode {
  let left: TreeNode | undefined = a;
  let right: TreeNode | undefined = b;
  while (left !== right) {
    assert(left !== undefined && right !== undefined, "all nodes descend from the root");
    if (left.height > right.height) left = left.parent;
    else if (right.height > left.height) right = right.parent;
    else {
      left = left.parent;
      right = right.parent;
    }
  }
  return defined(left, "all nodes descend from the root");
}

/** From the child of `ancestor` to `tip`, in chain order. */
export function pathTo(tip: TreeNode, ancestor: TreeNode): TreeNode[] {
  const path: TreeNode[] = [];
  for (let node = tip; node !== ancestor; node = defined(node.parent, "it is an ancestor")) {
    path.push(node);
  }
  return path.reverse();
}
