/**
 * A whole network in virtual time, from one seed: the other host. Runs the same `Node` as `host/`,
 * checks invariants after every step, and keeps a digest of all that happened.
 * Same seed, same digest.
 */
import { createHash } from "node:crypto";
import { Heap } from "../base/heap.ts";
import { ed25519 } from "../crypto/ed25519.ts";
import { publicKeyOf } from "../model/ids.ts";
import { formatNetworkFile, type NetworkFile } from "../model/network-file.ts";
import { addressOfKey } from "../model/transaction.ts";
import { CheapSignatures } from "./cheap-signatures.ts";
import { Checkers } from "./checkers.ts";
import { RareEventCounts } from "./rare-events.ts";
import { SeededRandom } from "./seeded-random.ts";
import { type End, nodeAddress, SimNetwork } from "./sim-network.ts";
import { SimNode, wallEpochMs } from "./sim-node.ts";
import { type CrashMoment, convergeMs, drawSwarm, type Fault, type Swarm } from "./swarm.ts";
import { Workload } from "./workload.ts";

export interface WorldOptions {
  readonly seed: string;
  readonly nodes: number;
  readonly durationMs: number;
  readonly calm?: boolean;
  /** Receives every line of the trace. */
  readonly onTrace?: (line: string) => void;
}

const balance = 1_000_000_000n;
const blockReward = 50n;

export class World {
  readonly swarm: Swarm;
  readonly nodes: readonly SimNode[];
  readonly rare = new RareEventCounts();
  readonly checkers: Checkers;
  steps = 0;
  private readonly random: SeededRandom;
  private readonly heap = new Heap<() => void>();
  private readonly network: SimNetwork;
  private readonly workload: Workload;
  private readonly digestState = createHash("sha256");
  private readonly onTrace: ((line: string) => void) | undefined;
  private readonly calm: boolean;
  private nowMs = 0;

  constructor(options: WorldOptions) {
    this.random = new SeededRandom(`windlass/${options.seed}`);
    this.onTrace = options.onTrace;
    const { nodes, durationMs, calm = false } = options;
    this.calm = calm;
    this.swarm = drawSwarm(this.random.fork("swarm"), { nodes, durationMs, calm });
    const signatures = this.swarm.realSignatures ? ed25519 : new CheapSignatures();
    this.workload = new Workload(this.random.fork("workload"), signatures, 5);
    this.network = new SimNetwork(
      {
        now: () => this.nowMs,
        at: (timeMs, action) => this.at(timeMs, action),
        isUp: (node) => this.nodes[node]?.node !== undefined,
        nextConn: (node) => this.nodes[node]!.nextConn(),
        onConnected: (end, inbound, address) => this.node(end).onConnected(end, inbound, address),
        onDialFailed: (node, conn, reason) =>
          this.nodes[node]!.step({ type: "dial-failed", conn, reason }),
        onBytes: (end, bytes) => this.node(end).step({ type: "bytes", conn: end.conn, bytes }),
        onRoom: (end) => this.node(end).step({ type: "room", conn: end.conn }),
        onClosed: (end, reason) => this.node(end).onClosed(end, reason),
      },
      this.random.fork("network"),
      this.swarm.network,
      nodes,
    );
    const seeds = Array.from({ length: nodes }, () => this.random.bytes(32));
    const validators = seeds
      .slice(0, this.swarm.validators)
      .map((seed) => publicKeyOf(signatures.publicKey(seed)));
    const file: NetworkFile = {
      name: `sim-${options.seed}`,
      genesisTimeMs: wallEpochMs,
      slotMs: this.swarm.slotMs,
      engine: "poa",
      validators,
      accounts: this.workload.accounts.map(({ key }) => ({ address: addressOfKey(key), balance })),
      blockReward,
      minFee: 10n,
    };
    const networkFileBytes = new TextEncoder().encode(formatNetworkFile(file));
    this.nodes = seeds.map((seed, index) => {
      return new SimNode(this, this.network, this.random.fork(`n${index}`), signatures, {
        index,
        validatorSeed: index < validators.length ? seed : undefined,
        validatorKey: validators[index],
        fsyncMs: this.swarm.fsyncMs,
        clockSkewMs: 0,
        node: {
          networkFile: file,
          networkFileBytes,
          nodeSeed: this.random.fork(`key${index}`).bytes(32),
          listenPort: 4321,
          // One bootstrap node: everybody else learns of the rest by asking.
          connect: index === 0 ? (nodes > 1 ? [nodeAddress(1)] : []) : [nodeAddress(0)],
          agent: "windlass/sim",
          peersMax: 50,
          outboundTarget: this.swarm.outboundTarget,
          allowPrivate: true,
        },
      });
    });
    this.checkers = new Checkers(this.nodes, this.rare, {
      genesisSupply: balance * BigInt(this.workload.accounts.length),
      blockReward,
    });
  }

