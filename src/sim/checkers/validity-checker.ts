/**
 * I7: validity is a function of a block and what it stands on: what one honest node executed no
 * other calls invalid. I11: the supply is genesis, a reward for each block, and one for each piece
 * of evidence. And honest sealers make no invalid blocks.
 */
import type { BlockHash, PublicKey } from "../../model/ids.ts";
import type { SimNode } from "../sim-node.ts";
import { broken } from "./broken.ts";
import type { Observed } from "./observed.ts";

export class ValidityChecker {
  private readonly world: Observed;
  private readonly invalid = new Map<BlockHash, string>();

  constructor(world: Observed) {
    this.world = world;
  }

  onRejected(node: SimNode, hash: BlockHash, code: string): void {
    const told = this.world.chronicle.blocks.get(hash);
    this.invalid.set(hash, `${node.name}: ${code}`);
    if (told?.evidenceUpTo !== undefined) {
      broken(node, `calls block ${hash} invalid (${code}), another node executed it`);
    }
    const sealer = told?.sealed.header.sealer;
    if (sealer !== undefined && this.isHonestKey(sealer)) {
      broken(node, `rejects an honest block ${hash}: ${code}`);
    }
  }

  /** Somebody executed it. */
  onExecuted(node: SimNode, hash: BlockHash): void {
    const verdict = this.invalid.get(hash);
    if (verdict !== undefined) broken(node, `executed block ${hash}, invalid at ${verdict}`);
  }

  onPause(node: SimNode): void {
    const queries = node.node?.queries;
    if (queries === undefined) return;
    const { genesisSupply, blockReward, chronicle } = this.world;
    const head = queries.head();
    const evidence = chronicle.blocks.get(head.hash)?.evidenceUpTo ?? 0;
    const supply = genesisSupply + BigInt(head.height + evidence) * blockReward;
    if (queries.supply() !== supply) broken(node, `supply ${queries.supply()}, not ${supply}`);
  }

  private isHonestKey(key: PublicKey): boolean {
    return this.world.nodes.every((each) => each.options.validatorKey !== key || !each.isByzantine);
  }
}
