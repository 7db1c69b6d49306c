/**
 * How much of each kind of message one peer may send, and what one costs us: the table of
 * protocol-spec/rates.json, by type number. NOT the buckets (`peer/intake.ts`).
 * protocol-spec/08-limits §2.
 */
import table from "../../protocol-spec/rates.json" with { type: "json" };
import { assert } from "../base/assert.ts";

interface Entry {
  readonly perSecond: number;
  readonly burst: number;
  readonly bytesPerSecond?: number;
  readonly bytesBurst?: number;
  readonly workUs: number;
  readonly workUsPerKib?: number;
}

/** One bucket: what a unit costs in time, and how much time may be saved up. */
export interface Rate {
  readonly intervalMs: number;
  readonly burstMs: number;
}

export interface KindRate {
  readonly count: Rate;
  readonly bytes: Rate | undefined;
  /** Estimated microseconds of work: for each message, and for each KiB of it. */
  readonly workUs: number;
  readonly workUsPerKib: number;
}

export type RatedKind = keyof typeof table;

function rateOf(perSecond: number, burst: number): Rate {
  assert(perSecond > 0 && burst >= 1, "a rate gives something");
  const intervalMs = 1_000 / perSecond;
  return { intervalMs, burstMs: burst * intervalMs };
}

function kindRate(entry: Entry): KindRate {
  const { perSecond, burst, bytesPerSecond, bytesBurst, workUs, workUsPerKib = 0 } = entry;
  const bytes =
    bytesPerSecond === undefined || bytesBurst === undefined
      ? undefined
      : rateOf(bytesPerSecond, bytesBurst);
  return { count: rateOf(perSecond, burst), bytes, workUs, workUsPerKib };
}

export const kindRates = Object.freeze(
  Object.fromEntries(Object.entries(table).map(([kind, entry]) => [kind, kindRate(entry)])),
) as Readonly<Record<RatedKind, KindRate>>;
