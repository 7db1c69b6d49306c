/**
 * Outbound peers whose best header stays behind ours: asked once to show more, then replaced. Of
 * no use to us, or kept from the network as we would be among more of them. Inbound peers may lag:
 * they chose us. The first few that kept up are spared for good, so that a branch which only one
 * peer knows cannot take all others away. It closes nothing itself.
 *
 *     keeps up -> behind (5 min to reach what we have now) -> asked (1 min) -> (named)
 *
 * protocol-spec/09-connections §2
 */
import type { Conn } from "../../edge/conn.ts";
import { connectionLimits } from "../../params/limits.ts";
import type { Connection, Ready } from "./connection-table.ts";

interface Lag {
  /** What it must show; what we had when it fell behind. */
  readonly height: number;
  readonly until: number;
  readonly isAsked: boolean;
}

const { laggingMs, laggingAskMs, laggingSparedMax } = connectionLimits;

export class LaggingPeers {
  private readonly lags = new Map<Conn, Lag>();
  private readonly spared = new Set<Conn>();

  get size(): number {
    return this.lags.size + this.spared.size;
  }

  isSpared(conn: Conn): boolean {
    return this.spared.has(conn);
  }

  onClosed(conn: Conn): void {
    this.lags.delete(conn);
    this.spared.delete(conn);
  }

  /** Who is to be asked for headers, and who is to be replaced. */
  check(
    outbound: Iterable<Connection>,
    height: number,
    now: number,
  ): { readonly ask: readonly Ready[]; readonly replace: readonly Ready[] } {
    const ask: Ready[] = [];
    const replace: Ready[] = [];
    for (const peer of outbound) {
      if (peer.type !== "ready" || peer.manual || peer.target?.kind !== "full") continue;
      if (this.spared.has(peer.conn)) continue;
      const verdict = this.judge(peer, height, now);
      if (verdict === "ask") ask.push(peer);
      if (verdict === "replace") replace.push(peer);
    }
    return { ask, replace };
  }

  private judge(peer: Ready, height: number, now: number): "ask" | "replace" | undefined {
    const { conn } = peer;
    const { shownHeight } = peer.merits;
    const lag = this.lags.get(conn);
    if (shownHeight >= height) {
      this.lags.delete(conn);
      if (this.spared.size < laggingSparedMax) this.spared.add(conn);
      return undefined;
    }
    if (lag === undefined || shownHeight >= lag.height) {
      this.lags.set(conn, { height, until: now + laggingMs, isAsked: false });
      return undefined;
    }
    if (now < lag.until) return undefined;
    if (lag.isAsked) return "replace";
    this.lags.set(conn, { height: lag.height, until: now + laggingAskMs, isAsked: true });
    return "ask";
  }
}
