/**
 * The parts of the chain as they stand after a start: from a store, or at genesis. NOT any change
 * of them afterwards. ARCHITECTURE "Store".
 */
import { defined } from "../base/assert.ts";
import type { StoreImage } from "../edge/store-image.ts";
import type { SealedHeader } from "../model/header.ts";
import { rankOf, type ValidatorSet } from "../model/validator-set.ts";
import { ActiveChain } from "./active-chain.ts";
import { BlockTree } from "./block-tree.ts";
import type { FinalizedRef } from "./records.ts";
import { type Restored, restore } from "./restore.ts";
import type { StateMachine } from "./state-machine.ts";
import { pathTo, treeNode } from "./tree-node.ts";

export interface ChainStart {
  /** The store had nothing in it: genesis must be written. */
  readonly isFresh: boolean;
  readonly tree: BlockTree;
  readonly active: ActiveChain;
  readonly finalized: FinalizedRef;
}

/** `state` is at genesis before, at the head after. Throws `StoreDamaged`. */
export function startChain(
  image: StoreImage,
  genesis: SealedHeader,
  validators: ValidatorSet,
  state: StateMachine,
): ChainStart {
  const restored = restore(image, genesis, state);
  if (restored !== undefined) return fromStore(restored, validators);
  const tree = plant(genesis, validators);
  const { height, slot, hash } = genesis.header;
  return {
    isFresh: true,
    tree,
    active: new ActiveChain(tree.root),
    finalized: { height, slot, hash },
  };
}

function plant(anchor: SealedHeader, validators: ValidatorSet): BlockTree {
  const root = treeNode(anchor, undefined, rankOf(validators, anchor.header.sealer) ?? 0);
  root.status = "executed";
  root.ready = true;
  return new BlockTree(root);
}

function fromStore(restored: Restored, validators: ValidatorSet): ChainStart {
  const tree = plant(restored.anchor, validators);
  const changesOf = new Map(restored.nodes.map((n) => [n.sealed.header.hash, n.changes]));
  for (const { sealed, body } of restored.nodes) {
    const { header } = sealed;
    const parent = defined(tree.get(header.parentHash), "parents come first");
    const node = tree.insert(sealed, parent, rankOf(validators, header.sealer) ?? 0);
    tree.setBody(node, body, undefined);
    // It was executed before it was stored, so its signatures are good.
    tree.setChecked(node);
    node.stored = true;
  }
  const active = new ActiveChain(tree.root);
  const head = defined(tree.get(restored.head), "the head was found in the store");
  for (const node of pathTo(head, tree.root)) {
    node.status = "executed";
    node.changes = changesOf.get(node.hash);
    active.push(node);
  }
  return { isFresh: false, tree, active, finalized: restored.finalized };
}
