/**
 * Which of two branches is better: a total order on tips, so that all nodes that know the same
 * blocks choose the same one. NOT which blocks are valid, nor which may no longer be undone (that
 * is the root of the tree and `finality.ts`). protocol-spec/06-validation §5.
 */
import type { BlockHash } from "../model/ids.ts";

export interface Tip {
  readonly height: number;
  readonly rank: number;
  readonly slot: number;
  readonly hash: BlockHash;
}

/** Longest chain, then the sealer of better rank, then the lower slot, then the lower hash. */
export function better(a: Tip, b: Tip): boolean {
  if (a.height !== b.height) return a.height > b.height;
  if (a.rank !== b.rank) return a.rank < b.rank;
  if (a.slot !== b.slot) return a.slot < b.slot;
  return a.hash < b.hash;
}

/** The best of `tips`; undefined when there are none. */
export function best<T extends Tip>(tips: Iterable<T>): T | undefined {
  let found: T | undefined;
  for (const tip of tips) if (found === undefined || better(tip, found)) found = tip;
  return found;
}
