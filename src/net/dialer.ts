/**
 * Whom to dial next, and when: peers that the operator named first and for ever, then addresses of
 * the book, chosen at random. It opens nothing and counts no slots (slots.ts).
 *
 * Invariant: an address is dialled again only after its backoff, and no address is ever given up.
 * protocol-spec/09-connections §2
 */
import type { Env } from "../edge/env.ts";
import type { NodeId } from "../model/ids.ts";
import { connectionLimits } from "../params/limits.ts";
import type { AddressBook, BookEntry } from "./address-book.ts";
import { backoffMs } from "./backoff.ts";

export interface DialTarget {
  /** What the host dials: `ip:port`, `[ip6]:port` or `name:port`. */
  readonly address: string;
  readonly manual: boolean;
  /** Whom the operator expects there; the session refuses anybody else. */
  readonly pin: NodeId | undefined;
}

interface ManualPeer {
  readonly target: DialTarget;
  /** Who answered last, or the pin. */
  nodeId: NodeId | undefined;
  fails: number;
  retryAt: number;
}

/** What the dialer asks about the rest of the world. */
export interface DialView {
  /** Connected already, there or to whom answers there; or it is ourselves. */
  isBusy(address: string, nodeId: NodeId | undefined): boolean;
  /** Discouraged; never asked of what the operator named. */
  isShunned(entry: BookEntry): boolean;
}

/**
 * `lasted`: it lived for long or delivered. `failed`: neither, or we never got through. `neutral`:
 * it proved who it is, and we had that peer already.
 */
export type DialOutcome = "lasted" | "failed" | "neutral";

export class Dialer {
  private readonly env: Env;
  private readonly book: AddressBook;
  private readonly manual = new Map<string, ManualPeer>();
  private readonly view: DialView;
  /** Dials to the book are paced, so that a book full of dead addresses costs little. */
  private nextBookDialAt = 0;

  constructor(env: Env, book: AddressBook, view: DialView) {
    this.env = env;
    this.book = book;
    this.view = view;
  }

  /** Dial and keep `address`. False when there are too many of them already. */
  addManual(address: string, pin: NodeId | undefined): boolean {
    const known = this.manual.get(address);
    if (known !== undefined) {
      // The operator asks again: now, not after the backoff.
      known.retryAt = 0;
      return true;
    }
    if (this.manual.size >= connectionLimits.manualPeersMax) return false;
    const target = { address, manual: true, pin };
    this.manual.set(address, { target, nodeId: pin, fails: 0, retryAt: 0 });
    return true;
  }

  /** Does `nodeId` answer at an address that the operator named? */
  isManualIdentity(nodeId: NodeId): boolean {
    for (const peer of this.manual.values()) if (peer.nodeId === nodeId) return true;
    return false;
  }

  /** Whom to dial now; undefined when nobody. `wanted`: free outbound slots. */
  next(wanted: number): DialTarget | undefined {
    const now = this.env.clock.monotonicMs;
    for (const peer of this.manual.values()) {
      if (peer.retryAt <= now && !this.view.isBusy(peer.target.address, peer.nodeId))
        return peer.target;
    }
    if (wanted <= 0 || now < this.nextBookDialAt) return undefined;
    const entry = this.choose(now);
    if (entry === undefined) return undefined;
    this.nextBookDialAt = now + connectionLimits.dialIntervalMs;
    const { address } = entry.endpoint;
    return { address, manual: false, pin: undefined };
  }

  /** The earliest instant at which `next(wanted)` may name somebody; Infinity when it will not. */
  nextAt(wanted: number): number {
    let at = Number.POSITIVE_INFINITY;
    for (const peer of this.manual.values()) {
      if (!this.view.isBusy(peer.target.address, peer.nodeId)) at = Math.min(at, peer.retryAt);
    }
    if (wanted <= 0) return at;
    let bookAt = Number.POSITIVE_INFINITY;
    for (const entry of this.book.values()) {
      if (entry.retryAt < bookAt && this.isDialable(entry)) bookAt = entry.retryAt;
    }
    return Math.min(at, Math.max(bookAt, this.nextBookDialAt));
  }

  /** Whom we dialled proved to be `nodeId`. */
  onReady(target: DialTarget, nodeId: NodeId): void {
    const peer = this.manual.get(target.address);
    if (peer !== undefined) peer.nodeId = nodeId;
  }

  /** The dial failed, or its connection ended. Returns the wait in milliseconds. */
  onEnded(target: DialTarget, outcome: DialOutcome): number {
    const now = this.env.clock.monotonicMs;
    const peer = target.manual ? this.manual.get(target.address) : undefined;
    const failsBefore = (peer ?? this.book.get(target.address))?.fails ?? 0;
    const fails = { lasted: 0, failed: failsBefore + 1, neutral: failsBefore }[outcome];
    const waitMs = backoffMs(fails, this.env.random);
    if (peer === undefined) this.book.onFailed(target.address, fails, now + waitMs);
    else {
      peer.fails = fails;
      peer.retryAt = now + waitMs;
    }
    return waitMs;
  }

  private isDialable(entry: BookEntry): boolean {
    const { address } = entry.endpoint;
    if (this.manual.has(address) || this.view.isShunned(entry)) return false;
    // What others say about an identity must not keep us from dialling.
    const trusted = entry.confirmed || entry.source === entry.nodeId;
    return !this.view.isBusy(address, trusted ? entry.nodeId : undefined);
  }

  /** A coin decides between those that answered before and those never proven. */
  private choose(now: number): BookEntry | undefined {
    const confirmed: BookEntry[] = [];
    const unproven: BookEntry[] = [];
    for (const entry of this.book.values()) {
      if (entry.retryAt > now || !this.isDialable(entry)) continue;
      (entry.confirmed ? confirmed : unproven).push(entry);
    }
    const first = this.env.random.below(2) === 0 ? confirmed : unproven;
    const from = first.length > 0 ? first : first === confirmed ? unproven : confirmed;
    return from.length === 0 ? undefined : from[this.env.random.below(from.length)];
  }
}
