/** What checkers see of the world. */
import type { BlockHash, NodeId } from "../../model/ids.ts";
import type { Recovery } from "../../model/recovery.ts";
import type { Chronicle } from "../chronicle.ts";
import type { RareEventCounts } from "../rare-events.ts";
import type { SimNode } from "../sim-node.ts";
import type { Swarm } from "../swarm.ts";

export interface Observed {
  /** Clones and Byzantine ones too. */
  readonly nodes: readonly SimNode[];
  readonly honest: readonly SimNode[];
  readonly rare: RareEventCounts;
  readonly chronicle: Chronicle;
  readonly swarm: Swarm;
  /** What people decided so far, in order. */
  readonly recoveries: readonly Recovery[];
  readonly genesisHash: BlockHash;
  readonly genesisSupply: bigint;
  readonly blockReward: bigint;
  now(): number;
  /** By the clock of the world. */
  slot(): number;
  nodeOf(nodeId: NodeId | undefined, address: string): SimNode | undefined;
}
