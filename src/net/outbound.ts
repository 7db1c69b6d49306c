/**
 * Our own dials under way: begins them when slots are free and somebody is due, ends those that
 * take too long. Whom and when is the dialer's choice, how many the slots'.
 * protocol-spec/09-connections §2
 */
import { type Conn, dialledConn } from "../edge/conn.ts";
import type { Env } from "../edge/env.ts";
import { connectionLimits } from "../params/limits.ts";
import type { ConnectionPort } from "./connection-port.ts";
import type { Connection, ConnectionTable } from "./connection-table.ts";
import type { Dialer, DialOutcome, DialTarget } from "./dialer.ts";
import type { Slots } from "./slots.ts";

export class Outbound {
  private readonly env: Env;
  private readonly port: ConnectionPort;
  private readonly table: ConnectionTable;
  private readonly slots: Slots;
  private readonly dialer: Dialer;
  private dialCount = 0;
  /** Kept, since finding it walks the whole book. */
  private dialAt = Number.POSITIVE_INFINITY;

  constructor(
    env: Env,
    port: ConnectionPort,
    table: ConnectionTable,
    slots: Slots,
    dialer: Dialer,
  ) {
    this.env = env;
    this.port = port;
    this.table = table;
    this.slots = slots;
    this.dialer = dialer;
  }

  get deadline(): number {
    const dial = this.table.oldestDial;
    if (dial === undefined) return this.dialAt;
    return Math.min(this.dialAt, dial.startedAt + connectionLimits.connectMs);
  }

  /** Dials whoever is due, and notes when to look again: call it when slots or the book change. */
  dialDue(): void {
    for (;;) {
      const target = this.dialer.next(this.slots.dialsWanted(this.table.use));
      if (target === undefined) break;
      const conn = dialledConn(this.dialCount++);
      this.table.set({ type: "dialling", conn, target, startedAt: this.env.clock.monotonicMs });
      this.port.notify({ type: "dialling", conn, address: target.address });
      this.port.dial(conn, target.address);
    }
    this.dialAt = this.dialer.nextAt(this.slots.dialsWanted(this.table.use));
  }

  /** Ends dials that take longer than `connectMs`. */
  tick(): void {
    const now = this.env.clock.monotonicMs;
    for (;;) {
      const dial = this.table.oldestDial;
      if (dial === undefined || dial.startedAt + connectionLimits.connectMs > now) return;
      this.failed(dial.conn, dial.target, "connect timeout");
      this.port.close(dial.conn, "requested", "connect timeout");
    }
  }

  onDialFailed(conn: Conn, reason: string): void {
    const dial = this.table.get(conn);
    if (dial?.type === "dialling") this.failed(conn, dial.target, reason);
  }

  private failed(conn: Conn, target: DialTarget, reason: string): void {
    this.table.remove(conn);
    const retryMs = this.dialer.onEnded(target, "failed");
    this.port.notify({ type: "dial-failed", address: target.address, reason, retryMs });
  }
}

/** Did a connection live or deliver, so that its address is soon worth another dial? */
export function outcomeOf(connection: Connection, now: number): DialOutcome {
  if (connection.type !== "ready" || connection.conduct === "offending") return "failed";
  const lived = now - connection.readyAt >= connectionLimits.stableMs;
  return lived || connection.conduct === "useful" ? "lasted" : "failed";
}
