/**
 * The way of a header into the tree: rules, then the bound per validator and slot, then the seal,
 * then a place. Nothing that a stranger made up gets past the seal, and nothing is kept before it.
 * NOT bodies. protocol-spec/06-validation §1.
 */
import { defined } from "../base/assert.ts";
import type { Env } from "../edge/env.ts";
import type { Header, SealedHeader } from "../model/header.ts";
import type { NetworkFile } from "../model/network-file.ts";
import { type Rejection, rejection } from "../model/rule-code.ts";
import { rankOf } from "../model/validator-set.ts";
import { chainLimits } from "../params/limits.ts";
import type { ActiveChain } from "./active-chain.ts";
import type { BlockTree } from "./block-tree.ts";
import { type Burial, deletesOf } from "./burial.ts";
import { checkCap, finalBy } from "./carried-proof.ts";
import { better } from "./fork-choice.ts";
import type { Journal } from "./journal.ts";
import type { BlockRef } from "./records.ts";
import { basisOf, type Recoveries } from "./recoveries.ts";
import { checkHeaderAfter, checkHeaderAlone, checkSeal, checkSealer, dueAtMs } from "./rules.ts";
import type { SlotTable } from "./slot-table.ts";
import type { Derived, TreeNode } from "./tree-node.ts";
import type { ValidatorSets } from "./validator-sets.ts";

export type Admitted =
  | { readonly type: "known"; readonly node: TreeNode }
  /** An old block of our own chain, on disk. */
  | { readonly type: "buried" }
  | { readonly type: "inserted"; readonly node: TreeNode }
  /** Good as far as one can tell without its parent. */
  | { readonly type: "orphan" }
  /** Its validators are not known before the blocks below it are executed; it is not kept. */
  | { readonly type: "unready" }
  | { readonly type: "future"; readonly dueMs: number }
  /** `isDeepFork`: proven to leave our chain below the anchor, by whoever sealed it. */
  | { readonly type: "rejected"; readonly rejection: Rejection; readonly isDeepFork: boolean };

/** `good`: it may be inserted after `parent`. */
export type Judged =
  | Exclude<Admitted, { readonly type: "inserted" }>
  | { readonly type: "good"; readonly parent: TreeNode; readonly derived: Derived };

export interface GateParts {
  readonly file: NetworkFile;
  readonly genesis: Header;
  readonly tree: BlockTree;
  readonly active: ActiveChain;
  readonly burial: Burial;
  readonly journal: Journal;
  readonly slots: SlotTable;
  readonly sets: ValidatorSets;
  /** Told by the operator: no other block at its height is believed. */
  readonly checkpoint: BlockRef | undefined;
  readonly recoveries: Recoveries;
  readonly onRemoved: (nodes: readonly TreeNode[]) => void;
}

export class HeaderGate {
  private readonly env: Env;
  private readonly parts: GateParts;
  /** Each checked itself: header, sealer and seal are those that were found to belong together. */
  private readonly vouched = new WeakSet<SealedHeader>();

  constructor(env: Env, parts: GateParts) {
    this.env = env;
    this.parts = parts;
  }

  /**
   * `isNeeded`: a block we want stands on it, so the bound per slot gives way. `isCertified`: its
   * hash is proven good, so its seal is not looked at.
   */
  admit(sealed: SealedHeader, isNeeded: () => boolean, isCertified = false): Admitted {
    const judged = this.judge(sealed, isNeeded, isCertified);
    return judged.type === "good" ? this.insert(sealed, judged.parent, judged.derived) : judged;
  }

