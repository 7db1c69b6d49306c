/**
 * How long to wait after the n-th failure in a row: 5 s doubling to 300 s, with jitter so that a
 * network does not redial in step, and never for ever. protocol-spec/09-connections §2
 */
import type { Random } from "../../edge/env.ts";
import { connectionLimits } from "../../params/limits.ts";

const { backoffMinMs, backoffMaxMs, backoffJitterPercent } = connectionLimits;

/** The jitter only adds, so the doubling stops short of the maximum by as much as it may add. */
const baseMaxMs = Math.floor((backoffMaxMs * 100) / (100 + backoffJitterPercent));

/** Milliseconds, from `backoffMinMs` to `backoffMaxMs`. `fails` is 1 after the first failure. */
export function backoffMs(fails: number, random: Random): number {
  const doublings = Math.min(Math.max(fails - 1, 0), 16);
  const baseMs = Math.min(backoffMinMs * 2 ** doublings, baseMaxMs);
  return baseMs + random.below(Math.floor((baseMs * backoffJitterPercent) / 100) + 1);
}
