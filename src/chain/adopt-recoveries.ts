/**
 * A store meets a recovery: is it one that the store went through, one that it may adopt now, or one
 * that contradicts what is final here? Adopting takes back what was built on the old validators.
 * NOT the rules for blocks that come (`recoveries.ts`). protocol-spec/06-validation §11.
 *
 *   before   … ── F ── … ── R ── x1 ── x2 (head)      x: sealed and executed before the recovery
 *   after    … ── F ── … ── R (head)                  one batch: undone, deleted, and remembered
 */
import { defined } from "../base/assert.ts";
import { toHex } from "../base/bytes.ts";
import type { Write } from "../edge/effect.ts";
import type { Recovery } from "../model/recovery.ts";
import { encodeValidatorSet } from "../model/validator-set.ts";
import type { ActiveChain } from "./active-chain.ts";
import type { BlockTree } from "./block-tree.ts";
import { undoHead } from "./branch-switch.ts";
import { deletesOf } from "./burial.ts";
import { type BlockRef, encodeRef, type FinalizedRef, metaKey, setKey } from "./records.ts";
import type { Recoveries } from "./recoveries.ts";
import type { StateMachine } from "./state-machine.ts";
import { descendsFrom, type TreeNode } from "./tree-node.ts";

/** The store is whole, and holds another chain than the operator told us to follow. */
export class StoreRefused extends Error {
  override readonly name = "StoreRefused";
  readonly mend: string;

  constructor(message: string, mend: string) {
    super(message);
    this.mend = mend;
  }
}

/** The stored chain has block `ours` at the checkpoint's height. */
export function checkpointRefused({ height, hash }: BlockRef, ours: string): StoreRefused {
  return new StoreRefused(
    `the stored chain has block ${ours} at height ${height}, the checkpoint demands ${hash}`,
    "compare the hash with people you trust. If it is right, this node followed another history: " +
      "move its chain folder away and sync anew",
  );
}

export interface StoredChain {
  readonly tree: BlockTree;
  readonly active: ActiveChain;
  readonly finalized: FinalizedRef;
}

/** What a store must remember of its recoveries; nothing without any. */
export function recoveryWrites(recoveries: Recoveries): Write[] {
  if (recoveries.list.length === 0) return [];
  return [
    { key: metaKey("recovery"), value: recoveries.networkId },
    ...recoveries
      .sets()
      .map(({ set, setHash }) => ({ key: setKey(setHash), value: encodeValidatorSet(set) })),
  ];
}

/**
 * Changes `chain` and `state` to what they are after the recoveries that are new to the store.
 * Returns what must be written then, at once and durably; empty when none is new.
 */
export function adoptRecoveries(
  chain: StoredChain,
  state: StateMachine,
  recoveries: Recoveries,
  storedId: Uint8Array | undefined,
): Write[] {
  const fresh = recoveries.after(storedId);
  if (fresh === undefined) throw foreign(storedId);
  if (fresh.length === 0) return [];
  for (const recovery of fresh) demandAdoptable(chain, recovery);
  const lowest = Math.min(...fresh.map(({ block }) => block.height));
  const writes: Write[] = [];
  // Whatever its slot, nothing above R was sealed for this recovery.
  const isOld = (node: TreeNode) =>
    node.height > lowest || recoveries.check(node.header) !== undefined;
  for (const node of [...chain.tree.all()].filter(isOld)) {
    if (chain.tree.get(node.hash) !== node) continue;
    while (chain.active.contains(node)) writes.push(...undoHead(chain.active, state));
    writes.push(...deletesOf(chain.tree.remove(node)));
  }
  return [
    ...writes,
    { key: metaKey("head"), value: encodeRef(chain.active.head) },
    { key: metaKey("justified"), value: undefined },
    // People have decided.
    { key: metaKey("halted"), value: undefined },
    ...recoveryWrites(recoveries),
  ];
}

function demandAdoptable({ tree, finalized }: StoredChain, { block, minSlot }: Recovery): void {
  const final = defined(tree.get(finalized.hash), "the final block is in memory");
  const node = tree.get(block.hash);
  const isBeyond =
    final.height > block.height || (final.height === block.height && final.hash !== block.hash);
  if (isBeyond || (node !== undefined && !descendsFrom(node, final))) {
    throw new StoreRefused(
      `the recovery takes block ${block.hash} at height ${block.height} for final, but here block ` +
        `${final.hash} at height ${final.height} is final, which it does not stand on`,
      "agree on a block that stands on every final one; if this node's chain is the one to give " +
        "up, move its chain folder away and sync anew",
    );
  }
  const slot = Math.max(final.slot, node?.slot ?? 0);
  if (slot < minSlot) return;
  throw new StoreRefused(
    `the recovery begins with slot ${minSlot}, but blocks that it keeps are of slot ${slot}`,
    "agree on a recovery whose minSlot lies in the future",
  );
}

function foreign(storedId: Uint8Array | undefined): StoreRefused {
  return new StoreRefused(
    `the stored chain went through a recovery (network ${toHex(defined(storedId, "a name"))}) ` +
      "that is not among those given",
    "start with the same --recovery files as before, byte for byte and in their order; or move the " +
      "chain folder away to follow another chain",
  );
}
