/**
 * I7: validity is a function of a block and what it stands on: what one honest node executed no
 * other calls invalid. I11: the supply is genesis, a reward for each block, and one for each piece
 * of evidence. Whom a chain convicted seals no more on it. And honest sealers make no invalid blocks.
 */
import { decodeEvidence } from "../../model/evidence.ts";
import type { BlockHash, PublicKey } from "../../model/ids.ts";
import { type Transaction, transactionTypes } from "../../model/transaction.ts";
import type { ToldBlock } from "../chronicle.ts";
import type { SimNode } from "../sim-node.ts";
import { broken } from "./broken.ts";
import type { Observed } from "./observed.ts";

export class ValidityChecker {
  private readonly world: Observed;
  private readonly invalid = new Map<BlockHash, string>();
  /** By the evidence in a block and those below it. */
  private readonly convicted = new Map<BlockHash, ReadonlySet<PublicKey>>();

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

  /** Somebody executed it, and what it stands on before it. */
  onExecuted(node: SimNode, told: ToldBlock, transactions: readonly Transaction[]): void {
    const verdict = this.invalid.get(told.hash);
    if (verdict !== undefined) broken(node, `executed block ${told.hash}, invalid at ${verdict}`);
    const { recoveries } = this.world;
    const isNewStart = recoveries.some(({ block }) => block.hash === told.parent);
    const before = (isNewStart ? undefined : this.convicted.get(told.parent)) ?? new Set();
    const { sealer } = told.sealed.header;
    if (before.has(sealer)) broken(node, `executed block ${told.hash} of a convicted sealer`);
    const fresh = transactions.flatMap(({ type, payload }) => {
      const evidence = type === transactionTypes.evidence ? decodeEvidence(payload) : undefined;
      return evidence === undefined || "code" in evidence ? [] : [evidence.validator];
    });
    this.convicted.set(told.hash, fresh.length === 0 ? before : new Set([...before, ...fresh]));
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
