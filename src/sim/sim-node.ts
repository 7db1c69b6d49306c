/**
 * The host of one simulated node: performs its effects on simulated wires and disk. The same `Node`
 * runs here as under `host/`. A crash drops the process and keeps the disk and the signer's file.
 */
import { assert } from "../base/assert.ts";
import { firstBad } from "../chain/first-bad.ts";
import { canonicalKey } from "../chain/records.ts";
import { acceptedConn, type Conn, commandJob, type Job } from "../edge/conn.ts";
import type { Effect, SignRequest } from "../edge/effect.ts";
import type { Clock, Env } from "../edge/env.ts";
import type { NodeEvent } from "../edge/event.ts";
import type { Command, Input } from "../edge/input.ts";
import { blockHashOf } from "../model/ids.ts";
import { Node } from "../node/node.ts";
import type { SeededRandom } from "./seeded-random.ts";
import type { End, SimNetwork } from "./sim-network.ts";
import type { SimNodeOptions } from "./sim-node-options.ts";
import { SimStore } from "./sim-store.ts";
import { describe } from "./trace-line.ts";
import { wallEpochMs } from "./wall-epoch.ts";

/** What it tells its world. */
export interface SimNodePort {
  now(): number;
  at(timeMs: number, action: () => void): void;
  trace(node: SimNode, line: string): void;
  onEvent(node: SimNode, event: NodeEvent): void;
  onLoad(): void;
  /** The process is made; nothing has come in yet. */
  onStarted(node: SimNode): void;
  /** After every step of this node. */
  onStep(node: SimNode): void;
}

export class SimNode {
  readonly index: number;
  readonly name: string;
  readonly store = new SimStore();
  readonly options: SimNodeOptions;
  node: Node | undefined;
  starts = 0;
  /** Height and hash of the highest block that this node ever reported final. */
  reportedFinal = { height: 0, hash: "" };
  /** Slot up to which its final blocks were looked at. */
  finalSlot = 0;
  private readonly port: SimNodePort;
  private readonly network: SimNetwork;
  private readonly random: SeededRandom;
  readonly environment: Env;
  private readonly ends = new Map<Conn, End>();
  private acceptedCount = 0;
  private commandCount = 0;
  private wakeAt = Number.POSITIVE_INFINITY;
  private syncsInAir = 0;
  private readonly signing = new Map<Job, SignRequest>();
  private crashOn: { readonly moment: "sync" | "sign"; readonly crash: () => void } | undefined;

  constructor(
    port: SimNodePort,
    network: SimNetwork,
    random: SeededRandom,
    signatures: Env["signatures"],
    options: SimNodeOptions,
  ) {
    this.port = port;
    this.network = network;
    this.random = random;
    this.options = options;
    this.index = options.index;
    this.name = `n${options.index}`;
    const clock: Clock = {
      get monotonicMs() {
        return port.now();
      },
      get wallMs() {
        return wallEpochMs + port.now() + options.clockSkewMs;
      },
    };
    this.environment = { clock, random: random.fork("node"), signatures };
  }

  get isByzantine(): boolean {
    return this.options.isByzantine;
  }

  nextConn(): Conn {
    return acceptedConn(this.acceptedCount++);
  }

  start(): void {
    assert(this.node === undefined, "not running yet");
    this.starts++;
    const { node: base, prepareFrom, puppet, signer, validatorKey } = this.options;
    const validator =
      signer && validatorKey
        ? { key: validatorKey, floors: signer.floors, isFresh: this.starts === 1, prepareFrom }
        : undefined;
    this.node = new Node(this.environment, { ...base, validator }, this.store.image());
    this.port.onStarted(this);
    puppet?.attach(this, this.node);
    this.step({ type: "started" });
  }

  /** kill -9, or power cut: the process and its unsynced writes are gone. Returns batches lost. */
  crash(): number {
    this.node = undefined;
    this.ends.clear();
    this.syncsInAir = 0;
    for (const request of this.signing.values()) {
      if (this.random.chance(50)) this.options.signer?.recordOnly(request);
    }
    this.signing.clear();
    this.crashOn = undefined;
    this.wakeAt = Number.POSITIVE_INFINITY;
    this.network.crash(this.index);
    const lost = this.store.crash(this.random);
    this.port.trace(this, `crash lost=${lost}`);
    return lost;
  }

  /** Calls `crash` inside the next such effect: after the core asked for it, before it is told. */
  onNext(moment: "sync" | "sign", crash: () => void): void {
    this.crashOn = { moment, crash };
  }

  /** The fault that waited for its moment does not come. */
  disarm(): void {
    this.crashOn = undefined;
  }

  get isBetweenPersistAndSend(): boolean {
    return this.syncsInAir > 0;
  }

  get isBetweenSignAndSigned(): boolean {
    return this.signing.size > 0;
  }

  /** The canonical block at `height`, in memory or buried. */
  hashAt(height: number): string | undefined {
    const record = this.store.get(canonicalKey(height));
    if (record !== undefined) return blockHashOf(record.subarray(0, 32));
    return this.node?.queries.block(height)?.hash;
  }

