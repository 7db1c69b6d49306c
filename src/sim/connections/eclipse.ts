/**
 * One run of the eclipse experiment: a newcomer that knows one honest node joins a network under
 * attack, is flooded and lied to from its first second, and is made to restart over and over with
 * what it had written down. Looked at every minute: whose are its outbound connections?
 *
 * The victim is a real manager. So are the honest nodes, with the books of a network that lived
 * under the same attack (poisoned-network.ts); their own dials are left out, for speed. The
 * attacker brings every block first. protocol-spec/09-connections
 */
import type { SeededRandom } from "../seeded-random.ts";
import { Attacker } from "./attacker.ts";
import type { KeptPeers, LightNode } from "./light-node.ts";
import { hostOf } from "./light-world.ts";
import { fullSlots, honestPort, NodeNetwork, quietSlots } from "./node-network.ts";
import { type PoisonedNetwork, percent } from "./poisoned-network.ts";

export interface EclipseOptions {
  readonly seed: string;
  readonly run: number;
  readonly restarts: number;
  /** How long the victim runs from one restart to the next; undefined: a few minutes, by chance. */
  readonly lifeMinutes?: number | undefined;
}

export interface EclipseReport {
  readonly run: number;
  /** At some look all outbound slots were filled, and all by the attacker. */
  readonly captured: boolean;
  /** At some look no outbound peer was honest, whether or not all slots were filled. */
  readonly surrounded: boolean;
  readonly looks: number;
  /** Of all outbound connections at all looks. */
  readonly attackerPercent: number;
  readonly mostOfAttacker: number;
  /** Of all outbound slots at all looks. */
  readonly filledPercent: number;
  /** Inbound peers of the attacker at the last look, of all. */
  readonly inboundOfAttacker: number;
  readonly inbound: number;
  /** Addresses in the book at the end; those of the attacker's machines or of nobody. */
  readonly book: number;
  readonly poison: number;
}

const second = 1_000;
const minute = 60 * second;
const blockMs = 15 * second;
const victimAddress = `60.1.1.1:${honestPort}`;
const outboundSlots = fullSlots + quietSlots;
/** What an honest node's own dials would take of its 50 slots. */
const inboundOfHonest = 39;
const floodAtStart = 50;
const floodPerMinute = 8;

export class Eclipse {
  private readonly network: NodeNetwork;
  private readonly attacker: Attacker;
  private readonly victim: LightNode;
  private readonly random: SeededRandom;
  private readonly options: EclipseOptions;
  private readonly groups: number;
  private readonly honest: ReadonlySet<string>;
  private looks = 0;
  private seen = 0;
  private seenOfAttacker = 0;
  private mostOfAttacker = 0;
  private captured = false;
  private surrounded = false;

  constructor(ground: PoisonedNetwork, options: EclipseOptions) {
    this.options = options;
    this.groups = ground.plan.groups;
    const { residents } = ground;
    this.honest = new Set(residents.map(({ address }) => address));
    const kept = new Map(residents.map((each) => [each.address, each.kept]));
    this.network = new NodeNetwork(`eclipse/${options.seed}/${options.run}`, (address) => {
      if (this.attacker.holds(address)) return this.attacker;
      const known = kept.get(address);
      return known && this.wake(address, known);
    });
    const { world } = this.network;
    this.random = world.random.fork("experiment");
    this.attacker = new Attacker(world, ground.plan, [...this.honest]);
    const bootstrap = [this.random.pick(residents).address];
    this.victim = this.network.add({ address: victimAddress, bootstrap });
  }

  run(): EclipseReport {
    let kept: KeptPeers | undefined;
    for (let life = 0; life <= this.options.restarts; life++) {
      this.live(kept);
      const inbound = life === this.options.restarts ? this.inbound() : undefined;
      const now = this.victim.stop();
      if (inbound !== undefined) return this.report(inbound, now);
      // A quarter of the restarts are crashes, which leave what was written a life ago.
      kept = this.random.chance(25) ? (kept ?? now) : now;
      this.network.world.run(this.random.between(5 * second, 2 * minute));
    }
    throw new Error("unreachable: the last life ends in a report");
  }

  private live(kept: KeptPeers | undefined): void {
    const { attacker, network, victim } = this;
    attacker.flood(victimAddress, floodAtStart, 30 * second);
    victim.start(kept);
    const minutes = this.options.lifeMinutes ?? this.random.between(2, 5);
    for (let at = 0; at < minutes; at++) {
      for (let passed = 0; passed < minute; passed += blockMs) {
        network.world.run(blockMs);
        this.bringBlock();
      }
      this.look();
      attacker.flood(victimAddress, floodPerMinute, minute);
    }
  }

  private bringBlock(): void {
    const ready = this.victim.manager.peers().filter((peer) => peer.state === "ready");
    const theirs = ready.filter((peer) => this.isTheirs(peer.address));
    const from = theirs.length > 0 ? theirs : ready;
    if (from.length > 0) this.victim.onBlock(this.random.pick(from).conn);
    // All others have it too, a moment later.
    this.victim.onBlockOfAll();
  }

  private look(): void {
    const peers = this.victim.outbound();
    const theirs = peers.filter((peer) => this.isTheirs(peer.address)).length;
    this.looks++;
    this.seen += peers.length;
    this.seenOfAttacker += theirs;
    this.mostOfAttacker = Math.max(this.mostOfAttacker, theirs);
    const isSurrounded = theirs > 0 && theirs === peers.length;
    if (isSurrounded) this.surrounded = true;
    if (isSurrounded && peers.length >= outboundSlots) this.captured = true;
  }

  private inbound(): { readonly all: number; readonly theirs: number } {
    const peers = this.victim.manager
      .peers()
      .filter((peer) => peer.inbound && peer.state === "ready");
    return {
      all: peers.length,
      theirs: peers.filter((peer) => this.isTheirs(peer.address)).length,
    };
  }

  private report(
    inbound: { readonly all: number; readonly theirs: number },
    { knownAddresses }: KeptPeers,
  ): EclipseReport {
    const { captured, surrounded, looks, mostOfAttacker, seen, seenOfAttacker } = this;
    return {
      ...{ run: this.options.run, captured, surrounded, looks, mostOfAttacker },
      attackerPercent: percent(seenOfAttacker, seen),
      filledPercent: percent(seen, looks * outboundSlots),
      inboundOfAttacker: inbound.theirs,
      inbound: inbound.all,
      book: knownAddresses.length,
      poison: knownAddresses.filter(({ address }) => !this.honest.has(address)).length,
    };
  }

  private isTheirs(address: string): boolean {
    return Attacker.holds(hostOf(address), this.groups);
  }

  /** An honest node begins to run when it is first dialled. */
  private wake(address: string, kept: KeptPeers): LightNode {
    const limits = { peersMax: inboundOfHonest, outboundTarget: 0 };
    const node = this.network.add({ address, bootstrap: [], ...limits });
    node.start(kept);
    return node;
  }
}
