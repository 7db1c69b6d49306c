/**
 * The simulation of the propagation bench, a process of its own for its memory: blocks from random
 * nodes over a network in virtual time, and when each node had executed each of them.
 *
 *   transactions into the mempools | connect | blocks to warm up | blocks that count
 */
import { emptyBytes } from "../src/base/bytes.ts";
import type { NodeEvent } from "../src/edge/event.ts";
import { systemRandom } from "../src/host/system.ts";
import { publicKeyOf } from "../src/model/ids.ts";
import { addressOfKey, signTransaction, type Transaction } from "../src/model/transaction.ts";
import { CheapSignatures } from "../src/sim/cheap-signatures.ts";
import { SeededRandom } from "../src/sim/seeded-random.ts";
import { encodedBytes } from "../src/wire/codec.ts";
import { listenToParent, planOf, tellParent } from "./child.ts";
import { type Costs, PropagationNetwork } from "./propagation-network.ts";
import { rounded } from "./report.ts";
import { VirtualWorld } from "./virtual-node.ts";
import { networkOf, VoteMaker, validatorsOf } from "./vote-maker.ts";

export interface PropagationPlan {
  readonly nodes: number;
  readonly dials: number;
  readonly delayMs: number;
  readonly costs: Costs;
  readonly blocks: number;
  /** Before those: who pushes to whom has to settle. */
  readonly warmUpBlocks: number;
  readonly transactionsPerBlock: number;
  /** Of a block's transactions each node has so many pending, each node others. */
  readonly knownPercent: number;
  readonly seed: string;
}

export interface Propagated {
  readonly type: "propagated";
  /** For each block at each node but its publisher; what is missing was not delivered. */
  readonly takenMs: readonly number[];
  readonly wanted: number;
  readonly perDelivery: Readonly<Record<string, number>>;
  readonly transactionBytesPerBlock: number;
  /** As `new_block`. */
  readonly wholeBytesPerBlock: number;
  readonly lines: number;
  /** Ends of connections and faults while it ran: none is expected. */
  readonly troubles: Readonly<Record<string, number>>;
  /** CPU of this process for a frame, sent or received, and for a block with its frame. */
  readonly usedMs: { readonly frame: number; readonly block: number };
  readonly cpuSeconds: number;
  readonly rssMib: number;
}

const slotMs = 2000;
const aheadMs = 20_000;
const connectMs = 10_000;
/** Of a slot. */
const publishedAtMs = 200;

class Deliveries {
  hash = "";
  publishedAtMs = 0;
  readonly taken: number[] = [];
  readonly troubles: Record<string, number> = {};
  private reached = new Set<number>();

  begin(hash: string, publisher: number, nowMs: number): void {
    this.hash = hash;
    this.publishedAtMs = nowMs;
    this.reached = new Set([publisher]);
  }

  onEvent(node: number, event: NodeEvent, atMs: number): void {
    if (event.type === "peer-blamed") console.error(event);
    if (event.type === "peer-blamed" || event.type === "block-rejected") this.trouble(event.code);
    if (event.type === "peer-closed") this.trouble(event.code);
    if (event.type !== "head-moved" || event.hash !== this.hash) return;
    if (this.reached.has(node)) return;
    this.reached.add(node);
    this.taken.push(atMs - this.publishedAtMs);
  }

  private trouble(code: string): void {
    this.troubles[code] = (this.troubles[code] ?? 0) + 1;
  }
}

class Simulation {
  private readonly plan: PropagationPlan;
  private readonly world = new VirtualWorld();
  private readonly random: SeededRandom;
  private readonly deliveries = new Deliveries();
  private readonly genesisTimeMs: number;
  private readonly maker: VoteMaker;
  private readonly network: PropagationNetwork;
  private readonly transactions: readonly Transaction[];
  private wholeBytes = 0;

