/**
 * A whole network in virtual time, from one seed: the other host. Runs the same `Node` as `host/`,
 * checks invariants after every step, and keeps a digest of all that happened.
 * Same seed, same digest.
 */
import { Heap } from "../base/heap.ts";
import { genesisBlock } from "../chain/genesis.ts";
import { Ledger } from "../chain/ledger.ts";
import { ed25519 } from "../crypto/ed25519.ts";
import type { SignatureScheme } from "../crypto/signature-scheme.ts";
import type { SignRequest } from "../edge/effect.ts";
import type { NodeEvent } from "../edge/event.ts";
import type { BlockHash, NodeId } from "../model/ids.ts";
import type { Recovery } from "../model/recovery.ts";
import { addressOfKey, type Transaction } from "../model/transaction.ts";
import { CheapSignatures } from "./cheap-signatures.ts";
import { Checkers } from "./checkers.ts";
import { Chronicle, type ToldBlock } from "./chronicle.ts";
import { GovernanceWorkload } from "./governance-workload.ts";
import { RareEventCounts } from "./rare-events.ts";
import { recover } from "./recovering.ts";
import { SeededRandom } from "./seeded-random.ts";
import { balance, blockReward, makeMembers } from "./sim-members.ts";
import { type End, SimNetwork } from "./sim-network.ts";
import type { SimNode } from "./sim-node.ts";
import { Strikes } from "./strikes.ts";
import { type ByzantineMode, drawSwarm, type StagedSwarm, type Swarm } from "./swarm.ts";
import { TraceDigest } from "./trace-digest.ts";
import { Traffic } from "./traffic.ts";
import { Workload } from "./workload.ts";

export interface WorldOptions {
  readonly seed: string;
  readonly nodes: number;
  readonly durationMs: number;
  /** Instead of a duration: about so many slots with faults, of a length drawn more widely. */
  readonly slots?: number | undefined;
  readonly calm?: boolean;
  readonly byzantine?: ByzantineMode;
  /** Of 100 seeds, in how many somebody cheats, if `byzantine` allows it. */
  readonly cheatPercent?: number;
  /** Instead of what is drawn. */
  readonly staged?: StagedSwarm;
  /** Receives every line of the trace. */
  readonly onTrace?: (line: string) => void;
}

export class World {
  readonly swarm: Swarm;
  readonly nodes: readonly SimNode[];
  readonly honest: readonly SimNode[];
  readonly rare = new RareEventCounts();
  readonly chronicle: Chronicle;
  readonly checkers: Checkers;
  readonly genesisSupply: bigint;
  readonly blockReward = blockReward;
  /** What people decided so far. */
  readonly recoveries: Recovery[] = [];
  readonly genesisHash: BlockHash;
  steps = 0;
  private readonly random: SeededRandom;
  private readonly heap = new Heap<() => void>();
  private readonly network: SimNetwork;
  private readonly strikes: Strikes;
  private readonly traffic: Traffic;
  private readonly history = new TraceDigest();
  private readonly onTrace: ((line: string) => void) | undefined;
  private readonly byId: ReadonlyMap<string, SimNode>;
  private nowMs = 0;
  private endMs = 0;

