/**
 * Whom to dial next, and when: peers that the operator named first and for ever, then the anchors
 * of the last run, then addresses of the book, chosen at random. It opens nothing, and which kind
 * of connection is wanted now is asked of it (outbound.ts).
 *
 * Invariant: an address is dialled again only after its backoff, and no address is ever given up.
 * protocol-spec/09-connections §2
 */
import type { Env } from "../../edge/env.ts";
import type { NodeId } from "../../model/ids.ts";
import { connectionLimits } from "../../params/limits.ts";
import type { AddressBook, BookEntry } from "../addresses/address-book.ts";
import { Bootstrap, type BootstrapNode } from "../addresses/bootstrap.ts";
import { type Endpoint, endpointOf } from "../addresses/endpoint.ts";
import { isExempt } from "../addresses/netgroup.ts";
import { backoffMs } from "./backoff.ts";

const { bootstrapBelow, bootstrapLonelyMs, bookPauseMs, smallBook } = connectionLimits;

/** `block-only` shares neither addresses nor transactions; a `feeler` ends once it is answered. */
export type DialKind = "full" | "block-only" | "feeler" | "manual";

export interface DialWish {
  readonly kind: DialKind;
  /** Of the persistent outbound connections; nobody else of them is dialled. */
  readonly groups: ReadonlySet<string>;
  /** Enough full peers are in its country: others first. */
  readonly isCrowded?: ((at: Endpoint) => boolean) | undefined;
  /** For a full peer in another's place: from the book alone, and of it only those of `isFresh`. */
  readonly isFresh?: (entry: BookEntry) => boolean;
}

export interface DialTarget {
  /** What the host dials: `ip:port`, `[ip6]:port` or `name:port`. */
  readonly address: string;
  readonly kind: DialKind;
  /** Whom the operator expects there; the session refuses anybody else. */
  readonly pin: NodeId | undefined;
  /** Named for a start only: it may go once it has told us of others. */
  readonly isBootstrap?: true;
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
  /** Its netgroup (netgroup.ts). */
  groupOf(at: Endpoint): string;
  /** Some outbound connection is ready. */
  isOnline(): boolean;
}

/**
 * `lasted`: it lived for long or delivered. `failed`: neither, or we never got through. `neutral`:
 * it proved who it is, and we had that peer already. `offline`: it failed, and so did everybody.
 */
export type DialOutcome = "lasted" | "failed" | "neutral" | "offline";

export class Dialer {
  private readonly env: Env;
  private readonly book: AddressBook;
  private readonly manual = new Map<string, ManualPeer>();
  private readonly view: DialView;
  /** `ip:port`, each dialled once. */
  private anchors: string[] = [];
  /** Dials to the book are paced, so that a book full of dead addresses costs little. */
  private nextBookDialAt = 0;
  /** Until when a large book that offered nobody is left alone. */
  private readonly pausedUntil = { full: 0, "block-only": 0, feeler: 0 };
  private readonly bootstrap: Bootstrap;
  private onlineAt: number;

  constructor(env: Env, book: AddressBook, view: DialView, bootstrap = new Bootstrap(env, [])) {
    this.env = env;
    this.book = book;
    this.view = view;
    this.bootstrap = bootstrap;
    this.onlineAt = env.clock.monotonicMs;
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
    const target = { address, kind: "manual", pin } as const;
    this.manual.set(address, { target, nodeId: pin, fails: 0, retryAt: 0 });
    return true;
  }

  /** Does `nodeId` answer at an address that the operator named? */
  isManualIdentity(nodeId: NodeId): boolean {
    for (const peer of this.manual.values()) if (peer.nodeId === nodeId) return true;
    return false;
  }

  /** The block-only peers of the last run; what is no `ip:port` is left out. */
  addAnchors(addresses: readonly string[]): void {
    for (const text of addresses) {
      const at = endpointOf(text);
      if (at !== undefined) this.anchors.push(at.address);
    }
    this.anchors = this.anchors.slice(0, connectionLimits.blockOnlyTarget);
  }

  get hasAnchors(): boolean {
    return this.anchors.length > 0;
  }

  /** Whom to dial now; undefined when nobody. */
  next(wish: DialWish): DialTarget | undefined {
    const now = this.env.clock.monotonicMs;
    if (wish.kind === "manual") return this.dueManual(now);
    if (wish.kind === "block-only") {
      for (let address = this.anchors.shift(); address; address = this.anchors.shift()) {
        if (this.isAnchorDialable(address, wish))
          return { address, kind: wish.kind, pin: undefined };
      }
    }
    if (now < Math.max(this.nextBookDialAt, this.pausedUntil[wish.kind])) return undefined;
    const entry = this.choose(wish, now);
    if (entry === undefined) {
      if (this.book.size > smallBook) this.pausedUntil[wish.kind] = now + bookPauseMs;
      const isNeed = wish.kind === "full" && wish.isFresh === undefined;
      return isNeed && this.isPoor(now) ? this.dueBootstrap(now) : undefined;
    }
    this.nextBookDialAt = now + connectionLimits.dialIntervalMs;
    const { address } = entry.endpoint;
    this.book.onDialled(address);
    return { address, kind: wish.kind, pin: undefined };
  }

