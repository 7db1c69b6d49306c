/**
 * Compact blocks on their way in: the header is judged, the body put together of transactions that
 * are here, what is missing asked for; and who is to push them. NOT how they are given to others
 * (`compact-server.ts`), and no judge of blocks: that is the chain, which gets them whole.
 *
 *   compact_block -> header good? -> match -> (get_block_txs -> block_txs) -> body -> chain
 *                                      '---- cannot be, or not the body of this header ----> whole block
 *
 * Invariant: whoever relays a block before it is executed is not blamed for what only execution
 * shows; what cannot be put together is fetched as if there were no compact blocks; of what came
 * unasked nothing is done or remembered but its slot before its seal is found good.
 * protocol-spec/04-messages §8, 09-connections §4.
 */
import { BoundedSet } from "../base/bounded.ts";
import { copyBytes } from "../base/bytes.ts";
import type { ChainManager } from "../chain/chain-manager.ts";
import type { Imported } from "../chain/imported.ts";
import type { Conn } from "../edge/conn.ts";
import type { Env } from "../edge/env.ts";
import type { PeerPort } from "../edge/port.ts";
import { encodeIndexes } from "../model/compact-block.ts";
import { decodeSealedHeader, type SealedHeader } from "../model/header.ts";
import { type BlockHash, blockHashOf, idBytes, type TxId } from "../model/ids.ts";
import { FirstHand } from "../net/compact/first-hand.ts";
import { PartialBlock } from "../net/compact/partial-block.ts";
import { PushPeers } from "../net/compact/push-peers.ts";
import { Reconstructions } from "../net/compact/reconstructions.ts";
import { TransactionIndex } from "../net/compact/transaction-index.ts";
import type { Relay } from "../net/relay/relay.ts";
import { relayLimits } from "../params/limits.ts";
import type { Synchronizer } from "../sync/synchronizer.ts";
import { inventoryItemBytes, inventoryKinds, type MessageOf } from "../wire/messages.ts";
import { CompactServer } from "./compact-server.ts";
import { bodyCopyCodes } from "./copy-codes.ts";
import type { PublicChain } from "./public-chain.ts";

export interface CompactParts {
  readonly port: PeerPort;
  readonly chain: ChainManager;
  readonly shown: PublicChain;
  readonly relay: Relay;
  readonly sync: Pick<Synchronizer, "isBehind" | "onAnnounced">;
  readonly mempool: { has(id: TxId): boolean };
}

const blamelessMax = 256;

export class CompactRelay {
  private readonly env: Env;
  private readonly parts: CompactParts;
  private readonly waiting: Reconstructions;
  private readonly pushPeers = new PushPeers();
  readonly firstHand = new FirstHand();
  /** The way out. */
  readonly server: CompactServer;
  readonly transactions: TransactionIndex;
  /** Who gave which block in compact form. */
  private readonly blameless = new BoundedSet<string>(blamelessMax);

  constructor(env: Env, parts: CompactParts) {
    this.env = env;
    this.parts = parts;
    this.waiting = new Reconstructions(env.clock);
    this.server = new CompactServer(env, parts.port, parts.chain, parts.shown);
    this.transactions = new TransactionIndex((id) => parts.mempool.has(id));
  }

  onReady(conn: Conn, isOutbound: boolean): void {
    if (this.parts.relay.takesCompact(conn)) this.pushPeers.onReady(conn, isOutbound);
  }

  onClosed(conn: Conn): void {
    this.pushPeers.onClosed(conn);
    this.firstHand.onClosed(conn);
    for (const hash of this.waiting.onClosed(conn)) this.askOthers(hash);
  }

  get deadline(): number {
    return this.waiting.deadline;
  }

  tick(): void {
    for (const hash of this.waiting.expire()) this.askOthers(hash);
  }

  /** Copies that wait for transactions. */
  get waitingCount(): number {
    return this.waiting.size;
  }

  /**
   * `conn` was the first with a block that is good: it is to push, perhaps instead of another. Not
   * for a block of its own, which it sends anyway.
   */
  onFirst(conn: Conn, hash: BlockHash): void {
    if (this.firstHand.gave(conn, hash)) return;
    for (const change of this.pushPeers.onFirst(conn)) {
      this.parts.port.send(change.conn, { type: "relay_mode", push: change.push });
    }
  }

  /** It gave `hash` in compact form, so perhaps before it could know more than its header. */
  isBlameless(conn: Conn, hash: BlockHash): boolean {
    return this.blameless.has(`${conn} ${hash}`);
  }