  constructor(options: WorldOptions) {
    this.random = new SeededRandom(`windlass/${options.seed}`);
    this.onTrace = options.onTrace;
    const { nodes, durationMs, slots, calm = false, byzantine: allowed = "none" } = options;
    const isHonest = !this.random.fork("cheats").chance(options.cheatPercent ?? 100);
    const byzantine = calm || isHonest ? "none" : allowed;
    const drawn = drawSwarm(this.random.fork("swarm"), {
      nodes,
      durationMs,
      slots,
      calm,
      byzantine,
    });
    this.swarm = { ...drawn, ...options.staged };
    const { swarm } = this;
    const signatures: SignatureScheme = swarm.realSignatures ? ed25519 : new CheapSignatures();
    const workload = new Workload(this.random.fork("workload"), signatures, 5);
    this.network = this.makeNetwork();
    this.chronicle = new Chronicle((told, transactions) => this.onExecuted(told, transactions));
    const customers = workload.accounts.map(({ key }) => addressOfKey(key));
    const members = makeMembers({
      seed: options.seed,
      swarm,
      random: this.random,
      signatures,
      port: this,
      network: this.network,
      customers,
      onSigned: (node, request) => this.onSigned(this.nodes[node]!, request),
    });
    this.nodes = members.nodes;
    this.honest = this.nodes.filter((node) => !node.isByzantine);
    this.genesisHash = genesisBlock(members.file, new Ledger(members.file)).header.hash;
    this.genesisSupply = balance * BigInt(members.file.accounts.length);
    const lost = swarm.faults.filter(
      ({ fault }) => fault.type === "crash" && fault.loss === "signer",
    );
    const governance = new GovernanceWorkload(this.random.fork("governance"), {
      signatures,
      seeds: members.seeds,
      spares: members.spares,
      unreliable: swarm.cheats.length + lost.length,
    });
    this.traffic = new Traffic({
      ...{ swarm, random: this.random, honest: this.honest, workload, governance },
      at: (timeMs, action) => this.at(timeMs, action),
      onTaken: (transaction) => this.checkers.onSent(transaction),
    });
    this.byId = new Map();
    this.strikes = new Strikes({
      swarm,
      nodes: this.nodes,
      network: this.network,
      rare: this.rare,
      now: () => this.nowMs,
      at: (timeMs, action) => this.at(timeMs, action),
      onRestored: (node) => this.checkers.onRestored(node),
      changeSet: (node, count) => this.traffic.changeSet(node, count),
      recover: () => this.recover(),
    });
    this.checkers = new Checkers(this);
  }

  now(): number {
    return this.nowMs;
  }

  slot(): number {
    return Math.floor(this.nowMs / this.swarm.slotMs);
  }

  /** In whole milliseconds, as clocks count: a budget may fill up between two of them. */
  at(timeMs: number, action: () => void): void {
    this.heap.push(Math.ceil(Math.max(timeMs, this.nowMs)), action);
  }

  /** Runs the whole seed; throws `InvariantBroken` at the step that breaks an invariant. */
  run(): void {
    const { convergeMs, durationMs, quietAtMs, slotMs, faults } = this.swarm;
    this.scheduleStarts();
    for (const { atMs, fault } of faults) this.at(atMs, () => this.strikes.strike(fault));
    this.at(quietAtMs, () => this.strikes.end());
    this.traffic.schedule();
    const pauseMs = Math.max(2_000, 4 * slotMs);
    for (let atMs = pauseMs; atMs < durationMs; atMs += pauseMs) {
      this.at(atMs, () => this.checkers.onPause());
    }
    for (let atMs = quietAtMs + convergeMs; atMs < durationMs; atMs += 5 * slotMs) {
      this.at(atMs, () => this.checkers.onConverged());
    }
    this.endMs = durationMs;
    this.endOnceConverged();
    while (this.heap.nextAt <= this.endMs) {
      const next = this.heap.pop()!;
      this.nowMs = next.at;
      next.value();
    }
    this.nowMs = this.endMs;
    this.checkers.onConverged();
    this.checkers.onEnd(this.slot(), this.random.fork("end"));
  }

  /** Nothing is learned from waiting on after what the rest of the time was for. */
  private endOnceConverged(): void {
    const { calmMs, quietAtMs, slotMs } = this.swarm;
    if (calmMs === undefined) return;
    const quietSlot = Math.ceil(quietAtMs / slotMs);
    const look = () => {
      if (!this.checkers.hasConverged(quietSlot)) this.at(this.nowMs + slotMs, look);
      else this.endMs = Math.min(this.endMs, this.nowMs + calmMs);
    };
    this.at(quietAtMs + slotMs, look);
  }

  /** SHA-256 of the trace so far, the first 16 hex digits. */
  digest(): string {
    return this.history.digest();
  }

