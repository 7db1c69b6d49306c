/**
 * Many nodes in virtual time without a validator among them: blocks are sealed outside and handed to
 * a node by chance, which publishes them as its own. All lines are alike, and each node does one thing at a time: what it receives
 * waits until it is done with what came before, for a fixed time a frame and a block. Handshakes,
 * encryption and relay are those of real nodes; signatures are only hashes, their time is counted.
 */
import { asciiBytes } from "../src/base/bytes.ts";
import type { Conn } from "../src/edge/conn.ts";
import { commandJob } from "../src/edge/conn.ts";
import type { NodeEvent } from "../src/edge/event.ts";
import type { NetworkFile } from "../src/model/network-file.ts";
import type { CheapSignatures } from "../src/sim/cheap-signatures.ts";
import { insidesOf, spyOn } from "../src/sim/insides.ts";
import type { SeededRandom } from "../src/sim/seeded-random.ts";
import { BlockCopies } from "./block-copies.ts";
import { publishAsOwn } from "./block-publisher.ts";
import { VirtualNode, type VirtualWorld } from "./virtual-node.ts";
import type { MadeSlot } from "./vote-maker.ts";

/** Milliseconds of a node's only processor. */
export interface Costs {
  readonly receivedFrameMs: number;
  readonly sentFrameMs: number;
  /** Besides its frame: put together, checked, executed, passed on. */
  readonly blockMs: number;
}

export interface PropagationNetworkOptions {
  readonly nodes: number;
  readonly dials: number;
  /** Of a line, one way. */
  readonly delayMs: number;
  readonly costs: Costs;
  readonly network: {
    readonly file: NetworkFile;
    readonly text: string;
    readonly genesisHash: Uint8Array;
  };
  readonly signatures: CheapSignatures;
  readonly random: SeededRandom;
  /** `atMs`: when the node is done with it. */
  readonly onEvent: (node: number, event: NodeEvent, atMs: number) => void;
}

interface End {
  readonly to: number;
  readonly conn: Conn;
}

const sampledOneIn = 64;
/** Blocks wait for no timer: those of pings and of what did not come may be late. */
const timerMs = 20;
const addressOf = (index: number) => `${20 + (index >> 8)}.${index & 255}.1.1:4321`;

export class PropagationNetwork {
  readonly copies = new BlockCopies();
  /** What this process really used for some steps, beside what is counted as `Costs`. */
  readonly used = { frames: 0, frameUs: 0, blocks: 0, blockUs: 0 };
  private readonly world: VirtualWorld;
  private readonly options: PropagationNetworkOptions;
  private readonly nodes: VirtualNode[] = [];
  private readonly indexes = new Map<string, number>();
  /** Whom each dials: two nodes have one line. */
  private readonly dialled = new Map<string, ReadonlySet<string>>();
  /** The other ends of each node's connections. */
  private readonly ends: Map<Conn, End>[] = [];
  private readonly busyUntil: Float64Array;
  private blocksSeen = 0;
  private received = 0;
  private sent = 0;
  private commands = 0;

  constructor(world: VirtualWorld, options: PropagationNetworkOptions) {
    this.world = world;
    this.options = options;
    this.busyUntil = new Float64Array(options.nodes);
    for (let index = 0; index < options.nodes; index++) {
      this.indexes.set(addressOf(index), index);
      this.ends.push(new Map());
      this.nodes.push(this.makeNode(index));
    }
  }

  start(): void {
    for (const node of this.nodes) node.step({ type: "started" });
  }

  /** Connections between nodes. */
  get lines(): number {
    return this.ends.reduce((sum, { size }) => sum + size, 0) / 2;
  }

  submit(index: number, bytes: Uint8Array): void {
    const command = { type: "submit-transaction", bytes } as const;
    this.nodes[index]!.step({ type: "command", job: commandJob(this.commands++), command });
  }

