/**
 * The peers to dial first after a restart: the block-only ones that have been here longest. Nobody
 * can infer those links from addresses or transactions, so whoever makes us restart does not
 * choose our next peers. protocol-spec/09-connections §2
 */
import { connectionLimits } from "../../params/limits.ts";
import type { Connection } from "./connection-table.ts";

/** `ip:port`, at most `blockOnlyTarget`. `outbound` is in order of becoming ready. */
export function anchorsOf(outbound: Iterable<Connection>): readonly string[] {
  const anchors: string[] = [];
  for (const peer of outbound) {
    if (anchors.length >= connectionLimits.blockOnlyTarget) break;
    if (peer.type !== "ready" || peer.manual || peer.target?.kind !== "block-only") continue;
    if (peer.endpoint !== undefined) anchors.push(peer.endpoint.address);
  }
  return anchors;
}
