/**
 * The newest 1,000 slots of the chain of the head, as far as the node saw them since it started:
 * who led each, and whether a block came of it. A slot counts as missed once a later block stands
 * on the chain without it. NOT a verdict: its block may have come too late, or the chain chose
 * another. protocol-spec/06-validation §1.
 *
 *   slot     7      8      9      10     11
 *   block    a <─── b <────────── c      (not yet)      b and c are of slots 8 and 10:
 *   leader   v3     v0     v1     v2     v3             v1 missed slot 9
 *
 * Invariant: entries up to the head's slot are of its branch, or of a time before this node's view
 * of it; there are never more than `slotsMax`.
 */
import type { TreeNode } from "../../chain/tree-node.ts";
import type { BlockHash, PublicKey } from "../../model/ids.ts";
import { leaderOf } from "../../model/validator-set.ts";
import type { Queries } from "../../node/queries.ts";

export const slotsMax = 1000;

interface Entry {
  readonly slot: number;
  readonly leader: PublicKey;
  /** Undefined: the slot is empty. */
  readonly block: BlockHash | undefined;
  /** It came while the node was in step with its network. */
  readonly isLive: boolean;
}

export class SlotLog {
  private readonly queries: Pick<Queries, "validatorsOf">;
  /** Slot s at s modulo `slotsMax`. */
  private readonly ring: (Entry | undefined)[] = new Array(slotsMax).fill(undefined);
  private headSlot = 0;

  constructor(queries: Pick<Queries, "validatorsOf">) {
    this.queries = queries;
  }

  /** `head` is the head now. `isReorg`: what is known of its ancestors is of another branch. */
  follow(head: TreeNode, isReorg: boolean, isLive: boolean): void {
    this.headSlot = head.slot;
    let node: TreeNode | undefined = head;
    while (node !== undefined && node.height > 0 && node.slot > head.slot - slotsMax) {
      const known = this.at(node.slot);
      const isKnown = known?.block === node.hash;
      if (isKnown && !isReorg) return;
      const { sealer: leader } = node.header;
      this.put({
        slot: node.slot,
        leader,
        block: node.hash,
        isLive: isKnown ? known.isLive : isLive,
      });
      if (node.parent !== undefined) this.putEmpty(node, node.parent.slot + 1);
      node = node.parent;
    }
  }

  /** Blocks that came live, of slots from `first` to `last`: their slots. */
  *liveSlots(first: number, last: number): Iterable<number> {
    for (let slot = Math.max(first, last - slotsMax + 1); slot <= last; slot++) {
      const entry = this.at(slot);
      if (entry?.block !== undefined && entry.isLive) yield slot;
    }
  }

  /** How many from `first` to `last` are empty, as far as they are known. */
  emptySlots(first: number, last: number): number {
    let count = 0;
    for (let slot = Math.max(first, last - slotsMax + 1); slot <= last; slot++) {
      const entry = this.at(slot);
      if (entry !== undefined && entry.block === undefined) count++;
    }
    return count;
  }

  /** Slots left empty, by leader. */
  missed(): ReadonlyMap<PublicKey, number> {
    const counts = new Map<PublicKey, number>();
    for (const { leader, block } of this.entries()) {
      if (block === undefined) counts.set(leader, (counts.get(leader) ?? 0) + 1);
    }
    return counts;
  }

  /** The newest slot that each sealed. */
  sealed(): ReadonlyMap<PublicKey, number> {
    const slots = new Map<PublicKey, number>();
    for (const { leader, block, slot } of this.entries()) {
      if (block !== undefined) slots.set(leader, Math.max(slot, slots.get(leader) ?? 0));
    }
    return slots;
  }

  private putEmpty(child: TreeNode, from: number): void {
    const set = this.queries.validatorsOf(child);
    if (set.length === 0) return;
    const lowest = Math.max(from, this.headSlot - slotsMax + 1);
    for (let slot = lowest; slot < child.slot; slot++) {
      this.put({ slot, leader: leaderOf(set, slot), block: undefined, isLive: false });
    }
  }

  private put(entry: Entry): void {
    this.ring[entry.slot % slotsMax] = entry;
  }

  private at(slot: number): Entry | undefined {
    const entry = this.ring[slot % slotsMax];
    return entry?.slot === slot ? entry : undefined;
  }

  /** Of the window that ends with the head. */
  private *entries(): Iterable<Entry> {
    for (const entry of this.ring) {
      if (entry === undefined) continue;
      if (entry.slot <= this.headSlot && entry.slot > this.headSlot - slotsMax) yield entry;
    }
  }
}
