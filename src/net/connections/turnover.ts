/**
 * The slow change of full outbound peers, without which a network that was split for long stays
 * nearly so when it has healed: every slot is filled on the own side, and nobody leaves. Now and
 * then one full peer more is tried; when it proves to follow the chain, one of the others goes.
 *
 *     idle -> granted (somebody is dialled) -> on trial -> idle
 *
 * Whoever has the worst score below 0 goes first, else the one that has been here longest. NOT the
 * one that delivered least: an attacker that brings every block first would outlive all others.
 * Invariants: nobody goes before a newcomer proved itself; never the first that kept up (up to
 * half of the slots), nor whom the operator or a validator key spares. It dials and closes nothing.
 * protocol-spec/09-connections §2
 */
import { BoundedSet } from "../../base/bounded.ts";
import type { Conn } from "../../edge/conn.ts";
import type { Random } from "../../edge/env.ts";
import type { NodeId } from "../../model/ids.ts";
import { connectionLimits } from "../../params/limits.ts";
import type { BookEntry } from "../addresses/address-book.ts";
import type { Endpoint } from "../addresses/endpoint.ts";
import type { Tip } from "./connection-port.ts";
import type { Ready } from "./connection-table.ts";

export interface TurnoverRules {
  /** Below 0 is bad (peer-score.ts). */
  scoreOf(nodeId: NodeId): number;
  /** By the operator or for its validator key. */
  isSpared(endpoint: Endpoint | undefined, nodeId: NodeId): boolean;
  /** One of the first that kept up (lagging.ts). */
  keptUp(conn: Conn): boolean;
}

export interface TurnoverView {
  /** Full outbound peers that nobody named, the longest here first. */
  readonly full: readonly Ready[];
  readonly fullMax: number;
  /** Ready full and named peers beyond the full slots; below 0: slots are free. */
  readonly surplus: number;
  readonly tip: Tip;
}

/** What is to be done now. */
export interface Turn {
  /** To be asked for headers, so that it can show what it has. */
  readonly ask?: Ready;
  readonly goes?: { readonly peer: Ready; readonly code: "extra-full" | "rotated" };
}

interface Trial {
  readonly conn: Conn;
  /** What it must show. */
  readonly height: number;
  readonly since: number;
}

const limits = connectionLimits;
const never = Number.NEGATIVE_INFINITY;

export class Turnover {
  private readonly random: Random;
  private readonly rules: TurnoverRules;
  /** Undefined until all slots were filled once. */
  private turnAt: number | undefined;
  private grantedUntil = never;
  private trial: Trial | undefined;
  private readonly gone = new BoundedSet<string>(limits.turnoverGoneMax);

  constructor(random: Random, rules: TurnoverRules) {
    this.random = random;
    this.rules = rules;
  }

  /** Is one full peer more to be dialled? */
  get isGranted(): boolean {
    return this.grantedUntil !== never;
  }

  /** Not who went by this rule lately, nor who has a bad score, if we know who it is. */
  isFresh({ endpoint, nodeId, confirmed }: BookEntry): boolean {
    if (this.gone.has(endpoint.address)) return false;
    return !confirmed || nodeId === undefined || this.rules.scoreOf(nodeId) >= 0;
  }

  check(view: TurnoverView, now: number): Turn {
    if (this.trial !== undefined) return this.judge(this.trial, view, now);
    if (this.isGranted) return this.watch(view, now);
    // While we catch up, or have a slot free, there are better reasons to dial.
    const isQuiet = !view.tip.isFetching && view.surplus === 0;
    if (this.turnAt === undefined && !isQuiet) return {};
    this.turnAt ??= now + this.wait();
    if (now < this.turnAt) return {};
    this.turnAt = now + this.wait();
    if (isQuiet && this.worst(view, now) !== undefined) {
      this.grantedUntil = now + limits.turnoverDialMs;
    }
    return {};
  }

  /** Has whoever was dialled come? */
  private watch({ full, surplus, tip }: TurnoverView, now: number): Turn {
    if (surplus === 0 && now < this.grantedUntil) return {};
    const grantedAt = this.grantedUntil - limits.turnoverDialMs;
    this.grantedUntil = never;
    const newcomer = full.at(-1);
    if (surplus !== 1 || newcomer === undefined || newcomer.readyAt < grantedAt) return {};
    this.trial = { conn: newcomer.conn, height: tip.height, since: now };
    return { ask: newcomer };
  }

  private judge({ conn, height, since }: Trial, view: TurnoverView, now: number): Turn {
    const newcomer = view.full.find((peer) => peer.conn === conn);
    // Somebody left meanwhile, so nobody has to.
    if (newcomer === undefined || view.surplus <= 0) return this.end({});
    if (now - newcomer.readyAt < limits.extraPeerMs) return {};
    const failed = { goes: { peer: newcomer, code: "extra-full" } } as const;
    if (newcomer.merits.shownHeight < height || this.rules.scoreOf(newcomer.nodeId) < 0) {
      return now - since < limits.laggingAskMs ? {} : this.end(failed);
    }
    const others = view.full.filter((peer) => peer !== newcomer);
    const peer = this.worst({ ...view, full: others }, now);
    return this.end(peer === undefined ? failed : { goes: { peer, code: "rotated" } });
  }

  private end(turn: Turn): Turn {
    this.trial = undefined;
    const target = turn.goes?.peer.target;
    if (target !== undefined) this.gone.add(target.address);
    return turn;
  }

  private worst({ full, fullMax }: TurnoverView, now: number): Ready | undefined {
    const { scoreOf, isSpared, keptUp } = this.rules;
    const kept = full.filter((peer) => keptUp(peer.conn)).slice(0, Math.floor(fullMax / 2));
    const mayGo = full.filter(
      (peer) => !kept.includes(peer) && !isSpared(peer.endpoint, peer.nodeId),
    );
    const bad = mayGo
      .filter((peer) => scoreOf(peer.nodeId) < 0)
      .sort((a, b) => scoreOf(a.nodeId) - scoreOf(b.nodeId));
    return bad[0] ?? mayGo.find((peer) => now - peer.readyAt >= limits.turnoverFloorMs);
  }

  private wait(): number {
    const { turnoverMinMs, turnoverMaxMs } = limits;
    return turnoverMinMs + this.random.below(turnoverMaxMs - turnoverMinMs + 1);
  }
}
