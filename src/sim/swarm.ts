/**
 * What one seed is made of: the size and speed of the network, who cheats and how, and which faults
 * are on (`draw-faults.ts` says when each strikes). Every seed turns on a random subset, so that
 * rare mixtures occur. Faults end at `quietAtMs`; after it the network must converge, whatever the
 * Byzantine validators go on doing.
 *
 *   nodes   0 … validators-1 | spare validators | full nodes | second instances of cloned keys
 */
import { connectionLimits } from "../params/limits.ts";
import { type Cheat, type CheatKind, cheatKinds } from "./cheat.ts";
import { drawFaults } from "./draw-faults.ts";
import { paceOfSlots, paceOfTime } from "./draw-pace.ts";
import { withPlots } from "./draw-plots.ts";
import type { TimedFault } from "./fault.ts";
import type { SeededRandom } from "./seeded-random.ts";
import type { NetworkFaults } from "./sim-network.ts";

/** none; below a third of the validators, drawn; a third and more: only what then holds is checked. */
export type ByzantineMode = "none" | "under" | "over";

export interface Swarm {
  /** With clones. */
  readonly nodes: number;
  readonly validators: number;
  /** Nodes with a validator key that is not in the first set. */
  readonly spares: number;
  readonly isCalm: boolean;
  /** A block and the votes for it arrive within the parts of a slot that the rules count on. */
  readonly isPrompt: boolean;
  readonly byzantineMode: ByzantineMode;
  readonly cheats: readonly Cheat[];
  readonly slotMs: number;
  readonly durationMs: number;
  readonly quietAtMs: number;
  /** From `quietAtMs` to where the network must have converged. */
  readonly convergeMs: number;
  /** The seed is over so long after the network did converge; undefined: after `durationMs`. */
  readonly calmMs: number | undefined;
  /** When the faults end, operators make their nodes dial at once, without waiting for backoffs. */
  readonly isTended: boolean;
  readonly hasStalls: boolean;
  readonly fsyncMs: number;
  readonly transfersPerMinute: number;
  readonly changesPerMinute: number;
  readonly outboundTarget: number;
  readonly realSignatures: boolean;
  readonly network: NetworkFaults;
  readonly faults: readonly TimedFault[];
}

/** What a test prescribes of a swarm; the rest is drawn. */
export type StagedSwarm = Partial<Omit<Swarm, "durationMs">>;

export interface SwarmOptions {
  readonly nodes: number;
  readonly durationMs: number;
  /** Instead of a duration: about so many slots with faults, of a length drawn more widely. */
  readonly slots: number | undefined;
  /** No faults at all: what a healthy network does. */
  readonly calm: boolean;
  readonly byzantine: ByzantineMode;
}

/** A slow disk, however long the slots are. */
const fsyncMsMax = 420;

export function drawSwarm(random: SeededRandom, options: SwarmOptions): Swarm {
  const { calm } = options;
  const pace =
    options.slots === undefined
      ? paceOfTime(random, options.durationMs)
      : paceOfSlots(random, options.slots);
  const { slotMs } = pace;
  const drawnNodes = random.chance(12) ? random.between(1, 3) : random.between(4, 10);
  const nodes = options.nodes > 0 ? options.nodes : drawnNodes;
  const most = Math.min(nodes, 10);
  const validators = Math.min(
    most,
    random.pick([1, 2, 3, 4, 4, 4, 5, 7, 10, random.between(1, 10)]),
  );
  const spares = Math.min(nodes - validators, random.between(0, 2));
  const each = drawCheats(random.fork("cheats"), validators, nodes, options.byzantine);
  const cheats = drawPlot(random.fork("plot"), each, nodes, options.byzantine);
  const byzantineMode = cheats.length === 0 ? "none" : options.byzantine;
  const on = (percent: number): boolean => !calm && random.chance(percent);
  const isPrompt = calm || options.byzantine === "over" || random.chance(75);
  // Untended nodes wait for their longest backoff, which is many short slots.
  const mayWait = pace.durationMs === undefined ? slotMs >= 8_000 : pace.durationMs >= 900_000;
  const isTended = calm || random.chance(85) || !mayWait;
  const convergeMs = convergenceOf(slotMs, validators + spares, isTended);
  const settleMs = convergeMs + pace.calmSlots * slotMs;
  const quietAtMs = pace.quietAtMs ?? Math.max(0, (pace.durationMs ?? 0) - settleMs);
  const durationMs = pace.durationMs ?? quietAtMs + settleMs;
  const hasStalls = on(30);
  const cloneCount = cheats.filter(({ clone }) => clone !== undefined).length;
  const single = drawFaults(random.fork("faults"), {
    nodes: nodes + cloneCount,
    validators,
    spendable: spendableOf(validators, cheats.length),
    slotMs,
    quietAtMs,
    hasStalls,
    isOver: byzantineMode === "over",
    cheats,
    on,
  });
  const plot = { nodes: nodes + cloneCount, validators, slotMs, quietAtMs, cheats };
  const isPlain = calm || byzantineMode === "over";
  const faults = isPlain ? single : withPlots(random.fork("plots"), single, plot);
  return {
    nodes: nodes + cloneCount,
    validators,
    spares,
    isCalm: calm,
    isPrompt,
    byzantineMode,
    cheats,
    slotMs,
    durationMs,
    quietAtMs,
    convergeMs,
    calmMs: pace.durationMs === undefined ? pace.calmSlots * slotMs : undefined,
    isTended,
    hasStalls,
    // A block leaves after two of them, a vote after two more.
    fsyncMs: random.pick([
      0,
      1,
      10,
      Math.min(fsyncMsMax, Math.floor(slotMs / (isPrompt ? 30 : 12))),
    ]),
    transfersPerMinute: random.pick([0, 6, 30, 60]) * pace.trafficScale,
    changesPerMinute: random.pick([0, 0, 4, 12]) * pace.trafficScale,
    outboundTarget: random.pick([2, 3, 3, 8]),
    realSignatures: random.chance(pace.realSignaturesPercent),
    network: {
      latencyMsMin: 1,
      latencyMsMax: Math.min(150, random.pick([2, Math.ceil(slotMs / (isPrompt ? 100 : 30))])),
      dialLossPercent: on(50) ? random.between(1, 30) : 0,
      bytesPerSecond: isPrompt ? 12_500_000 : random.pick([250_000, 1_250_000]),
      splitPercent: random.pick(pace.splitPercents),
    },
    faults,
  };
}

