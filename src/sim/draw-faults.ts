/**
 * When which fault strikes, from one seed. What a fault does is in `strikes.ts`. Only so many
 * validators lose their signer's file, or the clock, that a quorum is left.
 */
import type { Cheat } from "./cheat.ts";
import type { Fault, TimedFault } from "./fault.ts";
import type { SeededRandom } from "./seeded-random.ts";

export interface FaultOptions {
  readonly nodes: number;
  readonly validators: number;
  /** Validators that may be out for good. */
  readonly spendable: number;
  readonly slotMs: number;
  readonly quietAtMs: number;
  readonly hasStalls: boolean;
  readonly isOver: boolean;
  readonly cheats: readonly Cheat[];
  readonly on: (percent: number) => boolean;
}

class Drawing {
  readonly faults: TimedFault[] = [];
  readonly random: SeededRandom;
  readonly o: FaultOptions;

  constructor(random: SeededRandom, options: FaultOptions) {
    this.random = random;
    this.o = options;
  }

  add(atMs: number, fault: Fault): void {
    this.faults.push({ atMs: Math.min(atMs, this.o.quietAtMs), fault });
  }

  repeat(meanSlots: number, strike: (atMs: number) => void): void {
    const meanMs = Math.max(1, Math.floor(meanSlots * this.o.slotMs));
    let atMs = this.random.below(meanMs);
    while (atMs < this.o.quietAtMs) {
      strike(atMs);
      atMs += 1 + this.random.below(2 * meanMs);
    }
  }
}

export function drawFaults(random: SeededRandom, options: FaultOptions): TimedFault[] {
  const drawing = new Drawing(random, options);
  const { on, quietAtMs, isOver } = options;
  if (isOver) drawForkedPartition(drawing);
  else {
    if (on(60)) drawCrashes(drawing);
    const isLong = quietAtMs / options.slotMs >= longSlots;
    if (on(isLong ? 60 : 20)) drawMassCrash(drawing, isLong);
    if (on(30)) drawLosses(drawing);
    if (on(60)) drawPartitions(drawing);
    if (options.hasStalls) drawStalls(drawing);
    if (on(50)) drawCuts(drawing);
    if (on(25)) drawSlowness(drawing);
    if (on(30)) drawSkews(drawing);
  }
  drawing.add(quietAtMs, { type: "heal" });
  return drawing.faults.sort((a, b) => a.atMs - b.atMs);
}

function drawCrashes(drawing: Drawing): void {
  const { random, o } = drawing;
  drawing.repeat(random.between(5, 60), (atMs) => {
    const node = random.chance(60) ? random.below(o.validators) : random.below(o.nodes);
    const downMs = random.pick([0, o.slotMs, 4 * o.slotMs, 20 * o.slotMs]);
    const moment = random.pick(["now", "sync", "sign", "sign"] as const);
    drawing.add(atMs, { type: "crash", node, moment, downMs, loss: "nothing" });
  });
}

/** Enough for the few who are left to reach the cap, who lead few of the slots. */
const longSlots = 300;

/** So many at once that no quorum is left: the chain grows to the cap, if it lasts. */
function drawMassCrash(drawing: Drawing, isLong: boolean): void {
  const { random, o } = drawing;
  const slots = Math.floor(o.quietAtMs / o.slotMs);
  if (o.validators < 2 || slots < 20) return;
  const fromSlot = random.between(5, Math.max(6, slots >> 2));
  const most = Math.max(11, slots - fromSlot);
  const lastsSlots = isLong && random.chance(50) ? most : random.between(10, most);
  const downMs = lastsSlots * o.slotMs;
  const count = random.between(Math.floor(o.validators / 3) + 1, o.validators - 1);
  const ranks = Array.from({ length: o.validators }, (_, rank) => rank);
  for (let index = 0; index < count; index++) {
    const [node] = ranks.splice(random.below(ranks.length), 1) as [number];
    const fault = { type: "crash", node, moment: "now", downMs, loss: "nothing" } as const;
    drawing.add(fromSlot * o.slotMs, fault);
  }
}

