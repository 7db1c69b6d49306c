/**
 * What a ready peer has done for us: told by the node, weighed when somebody must go (eviction.ts,
 * rotation.ts, lagging.ts). It judges nothing. protocol-spec/09-connections §1
 */
export interface Merits {
  /** Monotonic: when it last brought a block, a transaction, that was news. */
  blockAt: number;
  transactionAt: number;
  /** Height up to which it has shown to have blocks that we know; claims do not count. */
  shownHeight: number;
  /** The lowest round trip so far, in milliseconds. */
  pingMs: number;
}

const never = Number.NEGATIVE_INFINITY;

export function noMerits(): Merits {
  return {
    blockAt: never,
    transactionAt: never,
    shownHeight: -1,
    pingMs: Number.POSITIVE_INFINITY,
  };
}