  constructor(plan: PropagationPlan) {
    this.plan = plan;
    this.random = new SeededRandom(plan.seed);
    const { clock } = this.world;
    this.genesisTimeMs = clock.wallMs + aheadMs;
    const signatures = new CheapSignatures();
    const validators = validatorsOf(signatures, 1);
    const senders = validatorsOf(signatures, plan.blocks * plan.transactionsPerBlock).map(
      (each) => ({
        ...each,
        address: addressOfKey(each.key),
      }),
    );
    const accounts = senders.map(({ address }) => ({ address, balance: 1_000_000n }));
    const network = networkOf(validators, slotMs, this.genesisTimeMs, accounts);
    this.maker = new VoteMaker(clock, signatures, validators, network.file);
    const to = addressOfKey(publicKeyOf(systemRandom.bytes(32)));
    this.transactions = senders.map(({ seed, key }) =>
      signTransaction(
        {
          ...{ type: 0, sender: key, nonce: 0n, fee: 2n, validUntilSlot: 0, to, amount: 1n },
          payload: emptyBytes,
        },
        network.genesisHash,
        (preimage) => signatures.sign(seed, preimage),
      ),
    );
    const { costs, delayMs, dials, nodes } = plan;
    this.network = new PropagationNetwork(this.world, {
      ...{ nodes, dials, delayMs, costs, network, signatures },
      random: this.random.fork("lines"),
      onEvent: (node, event, atMs) => this.deliveries.onEvent(node, event, atMs),
    });
  }

  run(): Omit<Propagated, "cpuSeconds" | "rssMib" | "type"> {
    const { blocks, nodes, transactionsPerBlock: count, warmUpBlocks } = this.plan;
    const { copies, used } = this.network;
    this.fillMempools();
    this.network.start();
    this.runTo(this.world.clock.wallMs + connectMs);
    const { lines } = this.network;
    this.runTo(this.genesisTimeMs + slotMs);
    for (let slot = 1; slot <= warmUpBlocks; slot++) this.publish(slot, []);
    this.deliveries.taken.length = 0;
    copies.take(1);
    Object.assign(used, { frames: 0, frameUs: 0, blocks: 0, blockUs: 0 });
    this.wholeBytes = 0;
    for (let block = 0; block < blocks; block++) {
      const transactions = this.transactions.slice(block * count, (block + 1) * count);
      this.publish(warmUpBlocks + 1 + block, transactions);
    }
    const takenMs = this.deliveries.taken;
    const bytes = this.transactions.reduce((sum, each) => sum + each.bytes.length, 0);
    return {
      ...{ takenMs, wanted: blocks * (nodes - 1), lines, troubles: this.deliveries.troubles },
      perDelivery: copies.take(takenMs.length),
      transactionBytesPerBlock: bytes / blocks,
      wholeBytesPerBlock: this.wholeBytes / blocks,
      usedMs: {
        frame: rounded(used.frameUs / used.frames / 1000),
        block: rounded(used.blockUs / used.blocks / 1000),
      },
    };
  }

  /** Before there is anybody to tell: what it costs to spread them is not measured here. */
  private fillMempools(): void {
    const { knownPercent, nodes } = this.plan;
    for (const { bytes } of this.transactions) {
      for (let node = 0; node < nodes; node++) {
        if (this.random.below(100) < knownPercent) this.network.submit(node, bytes);
      }
    }
  }

  private runTo(wallMs: number): void {
    this.world.run(wallMs - this.world.clock.wallMs);
  }

  private publish(slot: number, transactions: readonly Transaction[]): void {
    const startMs = this.genesisTimeMs + slot * slotMs;
    this.runTo(startMs + publishedAtMs);
    const at = this.random.below(this.plan.nodes);
    const made = this.maker.make(slot, transactions);
    const { header, body } = made;
    this.wholeBytes += encodedBytes({ type: "new_block", header, body });
    this.deliveries.begin(made.hash, at, this.world.clock.monotonicMs);
    this.network.publish(at, made);
    this.runTo(startMs + slotMs);
  }
}

const done = new Simulation(planOf<PropagationPlan>()).run();
const { user, system } = process.cpuUsage();
const told: Propagated = {
  type: "propagated",
  ...done,
  cpuSeconds: rounded((user + system) / 1_000_000),
  rssMib: Math.round(process.resourceUsage().maxRSS / 1024),
};
listenToParent(() => undefined);
tellParent({ ...told });
