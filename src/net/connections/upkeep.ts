/**
 * What is done with connections from time to time: addresses are asked for, peers that lag or are
 * one too many go, the limit follows the load. It composes and ends by asking; what is dialled in
 * their place is not its business (outbound.ts). protocol-spec/09-connections §1-§3
 */
import type { Env } from "../../edge/env.ts";
import { connectionLimits } from "../../params/limits.ts";
import type { AddressBook } from "../addresses/address-book.ts";
import type { PeerExchange } from "../addresses/peer-exchange.ts";
import type { Closing } from "./closing.ts";
import type { ConnectionPort } from "./connection-port.ts";
import type { ConnectionTable } from "./connection-table.ts";
import type { Doorkeeper } from "./doorkeeper.ts";
import type { LaggingPeers } from "./lagging.ts";
import { LoadLimit } from "./load-limit.ts";
import type { Rotation } from "./rotation.ts";
import type { Slots } from "./slots.ts";

export interface UpkeepParts {
  readonly env: Env;
  readonly port: ConnectionPort;
  readonly table: ConnectionTable;
  readonly slots: Slots;
  readonly book: AddressBook;
  readonly exchange: PeerExchange;
  readonly rotation: Rotation;
  readonly lagging: LaggingPeers;
  readonly doorkeeper: Doorkeeper;
  readonly closing: Closing;
}

const { inboundAskedMax } = connectionLimits;

export class Upkeep {
  private readonly parts: UpkeepParts;
  private readonly load: LoadLimit;
  private discoveryAt = Number.POSITIVE_INFINITY;

  constructor(parts: UpkeepParts) {
    this.parts = parts;
    const { peersMax, fullMax, blockOnlyMax } = parts.slots;
    this.load = new LoadLimit(peersMax, fullMax + blockOnlyMax);
  }

  get deadline(): number {
    return Math.min(this.discoveryAt, this.parts.rotation.deadline);
  }

  onStarted(): void {
    this.discoveryAt = this.parts.env.clock.monotonicMs + connectionLimits.discoveryMs;
  }

  /** `lateMs`: how long ago the earliest deadline of all connections was. */
  tick(lateMs: number): void {
    const now = this.parts.env.clock.monotonicMs;
    if (this.load.onTick(lateMs, now)) this.parts.slots.setLimit(this.load.limit);
    this.trimInbound();
    this.rotate(now);
    if (this.discoveryAt <= now) this.discover(now);
  }

  /** One at a time: a limit that fell rises again soon. */
  trimInbound(): void {
    const { table, slots, doorkeeper, closing } = this.parts;
    if (table.use.inboundReady <= slots.inboundMax) return;
    const victim = doorkeeper.victim();
    if (victim !== undefined) closing.evict(victim, "overload");
  }

  private rotate(now: number): void {
    const { port, table, rotation, lagging, closing } = this.parts;
    if (!rotation.isCheckDue(now)) return;
    const tip = port.tip();
    const look = rotation.check(tip);
    for (const peer of look.ask) port.askTip(peer.conn);
    for (const { peer, code } of look.surplus) closing.evict(peer, code);
    // While we catch up it is we who are behind.
    if (tip.isFetching) return;
    const { ask, replace } = lagging.check(table.outboundValues(), tip.height, now);
    for (const peer of ask) port.askTip(peer.conn);
    for (const peer of replace) closing.evict(peer, "lagging");
  }

  private discover(now: number): void {
    const { book, closing, exchange, table } = this.parts;
    this.discoveryAt = now + connectionLimits.discoveryMs;
    book.expire();
    // Whoever dialled us may be all that is left to ask: a node that everybody knows dials nobody.
    const { fullReady, manualReady } = table.use;
    let inboundAsked = fullReady + manualReady > 0 ? inboundAskedMax : 0;
    for (const peer of [...table.readyValues()]) {
      if (peer.quiet || peer.target?.kind === "block-only") continue;
      if (peer.listens !== undefined) book.onSeen(peer.listens.address);
      exchange.greet(peer);
      // Its place is for the next who begins: we know others now.
      if (peer.target?.isBootstrap && book.size >= connectionLimits.bootstrapBelow) {
        closing.close(peer, "requested", "no more to ask");
      } else if (peer.target !== undefined || inboundAsked++ < inboundAskedMax) {
        exchange.ask(peer.conn);
      }
    }
  }
}
