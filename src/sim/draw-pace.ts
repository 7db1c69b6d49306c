/**
 * How long a seed runs, how long its slots are, and how much traffic goes with them. What a seed
 * costs goes by its slots and messages, what it proves by its slots, and real chains have slots of
 * up to a minute: a sweep over many seeds counts in slots.
 */
import type { SeededRandom } from "./seeded-random.ts";

export interface Pace {
  readonly slotMs: number;
  /** When the faults end; undefined: so that there is time to agree before `durationMs`. */
  readonly quietAtMs: number | undefined;
  /** When the seed ends; undefined: as soon as everybody agrees, or should, and some calm slots. */
  readonly durationMs: number | undefined;
  /** After the time to agree: that it stays so. */
  readonly calmSlots: number;
  /** Times what is drawn a minute: a longer slot must not mean more transactions in it. */
  readonly trafficScale: number;
  /** Writes cut into pieces, of 100: drawn from these. Each piece is a step of its own. */
  readonly splitPercents: readonly number[];
  /** Of 100 seeds, in how many nodes sign with Ed25519. */
  readonly realSignaturesPercent: number;
}

const slotChoices = [300, 500, 1_000, 1_000, 2_000, 3_000, 5_000];
/** A seed has about so many slots at most, and so many at least. */
const slotsMax = 800;
const slotsMin = 60;

const sweepSlotChoices = [1_000, 2_000, 3_000, 5_000, 8_000, 12_000, 20_000, 30_000];
/** Where the traffic of a sweep is what it is a minute elsewhere. */
const sweepTrafficSlotMs = 1_500;

/** A given time: slots that fit into it. */
export function paceOfTime(random: SeededRandom, durationMs: number): Pace {
  const fitting = slotChoices.filter(
    (ms) => durationMs / ms <= slotsMax && durationMs / ms >= slotsMin,
  );
  return {
    slotMs: random.pick(fitting.length > 0 ? fitting : [5_000]),
    quietAtMs: undefined,
    durationMs,
    calmSlots: 20,
    trafficScale: 1,
    splitPercents: [0, 20, 90],
    realSignaturesPercent: 1,
  };
}

/** The cap is 100 blocks away, and what follows it takes as long again. */
const longSlotsMin = 400;

/** About so many slots with faults; in some seeds as many as it takes to reach the cap. */
export function paceOfSlots(random: SeededRandom, slots: number): Pace {
  const slotMs = random.pick(sweepSlotChoices);
  const drawn = random.chance(6)
    ? Math.max(longSlotsMin, 4 * slots)
    : random.between(Math.ceil(slots / 2), slots);
  return {
    slotMs,
    quietAtMs: drawn * slotMs,
    durationMs: undefined,
    calmSlots: 10,
    trafficScale: sweepTrafficSlotMs / slotMs,
    splitPercents: [0, 5, 40],
    realSignaturesPercent: 3,
  };
}
