/**
 * Kills validators and starts them again, until as many came back and signed as were asked for. All
 * signatures that reach anybody are compared (seen-signatures.ts), and all that nodes call final
 * (final-blocks.ts). What is a cycle: killed at a point, started, heard signing in a later slot.
 *
 *   signing ── kill at a point ──> down ──(power cut, chain lost)──> up ── watch ──> signing
 */
import { setTimeout as sleep } from "node:timers/promises";
import { evidenceSlot } from "../../src/model/evidence.ts";
import { Arena, type Member } from "./arena.ts";
import { FinalBlocks } from "./final-blocks.ts";
import { type KillOrder, type KillPoint, killPoints } from "./kill-order.ts";
import { SeenSignatures } from "./seen-signatures.ts";
import { Tap } from "./tap.ts";

export interface KillLoopOptions {
  readonly cycles: number;
  readonly slotMs: number;
  /** Every kill is a power cut in the slot that the victim led: see kill-loop.ts. */
  readonly powerCut: boolean;
  /** The signer answers before its record is durable. */
  readonly noFsync: boolean;
  readonly onCycle?: (text: string) => void;
}

export interface KillLoopSummary {
  readonly cycles: number;
  readonly slots: number;
  readonly seconds: number;
  /** Distinct signatures. */
  readonly seals: number;
  readonly votes: number;
  readonly badSignatures: number;
  /** Cycles by where the victim was killed. */
  readonly points: Readonly<Record<string, number>>;
  readonly powerCuts: number;
  readonly finalHeight: number;
  readonly finalBlocksCompared: number;
  readonly undone: readonly string[];
  /** Signatures that were heard of and that no durable record of their signer covers. */
  readonly unrecorded: readonly string[];
  readonly equivocations: readonly Equivocation[];
  readonly faults: readonly string[];
}

export interface Equivocation {
  readonly validator: string;
  readonly kind: string;
  readonly slot: number;
  /** The piece of evidence, for anybody to check. */
  readonly hex: string;
}

const validators = 4;
const genesisAheadMs = 6000;
const askMs = 500;
const lookMs = 20;
const startSlotsMax = 200;
/** An order that is not carried out by then is a kill at random. */
const orderSlotsMax = 24;
/** Of so many kills one is a power cut as well. */
const powerCutEvery = 8;
/** Of so many cycles one has two victims at once. */
const pairEvery = 5;
const kinds = { 1: "double-seal", 2: "double-vote", 3: "surround" } as const;

const below = (bound: number) => Math.floor(Math.random() * bound);

export async function runKillLoop(options: KillLoopOptions): Promise<KillLoopSummary> {
  const loop = new KillLoop(options, await makeArena(options));
  try {
    return await loop.run();
  } finally {
    await loop.end();
  }
}

const makeArena = ({ slotMs, noFsync, powerCut }: KillLoopOptions) =>
  Arena.make({ validators, slotMs, genesisAheadMs, noFsync, unguarded: powerCut });

class KillLoop {
  private readonly options: KillLoopOptions;
  private readonly arena: Arena;
  private readonly seen: SeenSignatures;
  private readonly finals = new FinalBlocks();
  private readonly taps: readonly Tap[];
  private readonly points: Record<string, number> = {};
  private readonly faults: string[] = [];
  private readonly unrecorded: string[] = [];
  private readonly startedMs = performance.now();
  private readonly asking: NodeJS.Timeout;
  private done = 0;
  private powerCuts = 0;

  constructor(options: KillLoopOptions, arena: Arena) {
    this.options = options;
    this.arena = arena;
    this.seen = new SeenSignatures(arena.genesisHash, arena.network.validators);
    for (const member of arena.members) member.start();
    this.taps = arena.members.map(
      ({ address }) => new Tap(address.listen, arena.genesisHash, this.seen),
    );
    this.asking = setInterval(() => void this.finals.ask(arena.members), askMs);
  }

  async run(): Promise<KillLoopSummary> {
    const { cycles, powerCut } = this.options;
    for (const victim of this.arena.validators) await this.heardSigning(victim, 0);
    while (this.done < cycles && this.mayGoOn()) {
      const victims = this.arena.validators.toSorted(() => Math.random() - 0.5);
      const count = !powerCut && this.done + 1 < cycles && below(pairEvery) === 0 ? 2 : 1;
      await Promise.all(victims.slice(0, count).map((victim) => this.cycle(victim)));
    }
    if (this.faults.length === 0) await this.finalAgain();
    await this.finals.ask(this.arena.members);
    return this.summary(await this.finals.compare(this.arena.members));
  }

  async end(): Promise<void> {
    clearInterval(this.asking);
    for (const tap of this.taps) tap.stop();
    await this.arena.end();
  }

  private mayGoOn(): boolean {
    const { equivocations } = this.seen;
    const unrecorded = this.options.noFsync ? 0 : this.unrecorded.length;
    const { contradictions } = this.finals;
    return equivocations.size + contradictions.size + this.faults.length + unrecorded === 0;
  }

