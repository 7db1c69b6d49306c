/**
 * May our validator key be used now? Not right after a start, while another process may be using
 * it; never again once one is seen; and not after the wall clock jumped. The signer's floors are
 * the last line, this is the first. protocol-spec/06-validation §8.
 *
 *   start ── 2n slots of watching ──> signing ── clock jumps ──> watching again
 *                    └──── own seal or vote that we did not make ────> silent for good
 */
import { BoundedSet } from "../base/bounded.ts";
import type { Env } from "../edge/env.ts";
import type { NodeEvent } from "../edge/event.ts";
import type { Header } from "../model/header.ts";
import { type NetworkFile, slotAt } from "../model/network-file.ts";
import type { Vote } from "../model/vote.ts";
import type { ValidatorOptions } from "./node-options.ts";

/** Seals and votes of our own that are remembered: more than are on their way at any time. */
const ownMax = 1024;

export class ValidatorGuard {
  private readonly env: Env;
  private readonly file: NetworkFile;
  private readonly validator: ValidatorOptions;
  private readonly notify: (event: NodeEvent) => void;
  private readonly validatorCount: () => number;
  private readonly own = new BoundedSet<string>(ownMax);
  private quietUntilSlot: number;
  private clockOffsetMs: number;
  private isDoubled = false;

  constructor(
    env: Env,
    file: NetworkFile,
    validator: ValidatorOptions,
    validatorCount: () => number,
    notify: (event: NodeEvent) => void,
  ) {
    this.env = env;
    this.file = file;
    this.validator = validator;
    this.validatorCount = validatorCount;
    this.notify = notify;
    this.clockOffsetMs = env.clock.wallMs - env.clock.monotonicMs;
    // At the birth of a network nobody can have signed before.
    const isFirst = validator.isFresh && this.slot() <= 2 * validatorCount();
    const isSafe = isFirst || validatorCount() === 1;
    this.quietUntilSlot = isSafe ? 0 : this.slotAfterWatch();
  }

  get maySign(): boolean {
    return !this.isDoubled && this.slot() > this.quietUntilSlot;
  }

  /** Before anything else in a step. */
  tick(): void {
    const { wallMs, monotonicMs } = this.env.clock;
    const byMs = wallMs - monotonicMs - this.clockOffsetMs;
    this.clockOffsetMs += byMs;
    if (Math.abs(byMs) <= this.file.slotMs) return;
    this.quietUntilSlot = this.slotAfterWatch();
    this.notify({ type: "clock-jumped", byMs: Math.round(byMs) });
  }

  /** We signed this: a block hash, or the target of a vote. */
  onSigned(hash: string): void {
    this.own.add(hash);
  }

  onHeader({ sealer, slot, hash }: Header): void {
    const { key, floors } = this.validator;
    if (sealer === key && slot > floors.sealSlot && !this.own.has(hash)) this.seen("seal", slot);
  }

  onVote({ validator, targetSlot, targetHash }: Vote): void {
    const { key, floors } = this.validator;
    if (validator !== key || targetSlot <= floors.targetSlot) return;
    if (!this.own.has(`vote ${targetHash}`)) this.seen("vote", targetSlot);
  }

  private seen(what: "seal" | "vote", slot: number): void {
    if (this.isDoubled) return;
    this.isDoubled = true;
    this.notify({ type: "doppelganger", what, slot });
  }

  private slot(): number {
    return slotAt(this.file, this.env.clock.wallMs);
  }

  private slotAfterWatch(): number {
    return this.slot() + 2 * this.validatorCount();
  }
}