  onCompactBlock(conn: Conn, message: MessageOf<"compact_block">): readonly Imported[] {
    const { chain, port, relay, sync } = this.parts;
    if (!relay.takesCompact(conn)) {
      port.blame(conn, "unsolicited", "compact_block without the feature");
      return [];
    }
    const sealed = decodeSealedHeader(copyBytes(message.header));
    if ("code" in sealed) {
      port.blame(conn, sealed.code, sealed.detail);
      return [];
    }
    const { hash } = sealed.header;
    const hasSent = relay.hasSent(conn, hash);
    const { block } = inventoryKinds;
    const isFirstHand = !relay.onObject(conn, block, hash, this.pushPeers.mayPush(conn));
    if (isFirstHand && (hasSent || !this.firstHand.take(conn, sealed.header))) {
      port.blame(conn, "unsolicited", `block ${hash} was neither asked for nor announced`);
      return [];
    }
    const judged = chain.view.heard.judge(sealed);
    switch (judged.type) {
      case "known":
        if (judged.node.status !== "header") return [];
        return this.begin(conn, sealed, message, isFirstHand);
      case "good":
        return this.begin(conn, sealed, message, isFirstHand);
      case "buried":
        return [];
      case "rejected": {
        const { rejection, isDeepFork } = judged;
        // Nothing is kept of it, but the operator is told.
        if (isDeepFork) chain.importHeaders([sealed], conn);
        return [{ type: "rejected", hash, rejection, source: conn }];
      }
      default: // It cannot be placed yet; headers or its own time will tell.
        if (sync.isBehind) sync.onAnnounced(conn, hash);
        else relay.fetchWhole(conn, hash);
        return [];
    }
  }

  onBlockTxs(conn: Conn, message: MessageOf<"block_txs">): readonly Imported[] {
    const { chain, port } = this.parts;
    const hash = blockHashOf(message.hash);
    const partial = this.waiting.take(conn, hash);
    if (partial === undefined) {
      if (!this.waiting.excuse(conn, hash)) {
        port.blame(conn, "unsolicited", `transactions of ${hash} were not asked for`);
      }
      return [];
    }
    const status = chain.node(hash)?.status;
    if (status !== undefined && status !== "header") return []; // It came from elsewhere.
    const fault = partial.take(message.transactions);
    if (fault === undefined) return this.finish(partial);
    port.blame(conn, "bad-field", fault);
    this.askOthers(hash);
    return [];
  }

  /** `conn` has none of `items`: of those of kind 3 it gives no transactions either. */
  onNotFound(conn: Conn, items: Uint8Array): void {
    for (let at = 0; at < items.length; at += inventoryItemBytes) {
      if (items[at] !== inventoryKinds.compact) continue;
      const hash = blockHashOf(items.subarray(at + 1, at + inventoryItemBytes));
      if (this.waiting.take(conn, hash) !== undefined) this.askOthers(hash);
    }
  }

  private begin(
    conn: Conn,
    sealed: SealedHeader,
    message: MessageOf<"compact_block">,
    isFirstHand: boolean,
  ): readonly Imported[] {
    const { port, relay } = this.parts;
    const { hash } = sealed.header;
    if (!this.mayBegin(conn, hash, isFirstHand)) {
      // Should all that are under way fail, it may be asked.
      relay.onShown(conn, hash);
      return [];
    }
    // Of a good seal: now nobody else need be asked.
    if (isFirstHand) relay.onObject(conn, inventoryKinds.block, hash, true);
    const partial = PartialBlock.of(this.env.random, conn, sealed, message);
    if (partial === undefined) {
      port.blame(conn, "bad-field", `${sealed.header.txCount} transactions expected`);
      this.askOthers(hash);
      return [];
    }
    partial.fillFrom(this.transactions);
    const { missing, missingBytes } = partial;
    if (missing.length === 0) return this.finish(partial);
    const question = this.waiting.questionTo(conn, hash);
    if (question === "waited-for") return [];
    const isTooMuch = missingBytes > relayLimits.blockTxsBytesMax;
    if (question === "forgotten" || isTooMuch || missingBytes <= 0 || partial.hasTwins) {
      relay.fetchWhole(conn, hash);
      return [];
    }
    this.waiting.begin(partial, isFirstHand);
    const indexes = encodeIndexes(missing);
    port.send(conn, { type: "get_block_txs", hash: idBytes(hash), indexes });
    return [];
  }

  private mayBegin(conn: Conn, hash: BlockHash, isFirstHand: boolean): boolean {
    if (isFirstHand) return !this.waiting.has(hash);
    return this.waiting.mayBegin(hash, this.pushPeers.isOutbound(conn));
  }

  private finish(partial: PartialBlock): readonly Imported[] {
    const { chain, relay } = this.parts;
    const { conn, rare, sealed } = partial;
    const { hash } = sealed.header;
    const body = partial.body();
    if (body === undefined) {
      relay.fetchWhole(conn, hash);
      return [];
    }
    const giver = `${conn} ${hash}`;
    this.blameless.add(giver);
    if (rare.length > 0) this.server.onRare(hash, rare);
    const results = chain.importBlock(sealed, body, conn);
    // Another body than the header's: two transactions had one short id.
    const isCollision = (result: Imported) =>
      result.type === "rejected" &&
      result.hash === hash &&
      bodyCopyCodes.has(result.rejection.code);
    if (!results.some(isCollision)) {
      this.waiting.onObtained(hash);
      return results;
    }
    // Of the whole block it has to answer for every byte.
    this.blameless.delete(giver);
    relay.fetchWhole(conn, hash);
    return results.filter((result) => !isCollision(result));
  }

  /** Nothing came of it here, or not yet. */
  private askOthers(hash: BlockHash): void {
    this.parts.relay.onUnusable(inventoryKinds.block, hash);
  }
}
