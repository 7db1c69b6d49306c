/**
 * How good a peer has been to us, by what it did: connections, answers, bytes and objects that we
 * wanted, faults. For whom to evict, whom to sync from, whom to dial again. NOT the points that add
 * up to a ban and fade within minutes (misconduct.ts), and it decides nothing by itself.
 *
 * Invariants: what is measured halves each `scoreHalfLifeMs`, by shifts of integers; each reason is
 * capped, so that no amount of one buys off another; `scoredPeersMax` peers are remembered, and the
 * one that says least is forgotten. protocol-spec/09-connections §7
 */
import type { Clock } from "../../edge/env.ts";
import { connectionLimits } from "../../params/limits.ts";

export type UsefulKind = "block" | "transaction" | "vote" | "address";

/** What counts, for one happening, and at most; in 1/16 of a point, so that halving keeps some. */
const rules = {
  connected: { each: 32, max: 320 },
  "connection-failed": { each: -80, max: 800 },
  "answer-fast": { each: 16, max: 160 },
  "answer-slow": { each: -16, max: 320 },
  bytes: { each: 16, max: 320 },
  block: { each: 64, max: 1280 },
  transaction: { each: 4, max: 320 },
  vote: { each: 4, max: 320 },
  address: { each: 1, max: 80 },
  fault: { each: -16, max: 1600 },
} as const satisfies Record<string, { readonly each: number; readonly max: number }>;

type Rule = keyof typeof rules;
/** A rule, or `fault:<code>`. */
export type ScoreReason = string;

export interface ScorePart {
  readonly reason: ScoreReason;
  readonly points: number;
}

/** As kept over a restart. `savedMs`: wall clock. */
export interface ScoreRecord {
  readonly nodeId: string;
  readonly savedMs: number;
  readonly parts: readonly (readonly [reason: ScoreReason, sixteenths: number])[];
}

interface Score {
  /** In sixteenths, as of `at`. */
  readonly parts: Map<ScoreReason, number>;
  /** Bytes that have not made a mebibyte yet. */
  bytes: number;
  at: number;
}

const { scoredPeersMax, scoreHalfLifeMs, scoreReasonsMax } = connectionLimits;
const { answerFastMs, answerSlowMs } = connectionLimits;
const bytesPerPoint = 1 << 20;

export class PeerScores {
  private readonly clock: Clock;
  private readonly scores = new Map<string, Score>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  get size(): number {
    return this.scores.size;
  }

  /** `subject`: a node id, or the address of whom nobody knows yet. */
  onConnected(subject: string): void {
    this.count(subject, "connected");
  }

  onFailed(subject: string): void {
    this.count(subject, "connection-failed");
  }

  onResponse(nodeId: string, ms: number): void {
    if (ms <= answerFastMs) this.count(nodeId, "answer-fast");
    else if (ms >= answerSlowMs) this.count(nodeId, "answer-slow");
  }

  /** Of what we wanted. */
  onBytes(nodeId: string, bytes: number): void {
    const score = this.open(nodeId);
    score.bytes += bytes;
    const points = Math.floor(score.bytes / bytesPerPoint);
    score.bytes -= points * bytesPerPoint;
    if (points > 0) add(score, "bytes", "bytes", points);
  }

  onUseful(nodeId: string, kind: UsefulKind): void {
    this.count(nodeId, kind);
  }

  /** `code` is of the closed set of 07-errors. */
  onFault(subject: string, code: string, points: number): void {
    if (points <= 0) return;
    const score = this.open(subject);
    const reason = `fault:${code}`;
    // The set of codes is closed, and one peer is remembered for a few of them.
    const isNew = !score.parts.has(reason) && score.parts.size >= scoreReasonsMax;
    add(score, isNew ? "fault:other" : reason, "fault", points);
  }

  /** The sum of all reasons, whole points; 0 for whom nobody knows. */
  valueOf(nodeId: string): number {
    let sum = 0;
    for (const sixteenths of this.current(nodeId)?.parts.values() ?? []) sum += sixteenths;
    return Math.trunc(sum / 16);
  }

