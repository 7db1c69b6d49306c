/**
 * Fresh views of the network: when a feeler is due, when one outbound peer more than the slots
 * allow is wanted for a while, and who goes for it. So nobody who surrounds us once does for good.
 *
 *     feeler            every 2 min or so   connect, see who answers, leave
 *     extra block-only  every 5 min or so   the worse of the two youngest goes
 *     extra full        no better header for long, nothing on its way: the worst goes
 *     turnover          every 45 min or so   one full peer for another (turnover.ts)
 *
 * It dials nothing (outbound.ts) and closes nothing: it names who is to go.
 * protocol-spec/09-connections §2
 */
import type { Env, Random } from "../../edge/env.ts";
import type { EvictionCode } from "../../edge/event.ts";
import { connectionLimits } from "../../params/limits.ts";
import type { BookEntry } from "../addresses/address-book.ts";
import { isExempt } from "../addresses/netgroup.ts";
import type { Tip } from "./connection-port.ts";
import type { Connection, ConnectionTable, Ready } from "./connection-table.ts";
import type { LaggingPeers } from "./lagging.ts";
import type { Extras, Slots } from "./slots.ts";
import type { Turn, Turnover } from "./turnover.ts";

export interface Surplus {
  readonly peer: Ready;
  readonly code: EvictionCode;
}

/** What a look at the outbound peers leads to. */
interface Look {
  /** To be asked for headers. */
  readonly ask: readonly Ready[];
  readonly surplus: readonly Surplus[];
}

export interface RotationParts {
  readonly env: Env;
  readonly table: ConnectionTable;
  readonly slots: Slots;
  readonly lagging: LaggingPeers;
  readonly turnover: Turnover;
  readonly slotMs: number;
}

const limits = connectionLimits;

export class Rotation {
  private readonly env: Env;
  private readonly table: ConnectionTable;
  private readonly slots: Slots;
  private readonly lagging: LaggingPeers;
  private readonly turnover: Turnover;
  private readonly staleMs: number;
  private feelerAt: number;
  private extraBlockOnlyAt: number;
  private checkAt: number;
  private tipHeight = -1;
  /** Since when no better header came, or the last extra peer went. */
  private quietSince: number;
  private granted = { full: false, blockOnly: false };

  constructor({ env, table, slots, lagging, turnover, slotMs }: RotationParts) {
    this.env = env;
    this.table = table;
    this.slots = slots;
    this.lagging = lagging;
    this.turnover = turnover;
    this.staleMs = limits.staleTipSlots * slotMs;
    const now = env.clock.monotonicMs;
    this.quietSince = now;
    this.feelerAt = now + about(limits.feelerMeanMs, env.random);
    this.extraBlockOnlyAt = now + about(limits.extraBlockOnlyMeanMs, env.random);
    this.checkAt = now + limits.outboundCheckMs;
  }

  get deadline(): number {
    return this.slots.fullMax === 0
      ? Number.POSITIVE_INFINITY
      : Math.min(this.feelerAt, this.checkAt);
  }

  get extras(): Extras {
    const { full, blockOnly } = this.granted;
    return { full: full || this.turnover.isGranted, blockOnly };
  }

  /** Is a full peer dialled now one for another, and no more? */
  get isTurning(): boolean {
    return this.turnover.isGranted && this.slots.freeFull(this.table.use) <= 0;
  }

  /** May it be tried in another's place? */
  isFresh(entry: BookEntry): boolean {
    return this.turnover.isFresh(entry);
  }

  /** Is it time for a feeler? Once answered yes, not again for a while. */
  takeFeelerTurn(now: number): boolean {
    if (this.slots.fullMax === 0 || now < this.feelerAt) return false;
    this.feelerAt = now + about(limits.feelerMeanMs, this.env.random);
    // Whoever is not connected well has more use for connections that stay.
    const { fullReady, manualReady, feelerPending } = this.table.use;
    return feelerPending === 0 && fullReady + manualReady >= this.slots.fullMax;
  }

  isCheckDue(now: number): boolean {
    return this.slots.fullMax > 0 && now >= this.checkAt;
  }

