/**
 * Which pending transactions have had their time: those that came too long ago, and those whose
 * last slot is over. NOT what becomes of them, nor of what waits behind them (`mempool.ts`).
 * protocol-spec/06-validation §7.
 */
import { isOlder, type PoolEntry } from "./account-queue.ts";
import { isExpired } from "./admission.ts";
import { OrderedHeap } from "./ordered-heap.ts";

/** A step that drops all that came in one minute would be a long one. */
const takenAtOnceMax = 2000;

export class Expiry {
  private readonly byAge = new OrderedHeap<PoolEntry>(0, {
    key: ({ expiresAt }) => expiresAt,
    before: isOlder,
  });
  private readonly bySlot = new OrderedHeap<PoolEntry>(1, { key: lastSlotOf, before: isOlder });

  /** When taking goes on that was cut short. */
  private resumeAt: number | undefined;

  add(entry: PoolEntry): void {
    this.byAge.set(entry);
    if (lastSlotOf(entry) !== 0) this.bySlot.set(entry);
  }

  delete(entry: PoolEntry): void {
    this.byAge.delete(entry);
    this.bySlot.delete(entry);
  }

  /** When the oldest is too old, or more can be taken. */
  get deadline(): number {
    return this.resumeAt ?? this.byAge.first?.expiresAt ?? Number.POSITIVE_INFINITY;
  }

  /** Takes out those whose time is over, or many of them. */
  take(nowMs: number, slot: number): readonly PoolEntry[] {
    const taken: PoolEntry[] = [];
    this.resumeAt = undefined;
    for (let due = this.due(nowMs, slot); due !== undefined; due = this.due(nowMs, slot)) {
      if (taken.length === takenAtOnceMax) {
        this.resumeAt = nowMs + 1;
        break;
      }
      taken.push(due);
      this.delete(due);
    }
    return taken;
  }

  private due(nowMs: number, slot: number): PoolEntry | undefined {
    const oldest = this.byAge.first;
    if (oldest !== undefined && oldest.expiresAt <= nowMs) return oldest;
    const first = this.bySlot.first;
    return first !== undefined && isExpired(first.transaction, slot) ? first : undefined;
  }
}

function lastSlotOf({ transaction }: PoolEntry): number {
  return transaction.validUntilSlot;
}