  /** As a block of its own. */
  publish(index: number, made: MadeSlot): void {
    publishAsOwn(this.nodes[index]!, made);
  }

  private makeNode(index: number): VirtualNode {
    const { dials, network, nodes, onEvent, random, signatures } = this.options;
    const chosen = new Set<string>();
    while (chosen.size < Math.min(dials, nodes >> 1)) {
      const other = addressOf(random.below(nodes));
      const isLined = this.dialled.get(other)?.has(addressOf(index)) ?? false;
      if (other !== addressOf(index) && !isLined) chosen.add(other);
    }
    this.dialled.set(addressOf(index), chosen);
    const made = new VirtualNode(this.world, {
      node: {
        networkFile: network.file,
        networkFileBytes: asciiBytes(network.text),
        nodeSeed: random.bytes(32),
        validator: undefined,
        // No addresses are told: who listens nowhere has none.
        listenPort: 0,
        connect: [...chosen],
        // Lines are as made: nobody looks for more.
        ...{ agent: "windlass-bench", peersMax: 50, outboundTarget: 0, allowPrivate: true },
      },
      ...{ signatures, seed: undefined, fsyncMs: 5, timerMs },
      dial: (_from, conn, address) => this.connect(index, conn, address),
      write: (_from, conn, bytes) => this.write(index, conn, bytes.slice()),
      onEvent: (event) => onEvent(index, event, this.doneAt(index)),
    });
    this.copies.watch(made.node);
    spyOn(insidesOf(made.node).chain, "importBlock", () => {
      this.blocksSeen++;
      this.spend(index, this.options.costs.blockMs);
    });
    return made;
  }

  private doneAt(index: number): number {
    return Math.max(this.busyUntil[index]!, this.world.clock.monotonicMs);
  }

  private spend(index: number, ms: number): void {
    this.busyUntil[index] = this.doneAt(index) + ms;
  }

  /** Clocks count whole milliseconds. */
  private at(ms: number, action: () => void): void {
    this.world.after(Math.ceil(ms) - this.world.clock.monotonicMs, action);
  }

  private connect(from: number, conn: Conn, address: string): void {
    const to = this.indexes.get(address);
    if (to === undefined) throw new Error(`nobody is at ${address}`);
    this.world.after(this.options.delayMs, () => {
      const node = this.nodes[to]!;
      const accepted = node.nextConn();
      this.ends[from]!.set(conn, { to, conn: accepted });
      this.ends[to]!.set(accepted, { to: from, conn });
      const inbound = addressOf(from).replace(":4321", ":50000");
      node.step({ type: "connected", conn: accepted, inbound: true, address: inbound });
      this.nodes[from]!.step({ type: "connected", conn, inbound: false, address });
    });
  }

  private write(from: number, conn: Conn, bytes: Uint8Array): void {
    const end = this.ends[from]!.get(conn);
    if (end === undefined) return;
    const { costs, delayMs } = this.options;
    this.sent++;
    this.spend(from, costs.sentFrameMs);
    this.at(this.doneAt(from) + delayMs, () => {
      this.spend(end.to, costs.receivedFrameMs);
      this.at(this.doneAt(end.to), () => this.receive(end, bytes));
    });
  }

  private receive({ to, conn }: End, bytes: Uint8Array): void {
    const input = { type: "bytes", conn, bytes } as const;
    // To ask for the time takes time.
    if (this.received++ % sampledOneIn !== 0) return this.nodes[to]!.step(input);
    const seen = this.blocksSeen;
    const sent = this.sent;
    const before = process.cpuUsage();
    this.nodes[to]!.step(input);
    const { user, system } = process.cpuUsage(before);
    const { used } = this;
    if (this.blocksSeen === seen) {
      used.frames += 1 + this.sent - sent;
      used.frameUs += user + system;
    } else {
      used.blocks += this.blocksSeen - seen;
      used.blockUs += user + system;
    }
  }
}
