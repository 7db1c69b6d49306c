/**
 * Which peers push compact blocks to us unasked: those that lately were the first with a new block,
 * at most `relay.pushPeersMax`, one of them a peer that we chose. It only says whom to tell.
 * protocol-spec/09-connections §4.
 */
import type { Conn } from "../../edge/conn.ts";
import { relayLimits } from "../../params/limits.ts";

export interface PushChange {
  readonly conn: Conn;
  readonly push: boolean;
}

export class PushPeers {
  /** Ready peers that understand it, and whether we dialled them. */
  private readonly able = new Map<Conn, boolean>();
  /** The one that was first most recently is last. */
  private readonly chosen = new Set<Conn>();
  /** Asked at any time: what it sends unasked may have been on its way when we took it back. */
  private readonly asked = new Set<Conn>();

  onReady(conn: Conn, isOutbound: boolean): void {
    this.able.set(conn, isOutbound);
  }

  onClosed(conn: Conn): void {
    this.able.delete(conn);
    this.chosen.delete(conn);
    this.asked.delete(conn);
  }

  /** May it send compact blocks unasked? */
  mayPush(conn: Conn): boolean {
    return this.asked.has(conn);
  }

  isOutbound(conn: Conn): boolean {
    return this.able.get(conn) ?? false;
  }

  /** `conn` was the first with a block that is good. Returns what to tell whom, if anything. */
  onFirst(conn: Conn): readonly PushChange[] {
    if (!this.able.has(conn)) return [];
    if (this.chosen.delete(conn)) {
      this.chosen.add(conn);
      return [];
    }
    const changes: PushChange[] = [];
    if (this.chosen.size >= relayLimits.pushPeersMax) {
      const victim = this.victimFor(conn);
      if (victim === undefined) return [];
      this.chosen.delete(victim);
      changes.push({ conn: victim, push: false });
    }
    this.chosen.add(conn);
    this.asked.add(conn);
    return [...changes, { conn, push: true }];
  }

  /** Who was first longest ago, but never the last that we chose for one that chose us. */
  private victimFor(newcomer: Conn): Conn | undefined {
    const chosen = [...this.chosen];
    const outbound = chosen.filter((each) => this.isOutbound(each));
    const isSpared = (each: Conn) => outbound.length === 1 && outbound[0] === each;
    return chosen.find((each) => this.isOutbound(newcomer) || !isSpared(each));
  }
}
