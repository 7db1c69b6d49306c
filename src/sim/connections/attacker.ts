/**
 * One attacker with whole netgroups of machines: every address in them answers, proves an identity
 * of its own and behaves like a good peer, but for what it says about others. It floods whom it is
 * told to flood, greets each connection with as many signed addresses as it can, and answers
 * `get_peers` with its own. Not a manager: it keeps no rules but those whose breach would end its
 * connections. protocol-spec/09-connections §3
 */
import { acceptedConn } from "../../edge/conn.ts";
import { recordPreimage } from "../../model/address-record.ts";
import { type NodeId, nodeIdOf } from "../../model/ids.ts";
import { connectionLimits } from "../../params/limits.ts";
import { type AddressEntry, encodeAddressEntries, ip16Of } from "../../wire/address.ts";
import type { Message } from "../../wire/messages.ts";
import { SeededRandom } from "../seeded-random.ts";
import { helloOf, networkId } from "./light-node.ts";
import { End, hostOf, type Introduction, type LightWorld, type Party } from "./light-world.ts";

export interface AttackPlan {
  /** Netgroups that are the attacker's. */
  readonly groups: number;
  /** Addresses in each at which it names a machine. */
  readonly machinesPerGroup: number;
  /** Of what it tells: addresses where nobody is, in anybody's netgroups, to fill books. */
  readonly trashPercent: number;
  /** Of what it tells: honest addresses, said to be its own identities'. */
  readonly honestPercent: number;
  /** Signed addresses with which it greets on each connection that it opens. */
  readonly greetings: number;
}

interface Identity {
  readonly seed: Uint8Array;
  readonly nodeId: NodeId;
}

const port = 5_000;
const firstOctet = 100;
const trashOctet = 150;
const ping = 1;

export class Attacker implements Party {
  readonly plan: AttackPlan;
  private readonly world: LightWorld;
  private readonly random: SeededRandom;
  private readonly honest: readonly string[];
  private readonly identities = new Map<string, Identity>();
  private readonly spoken = new Map<string, AddressEntry>();
  private readonly ownEnds = new WeakSet<End>();
  private conns = 0;

  constructor(world: LightWorld, plan: AttackPlan, honest: readonly string[]) {
    this.world = world;
    this.plan = plan;
    this.honest = honest;
    this.random = world.random.fork("attacker");
  }

  /** Is `ip` in one of the attacker's netgroups? */
  static holds(ip: string, groups: number): boolean {
    const [first, second] = ip.split(".").map(Number);
    return first === firstOctet && second !== undefined && second < groups;
  }

  holds(address: string): boolean {
    return Attacker.holds(hostOf(address), this.plan.groups);
  }

  /** `count` machines, as many of each netgroup as of another, dial `target` within `withinMs`. */
  flood(target: string, count: number, withinMs: number): void {
    const shift = this.random.below(this.plan.groups);
    for (let i = 0; i < count; i++) {
      this.world.later(this.random.below(withinMs), () => {
        const end = this.endAt(this.machineOf((shift + i) % this.plan.groups));
        this.ownEnds.add(end);
        this.world.dial(end, target);
        end.delayMs = ping;
      });
    }
  }

  accept(address: string): End {
    return this.endAt(address);
  }

  onConnected(): boolean {
    return true;
  }

  onDialFailed(): void {}

  onClosed(): void {}

  introduce(end: End, remote: string): Introduction {
    const { nodeId } = this.identityOf(end.ip);
    const bootId = new Uint8Array(8).fill(1);
    const features = this.ownEnds.has(end)
      ? []
      : [
          { id: 1, version: 1 },
          { id: 2, version: 1 },
        ];
    const said = { bootId, listenPort: port, seenAddress: remote, features };
    return { nodeId, hello: helloOf(this.world, said) };
  }

  onReady(end: End): void {
    if (!this.ownEnds.has(end)) return;
    for (let i = 0; i < this.plan.greetings; i++) {
      const entry = this.wordOf(this.anyMachine(), `${end.ip}:${port}`, false);
      end.send({ type: "peers", entries: encodeAddressEntries([entry]) });
    }
  }

  onMessage(end: End, message: Message): void {
    if (message.type !== "get_peers") return;
    const count = Math.min(message.count, connectionLimits.addressesPerMessageMax);
    const entries = Array.from({ length: count }, () => this.lie());
    end.send({ type: "peers", entries: encodeAddressEntries(entries) });
  }

  private endAt(address: string): End {
    return new End(this.world, this, acceptedConn(this.conns++), hostOf(address));
  }

  private lie(): AddressEntry {
    const { trashPercent, honestPercent } = this.plan;
    const at = this.random.below(100);
    if (at < trashPercent) {
      const ip = `${trashOctet + this.random.below(10)}.${this.random.below(100)}.1.1`;
      return this.wordOf(`${ip}:${port}`, this.anyMachine(), true);
    }
    const machine = this.anyMachine();
    if (at < trashPercent + honestPercent) {
      return this.wordOf(this.random.pick(this.honest), machine, true);
    }
    return this.wordOf(machine, machine, true);
  }

  /** Signed by the machine at `signer` that it listens at `address`. */
  private wordOf(address: string, signer: string, isKept: boolean): AddressEntry {
    const name = `${address}|${signer}`;
    const known = this.spoken.get(name);
    if (known !== undefined) return known;
    const { seed, nodeId } = this.identityOf(hostOf(signer));
    const signedAtMs = this.world.clock.wallMs;
    const ip16 = ip16Of(hostOf(address))!;
    const ofPort = Number(address.slice(address.lastIndexOf(":") + 1));
    const record = { ip16, port: ofPort, nodeId, services: 1, signedAtMs };
    const signature = this.world.signatures.sign(seed, recordPreimage(networkId, record));
    const entry = { ...record, lastSeenMs: signedAtMs, signature };
    if (isKept) this.spoken.set(name, entry);
    return entry;
  }

  private anyMachine(): string {
    return this.machineOf(this.random.below(this.plan.groups));
  }

  private machineOf(group: number): string {
    const machine = this.random.below(this.plan.machinesPerGroup);
    return `${firstOctet}.${group}.${machine >> 8}.${machine & 0xff}:${port}`;
  }

  private identityOf(ip: string): Identity {
    let identity = this.identities.get(ip);
    if (identity === undefined) {
      const seed = new SeededRandom(`attacker/${ip}`).bytes(32);
      identity = { seed, nodeId: nodeIdOf(this.world.signatures.publicKey(seed)) };
      this.identities.set(ip, identity);
    }
    return identity;
  }
}
