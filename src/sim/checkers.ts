/**
 * Invariants of a network, checked while it runs: recovery hides bugs, so what is tested is that
 * there was nothing to recover from. A broken one throws `InvariantBroken` at the step that broke
 * it. Which invariants there are: the files of `checkers/`, numbered as in the issue; here they are
 * only told what happens.
 */
import type { SignRequest } from "../edge/effect.ts";
import type { NodeEvent } from "../edge/event.ts";
import type { BlockHash } from "../model/ids.ts";
import type { Recovery } from "../model/recovery.ts";
import type { Transaction } from "../model/transaction.ts";
import { checkBounds, checkMempool } from "./checkers/bounds-checker.ts";
import { broken } from "./checkers/broken.ts";
import { ConfluenceChecker } from "./checkers/confluence-checker.ts";
import { FinalityChecker } from "./checkers/finality-checker.ts";
import { HeadChecker } from "./checkers/head-checker.ts";
import { HonestyChecker } from "./checkers/honesty-checker.ts";
import { LightClientChecker } from "./checkers/light-client-checker.ts";
import { LivenessChecker } from "./checkers/liveness-checker.ts";
import { NetworkChecker } from "./checkers/network-checker.ts";
import type { Observed } from "./checkers/observed.ts";
import { QuorumLossChecker } from "./checkers/quorum-loss-checker.ts";
import { ReplayChecker } from "./checkers/replay-checker.ts";
import { ValidityChecker } from "./checkers/validity-checker.ts";
import type { ToldBlock } from "./chronicle.ts";
import { insidesOf } from "./insides.ts";
import type { SeededRandom } from "./seeded-random.ts";
import type { SimNode } from "./sim-node.ts";

export class Checkers {
  private readonly world: Observed;
  private readonly network: NetworkChecker;
  private readonly finality: FinalityChecker;
  private readonly head: HeadChecker;
  private readonly honesty: HonestyChecker;
  private readonly validity: ValidityChecker;
  private readonly liveness: LivenessChecker;
  private readonly confluence: ConfluenceChecker;
  private readonly lightClient: LightClientChecker;
  private readonly quorumLoss: QuorumLossChecker;
  private readonly replay: ReplayChecker;

  constructor(world: Observed) {
    this.world = world;
    this.network = new NetworkChecker(world);
    this.finality = new FinalityChecker(world);
    this.head = new HeadChecker(world);
    this.honesty = new HonestyChecker(world);
    this.validity = new ValidityChecker(world);
    this.liveness = new LivenessChecker(world);
    this.confluence = new ConfluenceChecker(world);
    this.lightClient = new LightClientChecker(world);
    this.quorumLoss = new QuorumLossChecker(world);
    this.replay = new ReplayChecker(world);
  }

  onStarted(node: SimNode): void {
    this.quorumLoss.onStarted(node);
    if (node.isByzantine) return;
    this.head.onStarted(node);
    this.confluence.watch(node);
  }

  /** Its disk is that of an older day. */
  onRestored(node: SimNode): void {
    node.reportedFinal = { height: 0, hash: "" };
    this.honesty.onRestored(node);
  }

  /** People decided, and all nodes are stopped to adopt it. */
  onRecovered(recovery: Recovery): void {
    this.finality.onRecovered(recovery);
    this.lightClient.onRecovered(recovery);
    this.quorumLoss.onRecovered();
  }

  onSigned(node: SimNode, request: SignRequest): void {
    if (!node.isByzantine) this.honesty.onSigned(node, request);
  }

  onEvent(node: SimNode, event: NodeEvent): void {
    this.countRare(node, event);
    if (event.type === "sealed") this.honesty.onSealed(node, event.height, event.hash);
    if (node.isByzantine) return;
    switch (event.type) {
      case "peer-blamed":
      case "peer-closed":
        return this.isOver ? undefined : this.network.onEvent(node, event);
      case "block-rejected":
        return this.validity.onRejected(node, event.hash, event.code);
      case "finalized":
        return this.onFinalized(node, event.slot, event.hash);
      case "head-moved":
        this.head.onHeadMoved(node, event);
        return this.honesty.onHeadMoved(node, event.hash);
      case "safety-halt":
        if (!this.isOver) throw new Error(`${node.name}: halts: ${event.detail}`);
        return;
      default:
    }
  }

  onExecuted(told: ToldBlock, transactions: readonly Transaction[]): void {
    this.validity.onExecuted(this.world.nodes[0]!, told, transactions);
    this.liveness.onExecuted(told, transactions);
  }

  onSent(transaction: Transaction): void {
    this.liveness.onAccepted(transaction);
  }

  /** What must hold after every step; cheap, for it runs after every step. */
  onStep(node: SimNode): void {
    if (node.isByzantine) return;
    checkMempool(node);
    this.finality.onStep(node);
    this.head.onStep(node);
  }

  /** Dearer checks, now and then. */
  onPause(): void {
    for (const node of this.world.honest) {
      this.network.onPause(node);
      this.validity.onPause(node);
      checkBounds(node, this.world.nodes.length);
    }
    this.liveness.onPause();
    if (!this.isOver) this.quorumLoss.onPause();
  }

  onConverged(): void {
    if (!this.isOver) this.liveness.onConverged();
  }

  /** Everybody agrees, on a final block of after `slot`; a fork by cheats never does. */
  hasConverged(slot: number): boolean {
    return !this.isOver && this.liveness.hasConverged(slot);
  }

  onEnd(slots: number, random: SeededRandom): void {
    const { honest, swarm } = this.world;
    if (swarm.isCalm) this.liveness.onCalmEnd(slots);
    if (this.isOver) return this.endForked();
    for (const node of [honest[0]!, random.pick(honest)]) this.confluence.check(node, random);
    this.replay.check(random.pick(honest));
  }

  private onFinalized(node: SimNode, slot: number, hash: BlockHash): void {
    const told = this.world.chronicle.blocks.get(hash);
    if (told === undefined) broken(node, `reports an unheard-of block ${hash} final`);
    this.finality.onFinalized(node, told);
    if (!this.isOver) this.lightClient.onFinalized(node, told);
    this.liveness.onFinalized(node, slot, hash);
  }

  private get isOver(): boolean {
    return this.world.swarm.byzantineMode === "over";
  }

  /** I6: those who halted name who cheated, as far as they know, and nobody else. */
  private endForked(): void {
    const { honest, nodes, rare } = this.world;
    for (const each of honest) {
      if (each.node === undefined) continue;
      const { chain } = insidesOf(each.node);
      if (chain.halted === undefined) continue;
      rare.count("safety halt");
      const named = chain.evidence().map(({ validator }) => validator);
      if (named.length > 0) rare.count("culprits named by a halted node");
      for (const key of named) {
        const owner = nodes.find(({ options }) => options.validatorKey === key);
        if (!owner?.isByzantine) broken(each, `names an honest validator, ${key}`);
      }
    }
  }

  private countRare(node: SimNode, event: NodeEvent): void {
    const { rare } = this.world;
    if (event.type === "orphan-resolved") rare.count("orphan resolved");
    else if (event.type === "dial-failed") rare.count("dial failed");
    else if (event.type === "transaction-rejected") rare.count("transaction refused");
    else if (event.type === "clock-jumped") rare.count("clock jumped");
    else if (event.type === "evidence-found") rare.count("evidence found");
    else if (event.type === "doppelganger") rare.count("doppelganger seen");
    else if (event.type === "vote-refused" && !node.isByzantine) rare.count("vote refused");
    else if (event.type === "head-moved") rare.count("transaction confirmed", event.transactions);
  }
}
