/**
 * Our own dials under way: begins them when slots are free and somebody is due, ends those that
 * take too long. Whom and when is the dialer's choice, how many the slots', and what is wanted
 * beyond them rotation's.
 *
 *     manual -> anchors -> full -> block-only -> feeler
 *
 * protocol-spec/09-connections §2
 */
import { type Conn, dialledConn } from "../../edge/conn.ts";
import type { Env } from "../../edge/env.ts";
import { connectionLimits } from "../../params/limits.ts";
import type { ConnectionPort } from "./connection-port.ts";
import type { Connection, ConnectionTable } from "./connection-table.ts";
import type { Countries } from "./countries.ts";
import type { Dialer, DialKind, DialOutcome, DialTarget, DialWish } from "./dialer.ts";
import type { Rotation } from "./rotation.ts";
import type { Slots } from "./slots.ts";

export interface OutboundParts {
  readonly env: Env;
  readonly port: ConnectionPort;
  readonly table: ConnectionTable;
  readonly slots: Slots;
  readonly dialer: Dialer;
  readonly rotation: Rotation;
  readonly countries: Countries;
  /** Netgroup of `ip:port`; undefined for a name. */
  readonly groupOf: (address: string) => string | undefined;
}

const never = Number.POSITIVE_INFINITY;
/** Two of them up, or one that the operator named: then a failed dial is not our own network's. */
const onlineMin = 2;

export class Outbound {
  private readonly parts: OutboundParts;
  private dialCount = 0;
  /** Kept, since finding it walks the whole book. */
  private dialAt = never;
  /** Since when a full slot is free and there is nobody to dial. */
  private hungrySince = never;

  constructor(parts: OutboundParts) {
    this.parts = parts;
  }

  get deadline(): number {
    const dial = this.parts.table.oldestDial;
    if (dial === undefined) return this.dialAt;
    return Math.min(this.dialAt, dial.startedAt + connectionLimits.connectMs);
  }

  /** Full slots stay free for want of others: then a block-only link may be made a full one. */
  get isStarving(): boolean {
    return this.parts.env.clock.monotonicMs >= this.hungrySince + connectionLimits.starvingMs;
  }

  /** Dials whoever is due, and notes when to look again: call it when slots or the book change. */
  dialDue(): void {
    const { dialer, env, rotation } = this.parts;
    const now = env.clock.monotonicMs;
    this.dialAll("manual");
    if (dialer.hasAnchors) this.dialAll("block-only");
    this.dialAll("full");
    this.noteHunger();
    this.dialAll("block-only");
    if (rotation.takeFeelerTurn(now)) this.dialOne("feeler");
    this.dialAt = this.hungrySince + connectionLimits.starvingMs;
    if (this.dialAt <= now) this.dialAt = never;
    for (const kind of ["manual", "full", "block-only"] as const) {
      if (this.wanted(kind) <= 0) continue;
      this.dialAt = Math.min(this.dialAt, dialer.nextAt(this.wish(kind)));
    }
  }

  /** Ends dials that take longer than `connectMs`. */
  tick(): void {
    const { env, port, table } = this.parts;
    const now = env.clock.monotonicMs;
    for (;;) {
      const dial = table.oldestDial;
      if (dial === undefined || dial.startedAt + connectionLimits.connectMs > now) return;
      this.failed(dial.conn, dial.target, "connect timeout");
      port.close(dial.conn, "requested", "connect timeout");
    }
  }

  onDialFailed(conn: Conn, reason: string): void {
    const dial = this.parts.table.get(conn);
    if (dial?.type === "dialling") this.failed(conn, dial.target, reason);
  }

  /** What the dialer is told of a connection of ours that is over. */
  onEnded(target: DialTarget, outcome: DialOutcome): number {
    const isOffline = outcome === "failed" && !this.isOnline;
    return this.parts.dialer.onEnded(target, isOffline ? "offline" : outcome);
  }

  private get isOnline(): boolean {
    const { manualReady, fullReady, blockOnlyReady } = this.parts.table.use;
    return manualReady > 0 || fullReady + blockOnlyReady >= onlineMin;
  }

  private dialAll(kind: DialKind): void {
    while (this.wanted(kind) > 0 && this.dialOne(kind));
  }

  private dialOne(kind: DialKind): boolean {
    const { dialer, env, port, table } = this.parts;
    const target = dialer.next(this.wish(kind));
    if (target === undefined) return false;
    const conn = dialledConn(this.dialCount++);
    const startedAt = env.clock.monotonicMs;
    const group = this.parts.groupOf(target.address);
    table.set({ type: "dialling", conn, target, group, startedAt });
    port.notify({ type: "dialling", conn, address: target.address });
    port.dial(conn, target.address);
    return true;
  }

  private wanted(kind: DialKind): number {
    const { slots, table, rotation, dialer } = this.parts;
    return slots.dialsWanted(kind, table.use, rotation.extras, dialer.hasAnchors);
  }

  private wish(kind: DialKind): DialWish {
    const groups = new Set<string>();
    for (const connection of this.parts.table.outboundValues()) {
      const held = connection.target?.kind;
      if (held === undefined || held === "feeler") continue;
      if (kind === "full" && held === "block-only" && this.isStarving) continue;
      if (connection.group !== undefined) groups.add(connection.group);
    }
    if (kind !== "full") return { kind, groups };
    const { countries, rotation } = this.parts;
    const wish = { kind, groups, isCrowded: countries.crowded() };
    if (!rotation.isTurning) return wish;
    return { ...wish, isFresh: (entry) => rotation.isFresh(entry) };
  }

  private noteHunger(): void {
    const { env, slots, table } = this.parts;
    // An extra peer that nobody wants to be is no hunger: the slots are filled.
    const isFree = slots.freeFull(table.use) > 0 && this.wanted("full") > 0;
    const isHungry = isFree && table.use.fullPending === 0;
    if (!isHungry) this.hungrySince = never;
    else if (this.hungrySince === never) this.hungrySince = env.clock.monotonicMs;
  }

  private failed(conn: Conn, target: DialTarget, reason: string): void {
    this.parts.table.remove(conn);
    const retryMs = this.onEnded(target, "failed");
    this.parts.port.notify({ type: "dial-failed", address: target.address, reason, retryMs });
  }
}

/** Did a connection live or deliver, so that its address is soon worth another dial? */
export function outcomeOf(connection: Connection, now: number): DialOutcome {
  if (connection.type !== "ready" || connection.conduct === "offending") return "failed";
  const lived = now - connection.readyAt >= connectionLimits.stableMs;
  return lived || connection.conduct === "useful" ? "lasted" : "failed";
}