  now(): number {
    return this.nowMs;
  }

  at(timeMs: number, action: () => void): void {
    this.heap.push(Math.max(timeMs, this.nowMs), action);
  }

  /** Runs the whole seed; throws `InvariantBroken` at the step that breaks an invariant. */
  run(): void {
    const { durationMs, quietAtMs, slotMs, faults } = this.swarm;
    for (const node of this.nodes) this.at(this.random.below(3_000), () => node.start());
    for (const { atMs, fault } of faults) this.at(atMs, () => this.strike(fault));
    this.scheduleTransfers();
    for (let atMs = 10_000; atMs < durationMs; atMs += 10_000) {
      this.at(atMs, () => {
        for (const node of this.nodes) this.checkers.onPause(node);
      });
    }
    for (let atMs = quietAtMs + convergeMs(slotMs); atMs < durationMs; atMs += 10 * slotMs) {
      this.at(atMs, () => this.checkers.onConverged(4));
    }
    while (this.heap.nextAt <= durationMs) {
      const next = this.heap.pop()!;
      this.nowMs = next.at;
      next.value();
    }
    this.nowMs = durationMs;
    this.checkers.onConverged(4);
    if (this.calm) this.checkers.onCalm(Math.floor(durationMs / slotMs));
  }

  /** SHA-256 of the trace so far, the first 16 hex digits. */
  digest(): string {
    return this.digestState.copy().digest("hex").slice(0, 16);
  }

  trace(node: SimNode, line: string): void {
    const text = `${this.nowMs} ${node.name} ${line}\n`;
    this.digestState.update(text);
    this.onTrace?.(text);
  }

  onEvent(node: SimNode, event: Parameters<Checkers["onEvent"]>[1]): void {
    this.trace(node, `! ${JSON.stringify(event)}`);
    this.checkers.onEvent(node, event);
  }

  onLoad(): void {
    this.rare.count("answer read from disk");
  }

  onStep(node: SimNode): void {
    this.steps++;
    this.checkers.onStep(node);
  }

  private node(end: End): SimNode {
    return this.nodes[end.node]!;
  }

  private strike(fault: Fault): void {
    switch (fault.type) {
      case "crash":
        return this.strikeCrash(this.nodes[fault.node]!, fault.moment, fault.downMs);
      case "partition":
        return this.network.partition(fault.sides);
      case "heal":
        if (this.network.partitioned) this.rare.count("partition healed");
        return this.network.partition(this.nodes.map(() => 0));
      case "cut":
        if (this.network.cutOne()) this.rare.count("connection cut");
        return;
      case "skew":
        this.nodes[fault.node]!.options.clockSkewMs = fault.skewMs;
        return this.rare.count("clock moved");
    }
  }

  private strikeCrash(node: SimNode, moment: CrashMoment, downMs: number): void {
    const neverSigns = node.options.validatorSeed === undefined;
    if (moment === "now" || (moment === "sign" && neverSigns)) this.crash(node, downMs);
    else node.onNext(moment, () => this.crash(node, downMs));
  }

  private crash(node: SimNode, downMs: number): void {
    if (node.node === undefined) return;
    if (node.isBetweenPersistAndSend) this.rare.count("crash between persist and send");
    if (node.isBetweenSignAndSigned) this.rare.count("crash between sign request and signature");
    if (node.crash() > 0) this.rare.count("crash with unsynced writes lost");
    this.at(this.nowMs + downMs, () => {
      node.start();
      this.rare.count("restart from disk");
    });
  }

  private scheduleTransfers(): void {
    const { transfersPerMinute, durationMs } = this.swarm;
    if (transfersPerMinute === 0) return;
    const everyMs = Math.floor(60_000 / transfersPerMinute);
    for (let atMs = 5_000; atMs < durationMs; atMs += everyMs) {
      this.at(atMs, () => {
        const node = this.random.pick(this.nodes);
        const transfer = this.workload.transfer(node);
        if (transfer === undefined) return;
        node.command({ type: "submit-transaction", bytes: transfer.bytes });
      });
    }
  }
}