  /** As `admit`, but nothing is kept. */
  judge(sealed: SealedHeader, isNeeded: () => boolean, isCertified = false): Judged {
    const { tree, burial, slots } = this.parts;
    const { header } = sealed;
    const known = tree.get(header.hash);
    if (known !== undefined) return { type: "known", node: known };
    if (header.hash === this.parts.genesis.hash || burial.heightOf(header.hash) !== undefined) {
      return { type: "buried" };
    }
    const parent = tree.get(header.parentHash);
    const alone = this.checkAlone(header);
    if (alone !== undefined) return refuse(alone);
    const set = this.parts.sets.get(header.validatorsHash);
    if (set === undefined) return this.unready(header, parent);
    const rejected = checkSealer(header, set) ?? (parent && this.checkAfter(header, parent));
    if (rejected !== undefined) return refuse(rejected);
    const final = parent && finalBy(header, parent);
    if (final !== undefined && "code" in final) return refuse(final);
    const beyond = parent && final && checkCap(header, parent, final);
    if (beyond !== undefined) return refuse(beyond);
    if (parent === undefined && header.height <= tree.root.height + 1) return this.below(sealed);
    if (!isCertified && !slots.hasRoom(header) && !isNeeded()) {
      const detail = `${chainLimits.headersPerSlotMax} of its sealer and slot are held`;
      return refuse(rejection("header-equivocation", detail));
    }
    const unsealed = isCertified ? undefined : this.checkSeal(sealed);
    if (unsealed !== undefined) return refuse(unsealed);
    const dueMs = dueAtMs(header, this.parts.file);
    if (dueMs > this.env.clock.wallMs) return { type: "future", dueMs };
    if (parent === undefined || final === undefined) return { type: "orphan" };
    const rank = defined(rankOf(set, header.sealer), "its sealer is one of them");
    const recovered = this.parts.recoveries.at(header.hash);
    return { type: "good", parent, derived: { rank, final, recovered, isCertified } };
  }

  /**
   * Does a real header of another validator stand on `headers[index]`, or on those that follow it
   * there? Perhaps further up: a validator may have sealed several slots in a row.
   */
  isSupported(headers: readonly SealedHeader[], index: number): boolean {
    const { sealer } = headers[index]!.header;
    for (let at = index + 1; at < headers.length; at++) {
      const { header } = headers[at]!;
      const parent = headers[at - 1]!.header;
      if (header.parentHash !== parent.hash) return false;
      if (header.sealer === sealer || !this.parts.slots.hasRoom(header)) continue;
      return this.isReal(headers[at]!, parent);
    }
    return false;
  }

  /**
   * Which of `headers`, linked, from the one at `from` on, are new on a block that we have and
   * break no rule that headers alone can tell: their seals are worth a look.
   */
  sealsDue(headers: readonly SealedHeader[], from: number): readonly SealedHeader[] {
    const { tree, sets } = this.parts;
    let start = from;
    while (start < headers.length && tree.get(headers[start]!.header.hash) !== undefined) start++;
    if (start === headers.length) return [];
    const below = headers[start - 1] ?? tree.get(headers[start]!.header.parentHash)?.sealed;
    let parent = below?.header;
    let end = start;
    for (; end < headers.length && parent !== undefined; end++) {
      const { header } = headers[end]!;
      if (sets.get(header.validatorsHash) === undefined || !this.isFit(header, parent)) break;
      parent = header;
    }
    return headers.slice(start, end);
  }

  /** Their seals were checked, by a job. */
  vouch(headers: readonly SealedHeader[]): void {
    for (const sealed of headers) this.vouched.add(sealed);
  }

  private isReal(sealed: SealedHeader, parent: Header): boolean {
    return this.isFit(sealed.header, parent) && this.checkSeal(sealed) === undefined;
  }

  private isFit(header: Header, parent: Header): boolean {
    return (
      this.checkAlone(header) === undefined &&
      this.isLed(header, parent) &&
      this.checkAfterHeader(header, parent) === undefined
    );
  }

  private checkSeal(sealed: SealedHeader): Rejection | undefined {
    if (this.vouched.has(sealed)) return undefined;
    return checkSeal(sealed, this.parts.recoveries.domain, this.env.signatures);
  }

  private checkAlone(header: Header): Rejection | undefined {
    const { checkpoint, file, recoveries } = this.parts;
    const alone = checkHeaderAlone(header, file, this.env.clock.wallMs);
    if (alone !== undefined) return alone;
    const isOurs = checkpoint?.height !== header.height || checkpoint.hash === header.hash;
    if (isOurs) return recoveries.check(header);
    return rejection("header-checkpoint", `block ${checkpoint.hash} expected at this height`);
  }

