/**
 * Counts what must happen now and then for a run to have tested anything: a generator under which
 * a rare event never occurs is a bad generator. Each has a minimum per 1,000 seeds with faults
 * drawn as by default; `bin/sim.ts --min` demands it.
 */
export const rareEventMinimums = {
  "reorg of depth 1 or 2": 200,
  "reorg of depth 3 or more": 100,
  "orphan resolved": 50,
  "crash with unsynced writes lost": 50,
  "crash between persist and send": 50,
  "crash between sign request and signature": 50,
  "restart from disk": 500,
  "restart from an old backup": 20,
  "amnesia start": 10,
  "partition healed": 200,
  "one-way partition": 50,
  "connection cut": 500,
  "dial failed": 500,
  "duplicate connection closed": 1,
  "clock moved": 100,
  "clock jumped": 20,
  "node slowed": 25,
  "block finalized": 10_000,
  "answer read from disk": 50,
  "transaction confirmed": 1_000,
  "transaction refused": 10,
  "two blocks at one height": 500,
  "vote refused": 0,
  "certificate heard": 200,
  "cap reached": 10,
  "sibling sealed at the cap": 5,
  "cap reached below a quorum": 5,
  "evidence found": 100,
  "evidence included": 50,
  "validator set changed": 100,
  "validator set changed during a fork": 10,
  "hand-over followed by a light client": 100,
  "hand-over without a certificate": 0,
  "doppelganger seen": 10,
  "recovery adopted": 5,
  "final after a recovery": 100,
  "two final chains": 0,
  "safety halt": 0,
  "culprits named by a halted node": 0,
} as const;

export type RareEvent = keyof typeof rareEventMinimums;

export const rareEvents = Object.keys(rareEventMinimums) as readonly RareEvent[];

export class RareEventCounts {
  private readonly counts = new Map<RareEvent, number>(rareEvents.map((event) => [event, 0]));

  constructor(counts: readonly (readonly [RareEvent, number])[] = []) {
    for (const [event, times] of counts) this.count(event, times);
  }

  count(event: RareEvent, times = 1): void {
    this.counts.set(event, this.of(event) + times);
  }

  of(event: RareEvent): number {
    return this.counts.get(event) ?? 0;
  }

  add(other: RareEventCounts): void {
    for (const [event, times] of other.counts) this.count(event, times);
  }

  entries(): readonly (readonly [RareEvent, number])[] {
    return [...this.counts];
  }

  /** What occurred too rarely in a run of so many seeds. */
  shortfalls(seeds: number): readonly string[] {
    return rareEvents.flatMap((event) => {
      const wanted = Math.floor((rareEventMinimums[event] * seeds) / 1_000);
      const count = this.of(event);
      return count < wanted ? [`${event}: ${count}, at least ${wanted} expected`] : [];
    });
  }
}
