/**
 * Two halves of a network that could not hear each other for long, and how their full outbound
 * peers mix again: at once after the healing hardly any lies on the other side, since every slot
 * was filled on the own one. protocol-spec/09-connections §2
 */
import type { LightNode } from "./light-node.ts";
import { honestAddress, NodeNetwork } from "./node-network.ts";
import { percent } from "./poisoned-network.ts";

export interface MixingOptions {
  readonly seed: string;
  readonly nodes: number;
  /** Full slots of each. */
  readonly outboundTarget?: number;
}

export interface MixingLook {
  readonly hours: number;
  /** Of all full outbound links, those to the other half; of a random network a good half. */
  readonly acrossPercent: number;
  /** Nodes that have no full outbound peer in the other half. */
  readonly withoutAny: number;
  /** Full peers that went for others, of one node on average since the healing. */
  readonly turns: number;
}

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const formMs = 20 * minute;
const partedMs = 30 * minute;
/** Everybody shows the newest block this often. */
const blockMs = 30 * second;

export class Mixing {
  readonly network: NodeNetwork;
  private readonly sides = new Map<string, number>();

  constructor({ seed, nodes, ...limits }: MixingOptions) {
    this.network = new NodeNetwork(`mixing/${seed}`);
    for (let i = 0; i < nodes; i++) {
      const bootstrap = i === 0 ? [] : [honestAddress(0)];
      const node = this.network.add({ address: honestAddress(i), bootstrap, ...limits });
      this.sides.set(node.ip, i % 2);
      this.network.world.later(this.network.world.random.below(minute), () => node.start());
    }
  }

  /** Forms, parts for hours, heals; then a look at once and after each of `hours`. */
  *run(hours: number): Generator<MixingLook> {
    const { world } = this.network;
    this.live(formMs);
    world.part((a, b) => this.sides.get(a) !== this.sides.get(b));
    this.live(partedMs);
    world.heal();
    const before = this.turns();
    for (let at = 0; at <= hours; at++) {
      yield this.look(at, this.turns() - before);
      if (at < hours) this.live(hour);
    }
  }

  private live(ms: number): void {
    for (let passed = 0; passed < ms; passed += blockMs) {
      this.network.world.run(blockMs);
      for (const node of this.network.nodes) if (node.isUp) node.onBlockOfAll();
    }
  }

  private look(hours: number, turns: number): MixingLook {
    const { nodes } = this.network;
    const across = nodes.map((node) => this.across(node));
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
    return {
      hours,
      acrossPercent: percent(
        sum(across.map(({ across }) => across)),
        sum(across.map(({ full }) => full)),
      ),
      withoutAny: across.filter(({ across }) => across === 0).length,
      turns: Math.round((10 * turns) / nodes.length) / 10,
    };
  }

  private across(node: LightNode): { readonly full: number; readonly across: number } {
    const full = node.outbound().filter(({ kind }) => kind === "full");
    const side = this.sides.get(node.ip);
    const isAcross = (address: string) => {
      const other = this.sides.get(address.slice(0, address.lastIndexOf(":")));
      return other !== undefined && other !== side;
    };
    return { full: full.length, across: full.filter((peer) => isAcross(peer.address)).length };
  }

  private turns(): number {
    return this.network.nodes.reduce((sum, node) => sum + (node.evicted.get("rotated") ?? 0), 0);
  }
}
