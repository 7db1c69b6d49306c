/**
 * Invariants of a network, checked while it runs: recovery hides bugs, so what is tested is that
 * there was nothing to recover from. A broken one throws `InvariantBroken` at the step that broke
 * it. Which invariants there are: the files of `checkers/`, numbered as in the issue; here they are
 * only told what happens.
 */
import type { SignRequest } from "../edge/effect.ts";
import type { NodeEvent } from "../edge/event.ts";
import type { Transaction } from "../model/transaction.ts";
import { checkBounds, checkMempool } from "./checkers/bounds-checker.ts";
import { ConfluenceChecker } from "./checkers/confluence-checker.ts";
import { FinalityChecker } from "./checkers/finality-checker.ts";
import { HeadChecker } from "./checkers/head-checker.ts";
import { HonestyChecker } from "./checkers/honesty-checker.ts";
import { LivenessChecker } from "./checkers/liveness-checker.ts";
import { NetworkChecker } from "./checkers/network-checker.ts";
import type { Observed } from "./checkers/observed.ts";
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

  constructor(world: Observed) {
    this.world = world;
    this.network = new NetworkChecker(world);
    this.finality = new FinalityChecker(world);
    this.head = new HeadChecker(world);
    this.honesty = new HonestyChecker(world);
    this.validity = new ValidityChecker(world);
    this.liveness = new LivenessChecker(world);
    this.confluence = new ConfluenceChecker(world);
  }

  onStarted(node: SimNode): void {
    if (node.isByzantine) return;
    this.head.onStarted(node);
    this.confluence.watch(node);
  }

  /** Its disk is that of an older day. */
  onRestored(node: SimNode): void {
    node.reportedFinal = { height: 0, hash: "" };
    this.honesty.onRestored(node);
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
        this.finality.onFinalized(node, event.height, event.hash);
        return this.liveness.onFinalized(node, event.slot, event.hash);
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
    this.validity.onExecuted(this.world.nodes[0]!, told.hash);
    this.liveness.onExecuted(told, transactions);
  }

  onSent(transaction: Transaction): void {
    this.liveness.onAccepted(transaction);
  }

  /** What must hold after every step; cheap, for it runs after every step. */
  onStep(node: SimNode): void {
    if (node.isByzantine) return;
    checkMempool(node);
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
  }

  onConverged(): void {
    if (!this.isOver) this.liveness.onConverged();
  }

  onEnd(slots: number, random: SeededRandom): void {
    const { honest, swarm } = this.world;
    if (swarm.isCalm) this.liveness.onCalmEnd(slots);
    if (this.isOver) return this.endForked();
    for (const node of [honest[0]!, random.pick(honest)]) this.confluence.check(node, random);
  }

  private get isOver(): boolean {
    return this.world.swarm.byzantineMode === "over";
  }

  private endForked(): void {
    const halted = this.world.honest.filter(
      ({ node }) => node && insidesOf(node).chain.halted !== undefined,
    );
    this.world.rare.count("safety halt", halted.length);
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
