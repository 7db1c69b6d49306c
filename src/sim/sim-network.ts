/**
 * The wires between simulated nodes: latency, bandwidth, writes cut at random bytes, dials that
 * fail, cuts and partitions. Delivers bytes in order or ends the connection, as TCP does.
 * Knows no protocol. Addresses are 10.0.<node>.1:4321, ephemeral ports above.
 */
import { assert } from "../base/assert.ts";
import type { Conn } from "../edge/conn.ts";
import type { SeededRandom } from "./seeded-random.ts";

export interface NetworkFaults {
  readonly latencyMsMin: number;
  readonly latencyMsMax: number;
  readonly dialLossPercent: number;
  readonly bytesPerSecond: number;
  /** Chance that one write is cut into pieces that arrive apart. */
  readonly splitPercent: number;
}

/** One side of a connection, as its node sees it. */
export interface End {
  readonly node: number;
  readonly conn: Conn;
  readonly other: () => End | undefined;
  readonly link: Wire;
  /** Bytes that arrived while the node was not reading. */
  held: Uint8Array[];
  /** Bytes for this side that a one-way partition keeps on the wire. */
  stuck: Uint8Array[];
  reading: boolean;
  writesInFlight: number;
  /** When the last byte sent will be on the wire, and when it will have arrived. */
  sentAt: number;
  arrivedAt: number;
  open: boolean;
}

export interface Wire {
  readonly latencyMs: number;
  ends: [End, End];
}

/** What the world is asked to do later. */
export interface NetworkPort {
  now(): number;
  at(timeMs: number, action: () => void): void;
  isUp(node: number): boolean;
  nextConn(node: number): Conn;
  onConnected(end: End, inbound: boolean, address: string): void;
  onDialFailed(node: number, conn: Conn, reason: string): void;
  onBytes(end: End, bytes: Uint8Array): void;
  onRoom(end: End): void;
  onClosed(end: End, reason: string): void;
}

export const nodeAddress = (node: number): string => `10.0.${node + 1}.1:4321`;

export class SimNetwork {
  private readonly port: NetworkPort;
  private readonly random: SeededRandom;
  private readonly faults: NetworkFaults;
  /** The side of the partition a node is on; all 0 when the network is whole. */
  private sides: number[];
  /** Directions, "from>to", in which bytes stall; nobody is told. */
  private stalled: ReadonlySet<string> = new Set();
  /** Added to whatever comes to a node. */
  private readonly slowMs: number[];
  /** Of each node: a dial is of one process, and the next has the same numbers for its own. */
  private readonly crashes: number[];
  private readonly wires = new Set<Wire>();
  private ephemeralPort = 20_000;
  private isLosing = true;

  constructor(port: NetworkPort, random: SeededRandom, faults: NetworkFaults, nodes: number) {
    this.port = port;
    this.random = random;
    this.faults = faults;
    this.sides = new Array<number>(nodes).fill(0);
    this.slowMs = new Array<number>(nodes).fill(0);
    this.crashes = new Array<number>(nodes).fill(0);
  }

  get partitioned(): boolean {
    return this.sides.some((side) => side !== this.sides[0]);
  }

  /** Cuts every wire between sides; dials across fail until the next call. */
  partition(sides: readonly number[]): void {
    this.sides = [...sides];
    for (const wire of [...this.wires]) {
      const [a, b] = wire.ends;
      if (this.sides[a.node] !== this.sides[b.node]) this.cut(wire, "partition");
    }
  }

  /** Bytes from `from` to `to` stay on the wire until the next call; TCP tells nobody. */
  stall(directions: readonly { readonly from: number; readonly to: number }[]): void {
    this.stalled = new Set(directions.map(({ from, to }) => `${from}>${to}`));
    for (const wire of [...this.wires]) for (const end of wire.ends) this.loosen(end);
  }

  /** From now on every dial gets through. */
  stopLosing(): void {
    this.isLosing = false;
  }

  /** From now on all that comes to `node` comes so much later. */
  slow(node: number, ms: number): void {
    this.slowMs[node] = ms;
  }

  /** Cuts one random wire, if there is any. */
  cutOne(): boolean {
    const wires = [...this.wires];
    if (wires.length === 0) return false;
    this.cut(this.random.pick(wires), "reset");
    return true;
  }

  dial(from: number, conn: Conn, address: string): void {
    const to = Number(/^10\.0\.(\d+)\.1:4321$/.exec(address)?.[1] ?? 0) - 1;
    const { latencyMsMin, latencyMsMax, dialLossPercent } = this.faults;
    const latencyMs = this.random.between(latencyMsMin, latencyMsMax);
    const now = this.port.now();
    const exists = to >= 0 && to < this.sides.length;
    const isStalled = this.isStalled(from, to) || this.isStalled(to, from);
    const reachable = exists && this.sides[from] === this.sides[to] && !isStalled;
    const isLost = this.random.chance(dialLossPercent) && this.isLosing;
    const crashes = this.crashes[from];
    const isDialling = () => this.crashes[from] === crashes && this.port.isUp(from);
    if (!reachable || isLost) {
      const waitMs = reachable ? latencyMs : 10_000;
      this.port.at(now + waitMs, () => {
        if (isDialling()) this.port.onDialFailed(from, conn, "timeout");
      });
      return;
    }
    this.port.at(now + 2 * latencyMs, () => {
      if (!isDialling()) return;
      if (!this.port.isUp(to) || this.sides[from] !== this.sides[to]) {
        this.port.onDialFailed(from, conn, "refused");
        return;
      }
      this.connect(from, conn, to, latencyMs);
    });
  }

