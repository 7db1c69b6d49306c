/**
 * What peers did wrong and right, in one hand: soft faults that add up and fade within minutes, the
 * bans that follow, and the score that outlives both. What a fault costs is not decided here
 * (node/penalties.ts), nor whom a verdict spares (admission.ts, doorkeeper.ts).
 *
 * Invariant: all of it is bounded, and all of it forgets. An address is banned only for what an
 * unauthenticated stranger did, an identity for what it signed: neighbours behind one address do
 * not suffer. protocol-spec/09-connections §8
 */
import { BoundedMap } from "../../base/bounded.ts";
import type { Clock } from "../../edge/env.ts";
import type { NodeId } from "../../model/ids.ts";
import { connectionLimits } from "../../params/limits.ts";
import { BanList, type BanRecord, parseBanSubject } from "./ban-list.ts";
import { PeerScores, type ScoreRecord } from "./peer-score.ts";

/** `ip:<origin>` or `id:<node id>`. */
export type Subject = string;

/** What the host keeps over a restart. */
export interface KeptRecords {
  readonly bans: readonly BanRecord[];
  readonly scores: readonly ScoreRecord[];
}

/** The same, when there is any. */
export type KeptConduct = Partial<KeptRecords>;

export const ofOrigin = (origin: string): Subject => `ip:${origin}`;
export const ofIdentity = (nodeId: NodeId): Subject => `id:${nodeId}`;

export class Misconduct {
  readonly bans: BanList;
  readonly scores: PeerScores;
  /** When the points will be gone again: a leaky bucket in one number. */
  private readonly clearAt = new BoundedMap<Subject, number>(connectionLimits.bannedMax);
  private readonly clock: Clock;

  constructor(clock: Clock, kept: KeptConduct = {}) {
    this.clock = clock;
    this.bans = new BanList(clock);
    this.scores = new PeerScores(clock);
    this.bans.restore(kept.bans ?? []);
    this.scores.restore(kept.scores ?? []);
  }

  get discouragedCount(): number {
    return this.bans.size;
  }

  /** The points after adding `points`, kept over reconnects. */
  add(subject: Subject, points: number, code = "other"): number {
    const now = this.clock.monotonicMs;
    const from = Math.max(this.clearAt.get(subject) ?? now, now);
    if (points > 0) {
      this.clearAt.set(subject, from + points * connectionLimits.scorePointMs);
      // An address without an identity is worth no memory of its own beyond its ban.
      if (subject.startsWith("id:")) this.scores.onFault(bare(subject), code, points);
    }
    return this.scoreOf(subject);
  }

  scoreOf(subject: Subject): number {
    const leftMs = (this.clearAt.get(subject) ?? 0) - this.clock.monotonicMs;
    return leftMs <= 0 ? 0 : Math.ceil(leftMs / connectionLimits.scorePointMs);
  }

  /** Bans by rule; false when the list takes no such subject. */
  discourage(subject: Subject, reason = "its faults have added up"): boolean {
    this.clearAt.delete(subject);
    const found = parseBanSubject(bare(subject));
    const { discourageMs } = connectionLimits;
    return found !== undefined && this.bans.ban(found, reason, discourageMs, "rule");
  }

  /** Banned, by whomever. */
  isDiscouraged(subject: Subject): boolean {
    const value = bare(subject);
    if (subject.startsWith("id:")) return this.bans.refusalOf(undefined, value) !== undefined;
    return this.bans.refusalOf(value.split("/")[0], undefined) !== undefined;
  }
}

const bare = (subject: Subject): string => subject.slice(3);
