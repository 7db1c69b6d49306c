/**
 * What became of blocks and transactions, told to those concerned: mempool, relay, sync, and
 * whoever is to blame. Decides no validity. protocol-spec/09-connections §4.
 */
import type { ChainManager } from "../chain/chain-manager.ts";
import type { Imported } from "../chain/imported.ts";
import type { TreeNode } from "../chain/tree-node.ts";
import type { Conn, Ticket } from "../edge/conn.ts";
import type { Answer } from "../edge/effect.ts";
import type { PeerPort } from "../edge/port.ts";
import type { Mempool } from "../mempool/mempool.ts";
import type { BlockHash } from "../model/ids.ts";
import type { Transaction } from "../model/transaction.ts";
import type { Vote } from "../model/vote.ts";
import type { ConnectionManager } from "../net/connections/connection-manager.ts";
import { type Gossip, gossipId } from "../net/relay/gossip.ts";
import type { Relay } from "../net/relay/relay.ts";
import type { Verdicts } from "../net/relay/verdicts.ts";
import type { Synchronizer } from "../sync/synchronizer.ts";
import { inventoryKinds, type Message } from "../wire/messages.ts";
import type { CompactRelay } from "./compact-relay.ts";
import { copyCodes } from "./copy-codes.ts";
import type { EffectQueue } from "./effect-queue.ts";
import type { PublicChain } from "./public-chain.ts";

/** A block older than this many slots is not announced: it is catch-up, not news. */
const newsSlots = 32;

type Gossiped = "vote" | "certificate" | "evidence";

function messageOf(type: Gossiped, bytes: Uint8Array): Message {
  if (type === "vote") return { type, vote: bytes };
  if (type === "certificate") return { type, certificate: bytes };
  return { type, evidence: bytes };
}

