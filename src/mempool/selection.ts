/**
 * Which pending transactions go into a block: highest fee per byte first among each sender's next
 * one, so nonces come in order. Equal rates: earlier arrival first, which is deterministic.
 * Not a knapsack: a block is full when many in a row no longer fit.
 * Costs O(k log k) for k selected, whatever the size of the pool. protocol-spec/06-validation §7.
 */
import type { Transaction } from "../model/transaction.ts";
import { mempoolLimits } from "../params/limits.ts";
import type { AccountQueue, PoolEntry } from "./account-queue.ts";
import { OrderedHeap } from "./ordered-heap.ts";

/** `a` is mined before `b`. */
export function isRicher(a: PoolEntry, b: PoolEntry): boolean {
  return a.rate !== b.rate ? a.rate > b.rate : a.sequence < b.sequence;
}

/** Order of the accounts whose next transaction is there. */
export function hasRicherHead(a: AccountQueue, b: AccountQueue): boolean {
  return isRicher(a.head!, b.head!);
}

export interface SelectionRoom {
  /** Encoded transactions in all. */
  readonly bytesMax: number;
  readonly countMax: number;
}

/** `accounts` is ordered by `hasRicherHead`; `isWanted` may refuse, and with it all that follow. */
export function selectFrom(
  accounts: OrderedHeap<AccountQueue>,
  room: SelectionRoom,
  isWanted: (transaction: Transaction) => boolean,
): readonly Transaction[] {
  const selected: Transaction[] = [];
  const heads = accounts.inOrder();
  const followers = new OrderedHeap<Candidate>((a, b) => isRicher(a.entry, b.entry));
  let bytesLeft = room.bytesMax;
  let missesInRow = 0;
  let head = heads.next().value;
  while (selected.length < room.countMax && missesInRow < mempoolLimits.selectionMissesMax) {
    const follower = followers.first;
    let candidate: Candidate;
    if (head !== undefined && (follower === undefined || isRicher(head.head!, follower.entry))) {
      candidate = { queue: head, entry: head.head! };
      head = heads.next().value;
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
    const next = candidate.queue.after(candidate.entry);
    if (next !== undefined) followers.set({ queue: candidate.queue, entry: next });
  }
  return selected;
}

interface Candidate {
  readonly queue: AccountQueue;
  readonly entry: PoolEntry;
}
