/**
 * I1: no two final blocks conflict, over all honest nodes and all time. I2: finality of a node only
 * moves to descendants, and is durable before it counts. I6: where it failed for too many cheats, the certificates name a third of
 * the validators or more, and no honest one. And what nodes report is what the oracle finds.
 *
 *   f1 ── f2 ── f3        one line for all nodes; a report joins it or stretches it
 *          └── x          a report beside it: I1 is broken
 */
import { finalityKey } from "../../chain/records.ts";
import { culpritCertificatesMax, culpritsOf } from "../../finality/culprits.ts";
import { finalOf, type OracleBlock } from "../../finality/final-of.ts";
import type { BlockHash } from "../../model/ids.ts";
import type { Recovery } from "../../model/recovery.ts";
import type { ToldBlock } from "../chronicle.ts";
import type { SimNode } from "../sim-node.ts";
import { broken } from "./broken.ts";
import type { Observed } from "./observed.ts";

/** The oracle looks at so many blocks at least; older ones rest on one that it found final. */
const windowBlocks = 300;

export class FinalityChecker {
  private readonly world: Observed;
  private readonly line = new Map<number, BlockHash>();
  private oracle: ReadonlySet<string> = new Set();
  private base: ToldBlock | undefined;
  private readonly seen = new Map<SimNode, object>();
  /** Two chains are final: with a third of Byzantine validators, and then only. */
  isForked = false;

  constructor(world: Observed) {
    this.world = world;
  }

  /** What a node holds to be final a power cut does not take from it. */
  onStep(node: SimNode): void {
    const finalized = node.node?.queries.finalized();
    if (finalized === undefined || this.seen.get(node) === finalized) return;
    this.seen.set(node, finalized);
    const { height } = finalized;
    // By decision: of genesis, or of people.
    if (height === 0 || this.world.recoveries.some(({ block }) => block.height === height)) return;
    if (!node.store.isDurable(finalityKey(height))) {
      broken(node, `block ${height} is final at it before that is durable`);
    }
  }

  onFinalized(node: SimNode, told: ToldBlock): void {
    const { rare, swarm } = this.world;
    const { height, hash } = told;
    rare.count("block finalized");
    this.checkMonotone(node, told);
    node.reportedFinal = { height, hash };
    if (swarm.byzantineMode === "over") return this.joinOrAccuse(node, told);
    if (this.world.recoveries.length > 0) rare.count("final after a recovery");
    const isNews = this.line.get(height) !== hash;
    if (!this.join(told)) broken(node, `conflicting final block at ${height}`);
    if (isNews) this.checkOracle(node, told);
  }

  /**
   * By the decision of people its block is final, the same for all: it must stand on whatever
   * anybody reported, for nothing final is undone. Finality goes on from it.
   */
  onRecovered({ block }: Recovery): void {
    const { honest, chronicle } = this.world;
    const told = chronicle.blocks.get(block.hash);
    for (const node of honest) {
      if (told !== undefined) this.checkMonotone(node, told);
    }
    if (told === undefined || !this.join(told)) {
      broken(honest[0]!, `a recovery at ${block.height} beside the final chain`);
    }
    this.base = told;
  }

  /** New final blocks since the last report of any node, lowest first. */
  private join(told: ToldBlock): boolean {
    const { blocks } = this.world.chronicle;
    let at: ToldBlock | undefined = told;
    while (at !== undefined) {
      const known = this.line.get(at.height);
      if (known === at.hash) return true;
      if (known !== undefined) return false;
      this.line.set(at.height, at.hash);
      at = blocks.get(at.parent);
    }
    return true;
  }

  private checkMonotone(node: SimNode, told: ToldBlock): void {
    const { height, hash } = node.reportedFinal;
    if (told.height < height) broken(node, `finality fell from ${height} to ${told.height}`);
    if (height === 0) return;
    let at: ToldBlock | undefined = told;
    while (at !== undefined && at.height > height) {
      at = this.world.chronicle.blocks.get(at.parent);
    }
    if (at?.hash !== hash) broken(node, `finality left block ${hash} for ${told.hash}`);
  }

  private checkOracle(node: SimNode, told: ToldBlock): void {
    if (this.oracle.has(told.hash)) return;
    const { blocks, votes } = this.world.chronicle;
    const lowest = this.base?.slot ?? -1;
    const all: OracleBlock[] = [...blocks.values()].filter(({ slot }) => slot > lowest);
    if (this.base !== undefined) all.push(...grounded(this.base));
    this.oracle = finalOf(
      all,
      votes.filter(({ target }) => target.slot > lowest),
    );
    if (!this.oracle.has(told.hash)) {
      broken(node, `reports block ${told.hash} at ${told.height} final, the oracle does not`);
    }
    // Only a justified block may be the ground: who is final by a child one slot later is.
    const ground = blocks.get(told.justified.hash as BlockHash);
    if (all.length > windowBlocks && ground !== undefined) this.base = ground;
  }

  private joinOrAccuse(node: SimNode, told: ToldBlock): void {
    if (this.isForked || this.join(told)) return;
    this.isForked = true;
    const { chronicle, nodes, rare, swarm } = this.world;
    rare.count("two final chains");
    const all = [...chronicle.certificates.values()];
    all.sort((a, b) => b.certificate.data.targetSlot - a.certificate.data.targetSlot);
    const culprits = culpritsOf(all.slice(0, culpritCertificatesMax));
    const guilty = new Set(culprits.map(({ validator }) => validator));
    for (const key of guilty) {
      const owner = nodes.find((each) => each.options.validatorKey === key);
      if (!owner?.isByzantine) broken(node, `an honest validator ${key} is named a culprit`);
    }
    if (3 * guilty.size < swarm.validators) {
      broken(node, `two chains are final, and only ${guilty.size} culprits are named`);
    }
  }
}

/** `block` as justified ground for the oracle: a set of nobody, on a genesis of its own. */
function grounded(block: ToldBlock): OracleBlock[] {
  const genesis = {
    slot: 0,
    hash: "ground",
    parent: "",
    set: [],
    justified: { slot: 0, hash: "" },
  };
  const { slot, hash } = block;
  return [genesis, { slot, hash, parent: "ground", set: [], justified: { slot: 0, hash: "" } }];
}