  /** The earliest instant at which `next(wish)` may name somebody; Infinity when it will not. */
  nextAt(wish: DialWish): number {
    let at = Number.POSITIVE_INFINITY;
    if (wish.kind === "manual") {
      for (const peer of this.manual.values()) {
        if (!this.isManualBusy(peer)) at = Math.min(at, peer.retryAt);
      }
      return at;
    }
    if (wish.kind === "block-only" && this.hasAnchors) return this.env.clock.monotonicMs;
    const now = this.env.clock.monotonicMs;
    if (wish.kind === "full" && wish.isFresh === undefined) at = this.bootstrapAt(now);
    if (this.book.size > smallBook) at = now;
    else {
      for (const entry of this.book.values()) {
        if (entry.retryAt < at && this.fits(entry, wish)) at = entry.retryAt;
      }
    }
    return Math.max(at, this.nextBookDialAt, this.pausedUntil[wish.kind]);
  }

  /** Whom we dialled proved to be `nodeId`. */
  onReady(target: DialTarget, nodeId: NodeId): void {
    const peer = this.namedAt(target);
    if (peer !== undefined) peer.nodeId = nodeId;
    this.book.onTested(target.address, true);
  }

  /** The dial failed, or its connection ended. Returns the wait in milliseconds. */
  onEnded(target: DialTarget, outcome: DialOutcome): number {
    const now = this.env.clock.monotonicMs;
    const peer = this.namedAt(target);
    const failsBefore = (peer ?? this.book.get(target.address))?.fails ?? 0;
    const { lasted, failed, neutral } = {
      lasted: 0,
      failed: failsBefore + 1,
      neutral: failsBefore,
    };
    // What we named we wait for in any case; of others an hour without a network proves nothing.
    const offline = peer === undefined ? neutral : failed;
    const fails = { lasted, failed, neutral, offline }[outcome];
    const waitMs = backoffMs(fails, this.env.random);
    if (target.kind === "feeler" && outcome === "failed") {
      this.book.onTested(target.address, false);
    }
    if (peer === undefined) this.book.onFailed(target.address, fails, now + waitMs);
    else if (target.isBootstrap) this.bootstrap.onEnded(peer as BootstrapNode, fails, now + waitMs);
    else {
      peer.fails = fails;
      peer.retryAt = now + waitMs;
    }
    return waitMs;
  }

  private dueManual(now: number): DialTarget | undefined {
    for (const peer of this.manual.values()) {
      if (peer.retryAt <= now && !this.isManualBusy(peer)) return peer.target;
    }
    return undefined;
  }

  private namedAt(target: DialTarget): ManualPeer | BootstrapNode | undefined {
    if (target.isBootstrap) return this.bootstrap.get(target.address);
    return target.kind === "manual" ? this.manual.get(target.address) : undefined;
  }

  /** Few addresses, or nobody at any of them. */
  private isPoor(now: number): boolean {
    if (this.view.isOnline()) this.onlineAt = now;
    return this.book.size < bootstrapBelow || now >= this.onlineAt + bootstrapLonelyMs;
  }

  private dueBootstrap(now: number): DialTarget | undefined {
    const node = this.bootstrap.next(now, (each) => this.isBootstrapBusy(each));
    if (node === undefined) return undefined;
    return { address: node.address, kind: "full", pin: node.pin, isBootstrap: true };
  }

  private bootstrapAt(now: number): number {
    const at = this.bootstrap.nextAt((each) => this.isBootstrapBusy(each));
    return this.isPoor(now) ? at : Math.max(at, this.onlineAt + bootstrapLonelyMs);
  }

  private isBootstrapBusy({ address, nodeId }: BootstrapNode): boolean {
    return this.manual.has(address) || this.view.isBusy(address, nodeId);
  }

  private isManualBusy(peer: ManualPeer): boolean {
    return this.view.isBusy(peer.target.address, peer.nodeId);
  }

  private isAnchorDialable(address: string, { groups }: DialWish): boolean {
    const at = endpointOf(address);
    if (at === undefined || this.manual.has(address)) return false;
    const entry = this.book.get(address);
    if (entry !== undefined && this.view.isShunned(entry)) return false;
    const group = this.view.groupOf(at);
    const isApart = !groups.has(group) || isExempt(group);
    return isApart && !this.view.isBusy(address, undefined);
  }

  private fits(entry: BookEntry, wish: DialWish): boolean {
    const { address } = entry.endpoint;
    if (this.manual.has(address) || this.view.isShunned(entry)) return false;
    if (wish.isFresh?.(entry) === false) return false;
    if (wish.kind === "feeler" && entry.confirmed) return false;
    const isTaken = wish.groups.has(entry.group) && !isExempt(entry.group);
    if (isTaken && wish.kind !== "feeler") return false;
    // What others say about an identity must not keep us from dialling.
    const trusted = entry.confirmed || entry.isSeen;
    return !this.view.isBusy(address, trusted ? entry.nodeId : undefined);
  }

  /** A feeler goes to whom a newcomer wants to replace, else to somebody never proven. */
  private choose(wish: DialWish, now: number): BookEntry | undefined {
    const isDue = (entry: BookEntry) => entry.retryAt <= now && this.fits(entry, wish);
    if (wish.kind !== "feeler") {
      // Draws that all miss cost more than one look at each entry of a small book.
      if (this.book.size <= smallBook && !some(this.book.values(), isDue)) return undefined;
      const { isCrowded } = wish;
      const elsewhere =
        isCrowded && this.book.select("any", (entry) => isDue(entry) && !isCrowded(entry.endpoint));
      return elsewhere ?? this.book.select("any", isDue);
    }
    for (let tested = this.book.takeTest(); tested; tested = this.book.takeTest()) {
      const { address } = tested.endpoint;
      if (!this.view.isBusy(address, tested.nodeId)) return tested;
      this.book.onTested(address, true);
    }
    return this.book.select("new", isDue);
  }
}

function some<T>(values: Iterable<T>, fits: (value: T) => boolean): boolean {
  for (const value of values) if (fits(value)) return true;
  return false;
}
