/**
 * An honest network that lived under attack, and what its nodes would hand in after a restart:
 * real managers on both ends of every honest connection, all of them flooded and lied to. Made
 * once for many runs of the eclipse experiment (eclipse.ts). protocol-spec/09-connections §3
 */
import type { KnownAddress } from "../../net/addresses/address-book.ts";
import type { SeededRandom } from "../seeded-random.ts";
import { Attacker, type AttackPlan } from "./attacker.ts";
import type { KeptPeers } from "./light-node.ts";
import { hostOf } from "./light-world.ts";
import { honestAddress, NodeNetwork, type Wiring } from "./node-network.ts";

export interface PoisonOptions {
  readonly seed: string;
  readonly plan: AttackPlan;
  readonly nodes: number;
  readonly minutes: number;
}

export interface Resident {
  readonly address: string;
  readonly kept: KeptPeers;
}

const minute = 60_000;
const floodPerMinute = 8;
/** Enough to be a large book, whose answers are kept for a day; the rest is left out for speed. */
const sampleMax = 280;

export class PoisonedNetwork {
  readonly plan: AttackPlan;
  readonly residents: readonly Resident[];
  readonly wiring: Wiring;
  /** Honest nodes with no honest outbound peer. */
  readonly eclipsed: number;
  /** Of all their outbound connections, in percent. */
  readonly attackerPercent: number;
  /** Of all the addresses in their books, in percent. */
  readonly poisonPercent: number;
  readonly blames: readonly { readonly ip: string; readonly code: string }[];

  constructor({ seed, plan, nodes, minutes }: PoisonOptions) {
    this.plan = plan;
    const addresses = Array.from({ length: nodes }, (_, i) => honestAddress(i));
    let attacker: Attacker | undefined;
    const network = new NodeNetwork(`poisoned/${seed}`, (address) =>
      attacker?.holds(address) ? attacker : undefined,
    );
    const { world } = network;
    attacker = new Attacker(world, plan, addresses);
    addresses.forEach((address, i) => {
      const bootstrap = i === 0 ? [] : addresses.slice(0, 1);
      const node = network.add({ address, bootstrap });
      world.later(i === 0 ? 0 : world.random.below(minute / 2), () => node.start());
    });
    for (let at = 0; at < minutes; at++) {
      world.run(minute);
      for (const address of addresses) attacker.flood(address, floodPerMinute, minute);
    }
    const isTheirs = (address: string) => Attacker.holds(hostOf(address), plan.groups);
    const linked = network.nodes.map((node) => {
      const peers = node.outbound();
      return { all: peers.length, theirs: peers.filter((peer) => isTheirs(peer.address)).length };
    });
    this.wiring = network.wiring();
    this.eclipsed = linked.filter(({ all, theirs }) => all === theirs).length;
    this.attackerPercent = percent(sum(linked, "theirs"), sum(linked, "all"));
    this.blames = network.nodes.flatMap((node) => node.blamed);
    const honest = new Set(addresses);
    let known = 0;
    let poison = 0;
    this.residents = network.nodes.map((node) => {
      const kept = node.stop();
      known += kept.knownAddresses.length;
      poison += kept.knownAddresses.filter(({ address }) => !honest.has(address)).length;
      const knownAddresses = sampleOf(kept.knownAddresses, world.random);
      return { address: node.address, kept: { ...kept, knownAddresses } };
    });
    this.poisonPercent = percent(poison, known);
  }
}

function sampleOf(known: readonly KnownAddress[], random: SeededRandom): readonly KnownAddress[] {
  const proven = known.filter((each) => each.confirmed);
  const others = known.filter((each) => !each.confirmed);
  while (others.length > 0 && proven.length + others.length > sampleMax) {
    others[random.below(others.length)] = others.at(-1)!;
    others.pop();
  }
  return [...proven, ...others];
}

function sum<K extends string>(items: readonly Readonly<Record<K, number>>[], key: K): number {
  return items.reduce((total, item) => total + item[key], 0);
}

/** With one decimal. */
export const percent = (part: number, of: number): number =>
  of === 0 ? 0 : Math.round((1_000 * part) / of) / 10;
