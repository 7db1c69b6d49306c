/**
 * What became of blocks and transactions, told to those concerned: mempool, relay, sync, and
 * whoever is to blame. Decides no validity. protocol-spec/09-connections §4.
 */
import type { Imported } from "../chain/imported.ts";
import type { Conn } from "../edge/conn.ts";
import type { Answer } from "../edge/effect.ts";
import type { PeerPort } from "../edge/port.ts";
import type { Mempool } from "../mempool/mempool.ts";
import type { RuleCode } from "../model/rule-code.ts";
import type { Transaction } from "../model/transaction.ts";
import type { ConnectionManager } from "../net/connection-manager.ts";
import type { Relay } from "../net/relay.ts";
import type { Synchronizer } from "../sync/synchronizer.ts";
import { inventoryKinds } from "../wire/messages.ts";
import type { EffectQueue } from "./effect-queue.ts";
import type { PublicChain } from "./public-chain.ts";

/** A block older than this many slots is not announced: it is catch-up, not news. */
const newsSlots = 32;

/** The block may be good, this copy of its body or seal is not: others are asked for it. */
const copyCodes: ReadonlySet<RuleCode> = new Set([
  "body-mismatch",
  "body-malformed",
  "transaction-malformed",
  "transaction-size",
  "header-seal",
]);

export interface NewsParts {
  readonly effects: EffectQueue;
  readonly port: PeerPort;
  readonly connections: ConnectionManager;
  readonly mempool: Mempool;
  readonly relay: Relay;
  readonly sync: Synchronizer;
  readonly shown: PublicChain;
  /** The current slot. */
  readonly slot: () => number;
}

export class News {
  private readonly parts: NewsParts;

  constructor(parts: NewsParts) {
    this.parts = parts;
  }

  onImported(imported: readonly Imported[]): void {
    for (const result of imported) {
      switch (result.type) {
        case "moved":
          this.onMoved(result);
          break;
        case "orphan":
          if (result.source !== undefined) this.parts.sync.onOrphan(result.source, result.missing);
          break;
        case "rejected":
          this.onRejected(result);
          break;
        default: // side, duplicate, pending, future: nothing to do now.
      }
    }
  }

  /** From a peer, or (without `source`) from a client of ours. */
  onTransaction(transaction: Transaction, source?: Conn): Answer {
    const { effects, mempool, port, relay } = this.parts;
    const { id } = transaction;
    const verdict = mempool.add(transaction);
    if ("code" in verdict) {
      const { code, detail } = verdict;
      if (code === "transaction-signature") relay.onUnusable(inventoryKinds.transaction, id);
      if (source !== undefined) port.blame(source, code, detail);
      effects.notify({ type: "transaction-rejected", id, code });
      return { type: "refused", code, detail };
    }
    effects.notify({ type: "transaction-accepted", id });
    relay.announceTransaction(id, source);
    return { type: "accepted", id };
  }

  private onMoved(moved: Extract<Imported, { type: "moved" }>): void {
    const { head, connected, disconnected, source, ticket } = moved;
    const { connections, mempool, relay, shown } = this.parts;
    mempool.onChainMoved(disconnected, connected);
    if (source === undefined) shown.hold(head.hash, ticket);
    else connections.onDelivered(source);
    if (this.parts.slot() - head.slot > newsSlots) {
      return relay.onObtained(inventoryKinds.block, head.hash);
    }
    relay.announceBlock(head.hash, source, source === undefined ? ticket : undefined);
  }

  private onRejected(rejected: Extract<Imported, { type: "rejected" }>): void {
    const { code, detail } = rejected.rejection;
    if (copyCodes.has(code)) {
      this.parts.relay.onUnusable(inventoryKinds.block, rejected.hash);
    }
    // Our own block can only come too late for a clock that stepped: nobody to blame.
    if (rejected.source !== undefined) this.parts.port.blame(rejected.source, code, detail);
  }
}
