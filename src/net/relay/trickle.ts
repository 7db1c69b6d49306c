/**
 * Transactions that wait to be announced, for each peer until a time of its own: collected, so that
 * a batch costs one frame, and drawn, so that nobody who listens at two nodes can tell which had it
 * first. It sends nothing. Invariant: `deadline` is never later than the first that is due.
 * protocol-spec/09-connections §4.
 */
import type { Conn } from "../../edge/conn.ts";
import type { Env } from "../../edge/env.ts";
import { relayLimits } from "../../params/limits.ts";
import type { Item } from "./inventory.ts";

interface Batch {
  readonly items: Item[];
  readonly dueAt: number;
}

const never = Number.POSITIVE_INFINITY;

export class Trickle {
  private readonly env: Env;
  private readonly batches = new Map<Conn, Batch>();
  /** Not later than any batch is due; looked for anew in `takeDue` only, as it is asked all the time. */
  private soonest = never;

  constructor(env: Env) {
    this.env = env;
  }

  get deadline(): number {
    return this.soonest;
  }

  /** True when the batch is full, and to be taken now. */
  add(conn: Conn, item: Item): boolean {
    let batch = this.batches.get(conn);
    if (batch === undefined) {
      const waitMs = 1 + this.env.random.below(2 * relayLimits.transactionTrickleMs);
      batch = { items: [], dueAt: this.env.clock.monotonicMs + waitMs };
      this.batches.set(conn, batch);
      this.soonest = Math.min(this.soonest, batch.dueAt);
    }
    batch.items.push(item);
    return batch.items.length >= relayLimits.inventoryPerMessageMax;
  }

  take(conn: Conn): readonly Item[] {
    const items = this.batches.get(conn)?.items ?? [];
    this.batches.delete(conn);
    if (this.batches.size === 0) this.soonest = never;
    return items;
  }

  /** Whose time has come; their batches are to be taken now. */
  dueNow(): readonly Conn[] {
    const now = this.env.clock.monotonicMs;
    if (this.soonest > now) return [];
    const due: Conn[] = [];
    this.soonest = never;
    for (const [conn, { dueAt }] of this.batches) {
      if (dueAt <= now) due.push(conn);
      else this.soonest = Math.min(this.soonest, dueAt);
    }
    return due;
  }
}
