/**
 * What one seed is made of: the size and speed of the network, which faults are on and how strong,
 * and when each strikes. Every seed turns on a random subset, so that rare mixtures occur.
 * Faults end at `quietAtMs`; after it the network must converge.
 */
import { connectionLimits } from "../params/limits.ts";
import type { SeededRandom } from "./seeded-random.ts";
import type { NetworkFaults } from "./sim-network.ts";

export type CrashMoment = "now" | "sync" | "sign";

export type Fault =
  | {
      readonly type: "crash";
      readonly node: number;
      /** At once, inside its next sync write, or before its next seal is signed. */
      readonly moment: CrashMoment;
      readonly downMs: number;
    }
  | { readonly type: "partition"; readonly sides: readonly number[] }
  | { readonly type: "heal" }
  | { readonly type: "cut" }
  | { readonly type: "skew"; readonly node: number; readonly skewMs: number };

export interface TimedFault {
  readonly atMs: number;
  readonly fault: Fault;
}

export interface Swarm {
  readonly nodes: number;
  readonly validators: number;
  readonly slotMs: number;
  readonly durationMs: number;
  readonly quietAtMs: number;
  readonly fsyncMs: number;
  readonly transfersPerMinute: number;
  readonly outboundTarget: number;
  readonly realSignatures: boolean;
  readonly network: NetworkFaults;
  readonly faults: readonly TimedFault[];
}

export interface SwarmOptions {
  readonly nodes: number;
  readonly durationMs: number;
  /** No faults at all: what a healthy network does. */
  readonly calm: boolean;
}

/**
 * How long a whole network has to agree again once faults have ended: whoever lost everybody may
 * have to wait for its longest backoff before it dials, and then it has to catch up.
 */
export function convergeMs(slotMs: number): number {
  return connectionLimits.backoffMaxMs + Math.max(20 * slotMs, 60_000);
}

export function drawSwarm(random: SeededRandom, options: SwarmOptions): Swarm {
  const { nodes, durationMs, calm } = options;
  const slotMs = random.pick([1_000, 2_000, 3_000, 5_000, 5_000]);
  const quietAtMs = Math.max(0, durationMs - convergeMs(slotMs) - 10 * slotMs);
  const validators = random.pick([1, 1, 2, 3, 4, Math.max(1, Math.floor(nodes / 2))]);
  const on = (percent: number): boolean => !calm && random.chance(percent);
  return {
    nodes,
    validators: Math.min(nodes, validators),
    slotMs,
    durationMs,
    quietAtMs,
    // A block leaves after two of them: slower disks break the rule that a slot is three delays.
    fsyncMs: random.pick([0, 1, 10, 80, Math.floor(slotMs / 6)]),
    transfersPerMinute: random.pick([0, 3, 12, 60]),
    outboundTarget: random.pick([2, 3, 3, 8]),
    realSignatures: random.chance(3),
    network: {
      latencyMsMin: 1,
      latencyMsMax: random.pick([5, 50, 150]),
      dialLossPercent: on(50) ? random.between(1, 30) : 0,
      bytesPerSecond: random.pick([125_000, 1_250_000, 12_500_000]),
      splitPercent: random.pick([0, 20, 90]),
    },
    faults: drawFaults(random.fork("faults"), { nodes, slotMs, quietAtMs, on }),
  };
}

function drawFaults(
  random: SeededRandom,
  o: {
    readonly nodes: number;
    readonly slotMs: number;
    readonly quietAtMs: number;
    readonly on: (percent: number) => boolean;
  },
): TimedFault[] {
  const faults: TimedFault[] = [];
  const repeat = (meanMs: number, strike: (atMs: number) => void): void => {
    let atMs = random.below(Math.max(1, Math.floor(meanMs)));
    while (atMs < o.quietAtMs) {
      strike(atMs);
      atMs += 1 + random.below(2 * meanMs);
    }
  };
  if (o.on(60)) {
    repeat(random.between(20, 300) * 1_000, (atMs) => {
      const downMs = random.pick([0, 500, 5_000, 60_000]);
      const moment = random.pick(["now", "sync", "sign"] as const);
      const node = random.below(o.nodes);
      faults.push({ atMs, fault: { type: "crash", node, moment, downMs } });
    });
  }
  if (o.on(60)) {
    repeat(random.between(60, 400) * 1_000, (atMs) => {
      // Shorter than the reorg cap on every side, whatever the share of slots it keeps.
      const lastsMs = random.between(2, 60) * o.slotMs;
      const parts = random.between(2, 3);
      const sides = Array.from({ length: o.nodes }, () => random.below(parts));
      faults.push({ atMs, fault: { type: "partition", sides } });
      const healAtMs = Math.min(atMs + lastsMs, o.quietAtMs);
      faults.push({ atMs: healAtMs, fault: { type: "heal" } });
    });
  }
  if (o.on(50)) {
    repeat(random.between(5, 120) * 1_000, (atMs) => {
      faults.push({ atMs, fault: { type: "cut" } });
    });
  }
  if (o.on(30)) {
    repeat(random.between(60, 600) * 1_000, (atMs) => {
      const skewMs = random.between(-200, 200);
      faults.push({ atMs, fault: { type: "skew", node: random.below(o.nodes), skewMs } });
    });
  }
  faults.push({ atMs: o.quietAtMs, fault: { type: "heal" } });
  return faults.sort((a, b) => a.atMs - b.atMs);
}
