/**
 * Many connection managers in one virtual time: TCP, handshakes and delivery are played with a
 * delay for each line, and nothing else. NOT the simulator of whole nodes (world.ts): no sessions,
 * no chain, so that hundreds of nodes run for hours in seconds.
 *
 *     dial ──2 delays──> connected ──2──> dialler ready ──1──> acceptor ready; then messages in order
 *
 * Invariant: a function of its seed. protocol-spec/09-connections
 */
import { Heap } from "../../base/heap.ts";
import type { Conn } from "../../edge/conn.ts";
import type { NodeId } from "../../model/ids.ts";
import type { Hello, Message } from "../../wire/messages.ts";
import { CheapSignatures } from "../cheap-signatures.ts";
import { SeededRandom } from "../seeded-random.ts";

/** Who a party proves to be at one end, and what it says there. */
export interface Introduction {
  readonly nodeId: NodeId;
  readonly hello: Hello;
}

/** Somebody who has connections: a node, or an attacker with all its machines. */
export interface Party {
  /** Of the connection that somebody opens to its address `ip:port`. */
  accept(address: string): End;
  /** False: it closes at once. */
  onConnected(end: End, inbound: boolean, remote: string): boolean;
  onDialFailed(end: End): void;
  introduce(end: End, remote: string): Introduction;
  onReady(end: End, who: Introduction): void;
  onMessage(end: End, message: Message): void;
  onClosed(end: End): void;
}

/** `refused`: the machine says no at once; `silent`: nothing comes back. */
type Answer = Party | "refused" | "silent";

const ephemeralPort = 40_000;

export class End {
  readonly party: Party;
  readonly conn: Conn;
  readonly ip: string;
  isOpen = true;
  /** Undefined until it is connected. */
  far: End | undefined;
  delayMs = 0;
  private readonly world: LightWorld;

  constructor(world: LightWorld, party: Party, conn: Conn, ip: string) {
    this.world = world;
    this.party = party;
    this.conn = conn;
    this.ip = ip;
  }

  send(message: Message): boolean {
    const { far } = this;
    if (!this.isOpen || far === undefined) return false;
    this.world.later(this.delayMs, () => {
      if (far.isOpen) far.party.onMessage(far, message);
    });
    return true;
  }

  close(): void {
    const { far, isOpen } = this;
    this.isOpen = false;
    if (isOpen && far !== undefined) this.world.later(this.delayMs, () => far.cut());
  }

  /** The connection is gone, and the party learns it. */
  cut(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.party.onClosed(this);
  }
}

export class LightWorld {
  readonly clock = { monotonicMs: 0, wallMs: 1_800_000_000_000 };
  readonly signatures = new CheapSignatures();
  readonly random: SeededRandom;
  private readonly due = new Heap<() => void>();
  private readonly whoIsAt: (address: string) => Answer;
  private readonly lines: SeededRandom;
  /** Of ips: can nothing pass between them now? */
  private isApart: (a: string, b: string) => boolean = () => false;
  private readonly ends = new Set<End>();
  private ports = 0;

  constructor(seed: string, whoIsAt: (address: string) => Answer) {
    this.random = new SeededRandom(seed);
    this.lines = this.random.fork("lines");
    this.whoIsAt = whoIsAt;
  }

  later(delayMs: number, run: () => void): void {
    this.due.push(this.clock.monotonicMs + delayMs, run);
  }

  /** Runs whatever is due until `ms` from now. */
  run(ms: number): void {
    const endAt = this.clock.monotonicMs + ms;
    while (this.due.nextAt <= endAt) {
      this.passTo(this.due.nextAt);
      this.due.pop()?.value();
    }
    this.passTo(endAt);
  }

  /** From now on nothing passes between `isApart` ones; what stands between them ends. */
  part(isApart: (a: string, b: string) => boolean): void {
    this.isApart = isApart;
    for (const end of [...this.ends]) {
      if (!end.isOpen) this.ends.delete(end);
      else if (end.far !== undefined && isApart(end.ip, end.far.ip)) {
        end.far.cut();
        end.cut();
      }
    }
  }

  heal(): void {
    this.isApart = () => false;
  }

  /** Opens `end`, whose party dials `address`. */
  dial(end: End, address: string): void {
    end.delayMs = this.lines.between(5, 80);
    this.later(2 * end.delayMs, () => this.connect(end, address));
  }

  private connect(end: End, address: string): void {
    if (!end.isOpen) return;
    const found = this.whoIsAt(address);
    if (found === "silent" || this.isApart(end.ip, hostOf(address))) return;
    if (found === "refused") {
      end.isOpen = false;
      end.party.onDialFailed(end);
      return;
    }
    const far = found.accept(address);
    end.far = far;
    far.far = end;
    far.delayMs = end.delayMs;
    this.ends.add(end);
    if (this.ends.size > 4_096) this.sweep();
    const from = `${end.ip}:${ephemeralPort + (this.ports++ % 20_000)}`;
    if (!end.party.onConnected(end, false, address)) return this.abandon(end, far);
    if (!far.party.onConnected(far, true, from)) {
      far.isOpen = false;
      this.later(end.delayMs, () => end.cut());
      return;
    }
    this.later(2 * end.delayMs, () => this.prove(end, far, address, from));
  }

  private prove(end: End, far: End, address: string, from: string): void {
    if (!end.isOpen) return;
    const us = end.party.introduce(end, address);
    const them = far.party.introduce(far, from);
    // Before what the dialler sends once it is ready: its proof comes first.
    this.later(end.delayMs, () => {
      if (far.isOpen) far.party.onReady(far, us);
    });
    end.party.onReady(end, them);
  }

  private abandon(end: End, far: End): void {
    end.isOpen = false;
    far.isOpen = false;
  }

  private sweep(): void {
    for (const end of this.ends) if (!end.isOpen) this.ends.delete(end);
  }

  private passTo(at: number): void {
    const passed = Math.max(0, at - this.clock.monotonicMs);
    this.clock.monotonicMs += passed;
    this.clock.wallMs += passed;
  }
}

export const hostOf = (address: string): string => address.slice(0, address.lastIndexOf(":"));
