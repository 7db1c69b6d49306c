/**
 * How a network forms and mends itself: nodes that know one bootstrap node, a partition, the death
 * of the bootstrap node, all peers gone for an hour. Each step ends when the nodes are one component
 * with all outbound slots full, and says how long that took. protocol-spec/09-connections §2
 */
import type { KeptPeers, LightNode } from "./light-node.ts";
import { honestAddress, NodeNetwork, type Wiring } from "./node-network.ts";

export interface FormationOptions {
  readonly seed: string;
  readonly nodes: number;
}

export interface FormationStep {
  readonly name: FormationStepName;
  /** Until whole; undefined: never, in the time it had. */
  readonly tookMs: number | undefined;
  readonly wiring: Wiring;
}

export const formationSteps = [
  "formed from one bootstrap node",
  "healed after a partition",
  "the bootstrap node died, and newcomers joined",
  "all peers down for an hour and back",
  "everybody restarted at once without the bootstrap node",
] as const;
export type FormationStepName = (typeof formationSteps)[number];

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const lookMs = 5 * second;
const patienceMs = 20 * minute;

export class Formation {
  readonly network: NodeNetwork;
  private readonly count: number;

  constructor({ seed, nodes }: FormationOptions) {
    this.network = new NodeNetwork(`formation/${seed}`);
    this.count = nodes;
  }

  /** All steps up to `last`, one after the other in one network. */
  *run(last: FormationStepName = formationSteps[4]): Generator<FormationStep> {
    for (const name of formationSteps) {
      yield this.step(name);
      if (name === last) return;
    }
  }

  /** Blames among honest nodes: there must be none. */
  get blames(): readonly { readonly ip: string; readonly code: string }[] {
    return this.network.nodes.flatMap((node) => node.blamed);
  }

  private step(name: FormationStepName): FormationStep {
    switch (name) {
      case "formed from one bootstrap node":
        return this.untilWhole(name, () => this.join(0, this.count, 30 * second));
      case "healed after a partition":
        this.partFor(10 * minute);
        return this.untilWhole(name, () => this.network.world.heal());
      case "the bootstrap node died, and newcomers joined":
        return this.untilWhole(name, () => this.loseBootstrap());
      case "all peers down for an hour and back":
        return this.untilWhole(name, this.downFor(hour));
      case "everybody restarted at once without the bootstrap node":
        return this.untilWhole(name, this.restartAll());
    }
  }

  /** Nodes `from` to `to` come, by chance within `withinMs`. They know the first one. */
  private join(from: number, to: number, withinMs: number): void {
    const { network } = this;
    const { random } = network.world;
    for (let i = from; i < to; i++) {
      const bootstrap = i === 0 ? [] : [honestAddress(0)];
      const node = network.add({ address: honestAddress(i), bootstrap });
      network.world.later(i === 0 ? 0 : random.below(withinMs), () => node.start());
    }
  }

  /** Two halves that cannot hear each other. */
  private partFor(ms: number): void {
    const { network } = this;
    const side = new Map(network.nodes.map((node, i) => [node.ip, i % 2]));
    network.world.part((a, b) => side.get(a) !== side.get(b));
    network.world.run(ms);
  }

  /** For good; newcomers know nobody but two nodes that joined before. */
  private loseBootstrap(): void {
    const { network } = this;
    const [first] = network.nodes;
    if (first === undefined) return;
    first.stop();
    network.remove(first);
    const friends = network.nodes.slice(0, 2).map((node) => node.address);
    for (let i = 0; i < 5; i++) {
      const address = honestAddress(this.count + i);
      network.add({ address, bootstrap: [first.address, ...friends] }).start();
    }
  }

  /** One stays and dials in vain, all others are off. */
  private downFor(ms: number): () => void {
    const [, ...others] = this.network.nodes;
    const kept = new Map<LightNode, KeptPeers>(others.map((node) => [node, node.stop()]));
    this.network.world.run(ms);
    return () => {
      for (const [node, known] of kept) node.start(known);
    };
  }

  private restartAll(): () => void {
    const kept = new Map(this.network.nodes.map((node) => [node, node.stop()]));
    this.network.world.run(minute);
    return () => {
      for (const [node, known] of kept) node.start(known);
    };
  }

  private untilWhole(name: FormationStepName, begin: () => void): FormationStep {
    const { network } = this;
    begin();
    for (let tookMs = lookMs; ; tookMs += lookMs) {
      network.world.run(lookMs);
      const areAllUp = network.nodes.every((node) => node.isUp);
      const wiring = network.wiring();
      const isWhole = areAllUp && wiring.components.length === 1 && wiring.full === wiring.up;
      if (isWhole) return { name, tookMs, wiring };
      if (tookMs >= patienceMs) return { name, tookMs: undefined, wiring };
    }
  }
}