/**
 * How long a whole network has to agree again once faults have ended: whoever lost everybody may
 * have to wait for its longest backoff before it dials, then it has to catch up, and who restarted
 * watches for two rounds before it signs.
 */
function convergenceOf(slotMs: number, members: number, isTended: boolean): number {
  const reconnectMs = isTended ? 20_000 : connectionLimits.backoffMaxMs + 60_000;
  return reconnectMs + (4 * members + 12) * slotMs;
}

/** Validators that may be out for good, beside the cheats, and leave a quorum. */
function spendableOf(validators: number, cheats: number): number {
  return Math.max(0, validators - Math.ceil((2 * validators) / 3) - cheats);
}

function drawCheats(
  random: SeededRandom,
  validators: number,
  nodes: number,
  mode: ByzantineMode,
): Cheat[] {
  const below = Math.ceil(validators / 3) - 1;
  const third = Math.ceil(validators / 3);
  if (mode === "none" || (mode === "under" && below < 1) || (mode === "over" && validators < 3)) {
    return [];
  }
  // Each half of the honest with all clones must be a quorum, or nothing comes of cheating.
  const quorum = Math.ceil((2 * validators) / 3);
  const enough = Math.max(third, 2 * quorum - validators);
  const count = mode === "under" ? random.between(1, below) : Math.min(validators, enough);
  const shared = drawKinds(random);
  const isShared = random.chance(50);
  const ranks = Array.from({ length: validators }, (_, rank) => rank);
  let clone = nodes;
  const cheats: Cheat[] = [];
  for (let index = 0; index < count; index++) {
    const [node] = ranks.splice(random.below(ranks.length), 1) as [number];
    const drawn = isShared ? shared : drawKinds(random);
    const kinds: readonly CheatKind[] = mode === "over" ? ["cloned"] : drawn;
    cheats.push({ node, kinds, clone: kinds.includes("cloned") ? clone++ : undefined });
  }
  return cheats;
}

/** In some seeds all cheats pull together, some of them with a machine on either side of a cut. */
function drawPlot(
  random: SeededRandom,
  cheats: Cheat[],
  nodes: number,
  mode: ByzantineMode,
): Cheat[] {
  if (!random.chance(mode === "over" ? 40 : 30)) return cheats;
  const plot = random.pick([["racing"], ["conspiring"], ["conspiring", "racing"]] as const);
  if (mode === "over") return cheats.map((cheat) => ({ ...cheat, kinds: ["cloned", ...plot] }));
  const isOnBothSides = random.chance(60);
  return cheats.map(({ node }, index) => ({
    node,
    kinds: plot,
    clone: isOnBothSides ? nodes + index : undefined,
  }));
}

function drawKinds(random: SeededRandom): readonly CheatKind[] {
  const first = random.pick(cheatKinds);
  if (first === "cloned" || first === "silent" || random.chance(60)) return [first];
  const second = random.pick(["late", "equivocating", "double-voting", "bouncing"] as const);
  return second === first ? [first] : [first, second];
}
