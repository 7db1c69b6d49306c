/**
 * When writes become durable: those of our own seals and of finality at once, the rest within
 * `persistSyncMs`. NOT what is written. Tickets are cumulative, so one durable write covers all
 * before it. ARCHITECTURE "Store".
 */
import type { Ticket } from "../edge/conn.ts";
import type { Write } from "../edge/effect.ts";
import type { Env } from "../edge/env.ts";
import { chainLimits } from "../params/limits.ts";
import type { ChainPort } from "./imported.ts";
import type { BlockRef } from "./records.ts";

export class Journal {
  private readonly env: Env;
  private readonly port: ChainPort;
  private last = 0 as Ticket;
  /** When the oldest write that is not durable must become it. */
  private syncAt = Number.POSITIVE_INFINITY;

  constructor(env: Env, port: ChainPort) {
    this.env = env;
    this.port = port;
  }

  get deadline(): number {
    return this.syncAt;
  }

  /** One atomic batch that may be lost with all that follow it. */
  write(writes: readonly Write[]): Ticket {
    this.last = this.port.persist(writes, { sync: false });
    this.syncAt = Math.min(this.syncAt, this.env.clock.monotonicMs + chainLimits.persistSyncMs);
    return this.last;
  }

  /** One atomic batch that makes everything up to it durable; `head` must never be lost then. */
  writeDurably(writes: readonly Write[], head: BlockRef): Ticket {
    this.syncAt = Number.POSITIVE_INFINITY;
    const durableTip = { height: head.height, hash: head.hash };
    this.last = this.port.persist(writes, { sync: true, durableTip });
    return this.last;
  }

  /** With this ticket everything written so far is durable. */
  flush(head: BlockRef): Ticket {
    return this.syncAt === Number.POSITIVE_INFINITY ? this.last : this.writeDurably([], head);
  }

  tick(head: BlockRef): void {
    if (this.syncAt <= this.env.clock.monotonicMs) this.writeDurably([], head);
  }
}
