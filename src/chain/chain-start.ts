/**
 * The parts of the chain as they stand after a start: from a store, or at genesis. NOT any change
 * of them afterwards. ARCHITECTURE "Store".
 */
import { defined } from "../base/assert.ts";
import { emptyBytes } from "../base/bytes.ts";
import type { Write } from "../edge/effect.ts";
import type { StoreImage } from "../edge/store-image.ts";
import type { Certificate } from "../model/certificate.ts";
import type { SealedHeader } from "../model/header.ts";
import { decodeValidatorSet, rankOf, type ValidatorSet } from "../model/validator-set.ts";
import { ActiveChain } from "./active-chain.ts";
import { adoptRecoveries, checkpointRefused } from "./adopt-recoveries.ts";
import { BlockTree } from "./block-tree.ts";
import type { SafetyConflict } from "./justification.ts";
import { type AnchorRecord, type BlockRef, type FinalizedRef, metaKey, setKey } from "./records.ts";
import type { Recoveries } from "./recoveries.ts";
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
  /** A recovery was adopted just now: to be written before anything else. */
  readonly adopted: readonly Write[];
}

/** `state` is at genesis before, at the head after. Throws `StoreDamaged`, `StoreRefused`. */
export function startChain(
  image: StoreImage,
  genesis: SealedHeader,
  state: StateMachine,
  recoveries: Recoveries,
): ChainStart {
  const sets = new ValidatorSets();
  sets.add(state.validators());
  for (const { set } of recoveries.sets()) sets.add(set);
  const restored = restore(image, genesis, state);
  if (restored !== undefined) {
    const start = fromStore(restored, image, sets, state, recoveries);
    const storedId = image.get(metaKey("recovery"));
    const adopted = adoptRecoveries(start, state, recoveries, storedId);
    if (adopted.length === 0) return start;
    // What was proven on the branch that is given up counts no more.
    return { ...start, justified: undefined, halted: undefined, adopted };
  }
  const tree = plant(genesisAnchor(genesis), state.validators(), recoveries);
  const { height, slot, hash } = genesis.header;
  return {
    isFresh: true,
    tree,
    active: new ActiveChain(tree.root),
    finalized: { height, slot, hash },
    sets,
    justified: undefined,
    halted: undefined,
    adopted: [],
  };
}

function plant(anchor: AnchorRecord, set: ValidatorSet, recoveries: Recoveries): BlockTree {
  const { sealed, final, finalizes } = anchor;
  const recovered = recoveries.at(sealed.header.hash);
  const rank = rankOf(set, sealed.header.sealer) ?? 0;
  const root = treeNode(sealed, undefined, { rank, final, finalizes, recovered });
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
  recoveries: Recoveries,
): ChainStart {
  sets.add(state.validators());
  sets.learnPending(state);
  const setOf = ({ header }: SealedHeader): ValidatorSet => {
    const known = sets.get(header.validatorsHash);
    if (known !== undefined) return known;
    const stored = decodeValidatorSet(image.get(setKey(header.validatorsHash)) ?? emptyBytes);
    if ("code" in stored) fail(`the validators of block ${header.hash} are missing`);
    sets.add(stored);
    return stored;
  };
  const { anchor } = restored;
  const tree = plant(anchor, setOf(anchor.sealed), recoveries);
  for (const { sealed, final, body } of restored.nodes) {
    const { header } = sealed;
    const parent = defined(tree.get(header.parentHash), "parents come first");
    const rank = rankOf(setOf(sealed), header.sealer) ?? 0;
    const node = tree.insert(sealed, parent, {
      rank,
      final,
      recovered: recoveries.at(header.hash),
    });
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
  return { isFresh: false, tree, active, finalized, sets, justified, halted, adopted: [] };
}

/** Throws `StoreRefused`. What is buried deeper than memory goes is the host's to look up. */
export function demandCheckpoint(active: ActiveChain, checkpoint: BlockRef | undefined): void {
  const ours = checkpoint && active.at(checkpoint.height);
  if (checkpoint === undefined || ours === undefined || ours.hash === checkpoint.hash) return;
  throw checkpointRefused(checkpoint, ours.hash);
}
