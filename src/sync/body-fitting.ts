/**
 * Which missing bodies may be asked for now: in order, what is not on its way yet and has room. NOT
 * whom to ask (block-download.ts). Invariant: what the executed chain waits for is never put off.
 * protocol-spec/09-connections §5.
 *
 *   executed | held, on their way ...................... | room for 20 | missing ...
 *            '------------- bodyWindowBlocks ---------------------'
 *                                         put off: soon there is room for 64 at once
 */
import { syncLimits } from "../params/limits.ts";
import type { BodyWindow } from "./body-window.ts";
import type { SyncChain, SyncNode } from "./sync-chain.ts";

export interface Fitting {
  readonly wanted: readonly SyncNode[];
  /** There is room, but for too few to ask for: a request for those costs as much as a large one. */
  readonly isPutOff: boolean;
}

export function fittingBodies(
  chain: Pick<SyncChain, "node">,
  window: BodyWindow,
  missing: readonly SyncNode[],
): Fitting {
  const wanted: SyncNode[] = [];
  let bytes = 0;
  for (const node of missing) {
    if (window.requestOf(node.hash) !== undefined) continue;
    bytes += node.sealed.header.bodyBytes;
    const isFront = node === missing[0];
    if (!isFront && !window.hasRoom(wanted.length + 1, bytes)) {
      const isSliver = wanted.length < syncLimits.requestBlocksMin && window.isFullOfBlocks;
      if (isSliver && !isAwaited(chain, wanted[0])) return { wanted: [], isPutOff: true };
      break;
    }
    wanted.push(node);
  }
  return { wanted, isPutOff: false };
}

/** Is `node` what the executed chain waits for? */
function isAwaited(chain: Pick<SyncChain, "node">, node: SyncNode | undefined): boolean {
  const parent = node && chain.node(node.sealed.header.parentHash);
  return parent?.status === "executed";
}