  trace(node: SimNode, line: string): void {
    const text = `${this.nowMs} ${node.name} ${line}\n`;
    this.history.add(text);
    this.onTrace?.(text);
  }

  onEvent(node: SimNode, event: NodeEvent): void {
    this.trace(node, `! ${JSON.stringify(event)}`);
    this.checkers.onEvent(node, event);
  }

  onLoad(): void {
    this.rare.count("answer read from disk");
  }

  onStarted(node: SimNode): void {
    (this.byId as Map<string, SimNode>).set(node.node!.nodeId, node);
    this.chronicle.watch(node);
    this.checkers.onStarted(node);
  }

  onStep(node: SimNode): void {
    this.steps++;
    this.checkers.onStep(node);
  }

  nodeOf(nodeId: NodeId | undefined, address: string): SimNode | undefined {
    if (nodeId !== undefined) return this.byId.get(nodeId);
    return this.nodes[Number(/^10\.0\.(\d+)\.1:/.exec(address)?.[1] ?? 0) - 1];
  }

  private recover(): void {
    const { nodes, honest, genesisHash, random } = this;
    recover({
      nodes,
      honest,
      genesisHash,
      random: random.fork(`recovery${this.recoveries.length}`),
      now: () => this.nowMs,
      at: (timeMs, action) => this.at(timeMs, action),
      onDecided: (recovery) => {
        this.recoveries.push(recovery);
        this.rare.count("recovery adopted");
        this.checkers.onRecovered(recovery);
      },
    });
  }

  private onSigned(node: SimNode, request: SignRequest): void {
    const { validatorKey } = node.options;
    if (validatorKey !== undefined) this.chronicle.onSigned(validatorKey, request);
    this.checkers.onSigned(node, request);
  }

  private onExecuted(told: ToldBlock, transactions: readonly Transaction[]): void {
    const { header } = told.sealed;
    const found = transactions.filter(({ type }) => type === 4).length;
    if (found > 0) this.rare.count("evidence included", found);
    if (Buffer.compare(header.validatorsHash, header.nextValidatorsHash) !== 0) {
      this.rare.count("validator set changed");
      if (this.network.partitioned) this.rare.count("validator set changed during a fork");
    }
    this.checkers.onExecuted(told, transactions);
  }

  private makeNetwork(): SimNetwork {
    const node = (end: End): SimNode => this.nodes[end.node]!;
    return new SimNetwork(
      {
        now: () => this.nowMs,
        at: (timeMs, action) => this.at(timeMs, action),
        isUp: (index) => this.nodes[index]?.node !== undefined,
        nextConn: (index) => this.nodes[index]!.nextConn(),
        onConnected: (end, inbound, address) => node(end).onConnected(end, inbound, address),
        onDialFailed: (index, conn, reason) =>
          this.nodes[index]!.step({ type: "dial-failed", conn, reason }),
        onBytes: (end, bytes) => node(end).step({ type: "bytes", conn: end.conn, bytes }),
        onRoom: (end) => node(end).step({ type: "room", conn: end.conn }),
        onClosed: (end, reason) => node(end).onClosed(end, reason),
      },
      this.random.fork("network"),
      this.swarm.network,
      this.swarm.nodes,
    );
  }

  /** Whoever runs a second machine with one key starts it later; in a forked run, beyond the cut. */
  private scheduleStarts(): void {
    const { cheats, faults, quietAtMs, slotMs } = this.swarm;
    const cut = faults.find(({ fault }) => fault.type === "partition")?.atMs;
    for (const node of this.nodes) {
      const isClone = cheats.some(({ clone }) => clone === node.index);
      const isForked = this.swarm.byzantineMode === "over" && cut !== undefined;
      const laterMs = isForked ? cut + 1 : this.random.below(Math.max(1, quietAtMs));
      const atMs = isClone ? laterMs : this.random.below(Math.min(3_000, 3 * slotMs));
      this.at(atMs, () => {
        if (node.starts === 0) node.start();
      });
    }
  }
}