  /** After a hand-over that we have not executed, a validator from before it is one for sure. */
  private isLed(header: Header, parent: Header): boolean {
    const set = this.parts.sets.get(header.validatorsHash);
    if (set !== undefined) return checkSealer(header, set) === undefined;
    const before = this.parts.sets.get(parent.validatorsHash);
    return before !== undefined && rankOf(before, header.sealer) !== undefined;
  }

  private checkAfter(header: Header, parent: TreeNode): Rejection | undefined {
    if (parent.status === "invalid") {
      return rejection("header-parent-invalid", `${parent.hash} is invalid`);
    }
    return this.checkAfterHeader(header, parent.header);
  }

  private checkAfterHeader(header: Header, parent: Header): Rejection | undefined {
    const recovered = this.parts.recoveries.at(parent.hash);
    return checkHeaderAfter(header, parent, basisOf(parent, recovered).validatorsHash);
  }

  /** Nobody can say who may seal it: perhaps after a hand-over that we have not executed. */
  private unready(header: Header, parent: TreeNode | undefined): Judged {
    const misplaced = parent && this.checkAfter(header, parent);
    if (misplaced !== undefined) return refuse(misplaced);
    if (parent === undefined && header.height <= this.parts.tree.root.height) {
      return refuse(rejection("header-set-unknown", "validators of an old or another chain"));
    }
    return { type: "unready" };
  }

  /** A block that is no part of our buried chain, as far as memory goes. */
  private below(sealed: SealedHeader): Judged {
    const { header } = sealed;
    const { burial, tree } = this.parts;
    const onAnchor = header.height === tree.root.height + 1;
    const ours = burial.hashAt(header.height);
    const isConflict = onAnchor || (ours !== undefined && ours !== header.hash);
    return {
      type: "rejected",
      rejection: rejection(
        "header-fork-too-deep",
        `height ${header.height} is not above the anchor at ${tree.root.height}`,
      ),
      isDeepFork: isConflict && this.checkSeal(sealed) === undefined,
    };
  }

  private insert(sealed: SealedHeader, parent: TreeNode, derived: Derived): Admitted {
    const { tree, slots } = this.parts;
    const { header } = sealed;
    const { rank } = derived;
    const tip = { height: header.height, rank, slot: header.slot, hash: header.hash };
    if (tree.size >= chainLimits.treeNodesMax) {
      const victim = this.victimFor(parent);
      const keep =
        victim === undefined ||
        (!isWorthless(victim) && !parent.ready && (parent.isHidden || better(victim, tip)));
      if (keep) return refuse(rejection("header-tree-full", `${tree.size} headers are held`));
      this.evict(victim);
    }
    const node = tree.insert(sealed, parent, derived);
    slots.add(header);
    return { type: "inserted", node };
  }

  /** Records too, or after a restart it would stand there without its parent, buried since. */
  private evict(victim: TreeNode): void {
    const { tree, journal, onRemoved } = this.parts;
    const writes = deletesOf([victim]);
    onRemoved(tree.remove(victim));
    if (writes.length > 0) journal.write(writes);
  }

  /** The tip worth least: invalid and hidden ones first, the best header only for a real block. */
  private victimFor(parent: TreeNode): TreeNode | undefined {
    const { tree, active } = this.parts;
    let victim: TreeNode | undefined;
    for (const leaf of tree.leaves()) {
      if (leaf === parent || leaf === tree.bestHeader || leaf === tree.base) continue;
      if (active.contains(leaf)) continue;
      if (isWorthless(leaf)) return leaf;
      if (victim === undefined || better(victim, leaf)) victim = leaf;
    }
    if (victim !== undefined || !parent.ready) return victim;
    const { bestHeader } = tree;
    return bestHeader === parent || active.contains(bestHeader) ? undefined : bestHeader;
  }
}

function isWorthless(leaf: TreeNode): boolean {
  return leaf.status === "invalid" || leaf.isHidden || !leaf.isOnBase;
}

function refuse(reason: Rejection): Exclude<Judged, { readonly type: "good" }> {
  return { type: "rejected", rejection: reason, isDeepFork: false };
}
