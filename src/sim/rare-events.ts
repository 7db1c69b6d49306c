/**
 * Counts what must happen now and then for a run to have tested anything: a generator under which
 * a rare event never occurs is a bad generator.
 */
export const rareEvents = [
  "reorg of depth 1 or 2",
  "reorg of depth 3 or more",
  "orphan resolved",
  "crash with unsynced writes lost",
  "crash between persist and send",
  "crash between sign request and signature",
  "restart from disk",
  "partition healed",
  "connection cut",
  "dial failed",
  "duplicate connection closed",
  "clock moved",
  "block finalized",
  "answer read from disk",
  "transaction confirmed",
  "transaction refused",
  "two blocks at one height",
] as const;

export type RareEvent = (typeof rareEvents)[number];

export class RareEventCounts {
  private readonly counts = new Map<RareEvent, number>(rareEvents.map((event) => [event, 0]));

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
}
