/**
 * How often connections began, were refused, evicted, ended, blamed and banned, by reason code. The
 * codes are closed sets (edge/event.ts), so the number of series is bounded whatever peers do. NOT
 * the log, which may leave lines out; these count every one.
 */
import type { NodeEvent } from "../../edge/event.ts";

type Reading = readonly (readonly [Readonly<Record<string, string>>, number])[];

/** Name of the figure, of its label, and its meaning. */
export const peerFigures = {
  peer_connects_total: ["direction", "Connections that became ready"],
  dials_failed_total: [undefined, "Dials that did not get through"],
  connections_refused_total: ["code", "Newcomers turned away, by reason"],
  connections_evicted_total: ["code", "Connections ended to make room, by reason"],
  connections_closed_total: ["code", "Connections that ended, by farewell or fault"],
  peer_faults_total: ["code", "Faults that cost points, by code"],
  bans_total: ["by", "Bans, of the operator and by rule"],
  partition_alarms_total: [undefined, "Times the network came to look partitioned"],
} as const satisfies Record<string, readonly [string | undefined, string]>;

export type PeerFigure = keyof typeof peerFigures;

export class PeerCounts {
  private readonly counts = new Map<PeerFigure, Map<string, number>>();

  onEvent(event: NodeEvent): void {
    switch (event.type) {
      case "peer-ready":
        return this.count("peer_connects_total", event.inbound ? "inbound" : "outbound");
      case "dial-failed":
        return this.count("dials_failed_total", "");
      case "connection-refused":
        return this.count("connections_refused_total", event.code);
      case "connection-evicted":
        return this.count("connections_evicted_total", event.code);
      case "peer-closed":
        return this.count("connections_closed_total", event.code);
      case "peer-blamed":
        return this.count("peer_faults_total", event.code);
      case "peer-discouraged":
        return this.count("bans_total", "rule");
      case "banned":
        return this.count("bans_total", "operator");
      case "reach-changed":
        if (event.isPartitioned) this.count("partition_alarms_total", "");
    }
  }

  /** What was counted so far; a figure without a label has one value from the beginning. */
  reading(figure: PeerFigure): Reading {
    const [label] = peerFigures[figure];
    const counts = this.counts.get(figure);
    if (label === undefined) return [[{}, counts?.get("") ?? 0]];
    return [...(counts ?? [])].map(([value, count]) => [{ [label]: value }, count]);
  }

  private count(figure: PeerFigure, value: string): void {
    const counts = this.counts.get(figure) ?? new Map<string, number>();
    this.counts.set(figure, counts);
    counts.set(value, (counts.get(value) ?? 0) + 1);
  }
}