  /** Grants extra peers, and names who is to be asked and who is to go now. */
  check(tip: Tip): Look {
    const now = this.env.clock.monotonicMs;
    this.checkAt = now + limits.outboundCheckMs;
    const surplus: Surplus[] = [];
    const add = (peer: Ready | undefined, code: EvictionCode) => {
      if (peer !== undefined && !surplus.some((other) => other.peer === peer)) {
        surplus.push({ peer, code });
      }
    };
    const peers = [...this.table.outboundValues()].filter(isRotated);
    const stale = this.endExtraFull(peers, now);
    add(stale, "extra-full");
    const { ask, goes } = stale === undefined ? this.turn(peers, tip, now) : {};
    if (goes !== undefined) add(goes.peer, goes.code);
    add(this.endExtraBlockOnly(peers, now), "extra-block-only");
    add(twin(this.table.outboundValues()), "same-group");
    this.grant(tip, now);
    return { ask: ask === undefined ? [] : [ask], surplus };
  }

  private turn(peers: readonly Ready[], tip: Tip, now: number): Turn {
    const { fullMax } = this.slots;
    const { fullReady, manualReady } = this.table.use;
    const full = peers.filter(({ target }) => target?.kind === "full");
    return this.turnover.check(
      { full, fullMax, surplus: fullReady + manualReady - fullMax, tip },
      now,
    );
  }

  private grant(tip: Tip, now: number): void {
    if (tip.height !== this.tipHeight) {
      this.tipHeight = tip.height;
      this.quietSince = now;
      if (this.table.use.fullReady <= this.slots.fullMax) this.granted.full = false;
    } else if (now - this.quietSince >= this.staleMs && !tip.isFetching) this.granted.full = true;
    if (now < this.extraBlockOnlyAt) return;
    this.extraBlockOnlyAt = now + about(limits.extraBlockOnlyMeanMs, this.env.random);
    this.granted.blockOnly = this.slots.blockOnlyMax > 0;
  }

  /** The one whose last news is oldest; of those without any the youngest. */
  private endExtraFull(peers: readonly Ready[], now: number): Ready | undefined {
    const { fullReady, manualReady } = this.table.use;
    const full = peers.filter(({ target }) => target?.kind === "full");
    if (!this.granted.full || fullReady + manualReady <= this.slots.fullMax) return undefined;
    const youngest = full.at(-1);
    if (youngest === undefined || now - youngest.readyAt < limits.extraPeerMs) return undefined;
    this.granted.full = false;
    this.quietSince = now;
    const judged = full.filter((peer) => !this.lagging.isSpared(peer.conn));
    return judged.reduce<Ready | undefined>((worst, peer) => {
      return worst === undefined || peer.merits.blockAt <= worst.merits.blockAt ? peer : worst;
    }, undefined);
  }

  /** The youngest, unless it brought a block after the next youngest did. */
  private endExtraBlockOnly(peers: readonly Ready[], now: number): Ready | undefined {
    const quiet = peers.filter(({ target }) => target?.kind === "block-only");
    const [next, youngest] = quiet.slice(-2);
    if (next === undefined || youngest === undefined) return undefined;
    if (quiet.length <= this.slots.blockOnlyMax) return undefined;
    if (now - youngest.readyAt < limits.extraPeerMs) return undefined;
    this.granted.blockOnly = false;
    return youngest.merits.blockAt > next.merits.blockAt ? next : youngest;
  }
}

/**
 * Somebody whose netgroup another outbound peer has already: after a block-only link became a full
 * one, or a name turned out to mean a neighbour. The block-only one goes, or the younger.
 */
function twin(outbound: Iterable<Connection>): Ready | undefined {
  const first = new Map<string, Ready>();
  for (const peer of outbound) {
    if (peer.type !== "ready" || isExempt(peer.group)) continue;
    const other = first.get(peer.group);
    if (other === undefined) first.set(peer.group, peer);
    else {
      const mayGo = [peer, other].filter((one) => !one.manual);
      const worse = mayGo.find(({ target }) => target?.kind === "block-only") ?? mayGo[0];
      if (worse !== undefined) return worse;
    }
  }
  return undefined;
}

function isRotated(connection: Connection): connection is Ready {
  return connection.type === "ready" && !connection.manual;
}

/** Around `meanMs`, and as hard to foretell as what happens by chance: a half, a quarter, ... */
function about(meanMs: number, random: Random): number {
  const halfLifeMs = Math.floor((meanMs * 2) / 3);
  let waitMs = 1 + random.below(halfLifeMs);
  for (let i = 0; i < 8 && random.below(2) === 0; i++) waitMs += halfLifeMs;
  return waitMs;
}
