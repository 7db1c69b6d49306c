/**
 * What one question for bodies asks for: of what is missing, in order, as much as a question may
 * hold. NOT who is asked (block-download.ts). Invariant: at least one body, however large, if any
 * is to be had; otherwise at most `requestBytesMax`. protocol-spec/09-connections §5.
 */
import { syncLimits } from "../params/limits.ts";
import type { SyncNode } from "./sync-chain.ts";

/** The first of `nodes` that are to be had, at most `countMax` and `requestBytesMax`. */
export function shareOf(
  nodes: readonly SyncNode[],
  countMax: number,
  has: (node: SyncNode) => boolean,
): ReadonlySet<SyncNode> {
  const share = new Set<SyncNode>();
  let bytes = 0;
  for (const node of nodes) {
    if (share.size === countMax) break;
    if (!has(node)) continue;
    bytes += node.sealed.header.bodyBytes;
    if (share.size > 0 && bytes > syncLimits.requestBytesMax) break;
    share.add(node);
  }
  return share;
}