  /** What the value is made of, the weightiest first. */
  explain(nodeId: string): readonly ScorePart[] {
    const parts = [...(this.current(nodeId)?.parts ?? [])];
    return parts
      .map(([reason, sixteenths]) => ({ reason, points: Math.trunc(sixteenths / 16) }))
      .filter(({ points }) => points !== 0)
      .sort((a, b) => Math.abs(b.points) - Math.abs(a.points) || (a.reason < b.reason ? -1 : 1));
  }

  /** Identities of `known()`; what is none is left out. */
  restore(records: readonly ScoreRecord[]): void {
    const { monotonicMs, wallMs } = this.clock;
    for (const { nodeId, savedMs, parts } of records.slice(0, scoredPeersMax)) {
      const ageMs = Math.max(0, wallMs - savedMs);
      const score: Score = { parts: new Map(), bytes: 0, at: monotonicMs - ageMs };
      for (const [reason, sixteenths] of parts.slice(0, scoreReasonsMax)) {
        const rule = ruleOf(reason);
        if (rule !== undefined) score.parts.set(reason, bounded(sixteenths, rule));
      }
      this.scores.set(nodeId, score);
    }
  }

  /** To be kept over a restart: whoever has a name. */
  known(): readonly ScoreRecord[] {
    const records: ScoreRecord[] = [];
    for (const nodeId of this.scores.keys()) {
      const score = this.current(nodeId);
      if (score === undefined || score.parts.size === 0 || nodeId.length !== 64) continue;
      const savedMs = this.clock.wallMs - (this.clock.monotonicMs - score.at);
      records.push({ nodeId, savedMs, parts: [...score.parts] });
    }
    return records;
  }

  private count(subject: string, rule: Rule): void {
    add(this.open(subject), rule, rule, 1);
  }

  private current(subject: string): Score | undefined {
    const score = this.scores.get(subject);
    if (score !== undefined) decay(score, this.clock.monotonicMs);
    return score;
  }

  private open(subject: string): Score {
    const known = this.current(subject);
    if (known !== undefined) return known;
    if (this.scores.size >= scoredPeersMax) this.forgetOne();
    const score: Score = { parts: new Map(), bytes: 0, at: this.clock.monotonicMs };
    this.scores.set(subject, score);
    return score;
  }

  /** The one that says least, good or bad; of several the oldest: newcomers push out each other. */
  private forgetOne(): void {
    let least: string | undefined;
    let leastWeight = Number.POSITIVE_INFINITY;
    for (const subject of this.scores.keys()) {
      const weight = Math.abs(this.valueOf(subject));
      if (weight >= leastWeight) continue;
      [least, leastWeight] = [subject, weight];
    }
    if (least !== undefined) this.scores.delete(least);
  }
}

function ruleOf(reason: ScoreReason): Rule | undefined {
  if (reason.startsWith("fault:")) return "fault";
  return reason in rules && reason !== "fault" ? (reason as Rule) : undefined;
}

function add(score: Score, reason: ScoreReason, rule: Rule, times: number): void {
  const before = score.parts.get(reason) ?? 0;
  score.parts.set(reason, bounded(before + rules[rule].each * times, rule));
}

function bounded(sixteenths: number, rule: Rule): number {
  const { each, max } = rules[rule];
  return each > 0
    ? Math.min(Math.max(0, sixteenths), max)
    : Math.max(Math.min(0, sixteenths), -max);
}

function decay(score: Score, now: number): void {
  const halvings = Math.floor((now - score.at) / scoreHalfLifeMs);
  if (halvings <= 0) return;
  score.at += halvings * scoreHalfLifeMs;
  for (const [reason, sixteenths] of score.parts) {
    const left = Math.trunc(sixteenths / 2 ** Math.min(halvings, 32));
    if (left === 0) score.parts.delete(reason);
    else score.parts.set(reason, left);
  }
}
