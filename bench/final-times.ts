/** How long after the start of its slot each block became final for one node, by the node's events. */
import type { NodeEvent } from "../src/edge/event.ts";

export interface FinalTime {
  readonly slot: number;
  readonly ms: number;
}

export class FinalTimes {
  /** Each block once. */
  readonly taken: FinalTime[] = [];
  private readonly slotStartMs: (slot: number) => number;
  private readonly slots = new Map<string, number>();
  private finalHeight = 0;

  constructor(slotStartMs: (slot: number) => number) {
    this.slotStartMs = slotStartMs;
  }

  /** Of blocks from `slot` on: before, nodes were still meeting each other. */
  from(slot: number): readonly FinalTime[] {
    return this.taken.filter((time) => time.slot >= slot);
  }

  onEvent(event: NodeEvent, nowMs: number): void {
    if (event.type === "head-moved") this.slots.set(String(event.height), event.slot);
    if (event.type !== "finalized") return;
    for (let height = this.finalHeight + 1; height <= event.height; height++) {
      const slot = this.slots.get(String(height)) ?? event.slot;
      this.slots.delete(String(height));
      this.taken.push({ slot, ms: nowMs - this.slotStartMs(slot) });
    }
    this.finalHeight = event.height;
  }
}