  command(command: Command): Job {
    const job = commandJob(this.commandCount++);
    this.step({ type: "command", job, command });
    return job;
  }

  /** In the world's time, whatever becomes of the process. */
  schedule(delayMs: number, action: () => void): void {
    this.port.at(this.port.now() + delayMs, action);
  }

  onConnected(end: End, inbound: boolean, address: string): void {
    this.ends.set(end.conn, end);
    this.step({ type: "connected", conn: end.conn, inbound, address });
  }

  onClosed(end: End, reason: string): void {
    if (this.ends.delete(end.conn)) this.step({ type: "closed", conn: end.conn, reason });
  }

  step(input: Input): void {
    const { node } = this;
    if (node === undefined) return;
    this.port.trace(this, `< ${describe(input)}`);
    for (const effect of node.handle(input)) this.perform(node, effect);
    if (this.node !== node) return;
    if (input.type === "tick") {
      assert(node.deadline > this.port.now(), `${this.name}: deadline lies behind after a tick`);
    }
    this.port.onStep(this);
    this.arm(node);
  }

  private arm(node: Node): void {
    const at = Math.max(node.deadline, this.port.now());
    if (at >= this.wakeAt || at === Number.POSITIVE_INFINITY) return;
    this.wakeAt = at;
    const starts = this.starts;
    this.port.at(at, () => {
      if (starts !== this.starts || this.node !== node || this.wakeAt !== at) return;
      this.wakeAt = Number.POSITIVE_INFINITY;
      if (node.deadline <= this.port.now()) this.step({ type: "tick" });
      else this.arm(node);
    });
  }

  /** Later, and only while this very process lives. */
  private later(node: Node, delayMs: number, input: () => Input): void {
    this.port.at(this.port.now() + delayMs, () => {
      if (this.node === node) this.step(input());
    });
  }

  private perform(node: Node, effect: Effect): void {
    switch (effect.type) {
      case "dial":
        return this.network.dial(this.index, effect.conn, effect.address);
      case "flush":
        return this.pump(node, effect.conn);
      case "reading": {
        const end = this.ends.get(effect.conn);
        if (end !== undefined) this.network.setReading(end, effect.on);
        return;
      }
      case "close":
        return this.close(node, effect.conn);
      case "persist": {
        const { ticket } = effect;
        this.store.write(ticket, effect.writes);
        if (!effect.sync) return;
        this.syncsInAir++;
        this.crashIf("sync");
        return this.later(node, this.options.fsyncMs + this.random.below(3), () => {
          this.syncsInAir--;
          this.store.sync(ticket);
          return { type: "persisted", through: ticket };
        });
      }
      case "load": {
        const { job, keys } = effect;
        this.port.onLoad();
        return this.later(node, 1, () => ({
          type: "loaded",
          job,
          values: keys.map((key) => this.store.get(key)),
        }));
      }
      case "verify": {
        const { job, check } = effect;
        const bad = firstBad(this.environment.signatures, check);
        const verdict = { type: "verified", job, firstBad: bad } as const;
        return this.later(node, this.random.below(8), () => verdict);
      }
      case "sign": {
        const { job, request } = effect;
        const { fsyncMs, puppet } = this.options;
        const delayMs = puppet === undefined ? fsyncMs : puppet.signDelayMs(request);
        if (delayMs === undefined) return;
        this.signing.set(job, request);
        this.crashIf("sign");
        return this.later(node, delayMs, () => this.sign(job, request));
      }
      case "answer":
        return; // The workload looks at the chain, not at answers.
      case "notify":
        return this.port.onEvent(this, effect.event);
    }
  }

  private crashIf(moment: "sync" | "sign"): void {
    const { crashOn } = this;
    if (crashOn?.moment !== moment) return;
    // Not in the middle of a step; the faults may end before it.
    this.port.at(this.port.now(), () => {
      if (this.crashOn !== crashOn) return;
      this.crashOn = undefined;
      crashOn.crash();
    });
  }

  private sign(job: Job, request: SignRequest): Input {
    this.signing.delete(job);
    const { signer } = this.options;
    assert(signer !== undefined, "only validators are asked to sign");
    const signed = signer.sign(request);
    if ("signature" in signed) return { type: "signed", job, signature: signed.signature };
    return { type: "signed", job, signature: undefined, reason: signed.refused };
  }

  /** At most two writes in the air, as the real host does. */
  private pump(node: Node, conn: Conn): void {
    const end = this.ends.get(conn);
    while (end?.open && end.writesInFlight < 2) {
      const bytes = node.take(conn, 524_288);
      if (bytes === undefined) return;
      this.network.send(end, bytes);
    }
  }

  private close(node: Node, conn: Conn): void {
    const end = this.ends.get(conn);
    this.ends.delete(conn);
    if (end === undefined) return;
    for (let frames = 0; end.open && frames < 64; frames++) {
      const bytes = node.take(conn, 524_288);
      if (bytes === undefined) break;
      this.network.send(end, bytes);
    }
    this.network.close(end);
  }
}
