/**
 * Many nodes in virtual time on a healthy network: each dials some others, every line has its own
 * delay, disks take a few milliseconds, all validators are there. Signatures are only hashes: what
 * is measured is who waits for whom, not the CPU.
 */
import { asciiBytes } from "../src/base/bytes.ts";
import type { Conn } from "../src/edge/conn.ts";
import type { NodeEvent } from "../src/edge/event.ts";
import { systemRandom } from "../src/host/system.ts";
import { CheapSignatures } from "../src/sim/cheap-signatures.ts";
import { VirtualNode, VirtualWorld } from "./virtual-node.ts";
import { networkOf, validatorsOf } from "./vote-maker.ts";

export interface VirtualNetworkOptions {
  readonly validators: number;
  readonly slotMs: number;
  /** Of a line, one way. */
  readonly delayMsMin: number;
  readonly delayMsMax: number;
  readonly fsyncMs: number;
  /** Lines that each node makes. */
  readonly dials: number;
  readonly onEvent: (node: number, event: NodeEvent) => void;
}

interface End {
  readonly to: VirtualNode;
  readonly conn: Conn;
  readonly delayMs: number;
}

/** Genesis lies so far ahead: by then all are connected. */
const aheadMs = 5000;
const addressOf = (index: number) => `10.0.${index + 1}.1:4321`;

export class VirtualNetwork {
  readonly world = new VirtualWorld();
  readonly genesisTimeMs: number;
  private readonly options: VirtualNetworkOptions;
  private readonly nodes: VirtualNode[] = [];
  private readonly byAddress = new Map<string, VirtualNode>();
  /** The other ends of each node's connections. */
  private readonly ends = new Map<VirtualNode, Map<Conn, End>>();

  constructor(options: VirtualNetworkOptions) {
    this.options = options;
    const { slotMs, fsyncMs } = options;
    const signatures = new CheapSignatures();
    const validators = validatorsOf(signatures, options.validators);
    this.genesisTimeMs = this.world.clock.wallMs + aheadMs;
    const { file, text } = networkOf(validators, slotMs, this.genesisTimeMs);
    for (const [index, { seed, key }] of validators.entries()) {
      const floors = { sealSlot: 0, sourceSlot: 0, targetSlot: 0 };
      const node = new VirtualNode(this.world, {
        node: {
          networkFile: file,
          networkFileBytes: asciiBytes(text),
          nodeSeed: systemRandom.bytes(32),
          validator: { key, floors, isFresh: true },
          listenPort: 4321,
          connect: this.dialled(index),
          // Lines are as made: nobody looks for more.
          ...{ agent: "windlass-bench", peersMax: 50, outboundTarget: 0, allowPrivate: true },
        },
        ...{ signatures, seed, fsyncMs },
        dial: (from, conn, address) => this.connect(from, conn, address),
        write: (from, conn, bytes) => this.write(from, conn, bytes.slice()),
        onEvent: (event) => options.onEvent(index, event),
      });
      this.nodes.push(node);
      this.byAddress.set(addressOf(index), node);
      this.ends.set(node, new Map());
    }
    for (const node of this.nodes) node.step({ type: "started" });
  }

  /** Up to the start of `slot`. */
  runTo(slot: number): void {
    const { clock } = this.world;
    this.world.run(this.genesisTimeMs + slot * this.options.slotMs - clock.wallMs);
  }

  /** Its neighbours on a ring, so that all are joined, and others by chance. */
  private dialled(index: number): readonly string[] {
    const { validators, dials } = this.options;
    const chosen = new Set<number>();
    if (index > 0) chosen.add(index - 1);
    while (chosen.size < Math.min(dials, index)) chosen.add(Math.floor(Math.random() * index));
    return [...chosen].filter((other) => other < validators).map(addressOf);
  }

  private connect(from: VirtualNode, conn: Conn, address: string): void {
    const to = this.byAddress.get(address);
    if (to === undefined) throw new Error(`nobody is at ${address}`);
    const { delayMsMin, delayMsMax } = this.options;
    const delayMs = delayMsMin + Math.floor(Math.random() * (delayMsMax - delayMsMin + 1));
    this.world.after(delayMs, () => {
      const accepted = to.nextConn();
      this.ends.get(from)!.set(conn, { to, conn: accepted, delayMs });
      this.ends.get(to)!.set(accepted, { to: from, conn, delayMs });
      const inbound = "10.1.0.1:50000";
      to.step({ type: "connected", conn: accepted, inbound: true, address: inbound });
      from.step({ type: "connected", conn, inbound: false, address });
    });
  }

  private write(from: VirtualNode, conn: Conn, bytes: Uint8Array): void {
    const end = this.ends.get(from)!.get(conn);
    if (end === undefined) return;
    this.world.after(end.delayMs, () => end.to.step({ type: "bytes", conn: end.conn, bytes }));
  }
}
