/**
 * The parts of the chain as they stand after a start: from a store, or at genesis. NOT any change
 * of them afterwards. ARCHITECTURE "Store".
 */
import { defined } from "../base/assert.ts";
import { emptyBytes } from "../base/bytes.ts";
import type { StoreImage } from "../edge/store-image.ts";
import type { Certificate } from "../model/certificate.ts";
import type { SealedHeader } from "../model/header.ts";
import { decodeValidatorSet, rankOf, type ValidatorSet } from "../model/validator-set.ts";
import { ActiveChain } from "./active-chain.ts";
import { BlockTree } from "./block-tree.ts";
import type { SafetyConflict } from "./justification.ts";
import { type AnchorRecord, type FinalizedRef, setKey } from "./records.ts";
import { fail, genesisAnchor, type Restored, restore } from "./restore.ts";
import type { StateMachine } from "./state-machine.ts";
import { pathTo, treeNode } from "./tree-node.ts";
import { ValidatorSets } from "./validator-sets.ts";

export interface ChainStart {
  /** The store had nothing in it: genesis must be written. */
  readonly isFresh: boolean;
  readonly tree: BlockTree;
  readonly active: ActiveChain;
  readonly finalized: FinalizedRef;
  /** Those that headers in the tree name, and the one in charge of the next block. */
  readonly sets: ValidatorSets;
  readonly justified: Certificate | undefined;
  readonly halted: SafetyConflict | undefined;
}

/** `state` is at genesis before, at the head after. Throws `StoreDamaged`. */
export function startChain(
  image: StoreImage,
  genesis: SealedHeader,
  state: StateMachine,
): ChainStart {
  const sets = new ValidatorSets();
  sets.add(state.validators());
  const restored = restore(image, genesis, state);
  if (restored !== undefined) return fromStore(restored, image, sets, state);
  const tree = plant(genesisAnchor(genesis), state.validators());
  const { height, slot, hash } = genesis.header;
  return {
    isFresh: true,
    tree,
    active: new ActiveChain(tree.root),
    finalized: { height, slot, hash },
    sets,
    justified: undefined,
    halted: undefined,
  };
}

function plant(anchor: AnchorRecord, set: ValidatorSet): BlockTree {
  const { sealed, final, finalizes } = anchor;
  const rank = rankOf(set, sealed.header.sealer) ?? 0;
  const root = treeNode(sealed, undefined, { rank, final, finalizes });
  root.status = "executed";
  root.ready = true;
  root.isProven = true;
  return new BlockTree(root);
}

function fromStore(
  restored: Restored,
  image: StoreImage,
  sets: ValidatorSets,
  state: StateMachine,
): ChainStart {
  sets.add(state.validators());
  const setOf = ({ header }: SealedHeader): ValidatorSet => {
    const known = sets.get(header.validatorsHash);
    if (known !== undefined) return known;
    const stored = decodeValidatorSet(image.get(setKey(header.validatorsHash)) ?? emptyBytes);
    if ("code" in stored) fail(`the validators of block ${header.hash} are missing`);
    sets.add(stored);
    return stored;
  };
  const { anchor } = restored;
  const tree = plant(anchor, setOf(anchor.sealed));
  for (const { sealed, final, body } of restored.nodes) {
    const { header } = sealed;
    const parent = defined(tree.get(header.parentHash), "parents come first");
    const rank = rankOf(setOf(sealed), header.sealer) ?? 0;
    const node = tree.insert(sealed, parent, { rank, final });
    tree.setBody(node, body, undefined);
    // It was executed before it was stored, so it is valid.
    tree.setChecked(node);
    node.isProven = true;
    node.stored = true;
  }
  const changesOf = new Map(restored.nodes.map((n) => [n.sealed.header.hash, n.changes]));
  const active = new ActiveChain(tree.root);
  const head = defined(tree.get(restored.head), "the head was found in the store");
  for (const node of pathTo(head, tree.root)) {
    node.status = "executed";
    node.changes = changesOf.get(node.hash);
    active.push(node);
  }
  const { finalized, justified, halted } = restored;
  return { isFresh: false, tree, active, finalized, sets, justified, halted };
}