  private async cycle(victim: Member): Promise<void> {
    const point = this.options.powerCut ? "after-send" : [...killPoints, "random"][below(10)]!;
    const at = await this.killAt(victim, point as KillPoint | "random");
    if (at === undefined) return;
    if (!this.options.powerCut) await sleep(below(2 * this.options.slotMs));
    this.checkRecord(victim);
    const lost: string[] = [];
    if (this.options.powerCut || below(powerCutEvery) === 0) {
      const bytes = victim.loseUnsynced();
      if (bytes > 0) lost.push(`${bytes} bytes of the signer's file`);
      victim.loseChain();
      lost.push("the chain");
      this.powerCuts++;
    }
    const slot = this.arena.slot();
    victim.start();
    // A slot of the start itself may be signed in where there is no guard.
    if (!(await this.heardSigning(victim, this.options.powerCut ? slot : slot + 1))) return;
    this.done++;
    this.points[at] = (this.points[at] ?? 0) + 1;
    const without = lost.length === 0 ? "" : `, without ${lost.join(" and ")}`;
    const text = `${victim.name} killed ${at}${without}, back at slot ${slot}, signs again`;
    this.options.onCycle?.(`${this.done} ${text}; final ${this.finals.height}`);
  }

  /** Where it was killed: the point, or at random when it never got there. */
  private async killAt(victim: Member, point: KillPoint | "random"): Promise<string | undefined> {
    const { slotMs, powerCut } = this.options;
    const timer = new AbortController();
    const after = point === "random" ? below(4 * slotMs) : orderSlotsMax * slotMs;
    if (point !== "random") victim.arm(orderOf(point, powerCut));
    const late = sleep(after, "late" as const, { signal: timer.signal }).catch(() => "ended");
    if ((await Promise.race([late, victim.whenEnded()])) === "late") {
      victim.kill();
      await victim.whenEnded();
      return point === "random" ? "random" : `late for ${point}`;
    }
    timer.abort();
    const how = await victim.whenEnded();
    if (how === "SIGKILL") return point;
    this.fault(victim, `ended by itself: ${how}`);
    return undefined;
  }

  /** What the victim signed is in what it had synced, even before anything is lost. */
  private checkRecord(victim: Member): void {
    const floors = victim.syncedFloors(this.arena.genesisHash);
    const { sealSlot, targetSlot } = this.seen.newestOf(victim.key!);
    const says = `durable are ${floors?.sealSlot} and ${floors?.targetSlot}`;
    if (floors !== undefined && floors.sealSlot >= sealSlot && floors.targetSlot >= targetSlot) {
      return;
    }
    this.unrecorded.push(
      `${victim.name} sealed slot ${sealSlot}, voted for ${targetSlot}, ${says}`,
    );
  }

  private async heardSigning(victim: Member, fromSlot: number): Promise<boolean> {
    const until = performance.now() + startSlotsMax * this.options.slotMs + genesisAheadMs;
    const newest = () => {
      const { sealSlot, targetSlot } = this.seen.newestOf(victim.key!);
      return Math.max(sealSlot, targetSlot);
    };
    while (newest() < fromSlot) {
      // The mutant's second signature is what all this is for: no need to hear a third.
      if (this.seen.equivocations.size > 0) return false;
      if (!victim.isUp || performance.now() > until) {
        const how = victim.isUp ? "never signed again" : `ended: ${await victim.whenEnded()}`;
        this.fault(victim, how);
        return false;
      }
      await sleep(lookMs);
    }
    return true;
  }

  /** With all of them up, something new becomes final. */
  private async finalAgain(): Promise<void> {
    const from = this.finals.height;
    const until = performance.now() + startSlotsMax * this.options.slotMs;
    while (this.finals.height < from + 3 && this.mayGoOn()) {
      if (performance.now() > until) {
        this.faults.push(`nothing above height ${from} became final after the last cycle`);
        return;
      }
      await sleep(askMs);
    }
  }

  private fault(victim: Member, what: string): void {
    this.faults.push(`${victim.name} ${what}\n${victim.lastLines.join("\n")}`);
  }

  private summary(finalBlocksCompared: number): KillLoopSummary {
    const { seen, finals, points, faults, powerCuts } = this;
    return {
      cycles: this.done,
      slots: this.arena.slot(),
      seconds: Math.round((performance.now() - this.startedMs) / 1000),
      seals: seen.seals,
      votes: seen.votes,
      badSignatures: seen.bad,
      points,
      powerCuts,
      finalHeight: finals.height,
      finalBlocksCompared,
      undone: [...finals.contradictions],
      unrecorded: this.unrecorded,
      equivocations: [...seen.equivocations.values()].map((evidence) => ({
        validator: evidence.validator,
        kind: kinds[evidence.type],
        slot: evidenceSlot(evidence),
        hex: Buffer.from(evidence.bytes).toString("hex"),
      })),
      faults,
    };
  }
}

function orderOf(point: KillPoint, powerCut: boolean): KillOrder {
  // To all of its peers, and before any of them can ask for the block.
  if (powerCut) return { point, what: "own-vote", writes: validators + 1 };
  return { point, what: below(2) === 0 ? "seal" : "vote", writes: 1 + below(2 * validators) };
}
