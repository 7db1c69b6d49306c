/**
 * Which pending transactions go into a block: highest fee per byte first among each sender's next
 * one, so nonces come in order. Equal rates: earlier arrival first, which is deterministic.
 * Not a knapsack: a block is full when many in a row no longer fit.
 * Costs O(k log k) for k selected, whatever the size of the pool. protocol-spec/06-validation §7.
 */
import type { Transaction } from "../model/transaction.ts";
import { mempoolLimits } from "../params/limits.ts";
import { type AccountQueue, isPoorer, type PoolEntry } from "./account-queue.ts";
import { type HeapOrder, MergeHeap, type OrderedHeap } from "./ordered-heap.ts";

/** `a` is mined before `b`. */
export function isRicher(a: PoolEntry, b: PoolEntry): boolean {
  return isPoorer(b, a) || (!isPoorer(a, b) && a.sequence < b.sequence);
}

/** Order of the accounts whose next transaction is there. */
export const richestHeadFirst: HeapOrder<AccountQueue> = {
  key: ({ head }) => -head!.roundRate,
  before: (a, b) => isRicher(a.head!, b.head!),
};

export interface SelectionRoom {
  /** Encoded transactions in all. */
  readonly bytesMax: number;
  readonly countMax: number;
}

/** `accounts` is ordered by `richestHeadFirst`; `isWanted` may refuse, and with it all that follow. */
export function selectFrom(
  accounts: OrderedHeap<AccountQueue>,
  room: SelectionRoom,
  isWanted: (transaction: Transaction) => boolean,
): readonly Transaction[] {
  const selected: Transaction[] = [];
  const heads = accounts.inOrder();
  const followers = new MergeHeap<Candidate>((a, b) => isRicher(a.entry, b.entry));
  let bytesLeft = room.bytesMax;
  let missesInRow = 0;
  let head = candidateOf(heads.next().value, 0);
  while (selected.length < room.countMax && missesInRow < mempoolLimits.selectionMissesMax) {
    const follower = followers.first;
    let candidate: Candidate;
    if (head !== undefined && (follower === undefined || isRicher(head.entry, follower.entry))) {
      candidate = head;
      head = candidateOf(heads.next().value, 0);
    } else if (follower !== undefined) {
      candidate = follower;
      followers.pop();
    } else break;
    const { transaction } = candidate.entry;
    if (transaction.bytes.length > bytesLeft || !isWanted(transaction)) {
      missesInRow++;
      continue;
    }
    missesInRow = 0;
    bytesLeft -= transaction.bytes.length;
    selected.push(transaction);
    const next = candidateOf(candidate.queue, candidate.index + 1);
    if (next !== undefined) followers.push(next);
  }
  return selected;
}

interface Candidate {
  readonly queue: AccountQueue;
  readonly index: number;
  readonly entry: PoolEntry;
}

function candidateOf(queue: AccountQueue | undefined, index: number): Candidate | undefined {
  const entry = queue?.readyAt(index);
  return queue && entry && { queue, index, entry };
}