function drawLosses(drawing: Drawing): void {
  const { random, o } = drawing;
  let spendable = o.spendable;
  // One machine only: what a quorum voted for must not be lost by all who had it.
  const restored = random.below(o.nodes);
  drawing.repeat(40, (atMs) => {
    const node = random.below(o.nodes);
    const isCheat = o.cheats.some((each) => each.node === node || each.clone === node);
    const downMs = random.pick([0, 2, 10]) * o.slotMs;
    const crash = { type: "crash", node, moment: "now", downMs } as const;
    if (random.chance(50) && node < o.validators && !isCheat && spendable > 0) {
      spendable--;
      drawing.add(atMs, { ...crash, loss: "signer" });
      return;
    }
    // A lone validator is a quorum: cut off, it alone had what it voted for.
    if (o.nodes === 1 || (o.validators === 1 && restored === 0)) return;
    drawing.add(atMs, { type: "backup", node: restored });
    const laterMs = atMs + random.between(2, 60) * o.slotMs;
    if (laterMs >= o.quietAtMs) return;
    drawing.add(laterMs, { ...crash, node: restored, loss: "new-blocks" });
  });
}

function drawPartitions(drawing: Drawing): void {
  const { random, o } = drawing;
  const isLong = random.chance(30);
  drawing.repeat(random.between(30, 120), (atMs) => {
    const lastsMs = (isLong ? random.between(60, 400) : random.between(2, 40)) * o.slotMs;
    const parts = random.between(2, 3);
    const isEven = random.chance(50);
    const first = random.below(parts);
    const sides = Array.from({ length: o.nodes }, (_, node) =>
      isEven ? (node + first) % parts : random.below(parts),
    );
    drawing.add(atMs, { type: "partition", sides });
    drawing.add(atMs + lastsMs, { type: "heal" });
  });
}

/** Some hear others and are not heard. */
function drawStalls(drawing: Drawing): void {
  const { random, o } = drawing;
  drawing.repeat(random.between(30, 120), (atMs) => {
    const mute = Array.from({ length: o.nodes }, () => random.chance(35));
    const directions = [];
    for (let from = 0; from < o.nodes; from++) {
      for (let to = 0; to < o.nodes; to++) {
        if (from !== to && mute[from] && !mute[to]) directions.push({ from, to });
      }
    }
    drawing.add(atMs, { type: "stall", directions });
    drawing.add(atMs + random.between(1, 30) * o.slotMs, { type: "heal" });
  });
}

function drawCuts(drawing: Drawing): void {
  const { random } = drawing;
  drawing.repeat(random.between(3, 60), (atMs) => drawing.add(atMs, { type: "cut" }));
}

/** Three messages of a handshake, each late by this, still come within `handshakeMs`. */
const slowMsMax = 2_500;

function drawSlowness(drawing: Drawing): void {
  const { random, o } = drawing;
  drawing.repeat(random.between(20, 80), (atMs) => {
    const node = random.below(o.nodes);
    const ms = Math.min(slowMsMax, Math.floor((o.slotMs * random.between(1, 20)) / 10));
    drawing.add(atMs, { type: "slow", node, ms });
    const laterMs = atMs + random.between(2, 30) * o.slotMs;
    drawing.add(laterMs, { type: "slow", node, ms: 0 });
  });
}

/** Small ones, and steps of some slots that are put right later. */
function drawSkews(drawing: Drawing): void {
  const { random, o } = drawing;
  const small = Math.min(200, Math.floor(o.slotMs / 20));
  drawing.repeat(random.between(20, 120), (atMs) => {
    const node = random.below(o.nodes);
    drawing.add(atMs, { type: "skew", node, skewMs: random.between(-small, small) });
  });
  if (!random.chance(50)) return;
  drawing.repeat(random.between(40, 160), (atMs) => {
    const node = random.below(o.nodes);
    const skewMs = random.between(-6 * o.slotMs, 6 * o.slotMs);
    drawing.add(atMs, { type: "skew", node, skewMs });
    const laterMs = atMs + random.between(1, 40) * o.slotMs;
    drawing.add(laterMs, { type: "skew", node, skewMs: 0 });
  });
}

/** The honest in two halves, an instance of each cloned key on either side. */
function drawForkedPartition(drawing: Drawing): void {
  const { random, o } = drawing;
  const slots = Math.floor(o.quietAtMs / o.slotMs);
  let turn = 0;
  const sides = Array.from({ length: o.nodes }, (_, node) => {
    const cheat = o.cheats.find((each) => each.node === node || each.clone === node);
    if (cheat !== undefined) return cheat.clone === node ? 1 : 0;
    return node < o.validators ? turn++ % 2 : random.below(2);
  });
  // Once they are connected.
  const first = Math.ceil(15_000 / o.slotMs);
  const slot = random.between(first, Math.max(first + 1, slots >> 1));
  drawing.add(slot * o.slotMs, { type: "partition", sides });
}
