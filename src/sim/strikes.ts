/**
 * What faults do to a simulated world (`draw-faults.ts` says when). Whatever goes wrong with a
 * machine, its operator starts it again, at the latest when the faults end.
 */

import { slotAt } from "../model/network-file.ts";
import { connectionLimits } from "../params/limits.ts";
import type { CrashMoment, Fault } from "./fault.ts";
import type { RareEventCounts } from "./rare-events.ts";
import { nodeAddress, type SimNetwork } from "./sim-network.ts";
import type { SimNode } from "./sim-node.ts";
import type { Swarm } from "./swarm.ts";
import { wallEpochMs } from "./wall-epoch.ts";

export interface StrikeParts {
  readonly swarm: Swarm;
  readonly nodes: readonly SimNode[];
  readonly network: SimNetwork;
  readonly rare: RareEventCounts;
  readonly now: () => number;
  readonly at: (timeMs: number, action: () => void) => void;
  readonly onRestored: (node: SimNode) => void;
  readonly changeSet: (node: SimNode, count: number) => void;
  readonly recover: () => void;
}

type Loss = Extract<Fault, { type: "crash" }>["loss"];

export class Strikes {
  private readonly parts: StrikeParts;

  constructor(parts: StrikeParts) {
    this.parts = parts;
  }

  strike(fault: Fault): void {
    const { network, nodes, rare } = this.parts;
    switch (fault.type) {
      case "crash": {
        const node = nodes[fault.node]!;
        const crash = () => this.crash(node, fault.downMs, fault.loss);
        return this.arm(node, fault.moment, crash);
      }
      case "backup":
        return nodes[fault.node]!.store.makeBackup();
      case "partition":
        return network.partition(fault.sides);
      case "stall":
        rare.count("one-way partition");
        return network.stall(fault.directions);
      case "heal":
        if (network.partitioned) rare.count("partition healed");
        network.stall([]);
        return network.partition(nodes.map(() => 0));
      case "cut":
        if (network.cutOne()) rare.count("connection cut");
        return;
      case "slow":
        if (fault.ms > 0) rare.count("node slowed");
        return network.slow(fault.node, fault.ms);
      case "set-change":
        return this.parts.changeSet(nodes[fault.node]!, fault.count);
      case "recovery":
        return this.parts.recover();
      case "skew":
        nodes[fault.node]!.options.clockSkewMs = fault.skewMs;
        return rare.count("clock moved");
    }
  }

  /** The faults are over. */
  end(): void {
    const { nodes, network, swarm } = this.parts;
    this.strike({ type: "heal" });
    network.stopLosing();
    for (const node of nodes) {
      network.slow(node.index, 0);
      node.options.clockSkewMs = 0;
      node.disarm();
      if (node.node === undefined) this.restart(node, "nothing");
    }
    if (!swarm.isTended) return;
    this.tend();
    // A dial that was lost in the fault is given up only now.
    this.parts.at(this.parts.now() + connectionLimits.connectMs + 100, () => this.tend());
  }

  /** Operators make their nodes dial. */
  private tend(): void {
    const { nodes } = this.parts;
    if (nodes.length === 1) return;
    for (const node of nodes) {
      node.command({ type: "connect", address: nodeAddress(node.index === 0 ? 1 : 0) });
    }
  }

  private arm(node: SimNode, moment: CrashMoment, crash: () => void): void {
    const neverSigns = node.options.validatorKey === undefined;
    if (moment === "now" || (moment === "sign" && neverSigns)) crash();
    else node.onNext(moment, crash);
  }

  private crash(node: SimNode, downMs: number, loss: Loss): void {
    const { at, now, rare } = this.parts;
    if (node.node === undefined) return;
    if (node.isBetweenPersistAndSend) rare.count("crash between persist and send");
    if (node.isBetweenSignAndSigned) rare.count("crash between sign request and signature");
    if (node.crash() > 0) rare.count("crash with unsynced writes lost");
    const { starts } = node;
    at(now() + downMs, () => {
      if (node.starts === starts && node.node === undefined) this.restart(node, loss);
    });
  }

  private restart(node: SimNode, loss: Loss): void {
    const { now, onRestored, rare } = this.parts;
    const { options } = node;
    if (loss === "signer" && options.signer !== undefined) {
      const wallMs = wallEpochMs + now() + options.clockSkewMs;
      options.signer.forget(slotAt(options.node.networkFile, wallMs) + 1);
      rare.count("amnesia start");
    }
    if (loss === "new-blocks" && node.store.restoreBackup()) {
      onRestored(node);
      rare.count("restart from an old backup");
    }
    node.start();
    rare.count("restart from disk");
  }
}
