/**
 * Histories of several faults that belong together, from one seed: a cut with changes of the
 * validator set on both sides of it, and the loss of a quorum that people end by a recovery. Drawn
 * apart from `draw-faults.ts`, which draws what strikes by itself.
 *
 *   cut ── set changes here and there ── heal
 *   too few validators are left ── people wait ── recovery
 */
import type { Cheat } from "./cheat.ts";
import type { TimedFault } from "./fault.ts";
import type { SeededRandom } from "./seeded-random.ts";

export interface PlotOptions {
  readonly nodes: number;
  readonly validators: number;
  readonly slotMs: number;
  readonly quietAtMs: number;
  readonly cheats: readonly Cheat[];
}

const plotting = new Set(["racing", "conspiring"]);

/** Added to `faults`, by rising time. */
export function withPlots(
  random: SeededRandom,
  faults: readonly TimedFault[],
  options: PlotOptions,
): TimedFault[] {
  const isPlot = options.cheats.some(({ kinds }) => kinds.some((kind) => plotting.has(kind)));
  const races = random.chance(isPlot ? 80 : 8) ? drawRaces(random.fork("races"), options) : [];
  const recovery = random.chance(30) ? drawRecovery(random.fork("recovery"), options) : [];
  const decidedAtMs = recovery.at(-1)?.atMs ?? Number.POSITIVE_INFINITY;
  // Of those who are left nobody may be lost for good as well.
  const mild = faults.filter(
    ({ atMs, fault }) => atMs < decidedAtMs || fault.type !== "crash" || fault.loss !== "signer",
  );
  return [...mild, ...races, ...recovery].sort((a, b) => a.atMs - b.atMs);
}

/** Both sides change the set, each in its own way; who has two machines has one on either side. */
function drawRaces(random: SeededRandom, options: PlotOptions): TimedFault[] {
  const { validators, slotMs, quietAtMs } = options;
  if (validators < 2) return [];
  const faults: TimedFault[] = [];
  let atMs = Math.max(15_000, 20 * slotMs);
  for (let count = random.between(1, 3); count > 0; count--) {
    const lastsMs = random.between(12, 160) * slotMs;
    const healMs = Math.min(quietAtMs - 1, atMs + lastsMs);
    if (atMs >= healMs) break;
    const sides = drawSides(random, options);
    faults.push({ atMs, fault: { type: "partition", sides } });
    for (let changes = random.between(2, 5); changes > 0; changes--) {
      const node = random.below(options.nodes);
      const changeMs = Math.min(healMs, atMs + random.between(1, 12) * slotMs);
      const fault = { type: "set-change", node, count: random.between(1, 2) } as const;
      faults.push({ atMs: changeMs, fault });
      // What was proposed is approved when it is in a block, or on another branch is not.
      for (const slots of [3, 6]) {
        const laterMs = Math.min(healMs, changeMs + slots * slotMs);
        faults.push({ atMs: laterMs, fault: { ...fault, count: 0 } });
      }
    }
    faults.push({ atMs: healMs, fault: { type: "heal" } });
    atMs = healMs + random.between(15, 80) * slotMs;
  }
  return faults;
}

function drawSides(random: SeededRandom, { nodes, validators, cheats }: PlotOptions): number[] {
  let turn = random.below(2);
  const spareSide = random.below(2);
  return Array.from({ length: nodes }, (_, node) => {
    if (cheats.some(({ clone }) => clone === node)) return 1;
    if (cheats.some((cheat) => cheat.node === node)) return 0;
    if (node < validators) return turn++ % 2;
    return random.chance(70) ? spareSide : 1 - spareSide;
  });
}

/** So many honest validators are gone that no quorum is left, until people decide. */
function drawRecovery(random: SeededRandom, options: PlotOptions): TimedFault[] {
  const { validators, slotMs, quietAtMs, cheats } = options;
  const slots = Math.floor(quietAtMs / slotMs);
  const honest = Array.from({ length: validators }, (_, rank) => rank).filter(
    (rank) => !cheats.some(({ node }) => node === rank),
  );
  const enough = validators - Math.ceil((2 * validators) / 3) + 1;
  if (slots < 80 || enough > honest.length - 1) return [];
  const lossSlot = random.between(15, Math.floor(slots / 3));
  const count = random.between(enough, honest.length - 1);
  const faults: TimedFault[] = [];
  for (let index = 0; index < count; index++) {
    const [node] = honest.splice(random.below(honest.length), 1) as [number];
    const downMs = 2 * quietAtMs;
    const fault = { type: "crash", node, moment: "now", downMs, loss: "nothing" } as const;
    faults.push({ atMs: lossSlot * slotMs, fault });
  }
  const decidedSlot = lossSlot + random.between(12, Math.min(150, slots - lossSlot - 20));
  faults.push({ atMs: decidedSlot * slotMs, fault: { type: "recovery" } });
  return faults;
}
