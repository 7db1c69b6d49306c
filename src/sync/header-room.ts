/**
 * How many headers more may be asked for: as many as the bodies can soon follow, and as the tree in
 * memory surely takes. NOT a bound of the tree (chain/header-gate.ts): this one keeps an honest
 * answer from ever meeting it.
 *
 *   anchor ── executed, not yet durably final ── head ── headers ahead ── best header | room
 *   '------------------------- headersHeldMax ----------------------------------------------'
 *                                                '----- headersAheadMax --------------------'
 *
 * protocol-spec/09-connections §5.
 */
import { syncLimits } from "../params/limits.ts";
import type { SyncChain } from "./sync-chain.ts";

export function headerRoom({
  anchor,
  head,
  bestHeader,
}: Pick<SyncChain, "anchor" | "head" | "bestHeader">): number {
  const ahead = Math.max(0, bestHeader.height - head.height);
  const held = bestHeader.height - anchor.height;
  return Math.min(syncLimits.headersAheadMax - ahead, syncLimits.headersHeldMax - held);
}