export interface NewsParts {
  readonly effects: EffectQueue;
  readonly port: PeerPort;
  readonly chain: ChainManager;
  readonly gossip: Gossip;
  readonly verdicts: Verdicts;
  /** A good vote came from a peer. */
  readonly onVote: (vote: Vote) => void;
  readonly connections: ConnectionManager;
  readonly mempool: Mempool;
  readonly relay: Relay;
  readonly compact: CompactRelay;
  readonly sync: Synchronizer;
  readonly shown: PublicChain;
  /** The head is another block, and with it perhaps who is in charge. */
  readonly onMoved: () => void;
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
        case "vote":
          if (result.source !== undefined) {
            this.parts.onVote(result.vote);
            this.parts.connections.onDelivered(result.source, "vote");
          }
          this.broadcast("vote", result.vote.bytes, result.source);
          break;
        case "certificate":
          this.broadcast("certificate", result.certificate.bytes, result.source);
          break;
        case "evidence":
          this.broadcast("evidence", result.evidence.bytes, result.source);
          break;
        case "wanted":
          this.parts.sync.onAnnounced(result.source, result.hash);
          break;
        case "refused":
          if (result.source !== undefined) {
            this.parts.port.blame(result.source, result.rejection.code, result.rejection.detail);
          }
          break;
        case "side":
          this.onSide(result.hash, result.source);
          break;
        case "pending":
          this.onPending(result.hash, result.source);
          break;
        default: // duplicate, future: nothing to do now.
      }
    }
  }

  /** What a peer that comes late may have missed: what is certified, and who cheated. */
  greet(conn: Conn): void {
    const { chain, gossip } = this.parts;
    for (const { bytes } of chain.certificates()) {
      gossip.send(conn, messageOf("certificate", bytes), gossipId(bytes));
    }
    for (const { bytes } of chain.evidence()) {
      gossip.send(conn, messageOf("evidence", bytes), gossipId(bytes));
    }
  }

  /** From a peer, or (without `source`) from a client of ours. */
  onTransaction(transaction: Transaction, source?: Conn): Answer {
    const { effects, mempool, port, relay, verdicts } = this.parts;
    const { id } = transaction;
    const verdict = mempool.add(transaction);
    if ("code" in verdict) {
      const { code, detail } = verdict;
      if (code === "transaction-signature") relay.onUnusable(inventoryKinds.transaction, id);
      verdicts.onRefused(gossipId(transaction.bytes), verdict);
      if (source !== undefined) port.blame(source, code, detail);
      effects.notify({ type: "transaction-rejected", id, code });
      return { type: "refused", code, detail };
    }
    this.parts.compact.transactions.add(transaction);
    effects.notify({ type: "transaction-accepted", id });
    if (source !== undefined) this.parts.connections.onDelivered(source, "transaction");
    relay.announceTransaction(id, source);
    return { type: "accepted", id };
  }

  private broadcast(type: Gossiped, bytes: Uint8Array, except: Conn | undefined): void {
    const id = gossipId(bytes);
    this.parts.verdicts.onGood(id);
    this.parts.gossip.broadcast(messageOf(type, bytes), id, except);
  }

  private onMoved(moved: Extract<Imported, { type: "moved" }>): void {
    const { head, connected, disconnected, source, ticket } = moved;
    const { compact, connections, mempool, relay, shown } = this.parts;
    mempool.onChainMoved(disconnected, connected);
    this.parts.onMoved();
    if (source === undefined) shown.hold(head.hash, ticket);
    else {
      connections.onDelivered(source, "block");
      connections.onShown(source, head.height);
    }
    if (this.parts.slot() - head.slot > newsSlots) {
      return relay.onObtained(inventoryKinds.block, head.hash);
    }
    // A rival of the head carries what the mempool has just given up.
    for (const { body } of connected) {
      for (const transaction of body.transactions) compact.transactions.add(transaction);
    }
    if (source !== undefined) compact.onFirst(source, head.hash);
    this.announce(head, source, source === undefined ? ticket : undefined);
  }

  private announce(node: TreeNode, source: Conn | undefined, after: Ticket | undefined): void {
    const { compact, relay } = this.parts;
    const { hash } = node;
    const isOwn = source === undefined && compact.firstHand.mayGive(node.slot, this.parts.slot());
    relay.announceBlock(hash, source, after, () => compact.server.messageOf(hash), isOwn);
  }

  /** Its header is good and its body the header's: that is enough for those who want it at once. */
  private onPending(hash: BlockHash, source: Conn | undefined): void {
    const { chain, compact, relay } = this.parts;
    const node = chain.node(hash);
    if (source === undefined || node?.status !== "checking") return;
    if (node.parent?.status !== "executed" || this.parts.slot() - node.slot > newsSlots) return;
    relay.pushBlock(hash, source, undefined, () => compact.server.messageOf(hash));
  }

  /**
   * The leader's block of this slot may be voted for although it is not the best: at the cap it is
   * a sibling of the head. So it is passed on like a head, once it is known to be valid.
   */
  private onSide(hash: BlockHash, source: Conn | undefined): void {
    const { chain, shown } = this.parts;
    const slot = this.parts.slot();
    const node = chain.node(hash);
    if (node?.slot !== slot || chain.duties.timely(slot) !== node) return;
    const { isValid, results } = chain.duties.prove(node);
    this.onImported(results);
    if (!isValid) return;
    const ticket = source === undefined ? chain.duties.makeDurable() : undefined;
    if (ticket !== undefined) shown.hold(hash, ticket);
    this.announce(node, source, ticket);
  }

  private onRejected(rejected: Extract<Imported, { type: "rejected" }>): void {
    const { hash, rejection, source } = rejected;
    const { code, detail } = rejection;
    // The block may be good, this copy is not: others are asked for it.
    if (copyCodes.has(code)) this.parts.relay.onUnusable(inventoryKinds.block, hash);
    // Our own block can only come too late for a clock that stepped: nobody to blame.
    if (source === undefined || this.parts.compact.isBlameless(source, hash)) return;
    this.parts.port.blame(source, code, detail);
  }
}