  /** Sends one frame; `room` follows when it is on the wire. */
  send(end: End, bytes: Uint8Array): void {
    assert(end.open, "only open ends send");
    end.writesInFlight++;
    const now = this.port.now();
    const wireMs = Math.ceil((bytes.length * 1000) / this.faults.bytesPerSecond);
    end.sentAt = Math.max(now, end.sentAt) + wireMs;
    this.port.at(end.sentAt, () => {
      end.writesInFlight--;
      if (end.open) this.port.onRoom(end);
    });
    for (const piece of this.pieces(bytes)) {
      const jitterMs = this.random.below(3) + (this.slowMs[end.other()?.node ?? 0] ?? 0);
      end.arrivedAt = Math.max(end.arrivedAt, end.sentAt + end.link.latencyMs + jitterMs);
      this.port.at(end.arrivedAt, () => this.arrive(end.other(), piece));
    }
  }

  /** The node closes its end after what it has sent. */
  close(end: End): void {
    if (!end.open) return;
    end.open = false;
    const at = Math.max(end.arrivedAt, this.port.now() + end.link.latencyMs);
    this.port.at(at, () => this.end(end.other(), "closed by the peer"));
  }

  /** The node's process is gone: everything in its hands is lost. */
  crash(node: number): void {
    this.crashes[node]!++;
    for (const wire of [...this.wires]) {
      for (const end of wire.ends) {
        if (end.node !== node || !end.open) continue;
        end.open = false;
        const other = end.other();
        this.port.at(this.port.now() + wire.latencyMs, () => this.end(other, "reset"));
      }
    }
  }

  setReading(end: End, on: boolean): void {
    end.reading = on;
    if (on && end.held.length > 0) this.port.at(this.port.now(), () => this.release(end));
  }

  private release(end: End): void {
    while (end.open && end.reading) {
      const bytes = end.held.shift();
      if (bytes === undefined) return;
      this.port.onBytes(end, bytes);
    }
  }

  private connect(from: number, conn: Conn, to: number, latencyMs: number): void {
    const wire = { latencyMs } as Wire;
    const make = (node: number, name: Conn, index: 0 | 1): End => ({
      node,
      conn: name,
      other: () => wire.ends[1 - index],
      link: wire,
      held: [],
      stuck: [],
      reading: true,
      writesInFlight: 0,
      sentAt: 0,
      arrivedAt: 0,
      open: true,
    });
    wire.ends = [make(from, conn, 0), make(to, this.port.nextConn(to), 1)];
    this.wires.add(wire);
    this.ephemeralPort = 20_000 + ((this.ephemeralPort + 1) % 40_000);
    const dialler = nodeAddress(from).replace("4321", String(this.ephemeralPort));
    this.port.onConnected(wire.ends[1], true, dialler);
    this.port.onConnected(wire.ends[0], false, nodeAddress(to));
  }

  private arrive(end: End | undefined, bytes: Uint8Array): void {
    if (end === undefined || !end.open) return;
    const from = end.other()?.node ?? end.node;
    if (end.stuck.length > 0 || this.isStalled(from, end.node)) end.stuck.push(bytes);
    else if (!end.reading || end.held.length > 0) end.held.push(bytes);
    else this.port.onBytes(end, bytes);
  }

  private isStalled(from: number, to: number): boolean {
    return this.stalled.has(`${from}>${to}`);
  }

  private loosen(end: End): void {
    const from = end.other()?.node ?? end.node;
    if (end.stuck.length === 0 || this.isStalled(from, end.node)) return;
    for (const bytes of end.stuck.splice(0)) this.arrive(end, bytes);
  }

  private end(end: End | undefined, reason: string): void {
    if (end === undefined) return;
    this.wires.delete(end.link);
    if (!end.open) return;
    end.open = false;
    this.port.onClosed(end, reason);
  }

  private cut(wire: Wire, reason: string): void {
    this.wires.delete(wire);
    for (const end of wire.ends) this.end(end, reason);
  }

  private pieces(bytes: Uint8Array): Uint8Array[] {
    const pieces: Uint8Array[] = [];
    let at = 0;
    while (at < bytes.length) {
      const rest = bytes.length - at;
      const length = this.random.chance(this.faults.splitPercent)
        ? 1 + this.random.below(Math.min(rest, 1_500))
        : rest;
      // A view: the sender gave the memory away, and a receiver only borrows it.
      pieces.push(length === bytes.length ? bytes : bytes.subarray(at, at + length));
      at += length;
    }
    return pieces;
  }
}
